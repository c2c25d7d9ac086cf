"""What the command line names besides words, and how much of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.inputs import Reader
from loop_cli.errors import UsageError
from loop_cli.planning.snapshot import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


def test_an_endless_device_is_refused() -> None:
    with pytest.raises(UsageError, match=r"/dev/zero is longer than 33,554,432 bytes"):
        Reader()("/dev/zero")


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(Reader()(str(file))) == MAX_FILE_BYTES

    file.write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(UsageError, match="33,554,432"):
        Reader()(str(file))


def test_standard_input_too(loop: Loop) -> None:
    done = loop(
        *("update", "tsk-019-14", "notes=@-", "--force", "--json"),
        stdin=b"x" * (MAX_FILE_BYTES + 1),
    )
    assert (done.code, done.error["code"]) == (2, "usage")


def test_a_value_too_long_for_a_frontmatter_names_the_limit(loop: Loop) -> None:
    before = loop.path().read_bytes()
    done = loop("update", "tsk-019-14", "notes=@-", "--force", "--json", stdin="x" * 2_000_000)
    assert (done.code, done.error["code"]) == (6, "invalid_file")
    assert "1,048,576" in done.error["error"]
    assert loop.path().read_bytes() == before
