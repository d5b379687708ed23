list "stowage_project_user" "all" {
  provider = stowage

  config {
    project = "acme"
  }
}
