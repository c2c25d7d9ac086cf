"""How a value is shown to people: in one line, like YAML."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def plain(value: Any, *, nothing: str = "null", text: Callable[[str], str] = str) -> str:
    """Return a value like YAML; `nothing` stands for null, and `text` makes texts harmless."""
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        pairs = (
            f"{text(str(key))}: {plain(item, nothing=nothing, text=text)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(plain(item, nothing=nothing, text=text) for item in value)}]"
    return text(str(value)) if value != "" else "''"


def alone(value: Any, *, nothing: str = "null", text: Callable[[str], str] = str) -> str:
    """Return a value that stands alone; a list of simple values then has no brackets."""
    if isinstance(value, list) and all(not isinstance(item, list | dict) for item in value):
        return ", ".join(plain(item, nothing=nothing, text=text) for item in value)
    return plain(value, nothing=nothing, text=text)
