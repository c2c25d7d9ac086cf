"""What is about the vault and not its entities: init, watch, check, kept."""
