import {
  to = stowage_hub.main
  identity = {
    name = "stowage"
  }
}
