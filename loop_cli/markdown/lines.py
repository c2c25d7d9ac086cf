"""On which line of a YAML text a field stands."""

from __future__ import annotations

from loop_cli.markdown.guard import guarded
from loop_cli.markdown.limits import YamlSyntaxError
from loop_cli.plain import key_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Lines:
    """The places of a YAML text; it is parsed when the first is asked for."""

    def __init__(self, yaml_text: str) -> None:
        self._text = yaml_text
        self._top: dict[str, tuple[Any, Any]] | None = None

    def of(self, path: Iterable[str | int]) -> int:
        """The 1-based line of the key, or the item of a list, at a path; of a key that occurs
        twice, of the last. Where there is none, of what the path leads to before it, else 0."""
        try:
            return guarded(self._of, tuple(path))
        except YamlSyntaxError:
            return 0

    def _of(self, path: tuple[str | int, ...]) -> int:
        first, *rest = path
        if self._top is None:
            self._top = _entries(_root(self._text))
        found, node = self._top.get(str(first), (None, None))
        for part in rest:
            step = _step(node, part)
            if step is None:
                break
            found, node = step
        if found is None:
            return 0
        before = self._text.encode("utf-8", "surrogatepass")[: found.byte_range()[0]]
        return before.count(b"\n") + 1


def _root(yaml_text: str) -> Any:
    import yaml_edit

    return yaml_edit.Document.parse(yaml_text).root()


def _entries(node: Any) -> dict[str, tuple[Any, Any]]:
    """The nodes of key and value of a mapping's entries, the last where a key occurs twice."""
    if node is None or not node.is_mapping():
        return {}
    return {
        key_text(key.to_python()): (key, entry.value())
        for entry in node.as_mapping().entries()
        if (key := entry.key()) is not None and key.is_scalar()
    }


def _step(node: Any, part: str | int) -> tuple[Any, Any] | None:
    """The key or item that a part of a path names, and the node of its value."""
    if node is None:
        return None
    if not node.is_sequence():
        return _entries(node).get(str(part))
    items = list(node.as_sequence().values())
    index = int(part) if isinstance(part, int) or part.isdecimal() else len(items)
    return (items[index], items[index]) if index < len(items) else None
