"""`loop`: a command-line editor for the entities of a Markdown vault."""

__version__ = "0.1.0"
