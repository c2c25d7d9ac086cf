"""The quick parser does what Typer does, or falls back to Typer."""

from __future__ import annotations

import importlib
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loop_cli.cli import context, parser, start
from loop_cli.cli.command_table import COMMANDS
from loop_cli.cli.render import styles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIXTURES = [HealthCheck.function_scoped_fixture]
WORDS = (
    "tsk-019-14", "hyp-1-01", "prj-020", "Task", "none", "status=done", "status=dne", "tags+=가나",
    "due!", "-", "--", "", "-x", "a=-b", "--help", "-h", "--json=1", "--jso", "-ny", "status", "0",
    "5", "0.5", "05", "1e3", "٣", "-1", " 1", "0123456789abcdef", "2026-01-09", "rebase", "규칙",
    "list", "--plain", "\udcff", "9" * 5000,
)  # fmt: skip
NAMES = [name for name, (place, *_rest) in COMMANDS.items() if "." in place]
OPTIONS = {
    name: [option for one in parser.parameters(name) for option in one.options] for name in NAMES
}
# They wait, or write without --dry-run.
SILENT = {
    "edit", "apply", "init", "watch", "demo", "skill install", "completion install", "serve",
    "token add", "token revoke", "login", "logout",
}  # fmt: skip
SILENT |= {"audit rotate", "mcp", "n8n export", "export", "copy"}


def _lines(*names: str) -> st.SearchStrategy[list[str]]:
    """Command lines of some commands: words that may be anything, options of theirs and of none."""

    def of(name: str) -> st.SearchStrategy[list[str]]:
        options = st.sampled_from(["--vault", *OPTIONS[name]])
        valued = st.builds("{}={}".format, options, st.sampled_from(WORDS))
        one = st.one_of(st.sampled_from(WORDS), options, valued).map(lambda word: [word])
        two = st.tuples(options, st.sampled_from(WORDS)).map(list)
        parts = st.lists(st.one_of(one, two), max_size=5)
        return parts.map(lambda found: [*name.split(), *(word for part in found for word in part)])

    return st.sampled_from(names).flatmap(of)


LINES = _lines(*NAMES)
ENDING = _lines(*(name for name in NAMES if name not in SILENT)).filter(
    lambda line: not {"--follow", "-f"}.intersection(line)
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What commands were called with; they do nothing else."""
    calls: list[tuple[str, dict[str, Any]]] = []
    for name in NAMES:
        module, _dot, function = COMMANDS[name][0].partition(".")
        place = importlib.import_module(f"loop_cli.cli.commands.{module}")
        monkeypatch.setattr(
            place, function, lambda name=name, **values: calls.append((name, values))
        )
    yield calls


@settings(max_examples=400, deadline=None, suppress_health_check=FIXTURES)
@given(line=LINES)
@example(line=["list", "--limit", "0"])
@example(line=["list", "--limit", "9" * 5000])
@example(line=["apply", "-", "--lock-timeout", "0"])
@example(line=["apply", "", "--lock-timeout=0.5"])
def test_what_the_quick_parser_takes_typer_takes_in_the_same_way(
    line: list[str], asked: list[tuple[str, dict[str, Any]]]
) -> None:
    asked.clear()
    call = parser.parse(line)
    if call is None:
        return
    call()
    code = start.run(line, quick=False)

    assert code == 0
    assert asked[0] == asked[1]


def _both(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes, bytes]]:
    """Exit code, stdout and stderr, by the quick parser and by Typer."""
    found = []
    for quick in (True, False):
        streams = [io.TextIOWrapper(io.BytesIO()) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text\n")))
        code = start.run(arguments, quick=quick)
        out, err = (stream.buffer.getvalue() for stream in streams)
        found.append((code, out, err))
    monkeypatch.undo()
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=FIXTURES)
@given(line=ENDING)
def test_both_print_the_same(line: list[str], sample_vault: Path, tmp_path: Path) -> None:
    name = next(name for name in NAMES if line[: len(name.split())] == name.split())
    safe = ["--dry-run"] if "--dry-run" in OPTIONS[name] else []
    arguments = [*line, *safe]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOP_VAULT", str(sample_vault))
        patch.setenv("LOOP_PLAIN", "false")  # which --plain changes, and more than that
        patch.setattr(styles, "_plain", False)
        patch.setenv("LOOP_RUN_ID", "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # 'loop view save --user' writes
        patch.chdir(sample_vault)
        patch.setattr(context, "now", lambda: 1_767_969_310_123_456)
        with pytest.MonkeyPatch.context() as streams:
            quickly, by_typer = _both(arguments, streams)

    assert quickly == by_typer


def test_the_version_needs_no_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parser.parse(["--version"]) is not None
    quickly, by_typer = _both(["--version"], monkeypatch)
    assert quickly == by_typer


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
        ["audit", "verify", "--json"],
        ["audit", "redact", "tsk-019-14", "notes", "--yes"],
        ["completion", "show", "zsh"],
    ],
)
def test_what_machines_ask_for_is_taken(line: list[str]) -> None:
    assert parser.parse(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["audit"],
        ["audit", "nothing"],
        ["audit verify"],
        ["skill", "--json", "install"],
        ["get"],
        ["move", "tsk-019-14"],
        ["list", "--limit", "many"],
        ["list", "--limit", "-1"],
        ["list", "--plain"],
        ["get", "--help"],
        ["history", "a", "b"],
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
    assert parser.parse(line) is None
