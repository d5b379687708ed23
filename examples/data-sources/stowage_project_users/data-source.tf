data "stowage_project_users" "acme" {
  project = "acme"
}

output "users" {
  value = data.stowage_project_users.acme.users[*].arn
}
