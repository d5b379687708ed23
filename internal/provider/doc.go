// Package provider implements the provider block, lists what the provider offers, and connects
// both.
//
// Configure builds AWS clients and projects from the block and passes them to every object as one
// *entity.Services. An object's package holds its schema and callbacks; package entity holds what
// all of them share.
//
// Arguments that the block omits are read from the environment. Package awsclient documents those
// of AWS. Our own are STOWAGE_HUB (default "stowage"), STOWAGE_PROJECT_ROLE_NAME (default: the
// provider's own credentials serve all projects), STOWAGE_READ_CONSISTENCY (default "verified"),
// and, for the origin, TFC_WORKSPACE_SLUG, which HCP Terraform sets.
package provider
