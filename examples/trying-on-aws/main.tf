# One project with a bucket, a user with an access key, and what the user may do. Destroying it leaves nothing behind.

terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

variable "account_id" {
  description = "The account that is both the hub and the project's account"
  type        = string
}

variable "region" {
  description = "The region of the hub and the project"
  type        = string
}

provider "stowage" {
  region              = var.region
  hub                 = "trial"
  project_role_name   = "StowageProvisioner"
  allowed_account_ids = [var.account_id]
}

resource "stowage_project" "trial" {
  name       = "trial"
  account_id = var.account_id
  on_delete  = "empty"
}

resource "stowage_project_bucket" "inbox" {
  project   = stowage_project.trial.name
  name      = "inbox"
  on_delete = "empty"
}

resource "stowage_project_user" "partner" {
  project    = stowage_project.trial.name
  name       = "partner"
  access_key = {}
}

resource "stowage_user_permission" "partner_inbox" {
  project = stowage_project.trial.name
  user    = stowage_project_user.partner.name
  bucket  = stowage_project_bucket.inbox.name
  access  = "read_write"
  prefix  = "incoming/"
}

output "bucket" {
  description = "The physical name of the bucket"
  value       = stowage_project_bucket.inbox.bucket_name
}

output "secret_arn" {
  description = "The secret with the user's access key"
  value       = stowage_project_user.partner.secret_arn
}
