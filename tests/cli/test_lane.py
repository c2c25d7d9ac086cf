"""The fast lane does what Typer does, or leaves it to Typer."""

from __future__ import annotations

import functools
import importlib
import inspect
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loop_cli.cli import app, context, lane, start, styles
from loop_cli.cli.lane_table import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIXTURES = [HealthCheck.function_scoped_fixture]
WORDS = (
    "tsk-019-14", "hyp-1-01", "prj-020", "Task", "none", "status=done", "status=dne", "tags+=가나",
    "due!", "-", "--", "", "-x", "a=-b", "--help", "-h", "--json=1", "--jso", "-ny", "status", "0",
    "5", "0.5", "05", "1e3", "٣", "-1", " 1", "0123456789abcdef", "2026-01-09", "rebase", "규칙",
    "list", "--plain", "\udcff", "9" * 5000,
)  # fmt: skip
SILENT = ("edit", "apply", "init", "watch", "demo")  # they wait, or write without --dry-run


def _lines(*verbs: str) -> st.SearchStrategy[list[str]]:
    """Command lines of some commands: words that may be anything, options of theirs and of none."""

    def of(verb: str) -> st.SearchStrategy[list[str]]:
        options = st.sampled_from(["--vault", *COMMANDS[verb][-1]])
        valued = st.builds("{}={}".format, options, st.sampled_from(WORDS))
        one = st.one_of(st.sampled_from(WORDS), options, valued).map(lambda word: [word])
        two = st.tuples(options, st.sampled_from(WORDS)).map(list)
        parts = st.lists(st.one_of(one, two), max_size=5)
        return parts.map(lambda found: [verb, *(word for part in found for word in part)])

    return st.sampled_from(verbs).flatmap(of)


LINES = _lines(*COMMANDS)
ENDING = _lines(*(verb for verb in COMMANDS if verb not in SILENT)).filter(
    lambda line: not {"--follow", "-f"}.intersection(line)
)


def _bare(value: object) -> object:
    """Nothing given is an empty list to one of the two, and None to the other."""
    return None if value in ([], ()) else value


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What commands were called with; they do nothing else."""
    calls: list[dict[str, Any]] = []

    def noting(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def note(**values: Any) -> None:
            bound = inspect.signature(command).bind(**values)
            bound.apply_defaults()
            calls.append({name: _bare(value) for name, value in bound.arguments.items()})

        return note

    for name, function, *_parameters in COMMANDS.values():
        module = importlib.import_module(f"loop_cli.cli.{name}")
        noted = noting(getattr(module, function))
        monkeypatch.setattr(module, function, noted)
        if hasattr(module, "COMMAND"):
            monkeypatch.setattr(module, "COMMAND", noted)
    yield calls


@settings(max_examples=400, deadline=None, suppress_health_check=FIXTURES)
@given(line=LINES)
@example(line=["list", "--limit", "0"])
@example(line=["list", "--limit", "9" * 5000])
@example(line=["apply", "-", "--lock-timeout", "0"])
@example(line=["apply", "", "--lock-timeout=0.5"])
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
@given(line=ENDING)
def test_both_print_the_same(line: list[str], sample_vault: Path, tmp_path: Path) -> None:
    safe = ["--dry-run"] if "--dry-run" in COMMANDS[line[0]][-1] else []
    arguments = [line[0], *safe, *line[1:]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOP_VAULT", str(sample_vault))
        patch.setenv("LOOP_PLAIN", "false")  # which --plain changes, and more than that
        patch.setattr(styles, "_plain", False)
        patch.setenv("LOOP_RUN_ID", "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        patch.chdir(sample_vault)
        patch.setattr(context, "now", lambda: 1_767_969_310_123_456)
        with pytest.MonkeyPatch.context() as streams:
            by_lane, by_typer = _both(arguments, streams)

    assert by_lane == by_typer


def test_the_version_needs_no_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lane.parse(["--version"]) is not None
    by_lane, by_typer = _both(["--version"], monkeypatch)
    assert by_lane == by_typer


@pytest.mark.parametrize(
    "line",
    [
        ["get", "tsk-019-14", "--json"],
        ["get", "--field=status", "tsk-019-14", "--field", "etag"],
        ["update", "tsk-019-14", "status=doing", "--json", "--if-match", "0123456789abcdef"],
        ["update", "tsk-019-14", "--expected-updated-at=2026-01-09", "tags+=a", "due!", "--json"],
        ["update", "tsk-019-14", "status=doing", "--vault", "somewhere", "-n"],
        ["list", "Task", "--where", "status=todo", "--json", "--limit", "0"],
        ["search", "회의록", "--ids"],
        ["create", "Task", "entity_name=가", "--idempotency-key", "k", "--json"],
        ["apply", "-", "--lock-timeout", "0.5"],
        ["delete", "tsk-019-14", "--if-match", "0123456789abcdef", "--no-input"],
        ["move", "tsk-019-14", "--project", "prj-020"],
        ["undo"],
        ["log", "--limit=5", "--json"],
        ["check"],
    ],
)
def test_what_machines_ask_for_is_taken(line: list[str]) -> None:
    assert lane.parse(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["audit", "verify"],
        ["get"],
        ["move", "tsk-019-14"],
        ["list", "--limit", "many"],
        ["list", "--limit", "-1"],
        ["list", "--plain"],
        ["get", "--help"],
        ["get", "a", "b"],
        ["get", "a", "--path"],
        ["get", "a", "--json", "--json"],
        ["get", "--", "a"],
        ["update", "a", "--if-match"],
        ["update", "a", "--if-match", "--json"],
        ["update", "a", "--lock-timeout", "1e3"],
        ["update", "a", "--lock-timeout", "."],
        ["update", "a", "-ny"],
    ],
)
def test_what_is_not_certain_is_left_to_typer(line: list[str]) -> None:
    assert lane.parse(line) is None


def test_every_command_is_in_the_table() -> None:
    assert {*COMMANDS} == {*app.COMMANDS} - {"audit", "completion", "skill"}
    for verb, (_module, _function, _needed, _words, options) in COMMANDS.items():
        assert "--vault" in options or verb in ("init", "demo", "help")
