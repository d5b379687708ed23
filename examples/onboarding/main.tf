# Prepares all accounts of an organizational unit: run it in the organization's management account, or in its delegated administrator for
# StackSets. Accounts that join the unit later are prepared by themselves.

terraform {
  required_version = ">= 1.8"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "hub_account_id" {
  description = "The account from which Stowage works."
  type        = string
}

variable "organizational_unit_ids" {
  description = "The units (ou-...) whose accounts hold projects."
  type        = list(string)
}

variable "home_region" {
  description = "The region in which the roles are made, which are global. It is prepared, too."
  type        = string
  default     = "eu-central-1"
}

variable "regions" {
  description = "The regions in which there are projects, the home region among them."
  type        = set(string)
  default     = ["eu-central-1"]
}

variable "hub_bus_arn" {
  description = "The ARN of the hub's event bus, which the accounts report to. None by default."
  type        = string
  default     = ""
}

resource "aws_cloudformation_stack_set" "account" {
  name             = "StowageAccount" # not stowage-...: the role that it makes may change the stacks of that name
  description      = "Prepares accounts for Stowage's projects"
  template_body    = file("${path.module}/account.yaml")
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    HubAccountId = var.hub_account_id
    HomeRegion   = var.home_region
    HubBusArn    = var.hub_bus_arn
  }

  auto_deployment {
    enabled = true
    # An account that leaves the unit keeps its roles: projects may still be in it.
    retain_stacks_on_account_removal = true
  }

  operation_preferences {
    failure_tolerance_percentage = 10
    max_concurrent_percentage    = 25
    region_concurrency_type      = "PARALLEL"
  }

  lifecycle {
    ignore_changes = [administration_role_arn]
  }
}

resource "aws_cloudformation_stack_set_instance" "account" {
  for_each       = var.regions
  stack_set_name = aws_cloudformation_stack_set.account.name
  region         = each.value

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }
}
