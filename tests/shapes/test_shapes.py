"""Small vaults in the shapes that tools give them, written for this test: each goes through
`init`, `check`, a hundred random changes, moves and the undo of all of it.

No byte changes that was not asked for: the other files stay, and so does every line of the changed
file but those of the changed field and of `updated`.
"""

from __future__ import annotations

import random
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.check.report import Scope
from loop_cli.core.commits import EntityChange, Move
from loop_cli.core.conflict import POLICIES
from loop_cli.core.entity import Precondition
from loop_cli.core.links import Files, Moving
from loop_cli.core.names import split_dotted
from loop_cli.core.records.record import Origin
from loop_cli.errors import InvalidChange, InvalidFile, only
from loop_cli.lean.plain import same
from loop_cli.markdown import document, reader
from loop_cli.operations.create import Request, create
from loop_cli.operations.undo import Target, undo
from loop_cli.operations.update import update
from loop_cli.planning.relinking import relinked
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep import check, init
from tests.planning.linked import around, leads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.entity import Entity
    from tests.conftest import Clock

SHAPES = Path(__file__).parent
TOOLS = sorted(one.name for one in SHAPES.iterdir() if one.is_dir() and one.name[0] not in "_.")
OURS = (".loop", "_build", "00_Meta")
EDITS = 100
TEXTS = (
    "plain", "with: colon", "a # b", "1.10", "007", "yes", "null", "[x]", "'q'", "@at", "{{ b }}",
    "2024-05-06", "2024-05-06T07:08:09+09:00", "10:30", "한국어 글", "- x", "[[Kitchen]]",
    "line\nnext",
)  # fmt: skip
TOP_LEVEL = re.compile(r"[^\s#-]")


class Shape:
    """A copy of one shape that `init` has made a vault."""

    def __init__(self, tool: str, root: Path, clock: Clock) -> None:
        self.root = root / tool
        shutil.copytree(SHAPES / tool, self.root)
        self.before_init = self.bytes()
        foundation = init.survey(str(self.root))
        init.found(foundation)
        self.store = VaultStore(str(self.root), names=foundation.proposal.names, clock=clock)
        self.names = foundation.proposal.names
        self.kinds = tuple(foundation.proposal.types)
        self.proposal = foundation.proposal
        self.clock = clock
        self.random = random.Random(tool)

    def bytes(self) -> dict[str, bytes]:
        """All files by path, apart from those of loop."""
        return {
            str(one.relative_to(self.root)): one.read_bytes()
            for one in sorted(self.root.rglob("*"))
            if one.is_file() and one.relative_to(self.root).parts[0] not in OURS
        }

    def findings(self) -> set[tuple[str, str, tuple[str | int, ...], str]]:
        found = check.check(self.store.handle, Scope()).findings
        return {(one.path, one.found.rule, one.found.at, one.found.message) for one in found}

    def entity(self) -> Entity:
        rows = sorted((row.path, row.id) for row in self.store.scan())
        path, entity_id = self.random.choice(rows)
        return self.store.find(entity_id, path=path)

    def origin(self) -> Origin:
        self.clock.advance(self.random.choice((0, 0.5, 7)))
        run_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        return Origin(run_id=run_id, actor="user:shapes", invoked_by="pytest")


