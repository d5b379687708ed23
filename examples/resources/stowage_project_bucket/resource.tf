resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
}

# Everything else has a safe default.
resource "stowage_project_bucket" "inbox" {
  project = stowage_project.acme.name
  name    = "inbox"
}

resource "stowage_project_bucket" "exports" {
  project = stowage_project.acme.name
  name    = "exports"

  lifecycle_rules = {
    expire_after_days            = 365
    expire_noncurrent_after_days = 30
  }

  cors = [{
    allowed_origins = ["https://portal.example.com"]
    allowed_methods = ["GET", "HEAD"]
    max_age_seconds = 3600
  }]

  on_delete = "retain"
}
