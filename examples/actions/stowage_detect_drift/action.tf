action "stowage_detect_drift" "acme" {
  config {
    project = stowage_project.acme.name
  }
}
