# The hub's side: what lets Terraform work in the project accounts, and the relay hear of their stacks. Run it in the hub account, once for each
# region that has projects.

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

variable "region" {
  description = "The region of the topics: a subscription is made where its topic is."
  type        = string
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

resource "aws_lambda_permission" "topic" {
  for_each      = var.project_account_ids
  statement_id  = "stowage-${each.value}-${var.region}"
  action        = "lambda:InvokeFunction"
  function_name = var.relay_function_arn
  principal     = "sns.amazonaws.com"
  source_arn    = "arn:${data.aws_partition.this.partition}:sns:${var.region}:${each.value}:stowage-events"
}

resource "aws_sns_topic_subscription" "relay" {
  for_each  = var.project_account_ids
  region    = var.region
  topic_arn = "arn:${data.aws_partition.this.partition}:sns:${var.region}:${each.value}:stowage-events"
  protocol  = "lambda"
  endpoint  = var.relay_function_arn

  depends_on = [aws_lambda_permission.topic]
}
