"""A hint where fields stand after `--json` and a blank: `--json status`, for `--json=status`."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.errors import LoopError

_COMMANDS = ("get", "list", "search")  # those with --json=FIELDS
_FIELD = r"[^\W\d][\w.]*"
_FIELDS = re.compile(rf"{_FIELD}(,{_FIELD})*")


def hint(arguments: Sequence[str], error: LoopError) -> str | None:
    """The hint for an error about the word that stands there; None for any other."""
    if arguments[0] not in _COMMANDS or "--json" not in arguments[:-1]:
        return None
    word = arguments[arguments.index("--json") + 1]
    about = (error.details.get("entity_id"), error.details.get("unknown_type"))
    means_another = bool(error.details.get("nearest")) or "did you mean" in error.message
    if word not in about or not _FIELDS.fullmatch(word) or (means_another and "," not in word):
        return None
    return f"for these fields alone write --json={word}, with an equals sign"
