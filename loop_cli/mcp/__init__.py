"""The door for agents: tools over `Operations`, by the Model Context Protocol."""
