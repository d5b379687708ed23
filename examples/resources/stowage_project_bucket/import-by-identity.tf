import {
  to = stowage_project_bucket.inbox
  identity = {
    project = "acme"
    name    = "inbox"
  }
}
