list "stowage_user_permission" "all" {
  provider = stowage

  config {
    project = "acme"
  }
}
