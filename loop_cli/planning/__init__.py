"""Turn one change and one state into the new text and the record, for every store."""
