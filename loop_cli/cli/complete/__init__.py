"""The completions for TAB."""
