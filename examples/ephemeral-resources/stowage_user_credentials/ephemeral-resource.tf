ephemeral "stowage_user_credentials" "partner" {
  secret_arn = stowage_project_user.partner.secret_arn
}

# For instance to write the key into another system, through a write-only attribute, so that no state holds it.
resource "vault_kv_secret_v2" "partner" {
  mount = "partners"
  name  = "acme/partner"

  data_json_wo = jsonencode({
    access_key_id     = ephemeral.stowage_user_credentials.partner.access_key_id
    secret_access_key = ephemeral.stowage_user_credentials.partner.secret_access_key
  })
  data_json_wo_version = stowage_project_user.partner.key_created_at == null ? 0 : parseint(formatdate("YYYYMMDDhhmm", stowage_project_user.partner.key_created_at), 10)
}
