import {
  to = stowage_project_user.partner
  identity = {
    project = "acme"
    name    = "partner"
  }
}
