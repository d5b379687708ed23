import {
  to = stowage_project_user.partner
  id = "acme/partner"
}
