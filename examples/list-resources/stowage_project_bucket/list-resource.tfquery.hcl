# The buckets of a project.
list "stowage_project_bucket" "managed" {
  provider = stowage

  config {
    project = "acme"
  }
}

# Everything else in its account and region, to be adopted.
list "stowage_project_bucket" "existing" {
  provider = stowage
  limit    = 1000

  config {
    project   = "acme"
    unmanaged = true
  }
}
