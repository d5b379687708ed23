# acme-inbox-111122223333-eu-west-1-an
output "inbox" {
  value = provider::stowage::bucket_name("acme", "inbox", "111122223333", "eu-west-1")
}
