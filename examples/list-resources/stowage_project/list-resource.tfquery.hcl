list "stowage_project" "all" {
  provider = stowage
}
