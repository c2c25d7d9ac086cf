"""Links follow a file that is renamed, in every file; `check` finds those that lead nowhere.

Each vault here is a few files, as people have them: not one of ours.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from loop_cli.wire import check as models_check
from loop_cli.wire import life as models_life
from loop_cli.wire import models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

OLD, NEW = "notes/old name.md", "notes/n-1.md"
BOARD = (
    '{\n\t"nodes":[\n\t\t{"id":"1","type":"file","file":"notes/old name.md","x":-0.50},\n'
    '\t\t{"id":"2","type":"text","text":"\\u00e9 caf\\/e \\"[[old name|x]]\\"\\n`[[old name]]`"},\n'
    '\t\t{"id":"3","type":"link","url":"notes/old name.md"},\n'
    '\t\t{"id":"4","type":"file","file":"notes/old name.md.png"}\n\t],\n\t"edges":[]\n}'
)


@pytest.fixture
def vault(loop: Loop, tmp_path: Path) -> Loop:
    """An empty vault in which the ids are the field `id`, with the file that is renamed."""
    root = tmp_path / "plain"
    (root / ".loop").mkdir(parents=True)
    settings = '[fields]\nid = "id"\ntype = "@folder"\nname = "title"\n'
    (root / ".loop" / "config.toml").write_text(settings)
    plain = replace(loop, vault=root)
    plain.write(OLD, "---\nid: n-1\ntitle: Old\n---\n")
    return plain


def rename(vault: Loop) -> Any:
    done = vault("rename", "n-1", "--yes", "--json").json
    models_life.MoveDocument.model_validate(done)
    assert not vault.path(OLD).exists()
    return done


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("| [[old name\\|alias]] | x |", "| [[n-1\\|alias]] | x |"),
        ("[d]: old%20name.md \"T\"\n[e]: <old name.md>", "[d]: n-1.md \"T\"\n[e]: <n-1.md>"),
        ("[x](old%20name) [y](./old%20name#part)", "[x](n-1) [y](n-1#part)"),
        ("```slime``` is typed.\n\n[[old name]]", "```slime``` is typed.\n\n[[n-1]]"),
        ("- a\n  ```\n  [[old name]]\n\n  [[old name]]\n  ```\n\np\n\n    [[old name]]", None),
        ("\\`[[old name]]\\` [[./old name]]", "\\`[[n-1]]\\` [[./n-1]]"),
        ("![[old name#^b]] [t]( <old name.md> 'T' )", "![[n-1#^b]] [t]( <n-1.md> 'T' )"),
    ],
)  # fmt: skip
def test_what_is_a_link_follows(vault: Loop, text: str, new: str | None) -> None:
    vault.write("notes/links.md", f"---\nid: links\n---\n{text}\n")

    rename(vault)

    body = vault.path("notes/links.md").read_text().split("---\n", 2)[2]
    assert body == f"{text if new is None else new}\n"


def test_the_end_of_a_path_follows(vault: Loop) -> None:
    vault.write("p/q/memo.md", "---\nid: y-1\n---\n")
    vault.write("notes/links.md", "---\nid: links\n---\n[[q/memo]]\n")

    assert vault("rename", "y-1", "--yes").code == 0
    assert vault.path("notes/links.md").read_text().endswith("[[q/y-1]]\n")


class TestNotes:
    """Files that are no entities."""

    NOTES: ClassVar = {
        "daily.md": ("plain [[old name]]\r\nno end", "plain [[n-1]]\r\nno end"),
        "notes/no id.md": (
            "\ufeff---\nup: '[[old name]]' # up\nl:\n    - \"[[old name|x]]\"\n---\n[[old name]]\n",
            "\ufeff---\nup: '[[n-1]]' # up\nl:\n    - \"[[n-1|x]]\"\n---\n[[n-1]]\n",
        ),
        "bad.md": (
            "---\nid: bad\nt: Foo: bar\nup:\n    \"[[old name]]\"\n---\n[o](notes/old%20name.md)\n",
            "---\nid: bad\nt: Foo: bar\nup:\n    \"[[n-1]]\"\n---\n[o](notes/n-1.md)\n",
        ),
        "open.md": ("---\nnever closed\n[[old name]]", "---\nnever closed\n[[n-1]]"),
        "templates/t.md": (
            '---\nid: "{{ID}}"\nupdated: "{{DATE}}"\n---\n[[old name]]\n',
            '---\nid: "{{ID}}"\nupdated: "{{DATE}}"\n---\n[[n-1]]\n',
        ),
        "board.canvas": (
            BOARD,
            BOARD.replace('"file":"notes/old name.md",', '"file":"notes/n-1.md",').replace(
                '\\"[[old name|x]]', '\\"[[n-1|x]]'
            ),
        ),
        "a list.markdown": ("- [ ] [[old name]]\n", "- [ ] [[n-1]]\n"),
    }  # fmt: skip

    @pytest.fixture
    def noted(self, vault: Loop) -> Loop:
        for path, (old, _new) in self.NOTES.items():
            vault.write(path, old)
        return vault

    def texts(self, vault: Loop) -> dict[str, str]:
        return {path: vault.path(path).read_bytes().decode() for path in self.NOTES}

    def test_follow_byte_for_byte_in_the_same_run(self, noted: Loop) -> None:
        done = rename(noted)

        assert self.texts(noted) == {path: new for path, (_old, new) in self.NOTES.items()}
        assert {one["path"] for one in done["relinked"] if one["note"]} == set(self.NOTES)
        records = noted.records
        for one in records:
            models.AuditRecord.model_validate(one)
        assert {one["run_id"] for one in records} == {done["run_id"]}
        notes = [one for one in records if one["metadata"].get("note")]
        assert {one["entity_id"] for one in notes} == set(self.NOTES)
        assert all(one["entity_id"] == one["metadata"]["path"] for one in notes)
        assert noted("audit", "verify").code == 0

    def test_are_undone_with_it(self, noted: Loop) -> None:
        run = rename(noted)["run_id"]

        done = noted("undo", run, "--yes", "--json").json

        assert {one["path"] for one in done["entities"]} == {OLD, *self.NOTES}
        assert self.texts(noted) == {path: old for path, (old, _new) in self.NOTES.items()}
        assert noted.path(OLD).exists()
        assert noted("undo", done["run_id"], "--yes").code == 0
        assert self.texts(noted) == {path: new for path, (_old, new) in self.NOTES.items()}

    def test_that_were_edited_since_are_a_conflict_for_undo(self, noted: Loop) -> None:
        run = rename(noted)["run_id"]
        noted.write("daily.md", "mine [[n-1]]\n")

        assert noted("undo", run, "--yes", "--json").code == 4
        assert noted("undo", run, "--yes", "--on-conflict=rebase").code == 0
        assert noted.path("daily.md").read_text() == "mine [[n-1]]\n"
        assert noted.path(OLD).exists()

    def test_belong_to_whoever_writes_them(self, noted: Loop) -> None:
        """A note that is edited or removed later is no entity that was edited outside."""
        rename(noted)
        noted.write("daily.md", "mine\n")
        noted.path("open.md").unlink()

        found = json.loads(noted("check", "--json").out)["findings"]

        outside = [one["path"] for one in found if one["rule"] in ("edited-outside", "gone")]
        assert outside == []

    def test_that_can_not_be_changed_are_named(self, vault: Loop) -> None:
        vault.path("latin.md").write_bytes(b"caf\xe9\n\n[[old name]] [[other]]\n")
        vault.path("latin2.md").write_bytes(b"caf\xe9 `[[old name]]`\n")
        vault.write("board.canvas", '{"nodes": [{"type": "file", "file": "notes/old name.md"')

        said = rename(vault)["warnings"]

        assert said == [
            "board.canvas: is not JSON; its links, if any, are left as they are",
            "latin.md:3: is not UTF-8, so the link 'old name' does not become 'n-1'",
        ]
        assert vault.path("latin.md").read_bytes() == b"caf\xe9\n\n[[old name]] [[other]]\n"

    def test_behind_a_link_or_hidden_are_nobody_s(self, vault: Loop, tmp_path: Path) -> None:
        outside = tmp_path / "outside.md"
        outside.write_text("[[old name]]\n")
        vault.path("linked.md").symlink_to(outside)
        vault.write(".trash/gone.md", "[[old name]]\n")

        assert rename(vault)["relinked"] == []
        assert outside.read_text() == "[[old name]]\n"
        assert vault.path(".trash/gone.md").read_text() == "[[old name]]\n"


class TestCheck:
    @pytest.fixture
    def dangling(self, vault: Loop) -> Loop:
        vault.write("a/memo.md", "---\nid: m-1\naliases: [메모]\n---\n")
        vault.write("a/picture.png", "")
        vault.write("one/twin.md", "one\n")
        vault.write("one/project.md", "one\n")
        vault.write("one/_INDEX.md", "one\n")
        vault.write("two/twin.md", "two\n")
        vault.write(
            "notes/links.md",
            "---\nid: links\nup: '[[b/memo|up]]'\n---\n"
            "[m](../b/memo.md#h) [[b/memo]] ![p](picture.png)\n"
            "[[nobody]] [[메모]] [[twin]] [t](gone/twin.md)\n"
            "[[gone/project]] [[gone/_INDEX]]\n"
            "`[[code]]` [w](https://example.org/x.md) [s](/about) [f](../a/) [[{{date}}]]\n",
        )
        vault.write("daily.md", "no entity\n\n[[b/memo]]\n")
        vault.write("board.canvas", '{"nodes":[{"type":"file","file":"b/memo.md"}]}')
        return vault

    def found(self, vault: Loop) -> list[dict[str, Any]]:
        report = vault("check", "--json").json
        models_check.CheckDocument.model_validate(report)
        return [one for one in report["findings"] if one["rule"] == "dangling-link"]

    def test_names_each_by_file_line_and_field(self, dangling: Loop) -> None:
        found = self.found(dangling)

        assert {one["severity"] for one in found} == {"warning"}
        assert sorted(
            (one["path"], one["line"], one["field"] or "", one["fixable"]) for one in found
        ) == [
            ("board.canvas", 1, "", True),
            ("daily.md", 3, "", True),
            ("notes/links.md", 3, "up", True),
            ("notes/links.md", 5, "", True),
            ("notes/links.md", 5, "", True),
            ("notes/links.md", 6, "", False),
            ("notes/links.md", 6, "", False),
            ("notes/links.md", 6, "", True),
            ("notes/links.md", 7, "", False),
            ("notes/links.md", 7, "", False),
        ]
        said = " ".join(one["message"] for one in found)
        assert "nobody" in said and "gone/twin.md" in said
        assert "code" not in said and "picture" not in said

    def test_fix_mends_those_with_one_answer(self, dangling: Loop) -> None:
        before = dangling.path("notes/links.md").read_text()

        done = dangling("check", "--fix", "--yes", "--json").json

        assert {one["path"] for one in done["repairs"]} == {
            "notes/links.md", "daily.md", "board.canvas",
        }  # fmt: skip
        after = dangling.path("notes/links.md").read_text()
        assert "up: '[[memo|up]]'" in after
        assert "[m](../a/memo.md#h) [[memo]] ![p](picture.png)\n" in after
        assert "[[nobody]] [[memo]] [[twin]] [t](gone/twin.md)\n" in after
        assert after.splitlines()[-1] == before.splitlines()[-1]
        assert dangling.path("daily.md").read_text() == "no entity\n\n[[memo]]\n"
        assert json.loads(dangling.path("board.canvas").read_text())["nodes"][0]["file"] == (
            "a/memo.md"
        )
        assert [one["line"] for one in self.found(dangling)] == [7, 7, 8, 8]
        assert {one["run_id"] for one in dangling.records} == {done["run_id"]}
        assert dangling("undo", done["run_id"], "--yes").code == 0
        assert dangling.path("daily.md").read_text() == "no entity\n\n[[b/memo]]\n"

    def test_a_part_is_mended_alone(self, dangling: Loop) -> None:
        dangling("check", "daily.md", "--fix", "--yes")

        assert dangling.path("daily.md").read_text() == "no entity\n\n[[memo]]\n"
        assert "[[b/memo]]" in dangling.path("notes/links.md").read_text()

    def test_a_dry_run_writes_nothing(self, dangling: Loop) -> None:
        assert dangling("check", "--fix", "--dry-run").code == 0
        assert dangling.records == []
