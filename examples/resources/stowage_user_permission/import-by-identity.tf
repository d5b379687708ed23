import {
  to = stowage_user_permission.partner_inbox
  identity = {
    project = "acme"
    user    = "partner"
    bucket  = "inbox"
    prefix  = "incoming/"
  }
}
