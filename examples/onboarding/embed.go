// Package onboarding holds the template that prepares an account for projects, for the programs and tests that have to apply or
// judge that very text. README.md says what it makes and how to roll it out.
package onboarding

import _ "embed" // for Account

// Account is the text of account.yaml: a CloudFormation template with the parameters HubAccountId, ExternalId and HomeRegion.
//
//go:embed account.yaml
var Account string
