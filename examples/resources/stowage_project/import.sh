terraform import stowage_project.acme acme
