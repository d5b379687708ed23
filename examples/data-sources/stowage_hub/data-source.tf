data "stowage_hub" "main" {}

check "hub" {
  assert {
    condition     = data.stowage_hub.main.healthy
    error_message = "The relay of the hub does not run, or fails."
  }
}

output "table" {
  value = data.stowage_hub.main.table_name
}
