"""The lists of tests that can't be the same over HTTP, or on PostgreSQL, name tests that are
there."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli import door_differs, postgres_differs
from tests.cli.conftest import REPOSITORY
from tests.cli.door import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = REPOSITORY / "tests" / "cli"


def listed(differs: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [one for tests in differs.values() for one in tests]


def collected(modules: set[str], **run: str) -> set[str]:
    """All names that an entry may have, of the tests that take part in another run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", "-m", "",
         "-p", "no:cacheprovider", *sorted(modules)],
        cwd=HERE, env={**os.environ, **run}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ids = [line for line in done.stdout.splitlines() if "::" in line]
    return {name for one in ids for name in names_of(one)}


@pytest.mark.parametrize(
    ("differs", "run"),
    [
        (door_differs.DIFFERS, {"LOOP_TEST_DOOR": "http"}),
        (postgres_differs.DIFFERS, {"LOOP_TEST_CLI": "postgres"}),
    ],
    ids=["http", "postgres"],
)
def test_every_entry_names_a_test_that_takes_part(
    differs: Mapping[str, tuple[str, ...]], run: dict[str, str]
) -> None:
    entries = listed(differs)
    modules = {one.partition("::")[0] for one in entries}
    assert [one for one in sorted(modules) if not (HERE / one).exists()] == []
    names = collected(modules, **run)
    assert [one for one in entries if one not in names] == []


@pytest.mark.parametrize("differs", [door_differs.DIFFERS, postgres_differs.DIFFERS])
def test_no_entry_is_there_twice_or_within_another(differs: Mapping[str, tuple[str, ...]]) -> None:
    entries = listed(differs)
    within = [one for one in entries for other in names_of(one) - {one} if other in entries]
    assert sorted(entries) == sorted(set(entries))
    assert within == []
