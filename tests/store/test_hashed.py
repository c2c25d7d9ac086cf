"""What is kept of a value that a record has only the hash of."""

from __future__ import annotations

import pytest

from loop_cli.core.audit import AuditRecord
from loop_cli.store.hashed import value_of

RECORD = AuditRecord(data={"metadata": {"kept_as_json": ["flag"]}}, digest="")


@pytest.mark.parametrize(
    ("data", "name", "side", "value"),
    [
        (b"false", "flag", "old", False),
        (b"false", "note", "old", "false"),
        (b"no json", "note", "new", "no json"),
        (b"5", "body", "new", "5"),
    ],
)
def test_the_record_tells_a_text_from_a_value(
    data: bytes, name: str, side: str, value: object
) -> None:
    assert value_of(data, RECORD, name, side) == value


def test_of_what_was_written_nothing_may_tell() -> None:
    """Then it is unknown: `false` is not `"false"`."""
    with pytest.raises(ValueError, match="a text or a value"):
        value_of(b"false", RECORD, "flag", "new")
