data "stowage_user_policy" "partner" {
  project = "acme"
  user    = "partner"
}

output "what_the_partner_may_do" {
  value = data.stowage_user_policy.partner.table
}
