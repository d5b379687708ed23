package hubs

import "github.com/stowage/terraform-provider-stowage/internal/hub"

// Package is a package of the relay to deploy.
type Package struct {
	Relay hub.Relay // its version and SHA-256
	Zip   []byte    // its content
}

// Hub is a deployed hub. Texts are "" for what it does not have.
type Hub struct {
	Settings        hub.Settings
	Relay           hub.Relay // empty for a hub whose creation was interrupted
	Place           hub.Place
	TableName       string
	EventBusARN     string
	WebSocketURL    string
	BoardURL        string
	OperatorRoleARN string
	PlannerRoleARN  string
	// Drift is what differs from the settings, by logical ID, with what differs where that is
	// known.
	Drift []string
}
