"""What is said over a server is what is said on the files, in words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Loop
from tests.remote.conftest import MISSING, serve_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.remote.conftest import Served

BROKEN = "---\nentity_id: [\n---\n"


def test_warnings_of_reads(served: Served) -> None:
    (served.files.vault / "broken.md").write_text(BROKEN, encoding="utf-8")
    for command in (("list",), ("search", "x"), ("board",), ()):
        there, here = served.loop(*command), served.files(*command)
        assert (there.code, there.err) == (here.code, here.err), command
    assert "(to see why: loop check)" in served.loop("list").err


def test_findings_of_a_check(served: Served) -> None:
    served.files("update", "tsk-019-14", "status=doing", "--force")
    staged = served.files.vault / ".loop/staged" / f"{'c' * 32}.intent"
    staged.write_text('[{"name": "of no change of ours"}]')
    there, here = served.loop("check"), served.files("check")
    assert there.out == here.out
    assert "loop kept --aside" in there.out


def test_a_time_is_said_as_it_was_given(served: Served) -> None:
    for since in ("yesterday", "2020-01-01"):
        diff = ("diff", "tsk-019-14", "--since", since)
        there, here = served.loop(*diff), served.files(*diff)
        assert (there.code, there.err) == (here.code, here.err)
        assert f"at {since};" in there.err


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Served]:
    """A folder that `loop init` made a vault: the file's place is the id and its folder the type,
    and the schema is open."""
    if MISSING:
        pytest.skip(f"not installed here: {', '.join(MISSING)}")
    files = Loop(vault=tmp_path / "plain", home=tmp_path / "home")
    files.home.mkdir()
    for number in (1, 2, 3):
        _write(files.vault / f"task/t{number}.md", f"type: task\ntitle: T{number}\nstatus: todo\n")
    _write(files.vault / "person/kim.md", "type: person\ntitle: Kim\n")
    assert files("init", str(files.vault), "--yes").code == 0
    found = serve_on(files, tmp_path)
    yield found
    found.process.kill()
    found.process.communicate()


def _write(path: Path, fields: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{fields}---\n", encoding="utf-8")


def test_a_new_field_of_an_open_schema(plain: Served) -> None:
    line = '{"id": "t1", "set": {"mood": "good"}, "if": ["status=todo"]}'
    apply, update = (
        ("apply", "-", "--dry-run"),
        ("update", "t1", "mood=good", "--if", "status=todo"),
    )
    for there, here in (
        (plain.loop(*apply, stdin=line), plain.files(*apply, stdin=line)),
        (plain.loop(*update, "--dry-run"), plain.files(*update, "--dry-run")),
    ):
        assert (there.code, there.err) == (here.code, here.err) and there.code == 0
        assert "(to allow it: loop schema allow task mood)" in there.err


def test_the_fields_of_a_new_entity_that_is_only_shown(plain: Served) -> None:
    create = ("create", "task", "--name", "T4", "--dry-run", "--json")
    there, here = plain.loop(*create).json, plain.files(*create).json
    assert there["fields"].keys() == here["fields"].keys()
    assert "entity_id" not in there["fields"]
