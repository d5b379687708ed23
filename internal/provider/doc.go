// Package provider is the provider block, the list of what the provider offers, and the wiring between them.
//
// Configure turns the block into AWS clients and the projects behind them, and hands both to every kind of object as one
// *entity.Services. Everything else is below: an object's package holds its schema and callbacks, package entity what all of
// them share.
//
// What the block leaves out is looked for in the environment, as package awsclient says for everything of AWS, and for our own
// arguments: STOWAGE_HUB (else "stowage"), STOWAGE_PROJECT_ROLE_NAME (else the provider's own credentials serve all
// projects), STOWAGE_READ_CONSISTENCY (else "verified"), and TFC_WORKSPACE_SLUG for the origin, which HCP Terraform sets.
package provider
