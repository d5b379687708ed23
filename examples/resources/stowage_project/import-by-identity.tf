import {
  to = stowage_project.acme
  identity = {
    name = "acme"
  }
}
