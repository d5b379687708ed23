resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
}

resource "stowage_project_bucket" "inbox" {
  project = stowage_project.acme.name
  name    = "inbox"
}

resource "stowage_project_user" "partner" {
  project = stowage_project.acme.name
  name    = "partner"
}

# The partner uploads below incoming/, and reads and writes nothing else.
resource "stowage_user_permission" "partner_inbox" {
  project = stowage_project.acme.name
  user    = stowage_project_user.partner.name
  bucket  = stowage_project_bucket.inbox.name
  access  = "read_write"
  prefix  = "incoming/"
}
