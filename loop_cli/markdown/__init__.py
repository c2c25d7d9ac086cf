"""Text in, text out: frontmatter and lossless edits of YAML. It knows no entity and no file."""
