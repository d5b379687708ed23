resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
  sftp       = { enabled = true }
}

# Comes with the S3 API from its own networks, and reads its key from Secrets Manager with a role of its own account.
resource "stowage_project_user" "courier" {
  project    = stowage_project.acme.name
  name       = "courier"
  source_ips = ["203.0.113.0/24"]

  access_key     = { rotation = { every_days = 90, overlap_days = 7 } }
  secret_readers = ["arn:aws:iam::444455556666:role/courier"]
}

# Comes by SFTP.
resource "stowage_project_user" "partner" {
  project = stowage_project.acme.name
  name    = "partner"
  sftp    = { ssh_public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnV5ESHDXvqcXOlkkC5JcpOlJ5u6QB1xZT2TSWq0kXS partner"] }
}
