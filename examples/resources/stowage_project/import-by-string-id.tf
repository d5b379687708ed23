import {
  to = stowage_project.acme
  id = "acme"
}
