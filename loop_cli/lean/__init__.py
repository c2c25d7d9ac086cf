"""Small replacements for slow parts of the standard library; a test compares each with it."""
