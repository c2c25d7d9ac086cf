"""The index: cache, refresh, queries, full text, finding by id."""
