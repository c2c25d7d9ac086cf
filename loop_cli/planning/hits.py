"""The match of a search in the text of a file."""

from __future__ import annotations

from loop_cli.core.listed import Hit, Listed, names_of
from loop_cli.markdown import document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.wanted import Wanted


def hit_of(listed: Listed, data: bytes, wanted: Wanted) -> Hit | None:
    """Return the hit for a file's bytes, if it has the words."""
    pieces = document.split(data.decode())
    found = wanted.found(names_of(listed), pieces.body)
    if found is None:
        return None
    before = len(pieces.text) - len(pieces.body)
    line = None if found.line is None else pieces.text.count("\n", 0, before) + found.line
    values = {name: getattr(listed, name) for name in Listed._fields}
    return Hit(**values, in_names=found.in_names, line=line, text=found.text)
