"""A commit: stage, exchange, recover."""
