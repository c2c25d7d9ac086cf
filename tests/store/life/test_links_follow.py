"""Files move through the real store, at random: every link leads to the file that it led to, in
entities, notes and canvases; every other byte is what it was; undone, all is as it was."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.links import Files
from loop_cli.core.records.record import Origin
from loop_cli.operations import move, undo
from loop_cli.planning.link_places import placed
from loop_cli.vault.store import VaultStore
from tests.conftest import Clock
from tests.planning.linked import written

RUN = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
PROJECTS = {"prj-1": "A/project.md", "prj-2": "b c/프로젝트.md"}
NAMES = ("x.md", "y z.md", "글.md", "v1.2.md", "p(q).md", "tsk-1.md")
FOLDERS = ("", "A/Tasks/", "A/", "b c/Tasks/", "a/c/")
TASKS = [folder + name for folder in FOLDERS for name in NAMES]
NOTES = ("memo.md", "A/no id.md", "a/c/broken.md", "템플릿/t.md", "b c/list.markdown")
HEADS = ("", "---\nup: '%s'\n---\n", "---\nup:\n    '%s'\nt: a: b\n---\n", "---\n", "\ufeff")
FORMS = (
    "[[{stem}]]", "![[{path}#h]]", "[[{whole}|t]]", "[[{tail}]]", "[[./{relative}]]",
    "| [[{whole}\\|t]] | x |", "[t](<{relative}> 'T')", "[t](</{path}>)", "[t](<./{bare}#h>)",
)  # fmt: skip
NO_LINKS = ("`[[{stem}]]`", "    [[{stem}]]", "\\[[{stem}]]", "<!-- [[{stem}]] -->")


def entity(kind: str, entity_id: str, up: str, body: str) -> str:
    return (
        f"---\nentity_type: {kind}\nentity_id: {entity_id}\nproject_id: prj-1  # p\n"
        f"parent_id: prj-1\nsee: '{up}'\nupdated: 2026-01-01\n---\n{body}"
    )


@st.composite
def vaults(draw: st.DrawFn) -> dict[str, str]:
    """The texts of a vault's files by path: tasks, projects, notes, a canvas."""
    tasks = draw(st.lists(st.sampled_from(TASKS), min_size=1, max_size=4, unique=True))
    paths = [*tasks, *PROJECTS.values(), *NOTES]
    anywhere = st.sampled_from(paths)

    def body(home: str) -> str:
        pairs = draw(st.lists(st.tuples(st.sampled_from(FORMS + NO_LINKS), anywhere), max_size=4))
        newline = draw(st.sampled_from(["\n\n", "\r\n\r\n"]))
        return newline.join(written(form, home, target) for form, target in pairs)

    def up(home: str) -> str:
        return written(draw(st.sampled_from(FORMS[:4])), home, draw(anywhere))

    texts = {
        path: entity("Task", f"tsk-{number}", up(path), body(path))
        for number, path in enumerate(tasks)
    }
    for entity_id, path in PROJECTS.items():
        texts[path] = entity("Project", entity_id, up(path), body(path))
    for path, head in zip(NOTES, HEADS, strict=True):
        texts[path] = (head % up(path) if "%s" in head else head) + body(path)
    cards = [{"type": "file", "file": target} for target in draw(st.lists(anywhere, max_size=3))]
    cards.append({"type": "text", "text": body("board.canvas")})
    texts["board.canvas"] = json.dumps({"nodes": cards}, indent=draw(st.sampled_from([None, 1])))
    return texts


def read(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] not in (".loop", "_build")
    }


def leads(text: str, home: str, files: Files) -> list[str | None]:
    """What each link of a file leads to."""
    found = placed(home, text.encode())
    return [files.resolve(one.link.kind, one.link.path, home) for one in found]


def around(text: str) -> str:
    """A file without what its links say that they lead to, and without what moving sets."""
    plain = re.sub(r"(?m)^(updated|project_id|parent_id): [^ \n]*", "", text)
    return "\n".join(map(_masked, plain.split("\n")))


def _masked(line: str) -> str:
    if any(mark in line for mark in ("`", "    [[", "\\[[", "<!--")) and '"text"' not in line:
        return line
    line = re.sub(r"\[\[(?:\\u[0-9a-f]{4}|[^]|#\\])*", "[[", line)  # as JSON may have it
    return re.sub(r'"file": "[^"]*"', "", re.sub(r"\]\(<[^>#]*", "](<", line))


@settings(max_examples=60)
@given(vaults(), st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=3))
def test_links_follow(texts: dict[str, str], steps: list[tuple[int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
        store = VaultStore(str(root), names=FieldNames(), clock=Clock())
        tasks = [path for path in texts if path in TASKS]
        for number, to_project in steps:
            relocate(store, root, f"tsk-{number % len(tasks)}", to_project=to_project)


def relocate(store: VaultStore, root: Path, entity_id: str, *, to_project: bool) -> None:
    """Move or rename a task, look at all files, and undo it."""
    before = read(root)
    origin = Origin(run_id=RUN, actor="user:x")
    try:
        if to_project:
            forced = Precondition(forced=True)
            done = move.move(store, entity_id, "prj-2", origin=origin, precondition=forced)
        else:
            done = move.rename(store, entity_id, origin=origin)
    except Exception as error:
        assert "exists already" in str(error), error
        assert read(root) == before
        return
    paths = {one.before.path: one.after.path for one in done.moved}
    after = read(root)
    assert set(after) == {paths.get(path, path) for path in before}
    left = {warning.partition(":")[0] for warning in done.warnings}
    old_files, new_files = Files(before), Files(after)
    for path, text in before.items():
        new_path = paths.get(path, path)
        assert around(after[new_path]) == around(text)
        pairs = zip(
            leads(text, path, old_files), leads(after[new_path], new_path, new_files), strict=True
        )
        for old, new in pairs:
            assert old is None or new == paths.get(old, old) or path in left
    if done.changed:
        undo.undo(store, undo.Target(last=True), origin=origin)
        again = read(root)
        assert {path: around(text) for path, text in again.items()} == {
            path: around(text) for path, text in before.items()
        }
        notes = [*NOTES, "board.canvas"]
        assert [again[path] for path in notes] == [before[path] for path in notes]
