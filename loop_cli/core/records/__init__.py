"""Audit records, histories, and the states that can be rebuilt from them."""
