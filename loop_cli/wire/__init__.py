"""The shapes of all that crosses a boundary, as pydantic models."""
