resource "stowage_project" "acme" {
  name       = "acme"
  account_id = "111122223333"
  region     = "eu-west-1"

  tags = {
    client = "Acme"
  }
}
