"""Questions, editors and merges."""
