"""The store of Markdown files."""
