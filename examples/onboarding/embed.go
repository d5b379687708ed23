// Package onboarding contains the template that prepares an account for projects, for programs and
// tests that apply or check it. README.md describes its content and rollout.
package onboarding

import _ "embed" // for Account

// Account is the text of account.yaml: a CloudFormation template with the parameters HubAccountId,
// ExternalId, HomeRegion and HubBusArn.
//
//go:embed account.yaml
var Account string
