"""What stands in a path for all entities of a type: any word that begins no other path."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor

FIXED = (
    "apply", "audit", "check", "constants", "entities", "events", "kept", "members", "merge",
    "overview", "rename", "schema", "search", "sign-out", "undo", "views", "whoami",
)  # fmt: skip


class Plural(Convertor[str]):
    """A word that is none of those. Whether it is the plural of a type, the schema tells."""

    regex = rf"(?!(?:{'|'.join(FIXED)})(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def register() -> None:
    """Have the paths of routes know it, by the name `plural`."""
    register_url_convertor("plural", Plural())
