"""Find keys that occur more than once in one mapping. `reader` says whether there may be any."""

from __future__ import annotations

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown.keys import LineNumbers, key_value
from loop_cli.markdown.limits import YamlSyntaxError, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MOST_READ = 20
# The last word before each colon that may end a key. If all are different, no key occurs
# twice. If the text has other ways to write a key, a closer look is needed.
# It is tried only at the start of a word or of blanks, so that long ones take linear time.
_LAST_WORD = (
    r"(?:(?<![^\s'\"{,\[])|(?<=['\"]:)|(?<=:)(?=[\]} \t]))([^\s'\"{,\[]*)"
    r"(?:['\"][ \t]*:|(?<![ \t])[ \t]*:(?=[\s,\[\]{}]|\Z))"
)
_OTHER_KEYS = r"\{|\\|(?:^|[\s,])(?:\?\s|[&*!]\S)"


def duplicate_paths(yaml_text: str) -> dict[tuple[str, ...], list[int]]:
    """Return keys that occur more than once in one mapping, by path, with their 1-based lines.

    Items of lists have their index in the path. The text must be readable; an unreadable text has
    no duplicates.
    """
    try:
        return guarded(_duplicate_paths, yaml_text)
    except YamlSyntaxError:
        return {}


def _duplicate_paths(yaml_text: str) -> dict[tuple[str, ...], list[int]]:
    import re

    words = re.findall(_LAST_WORD, yaml_text)
    if len(set(words)) == len(words) and not re.search(_OTHER_KEYS, yaml_text):
        return {}
    import yaml_edit

    root = yaml_edit.Document.parse(yaml_text).root()
    found: dict[tuple[str, ...], list[int]] = {}
    if root is not None:
        _Collector(yaml_text.encode("utf-8", "surrogatepass"), found).collect(root, ())
    return found


def without_repeats(yaml_text: str, key: str) -> str:
    """Return the text with only the last of several equal entries of a top-level key.

    Each entry must be on one line without a comment; otherwise the text is returned unchanged.
    """
    try:
        return guarded(_without_repeats, yaml_text, key)
    except YamlSyntaxError:
        return yaml_text


def _without_repeats(yaml_text: str, key: str) -> str:
    import yaml_edit

    root: Any = yaml_edit.Document.parse(yaml_text).root()
    if root is None or not root.is_mapping():
        return yaml_text
    source = yaml_text.encode("utf-8", "surrogatepass")
    found: list[Any] = [
        entry for entry in root.as_mapping().entries() if _is_key(entry.key(), key, source)
    ]
    lines = [_own_line(entry, source) for entry in found[:-1]]
    if None in lines or not _say_the_same(found, source):
        return yaml_text
    for start, end in reversed([line for line in lines if line is not None]):
        source = source[:start] + source[end:]
    return source.decode("utf-8", "surrogatepass")


def _is_key(key: Any, name: str, source: bytes) -> bool:
    return key is not None and key.is_scalar() and key_text(key_value(key, source)) == name


def _say_the_same(entries: list[Any], source: bytes) -> bool:
    """Whether all entries have one value.

    If there are very many, they must be written alike, because reading each takes as long as the
    text is.
    """
    nodes = [entry.value() for entry in entries]
    if len({node and source[slice(*node.byte_range())] for node in nodes}) == 1:
        return True
    if len(entries) > _MOST_READ:
        return False
    values = [None if node is None else node.to_python() for node in nodes]
    return all(same(value, values[-1]) for value in values)


def _own_line(entry: Any, source: bytes) -> tuple[int, int] | None:
    """Return the line that contains only this entry; None if there is none."""
    start, end = entry.byte_range()
    stop = source.find(b"\n", start) + 1 or len(source)
    alone = start == 0 or source[start - 1 : start] == b"\n"
    plain = not any(mark in source[start:stop] for mark in (b"#", b"&"))  # a comment, an anchor
    return (start, stop) if alone and end <= stop and plain else None


class _Collector:
    """Collects the repeated keys of all mappings of a text in `found`."""

    def __init__(self, source: bytes, found: dict[tuple[str, ...], list[int]]) -> None:
        self._source = source
        self._numbers = LineNumbers(source)
        self._found = found

    def collect(self, node: Any, path: tuple[str, ...]) -> None:
        if node.is_mapping():
            self._collect_keys(node.as_mapping().entries(), path)
        elif node.is_sequence():
            for index, item in enumerate(node.as_sequence().values()):
                self.collect(item, (*path, str(index)))

    def _collect_keys(self, entries: Iterable[Any], path: tuple[str, ...]) -> None:
        seen: dict[Any, list[int]] = {}
        for entry in entries:
            key, value = entry.key(), entry.value()
            if key is None or not key.is_scalar():
                continue
            name = key_value(key, self._source)
            line = self._numbers.of(key.byte_range()[0])
            seen.setdefault((key_text(name) if not path else (type(name), name)), []).append(line)
            if value is not None:
                self.collect(value, (*path, key_text(name)))
        for identity, lines in seen.items():
            if len(lines) > 1:
                name = identity if isinstance(identity, str) else identity[1]
                self._found.setdefault((*path, key_text(name)), []).extend(lines)
