"""Audit records, histories, and the states that are rebuilt from them."""
