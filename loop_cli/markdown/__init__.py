"""Text in, text out: frontmatter and lossless edits of YAML. Knows no entity and no file."""
