"""`loop edit` on a file that can't be read: it opens at the line, and what is whole is saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_values import note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

BROKEN = "title: Foo: bar # here\nother: 1\n"


def edit(loop: Loop, own: Path, editor: str, *more: str) -> tuple[int, str]:
    """`loop edit n` with an editor; its exit code and all that it says."""
    done = loop("edit", "n", "--no-input", "--editor", editor, *more, "--vault", str(own))
    return done.code, done.out + done.err


def records(own: Path) -> list[dict[str, object]]:
    """The lines of the log."""
    return [json.loads(line) for log in own.rglob("*.jsonl") for line in log.open()]


def test_a_whole_text_is_saved_and_recorded(loop: Loop, own: Path) -> None:
    file = note(own, BROKEN)

    code, said = edit(loop, own, "sed -i s/Foo:/Foo/")

    assert code == 0, said
    head, updated = file.read_text().split("updated: ")
    assert head == "---\ntitle: Foo bar # here\nother: 1\n"
    assert updated.endswith("\n---\nbody\n")
    (record,) = records(own)
    metadata = record["metadata"]
    assert isinstance(metadata, dict)
    assert (record["diff"], record["modified_fields"], metadata["mended"]) == ({}, [], True)
    assert loop("audit", "verify", "--vault", str(own)).code == 0
    assert loop("get", "n", "--field", "title", "--vault", str(own)).out == "Foo bar\n"


def test_it_is_an_outside_edit_where_it_was_recorded_before(loop: Loop, own: Path) -> None:
    file = note(own, "title: Foo\n")
    assert loop("update", "n", "title=Bar", "--force", "--vault", str(own)).code == 0
    file.write_text(file.read_text().replace("title: Bar", "title: a: b"))

    assert edit(loop, own, "sed -i 's/a: b/a b/'")[0] == 0

    last = records(own)[-1]["metadata"]
    assert isinstance(last, dict)
    assert last["edited_outside"] is True and last["mended"] is True
    assert loop("audit", "verify", "--vault", str(own)).code == 0


@pytest.mark.parametrize("editor", ["true", "sed -i s/other/another/", "sed -i s/^title.*/-/"])
def test_what_is_not_whole_is_not_saved(loop: Loop, own: Path, editor: str) -> None:
    file = note(own, BROKEN)
    before = file.read_bytes()

    code, said = edit(loop, own, editor)

    assert code == 6
    assert "broken YAML" in said or "mapping" in said
    assert file.read_bytes() == before
    assert records(own) == []


def test_somebody_mends_it_meanwhile(loop: Loop, own: Path) -> None:
    file = note(own, BROKEN)
    whole = file.read_text().replace("Foo:", "Theirs")
    (own / "whole").write_text(whole)
    script = own / "editor.sh"
    script.write_text(f"cp '{own}/whole' '{file}'; sed -i s/Foo:/Mine/ \"$1\"\n")

    code, said = edit(loop, own, f"sh {script}")

    assert code == 4, said
    assert file.read_text() == whole
    assert "your text is kept" in said


def test_the_editor_opens_at_the_line(loop: Loop, own: Path) -> None:
    note(own, "a: 1\nb: 2\ntitle: Foo: bar\n")
    folder = own / "bin"
    folder.mkdir()
    vim = folder / "vim"
    vim.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$1" > "' + str(own) + '/at"\n'
        'sed -n "${1#+}p" "$2" > "' + str(own) + '/line"\n'
    )
    vim.chmod(0o755)

    edit(loop, own, str(vim))

    assert (own / "at").read_text().startswith("+")
    assert (own / "line").read_text() == "title: Foo: bar\n"


def test_the_markers_of_git_are_mended_too(loop: Loop, own: Path) -> None:
    file = note(own, "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n")

    code, said = edit(loop, own, "sed -i -e '/<<<<<<</d' -e '/=======/,/>>>>>>>/d'")

    assert code == 0, said
    assert file.read_text().startswith("---\na: 1\n")
