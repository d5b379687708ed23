data "stowage_project" "acme" {
  name = "acme"
}

output "room" {
  value = data.stowage_project.acme.headroom.resources
}
