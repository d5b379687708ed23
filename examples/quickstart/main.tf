# One project, three buckets, three users and what they may do.
#
# With the built-in sandbox: make demo
# With an AWS account: see "Using it with AWS" in the README.

terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

provider "stowage" {
  # region, hub, project_role_name ...: the sandbox's environment sets them.

  default_tags {
    tags = { owner = "delivery" }
  }
}

resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
  tags       = { client = "Acme" }
}

# Where partners drop files off.
resource "stowage_project_bucket" "inbox" {
  project = stowage_project.acme.name
  name    = "inbox"

  lifecycle_rules = { expire_after_days = 30 }
}

# Where they pick files up.
resource "stowage_project_bucket" "outbox" {
  project = stowage_project.acme.name
  name    = "outbox"
}

resource "stowage_project_bucket" "archive" {
  project = stowage_project.acme.name
  name    = "archive"

  object_lock = { mode = "GOVERNANCE", days = 30 }
}

resource "stowage_project_user" "partner" {
  project    = stowage_project.acme.name
  name       = "partner"
  source_ips = ["203.0.113.0/24"]
}

resource "stowage_project_user" "courier" {
  project = stowage_project.acme.name
  name    = "courier"
}

resource "stowage_project_user" "auditor" {
  project = stowage_project.acme.name
  name    = "auditor"
}

resource "stowage_user_permission" "partner_inbox" {
  project = stowage_project.acme.name
  user    = stowage_project_user.partner.name
  bucket  = stowage_project_bucket.inbox.name
  access  = "read_write"
  prefix  = "incoming/"
}

resource "stowage_user_permission" "partner_outbox" {
  project = stowage_project.acme.name
  user    = stowage_project_user.partner.name
  bucket  = stowage_project_bucket.outbox.name
  access  = "read"
}

resource "stowage_user_permission" "courier_inbox" {
  project      = stowage_project.acme.name
  user         = stowage_project_user.courier.name
  bucket       = stowage_project_bucket.inbox.name
  access       = "read_write"
  allow_delete = true
}

resource "stowage_user_permission" "courier_outbox" {
  project = stowage_project.acme.name
  user    = stowage_project_user.courier.name
  bucket  = stowage_project_bucket.outbox.name
  access  = "write"
}

resource "stowage_user_permission" "auditor_archive" {
  project = stowage_project.acme.name
  user    = stowage_project_user.auditor.name
  bucket  = stowage_project_bucket.archive.name
  access  = "read"
}

output "inbox" {
  description = "The physical name of the bucket in which partners drop files off"
  value       = stowage_project_bucket.inbox.bucket_name
}
