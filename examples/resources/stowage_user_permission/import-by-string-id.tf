import {
  to = stowage_user_permission.partner_inbox
  id = "acme/partner/inbox/incoming/"
}
