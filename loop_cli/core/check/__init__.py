"""The rules of `loop check`: small pure functions over one entity and over the vault."""
