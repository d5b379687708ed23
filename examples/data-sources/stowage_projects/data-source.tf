data "stowage_projects" "all" {}

output "accounts" {
  value = { for p in data.stowage_projects.all.projects : p.name => p.account_id }
}
