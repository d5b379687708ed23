import {
  to = stowage_project_bucket.inbox
  id = "acme/inbox"
}
