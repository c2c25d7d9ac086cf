"""What is kept of a value that a record has only the hash of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.records.hashed import (
    comparable_digest,
    digest_of,
    is_hash_of,
    value_bytes,
    value_of,
)
from loop_cli.core.records.record import AuditRecord

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize("hashed", [lambda value: digest_of(value_bytes(value)), comparable_digest])
def test_a_value_is_known_by_its_hash(hashed: Callable[[Any], dict[str, Any]]) -> None:
    digest = hashed({"y": 1, "x": [{"나": 2, "가": None}]})

    assert is_hash_of({"y": 1, "x": [{"나": 2, "가": None}]}, digest)
    assert not is_hash_of({"y": 1, "x": [{"나": 3, "가": None}]}, digest)
    assert not is_hash_of("text", digest)


def test_the_order_of_keys_makes_no_other_value() -> None:
    """So a key that an undo puts back at the end is no change of what is around it."""
    digest = comparable_digest({"y": 1, "x": [{"나": 2, "가": None}]})

    assert is_hash_of({"x": [{"가": None, "나": 2}], "y": 1}, digest)
    assert not is_hash_of({"y": 1, "x": [{"나": 2}, {"가": None}]}, digest)


def test_keys_that_are_no_texts_are_hashed_as_json_has_them() -> None:
    """What was kept comes back as JSON."""
    digest = comparable_digest({True: 1, "a": 2, 10: 3, None: 4})

    assert is_hash_of({None: 4, 10: 3, "a": 2, True: 1}, digest)
    assert is_hash_of({"a": 2, "null": 4, "10": 3, "true": 1}, digest)
