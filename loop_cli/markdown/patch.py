"""Lossless edits of a YAML text: every byte outside the changed entries stays as it is."""

from __future__ import annotations

from loop_cli.lean.plain import same
from loop_cli.markdown import oneline, reader
from loop_cli.markdown.edits import PatchError, Remove, Set, apply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["PatchError", "Remove", "Set", "compose", "patch", "rewrite"]

_PLACEHOLDER = "written-again"


def patch(yaml_text: str, edits: Iterable[Set | Remove], *, newline: str = "\n") -> str:
    """Return ``yaml_text`` with ``edits`` made in order and nothing else changed.

    New lines end in ``newline``. The result is read again, and if the values need it by two more
    readers, one of which knows YAML 1.1: it has exactly the values of ``apply``. Raises PatchError
    if an edit can't be made so, and ``reader.YamlSyntaxError`` if ``yaml_text`` can't be read.
    """
    return patched(yaml_text, reader.read(yaml_text), edits, newline=newline)[0]


def patched(
    yaml_text: str,
    old: dict[str, Any],
    edits: Iterable[Set | Remove],
    *,
    newline: str = "\n",
) -> tuple[str, dict[str, Any]]:
    """Like ``patch``, for a text that ``reader.read`` has read as ``old``; also return the new
    values."""
    edits = list(edits)
    wanted = apply(old, edits)
    if same(old, wanted):
        return yaml_text, old
    result = oneline.replaced(yaml_text, old, wanted)
    if result is None or not _reads_as(result, wanted):
        from loop_cli.markdown import tree

        result = tree.rewritten(yaml_text, old, wanted, newline=newline)
        if result is None:
            raise PatchError(tree.UNSURE, edits[0].path)
    return result, wanted


def _reads_as(yaml_text: str, wanted: dict[str, Any]) -> bool:
    try:
        return same(reader.read(yaml_text), wanted)
    except reader.YamlSyntaxError:
        return False


def rewrite(yaml_text: str, path: tuple[str, ...], value: Any, *, newline: str = "\n") -> str:
    """Write the ``value`` at ``path`` again, so that YAML 1.1 reads it as 1.2 does.

    Its comment stays. A key that occurs several times with the same value is left once, at its last
    place. Raises what ``patch`` raises.
    """
    from loop_cli.markdown.duplicates import without_repeats

    shorter = without_repeats(yaml_text, path[0]) if len(path) == 1 else yaml_text
    if shorter != yaml_text and same(reader.read(shorter), reader.read(yaml_text)):
        return shorter
    other = patch(yaml_text, [Set(path, _PLACEHOLDER)], newline=newline)
    return patch(other, [Set(path, value)], newline=newline)


def compose(values: Mapping[str, Any]) -> str:
    """Write all of ``values`` as a text, even if it is too long or too deep for ``read``.

    If it can't be read again as a check, it is written in quotes, which every reader understands.
    """
    from loop_cli.markdown.writer import Layout, Writer

    parts = []
    for key, value in values.items():
        try:
            parts.append(patch("", [Set((key,), value)]))
        except PatchError:
            parts.append(Writer(Layout, "\n", careful=True).entry(key, value, 0) + "\n")
    return "".join(parts)
