"""What a user can do, a module a verb."""
