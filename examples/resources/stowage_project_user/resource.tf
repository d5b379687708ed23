resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
}

resource "stowage_project_user" "partner" {
  project    = stowage_project.acme.name
  name       = "partner"
  source_ips = ["203.0.113.0/24"]
}
