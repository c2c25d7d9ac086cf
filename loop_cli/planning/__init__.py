"""One change against one state: the new text and the record, for every store."""
