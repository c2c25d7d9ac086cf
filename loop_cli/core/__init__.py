"""What loop means: entities, changes, conflicts, records. No terminal, no HTTP, no file system."""
