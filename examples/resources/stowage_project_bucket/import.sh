terraform import stowage_project_bucket.inbox acme/inbox
