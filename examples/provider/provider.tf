terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

# Credentials come from the environment, a profile or a role, as for the aws provider. They are those of the hub's account.
provider "stowage" {
  region = "eu-west-1"
  hub    = "stowage"

  project_role_name = "StowageProvisioner" # assumed in each project's account

  default_tags {
    tags = {
      managed_by = "terraform"
    }
  }
}
