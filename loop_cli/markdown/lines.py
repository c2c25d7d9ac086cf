"""Find the line of a field in a YAML text."""

from __future__ import annotations

from loop_cli.lean.plain import key_text
from loop_cli.markdown.keys import LineNumbers, key_value
from loop_cli.markdown.limits import YamlSyntaxError, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Lines:
    """The places in a YAML text.

    It is parsed at the first question, and each of its mappings and lists is read once.
    """

    def __init__(self, yaml_text: str) -> None:
        self._text = yaml_text
        self._data = b""
        self._numbers: LineNumbers | None = None
        self._inside: dict[tuple[str, ...], dict[str, tuple[Any, Any]]] = {}

    def of(self, path: Iterable[str | int]) -> int:
        """Return the 1-based line of the key or item at a path; the last one of a repeated key.

        If there is none, the line of its nearest existing parent, else 0.
        """
        try:
            return guarded(self._of, tuple(map(str, path)))
        except YamlSyntaxError:
            return 0

    def _of(self, path: tuple[str, ...]) -> int:
        if self._numbers is None:
            self._data = self._text.encode("utf-8", "surrogatepass")
            self._numbers = LineNumbers(self._data)
            self._inside[()] = self._parts(_root(self._text))
        found = node = None
        for depth, part in enumerate(path):
            inside = self._inside.get(path[:depth])
            if inside is None:
                inside = self._inside[path[:depth]] = self._parts(node)
            step = inside.get(part)
            if step is None:
                break
            found, node = step
        return 0 if found is None else self._numbers.of(found.byte_range()[0])

    def _parts(self, node: Any) -> dict[str, tuple[Any, Any]]:
        """Return the content of a mapping or list, by key or index: the node of the place, and of
        the value.

        The last one of a repeated key.
        """
        if node is not None and node.is_sequence():
            return {str(at): (item, item) for at, item in enumerate(node.as_sequence().values())}
        if node is None or not node.is_mapping():
            return {}
        return {
            key_text(key_value(key, self._data)): (key, entry.value())
            for entry in node.as_mapping().entries()
            if (key := entry.key()) is not None and key.is_scalar()
        }


def _root(yaml_text: str) -> Any:
    import yaml_edit

    return yaml_edit.Document.parse(yaml_text).root()
