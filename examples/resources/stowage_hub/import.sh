terraform import stowage_hub.main stowage
