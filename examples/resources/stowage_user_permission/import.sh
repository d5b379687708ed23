terraform import stowage_user_permission.partner_inbox acme/partner/inbox/incoming/