@pytest.fixture(params=TOOLS)
def shape(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Shape:
    """Each shape in turn."""
    return Shape(request.param, tmp_path, clock)


def test_init_and_check_change_no_file(shape: Shape) -> None:
    findings = shape.findings()

    assert shape.bytes() == shape.before_init
    assert not {rule for _path, rule, _at, _message in findings} & {
        "unreadable", "unknown-field", "unknown-type", "duplicate-id", "missing-field",
    }  # fmt: skip


def test_a_hundred_changes_and_the_undo_of_all(shape: Shape) -> None:
    findings, original = shape.findings(), shape.bytes()
    landed: list[tuple[str, dict[str, bytes]]] = []
    refused = 0
    for _ in range(EDITS):
        before = shape.bytes()
        try:
            run_id = one_step(shape)
        except (InvalidChange, InvalidFile):
            refused += 1
            assert shape.bytes() == before
            continue
        if run_id is not None:
            landed.append((run_id, before))
    assert len(landed) > EDITS // 2, refused
    what = {one[1:] for one in findings}
    new = {one for one in shape.findings() if one[1:] not in what}
    # The steps write links to notes that are not there, and move a file alone: that links follow
    # where they should is another test's.
    assert {one for one in new if one[1] != "dangling-link"} == set()

    for run_id, before in reversed(landed):
        here = shape.bytes()
        (one,) = undo(shape.store, Target(run_id=run_id), origin=shape.origin()).entities
        assert_values(shape, before)
        if one.action == "update":
            fields = {split_dotted(name)[0] for name in one.diff}
            assert_undone(shape, one.entity.path, fields, before=before, here=here)
    assert_values(shape, original)
    assert {one for one in shape.findings() if one[1] != "edited-outside"} == findings


def one_step(shape: Shape) -> str | None:
    """Change something, and see that nothing else is changed; the run, if it did anything."""
    steps = (*[edit] * 12, *[append] * 4, create_one, *[move_one] * 2)
    return shape.random.choice(steps)(shape)


def edit(shape: Shape) -> str | None:
    entity = shape.entity()
    text = a_change(shape, entity)
    changes = parse_changes([text], read=str)
    run_id = commit(shape, entity, Edits(changes=changes))
    if run_id is not None:
        assert_only_that_field(shape, entity, text, changes[0].path)
    return run_id


def commit(shape: Shape, entity: Entity, edits: Edits) -> str | None:
    others = shape.bytes()
    origin = shape.origin()
    seen = Precondition(if_match=entity.revision.etag)
    change = EntityChange(entity_id=entity.id, path=entity.path, edits=edits, precondition=seen)
    done = update(shape.store, change, origin=origin, resolve=POLICIES["fail"])
    now = shape.bytes()
    assert {path for path in now if now[path] != others.get(path)} == (
        {entity.path} if done.changed else set()
    )
    return origin.run_id if done.changed else None


def a_change(shape: Shape, entity: Entity) -> str:
    """A change of a field that the entity has, or that its like have, as it would be typed."""
    fields = entity.fields
    choice: Callable[[Sequence[Any]], Any] = shape.random.choice
    known = shape.store.schema.known_fields(entity.type)
    name = choice([one for one in known if one not in shape.names.read_only()])
    value = fields.get(name)
    key = name.replace(".", "\\.")
    if isinstance(value, dict) and value and choice((True, True, False)):
        inner = choice(list(value))
        return f"{key}.{inner}={choice(TEXTS)}"
    if isinstance(value, list) and choice((True, True, False)):
        if value and choice((True, False)):
            item = choice(value)
            return f"{key}-={item}" if not isinstance(item, dict | list) else f"{key}:=[]"
        return f"{key}+={choice(TEXTS)}"
    if value is not None and choice((True, False, False, False)):
        return f"{key}!"
    if value is None and choice((True, False)):
        return f"{key}+={choice(TEXTS)}" if name == "tags" else f"{key}:=1.5"
    return f"{key}={choice(TEXTS)}"


def append(shape: Shape) -> str | None:
    entity = shape.entity()
    before = (shape.root / entity.path).read_bytes().decode()
    text = shape.random.choice(("More.\n", "\nMore,\nin two lines\n", "- [ ] a task"))
    run_id = commit(shape, entity, Edits(body=BodyChange(text=text, append=True)))
    old, new = (document.split(one) for one in (before, read(shape, entity.path)))
    assert new.body.startswith(old.body)
    assert new.body[len(old.body) :].replace("\r\n", "\n").lstrip("\n") == text.lstrip("\n")
    assert_lines_stay(shape, old, new, set())
    return run_id


def create_one(shape: Shape) -> str | None:
    kind = shape.random.choice(shape.kinds)
    before, origin = shape.bytes(), shape.origin()
    fields = parse_changes(
        [
            f"{one.name}=" + ("Some text" if one.kind == "text" else "1")
            for one in shape.proposal.fields
            if kind in one.required and one.name not in (*shape.names.read_only(), shape.names.name)
        ],
        read=str,
    )
    name = f"A new one {shape.random.randrange(10**6)}"
    given = None if shape.names.id_is_stem else f"x{shape.random.randrange(10**6)}"
    request = Request(
        entity_type=kind, name=name, now=shape.clock(), fields=fields, entity_id=given,
    )  # fmt: skip
    done = create(shape.store, request, origin=origin)
    now = shape.bytes()
    assert set(now) == {*before, done.entity.path}
    assert {path: now[path] for path in before} == before
    return origin.run_id


def move_one(shape: Shape) -> str | None:
    entity = shape.entity()
    before, origin = shape.bytes(), shape.origin()
    folder, _slash, name = entity.path.rpartition("/")
    to = f"{folder}/moved here/{name}" if folder else f"Moved/{name}"
    if not shape.names.type_is_folder and not shape.names.id_is_stem:
        to = f"{folder}/{shape.random.randrange(10**6)}.md".lstrip("/")
    if name in ("index.md", "_index.md") or (not folder and shape.names.type_is_folder):
        return None  # the folder is its id, or its type
    seen = Precondition(if_match=entity.revision.etag)
    wanted: AnyChange = Move(
        entity_id=entity.id, path=entity.path, edits=Edits(), precondition=seen, to=to
    )
    only(shape.store.commit([wanted], origin=origin))
    now = shape.bytes()
    old = document.split(before.pop(entity.path).decode())
    new = document.split(now.pop(to).decode())
    assert now == before
    assert (old.head, old.foot, old.body) == (new.head, new.foot, new.body)
    assert_lines_stay(shape, old, new, set())
    return origin.run_id


# -- what stays ---------------------------------------------------------------------------


def read(shape: Shape, path: str) -> str:
    return (shape.root / path).read_bytes().decode()


def assert_only_that_field(shape: Shape, entity: Entity, text: str, path: tuple[str, ...]) -> None:
    """By the file's lines, and by what they say."""
    old = document.split(entity.raw.decode())
    new = document.split(read(shape, entity.path))
    values = reader.read(new.yaml)
    changed = {
        name
        for name in {*entity.fields, *values}
        if not (
            name in entity.fields and name in values and same(entity.fields[name], values[name])
        )
    }
    field = next((name for name in values if name.lower() == path[0].lower()), path[0])
    assert changed <= {field, path[0], shape.names.updated}, text
    assert new.body == old.body
    assert_lines_stay(shape, old, new, {field, path[0]})
    before, after = ([line for key, line in lines(one.yaml) if key == field] for one in (old, new))
    if "+=" in text and len(before) > 1:
        assert is_within(before, after), text
    if "-=" in text and values.get(field) and len(before) > 1:
        assert is_within(after, before), text
    nested = reader.read(old.yaml)[field].get(path[1]) if len(path) > 1 else []
    if not isinstance(nested, list | dict) and len(before) > 1 and "\n" not in text:
        assert len(before) == len(after), text
        assert sum(one != two for one, two in zip(before, after, strict=True)) == 1, text


def assert_lines_stay(
    shape: Shape, old: document.Document, new: document.Document, fields: set[str]
) -> None:
    """All lines of the frontmatter but those of some fields and of `updated`."""
    touched = {*fields, shape.names.updated}
    assert (new.head, new.foot) == (old.head, old.foot)
    assert kept(new.yaml, touched) == kept(old.yaml, touched)
    if "\r\n" in old.text:
        assert new.text.count("\n") == new.text.count("\r\n")


def kept(yaml_text: str, touched: set[str]) -> list[str]:
    return [line for key, line in lines(yaml_text) if key not in touched]


def lines(yaml_text: str) -> list[tuple[str | None, str]]:
    """The lines, each with the top-level field that it belongs to; the blank lines and comments
    after a field's last line belong to none."""
    found: list[tuple[str | None, str]] = []
    key = None
    for line in [*yaml_text.splitlines(keepends=True), ""]:
        if not line or TOP_LEVEL.match(line):
            for at in range(len(found) - 1, -1, -1):
                if found[at][1].strip() and not found[at][1].startswith("#"):
                    break
                found[at] = (None, found[at][1])
        if TOP_LEVEL.match(line):
            key = next(iter(reader.read(line.partition(":")[0] + ":\n")))
        found.append((key, line))
    return found[:-1]


def is_within(some: list[str], all_lines: list[str]) -> bool:
    rest = iter(all_lines)
    return all(line in rest for line in some)


def assert_undone(
    shape: Shape, path: str, fields: set[str], *, before: dict[str, bytes], here: dict[str, bytes]
) -> None:
    """All lines are as they were `here`, but those of `updated` and of the fields that were put
    back: a list may be laid out in another way, and a field that was removed comes last. A scalar
    is written as it was `before`."""
    now = shape.bytes()
    assert {one for one in now if now[one] != here[one]} == {path}
    old, was, new = (document.split(one[path].decode()) for one in (before, here, now))
    assert_lines_stay(shape, was, new, fields)
    for field in fields:
        first, second = (
            [line for key, line in lines(one.yaml) if key == field] for one in (old, new)
        )
        if len(first) == 1 and "[" not in first[0] and "#" not in first[0]:
            assert second == first


def assert_values(shape: Shape, before: dict[str, bytes]) -> None:
    """The files are those that were there before, with the same values and bodies."""
    now = shape.bytes()
    assert set(now) == set(before)
    for path, data in before.items():
        if now[path] == data:
            continue
        old, new = document.split(data.decode()), document.split(now[path].decode())
        was, is_now = ({**reader.read(one.yaml), shape.names.updated: None} for one in (old, new))
        assert same(was, is_now)
        assert (old.head, old.foot, old.body) == (new.head, new.foot, new.body)


# -- links --------------------------------------------------------------------------------


def test_links_lead_where_they_led_whichever_file_moves(shape: Shape) -> None:
    texts = {
        path: data.decode()
        for path, data in shape.bytes().items()
        if path.endswith((".md", ".markdown"))
    }
    for moved in texts:
        folder, _slash, name = moved.rpartition("/")
        for to in (f"{folder}/new name.md".lstrip("/"), f"elsewhere/{name}"):
            moving = Moving({moved: to}, Files(texts))
            places = [to if path == moved else path for path in texts]
            for home, text in texts.items():
                new = relinked(text, home, moving)
                if new.left:
                    continue
                before = leads(text, home, texts)
                after = leads(new.text, to if home == moved else home, places)
                assert after == [to if one == moved else one for one in before], (home, moved, to)
                assert around(new.text) == around(text)
