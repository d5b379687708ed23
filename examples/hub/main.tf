# A hub with a board, for the projects of the accounts that it lists.
#
# With the built-in sandbox: make demo
# With an AWS account: see README.md.

terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

provider "stowage" {
  # region, profile, assume_role ...: those of the hub account. The sandbox's environment sets them.
}

variable "account_ids" {
  description = "The accounts of projects, which report to the hub"
  type        = set(string)
  default     = ["111122223333"]
}

variable "oidc_issuer" {
  description = "The OpenID Connect issuer at which people sign in to the board"
  type        = string
}

variable "oidc_client_id" {
  description = "The board's public client at the issuer"
  type        = string
  default     = "stowage-board"
}

resource "stowage_hub" "main" {
  name        = "stowage"
  account_ids = var.account_ids

  live = {
    oidc_issuer    = var.oidc_issuer
    oidc_client_id = var.oidc_client_id
  }
}

output "board" {
  description = "The address of the board, which is the redirect URI of its client at the issuer"
  value       = stowage_hub.main.board_url
}

output "event_bus_arn" {
  description = "The event bus for examples/onboarding/account.yaml (HubBusArn)"
  value       = stowage_hub.main.event_bus_arn
}

output "relay_version" {
  description = "The version of the relay that runs"
  value       = stowage_hub.main.relay_version
}
