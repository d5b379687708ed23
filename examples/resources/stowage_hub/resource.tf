resource "stowage_hub" "main" {
  name            = "stowage"
  organization_id = "o-a1b2c3d4e5"

  live = {
    oidc_issuer    = "https://login.example.com"
    oidc_client_id = "stowage-board"
  }

  operators = {
    hcp_terraform  = { organization = "acme", workspaces = ["storage-*"] }
    github_actions = { repositories = ["acme/storage"] }
  }
}

# A project in the same configuration waits for its hub.
resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"

  depends_on = [stowage_hub.main]
}
