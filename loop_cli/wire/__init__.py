"""The pydantic models of all data that crosses a boundary."""
