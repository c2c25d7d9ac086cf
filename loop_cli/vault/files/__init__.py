"""The files of entities: reading, walking, probing, the lock."""
