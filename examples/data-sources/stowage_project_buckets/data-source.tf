data "stowage_project_buckets" "acme" {
  project = "acme"
}

output "buckets" {
  value = data.stowage_project_buckets.acme.buckets[*].bucket_name
}
