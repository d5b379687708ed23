# The hub's side: what lets Terraform work in the project accounts, and the relay hear of their stacks. Run it in the hub account, in the region
# of the relay. Give the accounts the output hub_bus_arn.

terraform {
  required_version = ">= 1.8"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "project_account_ids" {
  description = "The accounts that were prepared."
  type        = set(string)
}

variable "organization_id" {
  description = "The organization (o-...) whose accounts may report to the hub. Left out, project_account_ids may."
  type        = string
  default     = null
}

variable "provider_role_name" {
  description = "The role as which Terraform runs in the hub account."
  type        = string
}

variable "relay_role_name" {
  description = "The role of the relay's Lambda function."
  type        = string
}

variable "relay_function_arn" {
  description = "The relay's Lambda function."
  type        = string
}

data "aws_partition" "this" {}

# The accounts trust the hub account as a whole. Who in it may assume their roles is decided here.
data "aws_iam_policy_document" "provisioner" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [for id in var.project_account_ids : "arn:${data.aws_partition.this.partition}:iam::${id}:role/StowageProvisioner"]
  }
}

data "aws_iam_policy_document" "reader" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = [for id in var.project_account_ids : "arn:${data.aws_partition.this.partition}:iam::${id}:role/StowageReader"]
  }
}

resource "aws_iam_role_policy" "provisioner" {
  name   = "StowageProvisioner"
  role   = var.provider_role_name
  policy = data.aws_iam_policy_document.provisioner.json
}

resource "aws_iam_role_policy" "reader" {
  name   = "StowageReader"
  role   = var.relay_role_name
  policy = data.aws_iam_policy_document.reader.json
}

# The bus that the accounts report to, from all of their regions. Its policy has one statement, however many accounts there are.
resource "aws_cloudwatch_event_bus" "hub" {
  name        = "stowage-hub"
  description = "Changes of stacks in the accounts of projects"
}

data "aws_iam_policy_document" "bus" {
  statement {
    sid       = "Projects"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.hub.arn]
    principals {
      type        = "AWS"
      identifiers = var.organization_id == null ? var.project_account_ids : ["*"]
    }
    dynamic "condition" {
      for_each = var.organization_id[*]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "hub" {
  event_bus_name = aws_cloudwatch_event_bus.hub.name
  policy         = data.aws_iam_policy_document.bus.json
}

resource "aws_cloudwatch_event_rule" "changes" {
  name           = "stowage-hub"
  event_bus_name = aws_cloudwatch_event_bus.hub.name
  event_pattern = jsonencode({
    source      = ["aws.cloudformation"]
    detail-type = ["CloudFormation Stack Status Change"]
    resources   = [{ wildcard = "arn:${data.aws_partition.this.partition}:cloudformation:*:stack/stowage-*" }]
  })
}

# The directory of projects is a stack in the hub account, whose events are on its default bus.
resource "aws_cloudwatch_event_rule" "own" {
  name = "stowage-hub-own"
  event_pattern = jsonencode({
    source      = ["aws.cloudformation"]
    detail-type = ["CloudFormation Stack Status Change"]
    resources   = [{ wildcard = "arn:${data.aws_partition.this.partition}:cloudformation:*:stack/stowage-*" }]
  })
}

locals {
  rules = { changes = aws_cloudwatch_event_rule.changes, own = aws_cloudwatch_event_rule.own }
}

resource "aws_cloudwatch_event_target" "relay" {
  for_each       = local.rules
  rule           = each.value.name
  event_bus_name = each.value.event_bus_name
  arn            = var.relay_function_arn
}

resource "aws_lambda_permission" "rule" {
  for_each      = local.rules
  statement_id  = "stowage-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = var.relay_function_arn
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

output "hub_bus_arn" {
  description = "For the parameter HubBusArn of the accounts' template."
  value       = aws_cloudwatch_event_bus.hub.arn
}
