"""`loop init` on folders that are not ours: an Obsidian vault without ids, a Hugo content folder,
Jekyll posts. Afterwards the commands work there, with file names as ids."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml12
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core import schema_proposal as propose
from loop_cli.core.check import fields
from loop_cli.core.check.finding import Subject
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import StorageError
from loop_cli.markdown import patch
from loop_cli.vault import SHARED_SCHEMA
from loop_cli.vault.upkeep import init as init_module
from loop_cli.wire import check as models_check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

CONFIG, SCHEMA = ".loop/config.toml", ".loop/schema.yaml"


def note(**fields: Any) -> str:
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\n{lines}---\n\nText.\n"


OBSIDIAN = {
    ".obsidian/app.json": "{}",
    "Daily/2026-01-0{n}.md": note(tags="[daily]", created="2026-01-0{n}", mood="good"),
    "Books/책 {n}.md": note(
        title="'책 {n}'", author="누군가", status="{reading}", rating="{n}", tags="[book]"
    ),
    "Inbox.md": "No frontmatter at all.\n",
}
HUGO = {
    "posts/post-{n}.md": note(
        title='"Post {n}"',
        date="2026-01-0{n}T10:00:00+09:00",
        draft="false",
        weight="{n}",
        categories="[tech]",
        series="{series}",
    ),
    "pages/about.md": note(title="About", date="2026-01-01", layout="single"),
    "toml.md": "+++\ntitle = 'x'\n+++\n",
}
JEKYLL = {
    "_posts/2026-01-0{n}-post.md": note(
        layout="post", title="Post {n}", date="2026-01-0{n} 10:00:00 +0900", categories="news"
    ),
    "index.md": note(layout="home", title="Home"),
}
SHAPES = {"obsidian": OBSIDIAN, "hugo": HUGO, "jekyll": JEKYLL}
# For each shape: an entity and a change of it.
SAMPLES = {
    "obsidian": ("책 3", "rating:=5"),
    "hugo": ("post-3", "draft:=true"),
    "jekyll": ("2026-01-03-post", "title=새 제목"),
}
# For each shape: what makes another one.
NEW = {
    "obsidian": ("Books", "--name", "새 글", "author=x", "status=todo", "rating:=3", "tags=book"),
    "hugo": (
        "posts", "--name", "새 글", "date=today", "draft:=true",
        "weight:=7", "categories:=[\"x\"]", "series=a",
    ),
    "jekyll": ("_posts", "--name", "새 글", "layout=post", "date=2026-01-07", "categories=news"),
}  # fmt: skip


def lay_out(root: Path, files: dict[str, str]) -> None:
    """Files with `{n}` in their names are made six times."""
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        for number in range(1, 7) if "{n}" in name else (0,):
            path = root / name.replace("{n}", str(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            words = {"{n}": number, "{reading}": ("read", "todo")[number % 2], "{series}": "a"}
            content = text
            for mark, word in words.items():
                content = content.replace(mark, str(word))
            path.write_text(content)


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(loop: Loop, shape: str) -> Loop:
    """`loop` on a folder of a shape, which is no vault yet."""
    shutil.rmtree(loop.vault)
    lay_out(loop.vault, SHAPES[shape])
    return loop


def init(loop: Loop, *arguments: str) -> Any:
    made = loop("init", str(loop.vault), *arguments, "--json").json
    models_check.InitDocument.model_validate(made)
    return made


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class TestShapes:
    def test_only_the_two_files_are_made(self, folder: Loop) -> None:
        before = content(folder.vault)
        assert init(folder, "--yes")["written"] == [SCHEMA, CONFIG]
        after = content(folder.vault)
        assert {path: after[path] for path in before} == before
        assert after.keys() - before.keys() == {SCHEMA, CONFIG}

    def test_it_is_a_vault_afterwards(self, folder: Loop, shape: str) -> None:
        init(folder, "--yes")
        entity_id, change = SAMPLES[shape]
        entity = folder("get", entity_id, "--json").json
        assert entity["entity_id"] == entity_id
        before = folder.path(entity["path"]).read_text()
        done = folder("update", entity_id, change, "--if-match", entity["etag"], "--json").json
        assert done["changed"] is True
        after = folder.path(entity["path"]).read_text()
        added = [line for line in after.splitlines() if line not in before.splitlines()]
        assert len(added) == 2  # the field, and `updated`
        assert folder("check").code == 0
        new = folder("update", entity_id, "nonsense=1", "--force")
        assert (new.code, "nonsense is new" in new.err) == (0, True)  # the schema is open
        assert folder("schema", "close").code == 0
        assert folder("update", entity_id, "nonsense=2", "more=1", "--force").code == 6

    def test_the_commands_that_list_and_create(self, folder: Loop, shape: str) -> None:
        init(folder, "--yes")
        there = sum(
            6 if "{n}" in name else text.startswith("---") for name, text in SHAPES[shape].items()
        )
        assert len(folder("list", "--ids").lines) == there
        made = folder("create", *NEW[shape], "--json").json
        assert made["entity_id"] == "새 글"
        assert folder("get", "새 글", "--field", "path").out == f"{NEW[shape][0]}/새 글.md\n"
        assert len(folder("list", "--ids").lines) == there + 1
        assert folder("check").code == 0

    def test_a_dry_run_says_the_same_and_writes_nothing(self, folder: Loop) -> None:
        before = content(folder.vault)
        dry = init(folder, "--dry-run")
        assert dry.pop("dry_run") is True
        assert content(folder.vault) == before
        made = init(folder, "--yes")
        del made["written"]
        assert made == dry


class TestProposal:
    def on(self, loop: Loop, files: dict[str, str]) -> Any:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, files)
        return init(loop, "--dry-run")

    def test_obsidian(self, loop: Loop) -> None:
        made = self.on(loop, OBSIDIAN)
        assert made["names"] == {
            "id": "@stem", "type": "@folder", "name": "title",
            "created": "created", "updated": "updated",
        }  # fmt: skip
        assert made["types"] == {"Daily": 6, "Books": 6}
        assert (made["files"], made["without_frontmatter"]) == (12, 1)
        by_name = {one["field"]: one for one in made["fields"]}
        assert by_name["status"]["choices"] == ["todo", "read"]
        assert by_name["status"]["required_for"] == []  # six files make no rule
        assert by_name["rating"]["share"] == {"count": 6, "of": 12}
        assert made["unfit"] == []

    def test_hugo(self, loop: Loop) -> None:
        made = self.on(loop, HUGO)
        assert made["names"]["name"] == "title"
        assert made["names"]["created"] == "created"  # a date is the author's to change
        assert made["backing"]["created"] == {"count": 0, "of": 7}
        assert made["toml_frontmatter"] == 1
        by_name = {one["field"]: one for one in made["fields"]}
        assert set(by_name["title"]["required_for"]) == {"posts", "pages"}
        assert by_name["draft"]["required_for"] == []

    @pytest.mark.parametrize(("count", "required"), [(19, []), (20, ["books"])])
    def test_what_many_files_have_is_required(
        self, loop: Loop, count: int, required: list[str]
    ) -> None:
        """The next note needs nothing that a few happen to have."""
        shutil.rmtree(loop.vault)
        for number in range(count):
            fields = {"title": f"책 {number}", "rating": number % 5, "type": "books"}
            lay_out(loop.vault, {f"{number}.md": note(**fields)})
        by_name = {one["field"]: one for one in init(loop, "--dry-run")["fields"]}
        assert by_name["rating"]["required_for"] == required

    def test_jekyll(self, loop: Loop) -> None:
        made = self.on(loop, JEKYLL)
        assert made["types"] == {"_posts": 6, "Note": 1}
        assert made["names"]["created"] == "created"

    def test_dendron_keeps_its_milliseconds(self, loop: Loop) -> None:
        fields = {"id": "n{n}", "title": "N", "updated": 1706745600123, "created": 1700000000000}
        made = self.on(loop, {"dev.note.{n}.md": note(**fields)})

        assert (made["names"]["created"], made["names"]["updated"]) == ("created_at", "lastmod")
        init(loop, "--yes")
        loop("update", "n1", "title=Other", "--force")
        assert "updated: 1706745600123\n" in (loop.vault / "dev.note.1.md").read_text()
        assert loop("check").code == 0

    def test_the_author_s_date_can_be_changed(self, loop: Loop) -> None:
        self.on(loop, HUGO)
        init(loop, "--yes")

        assert loop("update", "post-3", "date=2026-02-03", "--force").code == 0

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("+++\ntitle = 'x'\n+++\nText.\n", "TOML"),
            ("\ufeff+++\r\ntitle = 'x'\r\n+++\r\n", "TOML"),
            ('{\n  "title": "x"\n}\n\nText.\n', "JSON"),
        ],
    )
    def test_frontmatter_of_another_language_is_no_body(
        self, loop: Loop, text: str, language: str
    ) -> None:
        self.on(loop, HUGO)
        init(loop, "--yes")
        other = loop.vault / "posts" / "other.md"
        other.write_bytes(text.encode())

        done = loop("update", "other", "title=y", "--path", "posts/other.md", "--force")

        assert done.code == 6
        assert f"posts/other.md:1: has frontmatter in {language}" in done.err
        assert other.read_bytes() == text.encode()

    def test_frontmatter_below_a_blank_line_gets_no_other_above_it(self, loop: Loop) -> None:
        self.on(loop, HUGO)
        init(loop, "--yes")
        other = loop.vault / "posts" / "other.md"
        other.write_text("\n---\ntitle: x\n---\nText.\n")

        done = loop("update", "other", "title=y", "--force")

        assert done.code == 6
        assert "posts/other.md:2: has a blank line above its frontmatter" in done.err
        other.write_text("\n---\n\nText.\n\n---\n")
        assert loop("update", "other", "title=y", "--force").code == 0

    def test_a_text_with_braces_gets_its_first_field(self, loop: Loop) -> None:
        self.on(loop, HUGO)
        init(loop, "--yes")
        other = loop.vault / "posts" / "other.md"
        other.write_text("{{< toc >}}\n+++\n")

        assert loop("update", "other", "title=y", "--force").code == 0
        assert other.read_text().endswith("---\n{{< toc >}}\n+++\n")

    def test_few_bundles(self, loop: Loop) -> None:
        made = self.on(
            loop, {"content/index.md": note(title="W"), "content/a/index.md": note(title="A")}
        )

        assert made["names"]["id"] == "@folder-stem"
        assert made["unfit"] == []

    def test_a_folder_with_ids_and_types(self, loop: Loop) -> None:
        files = {
            "a/{n}.md": note(uid="x-{n}", kind="task", entity_name="a", modified="2026-01-02"),
            "b/{n}.md": note(uid="y-{n}", kind="idea", entity_name="b", modified="2026-01-02"),
        }
        made = self.on(loop, files)
        assert made["names"] == {
            "id": "uid", "type": "kind", "name": "entity_name",
            "created": "created", "updated": "modified",
        }  # fmt: skip
        init(loop, "--yes")
        assert loop("get", "x-3", "--field", "entity_type").out == "task\n"
        assert loop("check").code == 0

    def test_what_would_not_fit_is_shown(self, loop: Loop) -> None:
        odd = {
            "Books/odd.md": note(tilte="x", title="Odd", author="a", status="reding", tags="x, y"),
            "Books/broken.md": "---\na: [\n---\n",
            "Daily/책 1.md": note(tags="[x]", created="2026-01-01", mood="good"),
        }
        made = self.on(loop, {**OBSIDIAN, **odd})
        assert made["left_out"] in ({}, {"tilte": "title"})
        found = {(one["path"], one["rule"]) for one in made["unfit"]}
        assert ("Books/broken.md", "unreadable") in found
        assert ("Books/odd.md", "wrong-type") in found  # tags
        assert ("Daily/책 1.md", "duplicate-id") in found
        shown = loop("init", str(loop.vault), "--dry-run").out
        assert "What would not fit" in shown

    def test_a_slip_of_a_name_is_left_out(self, loop: Loop) -> None:
        slip = {"posts/slip.md": note(title="x", date="2026-01-01", draft="false", wieght="3")}
        made = self.on(loop, {**HUGO, **slip})
        assert made["left_out"] == {"wieght": "weight"}
        assert ("posts/slip.md", "open-field") in {
            (one["path"], one["rule"]) for one in made["unfit"]
        }

    @pytest.mark.parametrize(
        ("name", "other"),
        [
            ("tags", "status"), ("start", "status"), ("authors", "author"), ("cover", "color"),
            ("place", "price"), ("order", "owner"), ("name", "game"), ("title2", "title"),
            ("year", "years"), ("date", "late"), ("작성자", "작성일"), ("이름", "이듬"),
            ("due_date", "due_dates"),
        ],
    )  # fmt: skip
    def test_another_field_is_no_slip(self, loop: Loop, name: str, other: str) -> None:
        made = self.on(loop, {"{n}.md": note(**{other: "한 편"}), "x.md": note(**{name: "둘"})})
        assert made["left_out"] == {}
        assert {one["field"] for one in made["fields"]} == {name, other}

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("tiitle", "title"), ("titl", "title"), ("titel", "title"), ("tutle", "title"),
            ("Title", "title"), ("프로잭트이름", "프로젝트이름"), ("프로젝트름이", "프로젝트이름"),
        ],
    )  # fmt: skip
    def test_one_letter_is_a_slip(self, loop: Loop, name: str, meant: str) -> None:
        files = {"{n}.md": note(**{meant: "한 편"}), "x.md": note(**{name: "둘"})}
        assert self.on(loop, files)["left_out"] == {name: meant}

    def test_what_a_file_has_beside_the_other_is_no_slip(self, loop: Loop) -> None:
        files = {"{n}.md": note(cover="a.png"), "x.md": note(cover="b.png", covers="c.png")}
        files["y.md"] = note(cover="b.png", hover="c.png")
        assert self.on(loop, files)["left_out"] == {}

    def test_what_holds_another_kind_of_values_is_no_slip(self, loop: Loop) -> None:
        files = {"{n}.md": note(cover="a.png"), "x.md": note(hover="[1]"), "y.md": note(coer="")}
        assert self.on(loop, files)["left_out"] == {}

    def test_an_empty_folder(self, loop: Loop) -> None:
        made = self.on(loop, {})
        assert (made["files"], made["types"], made["unfit"]) == (0, {}, [])


class TestRefusals:
    def test_a_vault_is_one_already(self, loop: Loop) -> None:
        error = loop("init", str(loop.vault), "--yes", "--json").error
        assert (error["code"], SHARED_SCHEMA in error["error"]) == ("usage", True)

    def test_twice(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        init(loop, "--yes")
        assert loop("init", str(loop.vault), "--yes").code == 2

    def test_inside_and_around_another_vault(self, loop: Loop) -> None:
        loop("update", "tsk-019-14", "status=doing", "--force")
        assert loop("init", str(loop.vault / "50_Projects"), "--yes").code == 2
        assert loop("init", str(loop.vault.parent), "--yes").code == 2
        assert not (loop.vault.parent / ".loop").exists()

    def test_off_a_terminal_it_needs_a_yes(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        assert loop("init", str(loop.vault)).code == 9
        assert not (loop.vault / ".loop").exists()

    def test_on_a_terminal_it_asks(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        question = "Write the settings and the schema? [y/N] "
        refused = loop.on_terminal("init", str(loop.vault), replies=((question, "n\n"),))
        assert (refused.code, (loop.vault / ".loop").exists()) == (9, False)
        done = loop.on_terminal("init", str(loop.vault), replies=((question, "y\n"),))
        assert (done.code, (loop.vault / CONFIG).exists()) == (0, True)
        assert "7 of 7 (100%)" in done.text

    def test_no_folder(self, loop: Loop) -> None:
        assert loop("init", str(loop.vault / "nothing"), "--json").error["code"] == "not_found"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_a_folder_that_can_not_be_written(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        loop.vault.chmod(0o555)
        try:
            assert loop("init", str(loop.vault), "--yes").code == 1
        finally:
            loop.vault.chmod(0o755)

    def test_nothing_is_half_made(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        (loop.vault / ".loop").write_text("a file where the folder goes")
        before = content(loop.vault)
        assert loop("init", str(loop.vault), "--yes").code in (1, 2)
        assert content(loop.vault) == before
        assert not (loop.vault / "00_Meta").exists()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 9),
    st.sampled_from(["a", "b", "2026-01-01", "10:30", "긴 글.", ""]),
    st.lists(st.sampled_from(["x", "y"]), max_size=2),
)
FIELDS = st.sampled_from(
    ["id", "type", "title", "date", "updated", "tags", "status", "paths", "값", "a: b", "values"]
)
FILES = st.lists(
    st.tuples(st.sampled_from(["a", "b/c", "d"]), st.dictionaries(FIELDS, VALUES)), max_size=12
)


@settings(deadline=None)  # the machine may be busy
@given(FILES)
def test_what_is_proposed_can_be_read_and_knows_every_field(
    files: list[tuple[str, dict[str, Any]]],
) -> None:
    tally = propose.Tally()
    for number, (folder, values) in enumerate(files):
        tally.add(f"{folder}/{number}.md", values)
    proposal = propose.propose(tally)
    data = proposal.schema()
    assert yaml12.parse_yaml(patch.compose(data)) == data
    rules = Rules(build(data), proposal.names)
    for number, (folder, values) in enumerate(files):
        own = propose.type_by(proposal.names.type, f"{folder}/{number}.md", values)
        subject = Subject(id="x", type=own, name=None, path="x.md", fields=values)
        unknown = {
            one.at[0] for one in fields.findings(subject, rules) if one.rule == "unknown-field"
        }
        assert unknown <= set(proposal.left_out)
    assert set(proposal.types) == set(rules.schema.types)


class TestLinks:
    """Nothing is written where a link leads."""

    @pytest.mark.parametrize("name", ["00_Meta", ".loop"])
    @pytest.mark.parametrize("target", ["../victim", "inner", "../nowhere", "."])
    def test_a_folder_of_ours_that_is_a_link(self, loop: Loop, name: str, target: str) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        (loop.vault / "inner").mkdir()
        (loop.vault.parent / "victim").mkdir()
        (loop.vault / name).symlink_to(target)
        before = content(loop.vault.parent)
        for option in ("--dry-run", "--yes"):
            done = loop("init", str(loop.vault), option)
            assert done.code == 1, done.err
            assert "is a link" in done.err
            assert name in done.err
        assert content(loop.vault.parent).keys() - before.keys() <= {
            path for path in content(loop.vault.parent) if path.startswith("home/")
        }
        assert not (loop.vault.parent / "nowhere").exists()

    @pytest.mark.parametrize("path", [CONFIG, SCHEMA])
    def test_a_file_of_ours_that_is_a_link(self, loop: Loop, path: str) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        (loop.vault / path).parent.mkdir()
        (loop.vault / path).symlink_to(loop.vault.parent / "nowhere")
        assert loop("init", str(loop.vault), "--yes").code in (1, 2)
        assert not (loop.vault.parent / "nowhere").exists()

    def test_a_link_that_comes_after_the_look_is_not_followed(self, tmp_path: Path) -> None:
        root, victim = tmp_path / "root", tmp_path / "victim"
        victim.mkdir()
        lay_out(root, HUGO)
        foundation = init_module.survey(str(root))
        (root / ".loop").symlink_to(victim)
        with pytest.raises(StorageError, match=r"\.loop is a link"):
            init_module.found(foundation)
        assert list(victim.iterdir()) == []
        assert not (root / "00_Meta").exists()

    def test_a_link_to_the_folder_itself_is_what_was_named(self, loop: Loop) -> None:
        shutil.rmtree(loop.vault)
        lay_out(loop.vault, HUGO)
        link = loop.vault.parent / "link"
        link.symlink_to(loop.vault)
        assert loop("init", str(link), "--yes").code == 0
        assert (loop.vault / CONFIG).stat().st_mode & 0o777 == 0o644
