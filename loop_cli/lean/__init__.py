"""What start-up can't afford from the standard library, each held against it by a test."""
