"""What `loop check` knows to be wrong: small pure rules over entities and over the vault."""
