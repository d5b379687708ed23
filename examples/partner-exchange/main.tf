# Files go to and come from three partners: a scanning service drops files off, a print shop comes by SFTP, an auditor picks reports up.
# README.md says what each of them receives, and what they type.

terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

provider "stowage" {
  # region, hub, project_role_name ...: the sandbox's environment sets them.
}

variable "account_id" {
  description = "The project's account, prepared by onboarding"
  default     = "111122223333"
}

variable "scanner_networks" {
  description = "The networks from which the scanning service uploads"
  type        = set(string)
  default     = ["203.0.113.0/24"]
}

variable "scanner_role" {
  description = "The role, in the scanning service's own account, with which it reads its key"
  default     = "arn:aws:iam::444455556666:role/stowage-reader"
}

variable "auditor_role" {
  description = "The role, in the auditor's own account, with which it reads its key"
  default     = "arn:aws:iam::777788889999:role/stowage-reader"
}

variable "printer_key" {
  description = "The print shop's public SSH key"
  default     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnV5ESHDXvqcXOlkkC5JcpOlJ5u6QB1xZT2TSWq0kXS print-shop"
}

resource "stowage_project" "exchange" {
  name       = "exchange"
  account_id = var.account_id
  sftp       = { enabled = true }
}

resource "stowage_project_bucket" "drop_off" {
  project = stowage_project.exchange.name
  name    = "drop-off"

  lifecycle_rules = { expire_after_days = 30 }
}

resource "stowage_project_bucket" "pick_up" {
  project = stowage_project.exchange.name
  name    = "pick-up"
}

# The scanning service: uploads by the S3 API, from its own networks, and sees nothing of what others have dropped off.

resource "stowage_project_user" "scanner" {
  project        = stowage_project.exchange.name
  name           = "scanner"
  source_ips     = var.scanner_networks
  access_key     = {}
  secret_readers = [var.scanner_role]
}

resource "stowage_user_permission" "scanner" {
  project = stowage_project.exchange.name
  user    = stowage_project_user.scanner.name
  bucket  = stowage_project_bucket.drop_off.name
  prefix  = "scans/"
  access  = "write"
}

# The print shop: comes by SFTP, and finds one directory.

resource "stowage_project_user" "printer" {
  project = stowage_project.exchange.name
  name    = "printer"
  sftp    = { ssh_public_keys = [var.printer_key] }
}

resource "stowage_user_permission" "printer" {
  project      = stowage_project.exchange.name
  user         = stowage_project_user.printer.name
  bucket       = stowage_project_bucket.drop_off.name
  prefix       = "print/"
  access       = "read_write"
  allow_delete = true
}

# The auditor: reads reports, with a key that is replaced every 90 days.

resource "stowage_project_user" "auditor" {
  project        = stowage_project.exchange.name
  name           = "auditor"
  access_key     = { rotation = { every_days = 90, overlap_days = 7 } }
  secret_readers = [var.auditor_role]
}

resource "stowage_user_permission" "auditor" {
  project = stowage_project.exchange.name
  user    = stowage_project_user.auditor.name
  bucket  = stowage_project_bucket.pick_up.name
  access  = "read"
}

output "for_the_scanner" {
  value = {
    secret_arn = stowage_project_user.scanner.secret_arn
    bucket     = stowage_project_bucket.drop_off.bucket_name
    prefix     = stowage_user_permission.scanner.prefix
  }
}

output "for_the_printer" {
  value = {
    host      = stowage_project.exchange.sftp_endpoint
    user      = stowage_project_user.printer.sftp_user_name
    directory = "/${stowage_project_bucket.drop_off.name}/print"
  }
}

output "for_the_auditor" {
  value = {
    secret_arn = stowage_project_user.auditor.secret_arn
    bucket     = stowage_project_bucket.pick_up.bucket_name
  }
}
