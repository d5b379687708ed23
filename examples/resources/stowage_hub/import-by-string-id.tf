import {
  to = stowage_hub.main
  id = "stowage"
}
