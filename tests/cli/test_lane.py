"""The fast lane does what Typer does, or leaves it to Typer."""

from __future__ import annotations

import functools
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_cli.cli import context, get, lane, lane_table, start, update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIXTURES = [HealthCheck.function_scoped_fixture]
MODULES = {"get": get, "update": update}
WORDS = (
    "tsk-019-14", "hyp-1-01", "none", "status=done", "status=dne", "tags+=가나", "due!", "-", "--",
    "", "-x", "a=-b", "--help", "-h", "--json=1", "--jso", "-ny", "--field", "status", "etag",
    "--field=due", "--path", "--path=", "--if-match", "--if-match=0123456789abcdef", "--force",
    "--expected-updated-at", "2026-01-09", "--lock-timeout", "5", "--vault", "--unset", "--json",
    "--dry-run", "-n", "-y", "--yes", "--no-input", "--raw", "--body", "--yaml", "--on-conflict",
    "rebase", "--set-json", "--body-file", "--append-body", "--unset=notes", "list", "\udcff",
)  # fmt: skip
LINES = st.tuples(
    st.sampled_from(("get", "update")), st.lists(st.sampled_from(WORDS), max_size=7)
).map(lambda line: [line[0], *line[1]])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What commands were called with; they do nothing else."""
    calls: list[dict[str, Any]] = []

    def noting(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def note(**values: Any) -> None:
            calls.append({name: value for name, value in values.items() if value})

        return note

    for verb, module in MODULES.items():
        monkeypatch.setattr(module, verb, noting(getattr(module, verb)))
    yield calls


@settings(max_examples=400, deadline=None, suppress_health_check=FIXTURES)
@given(line=LINES)
def test_what_the_lane_takes_typer_takes_in_the_same_way(
    line: list[str], asked: list[dict[str, Any]]
) -> None:
    asked.clear()
    call = lane.parse(line)
    if call is None:
        return
    call()
    code = start.run(line, fast=False)

    assert code == 0
    assert asked[0] == asked[1]


def _both(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes, bytes]]:
    """Exit code, stdout and stderr, by the lane and by Typer."""
    found = []
    for fast in (True, False):
        streams = [io.TextIOWrapper(io.BytesIO()) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text\n")))
        code = start.run(arguments, fast=fast)
        out, err = (stream.buffer.getvalue() for stream in streams)
        found.append((code, out, err))
    monkeypatch.undo()
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=FIXTURES)
@given(line=LINES, safe=st.just(["--dry-run"]))
def test_both_print_the_same(
    line: list[str], safe: list[str], sample_vault: Path, tmp_path: Path
) -> None:
    arguments = [line[0], *(safe if line[0] == "update" else []), *line[1:]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOP_VAULT", str(sample_vault))
        patch.setenv("LOOP_RUN_ID", "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        patch.chdir(sample_vault)
        patch.setattr(context, "now", lambda: 1_767_969_310_123_456)
        with pytest.MonkeyPatch.context() as streams:
            by_lane, by_typer = _both(arguments, streams)

    assert by_lane == by_typer


@pytest.mark.parametrize(
    "line",
    [
        ["get", "tsk-019-14", "--json"],
        ["get", "--field=status", "tsk-019-14", "--field", "etag"],
        ["update", "tsk-019-14", "status=doing", "--json", "--if-match", "0123456789abcdef"],
        ["update", "tsk-019-14", "--expected-updated-at=2026-01-09", "tags+=a", "due!", "--json"],
        ["update", "tsk-019-14", "status=doing", "--vault", "somewhere", "-n"],
    ],
)
def test_what_machines_ask_for_is_taken(line: list[str]) -> None:
    assert lane.parse(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["list"],
        ["get"],
        ["get", "--help"],
        ["get", "a", "b"],
        ["get", "a", "--path"],
        ["get", "a", "--json", "--json"],
        ["get", "--", "a"],
        ["update", "a", "--if-match"],
        ["update", "a", "--if-match", "--json"],
        ["update", "a", "--lock-timeout", "5"],
        ["update", "a", "-ny"],
    ],
)
def test_what_is_not_certain_is_left_to_typer(line: list[str]) -> None:
    assert lane.parse(line) is None


def test_the_table_has_every_option_of_the_commands() -> None:
    for verb in MODULES:
        _words, options = lane_table.COMMANDS[verb]
        assert {"--json", "--vault"} <= options.keys()
