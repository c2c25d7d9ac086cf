"""`loop rename OLD --name NEW` where the file's name is the id: the file, the id, and the links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import life as models_life

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

OLD = "---\ntags: [a]   # mine\nstatus: open\n---\n# {{DATE}}\n[[회의 1#x]] itself\n"
OTHER = '---\nup: "[[회의 1]]"\n---\n[[회의 1|that]], [x](<Meet/회의 1.md>), `[[회의 1]]`\n'


def files(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*.md"))}


@pytest.fixture
def notes(loop: Loop, tmp_path: Path) -> Loop:
    loop.vault = tmp_path / "notes"
    (loop.vault / "Meet").mkdir(parents=True)
    for path, text in {
        "Meet/회의 1.md": OLD,
        "Meet/titled.md": "---\ntitle: Titled\n---\nText.\n",
        "Meet/2026-01-01.md": "---\ntitle: Old title\n---\nText.\n",
        "other.md": OTHER,
        "plain.md": "Text [[회의 1]] and [[titled]].\n",
    }.items():
        (loop.vault / path).write_text(text)
    assert loop("init", str(loop.vault), "--yes").code == 0
    return loop


def rename(loop: Loop, old: str, new: str) -> dict[str, str]:
    done = loop("rename", old, "--name", new, "--yes", "--json").json
    models_life.MoveDocument.model_validate(done)
    (moved,) = done["moved"]
    return dict(moved)


def test_file_and_id_and_links_follow(notes: Loop) -> None:
    moved = rename(notes, "회의 1", "첫 회의")

    assert (moved["entity_id"], moved["path"]) == ("첫 회의", "Meet/첫 회의.md")
    assert moved["path_before"] == "Meet/회의 1.md"
    assert not (notes.vault / "Meet/회의 1.md").exists()
    text = (notes.vault / "Meet/첫 회의.md").read_text()
    assert text.startswith("---\ntags: [a]   # mine\nstatus: open\nupdated: ")
    assert text.endswith("---\n# {{DATE}}\n[[첫 회의#x]] itself\n")
    other = (notes.vault / "other.md").read_text()
    assert 'up: "[[첫 회의]]"' in other
    assert "[[첫 회의|that]], [x](<Meet/첫 회의.md>), `[[회의 1]]`" in other
    assert "[[첫 회의]]" in (notes.vault / "plain.md").read_text()
    assert notes("get", "첫 회의", "--json").json["etag"] == moved["etag"]
    assert notes("get", "회의 1").code == 3
    assert notes("audit", "verify").code == 0
    assert notes("check").code == 0
    assert notes("list", "--where", "path~회의", "--ids").lines == ["첫 회의"]


def test_an_undo_brings_all_back_and_a_redo_renames_again(notes: Loop) -> None:
    def without_times(found: dict[str, bytes]) -> dict[str, list[bytes]]:
        return {
            path: [line for line in data.splitlines() if not line.startswith(b"updated:")]
            for path, data in found.items()
        }

    before = files(notes.vault)
    rename(notes, "회의 1", "첫 회의")
    after = files(notes.vault)
    undone = notes("undo", "--last", "--yes", "--json").json["run_id"]
    back = files(notes.vault)
    assert back["Meet/회의 1.md"] == before["Meet/회의 1.md"]
    assert without_times(back) == without_times(before)
    assert notes("undo", undone, "--yes").code == 0
    assert without_times(files(notes.vault)) == without_times(after)
    assert notes("audit", "verify").code == 0


def test_the_time_is_later_and_the_revision_is_known(notes: Loop) -> None:
    assert notes("update", "회의 1", "status=done", "--force").code == 0
    before = notes("get", "회의 1", "--json").json
    moved = rename(notes, "회의 1", "첫 회의")
    assert moved["updated_at"] > before["updated_at"]
    assert notes("update", "첫 회의", "status=open", "--if-match", moved["etag"]).code == 0


def test_a_title_that_the_file_is_called_by_changes_too(notes: Loop) -> None:
    assert rename(notes, "titled", "New Title")["path"] == "Meet/new-title.md"
    assert notes("get", "new-title", "--field", "title").out == "New Title\n"
    assert "[[new-title]]" in (notes.vault / "plain.md").read_text()


def test_a_file_that_is_called_otherwise_keeps_its_name(notes: Loop) -> None:
    assert rename(notes, "2026-01-01", "New title")["path"] == "Meet/2026-01-01.md"
    assert notes("get", "2026-01-01", "--field", "title").out == "New title\n"


@pytest.mark.parametrize(
    ("name", "code"), [("titled", 6), ("Titled", 6), ("other", 6), ("..", 2), ("", 2), ("a\nb", 2)]
)
def test_what_is_refused_changes_nothing(notes: Loop, name: str, code: int) -> None:
    before = files(notes.vault)
    assert notes("rename", "회의 1", "--name", name, "--yes").code == code
    assert files(notes.vault) == before
    assert not (notes.vault / ".loop/audit_log.jsonl").exists()


@pytest.mark.parametrize("name", [".hidden", "a/b", "../out", "~", "a:b?"])
def test_no_name_leads_elsewhere(notes: Loop, name: str) -> None:
    count = len(files(notes.vault.parent))
    done = notes("rename", "회의 1", "--name", name, "--yes", "--json")
    if done.code == 0:
        path = done.json["moved"][0]["path"]
        assert path.startswith("Meet/")
        assert (notes.vault / path).is_file()
    assert (len(files(notes.vault)), len(files(notes.vault.parent))) == (5, count)


def test_a_field_that_names_the_id_itself_stops_it(notes: Loop) -> None:
    (notes.vault / "child.md").write_text("---\nparent_id: 회의 1\n---\n")
    before = files(notes.vault)
    error = notes("rename", "회의 1", "--name", "첫 회의", "--yes", "--json").error
    assert (error["code"], error["referrers"][0]["entity_id"]) == ("still_referred", "child")
    assert "change them first" in error["hint"]
    assert files(notes.vault) == before


@pytest.mark.parametrize(
    "text", ["\ufeff---\r\nx: 1\r\n---\r\nText\r\n", "Only text", "---\nx: 1\n---"]
)
def test_other_bytes_stay(notes: Loop, text: str) -> None:
    (notes.vault / "odd.md").write_bytes(text.encode())
    rename(notes, "odd", "even")
    found = (notes.vault / "even.md").read_bytes().decode()
    assert found.startswith("\ufeff") == text.startswith("\ufeff")
    assert found.endswith(text.rpartition("---")[2])
    assert ("\r\n" in found, "\n" in found.replace("\r\n", "")) != (True, True)


def test_a_dry_run_writes_nothing(notes: Loop) -> None:
    before = files(notes.vault)
    done = notes("rename", "회의 1", "--name", "첫 회의", "--dry-run", "--json").json
    assert (done["moved"][0]["path"], done["dry_run"]) == ("Meet/첫 회의.md", True)
    assert {one["path"] for one in done["relinked"]} == {"other.md", "plain.md"}
    assert files(notes.vault) == before


def test_a_line_of_apply_renames_and_an_atomic_group_is_refused(notes: Loop) -> None:
    line = json.dumps({"op": "rename", "id": "회의 1", "name": "첫 회의"})
    other = json.dumps({"id": "other", "set": {"mood": "x"}})
    refused = notes("apply", "-", "--force", "--atomic", stdin=f"{line}\n{other}\n")
    assert refused.code == 2
    assert "rename it by itself" in refused.err + refused.out
    done = notes("apply", "-", "--force", stdin=f"{line}\n")
    assert done.code == 0
    assert json.loads(done.out)["path"] == "Meet/첫 회의.md"


def test_without_a_name_it_names_the_command(notes: Loop) -> None:
    done = notes("rename", "회의 1", "--yes")
    assert (done.code, "loop rename ID --name NEW" in done.err) == (2, True)


@pytest.mark.parametrize("back", ["kim", "KIM"])
def test_a_name_may_change_by_case_only(notes: Loop, back: str) -> None:
    """It is the file's own name. Links that spell the old one follow, and others lead there."""
    (notes.vault / "Meet/kim.md").write_text("---\nstatus: open\n---\nText.\n")
    (notes.vault / "links.md").write_text("[[kim]] [x](Meet/kim.md) [[KIM]]\n")
    before = files(notes.vault)

    moved = rename(notes, "kim", "Kim")

    assert (moved["entity_id"], moved["path"]) == ("Kim", "Meet/Kim.md")
    assert not (notes.vault / "Meet/kim.md").exists()
    text = "[[Kim]] [x](Meet/Kim.md) [[KIM]]\n"
    assert (notes.vault / "links.md").read_text() == text
    undone = notes("undo", "--last", "--yes", "--json").json["run_id"]
    assert files(notes.vault) == before
    assert notes("undo", undone, "--yes").code == 0
    assert (notes.vault / "links.md").read_text() == text
    assert rename(notes, "Kim", back)["path"] == f"Meet/{back}.md"
    assert notes("audit", "verify").code == 0
    assert notes("check").code == 0
