"""One change to one file, before anything is written: its bytes, and what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core import timestamps
from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import History
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidFile, LoopError
from loop_cli.lean.plain import same
from loop_cli.markdown import reader
from loop_cli.markdown.document import split
from loop_cli.planning import new_text, plan, snapshot

if TYPE_CHECKING:
    from loop_cli.core.records.record import Origin
    from tests.conftest import Clock

NAMES = FieldNames()
FREE = build({}, shipped=True)
HEAD = "---\nentity_type: Widget\nentity_id: w-1\nentity_name: 이름\nupdated: 2026-01-08\n"
# What is recorded of a value that is hidden.
HASHED = {"sha256", "bytes"}


class Planner:
    """Plans changes of the file with this text, forced."""

    def __init__(self, origin: Origin, clock: Clock) -> None:
        self.origin = origin
        self.clock = clock

    def __call__(
        self,
        text: str,
        *changes: str,
        body: BodyChange | None = None,
        private: tuple[str, ...] = (),
        modified: int | None = None,
    ) -> plan.Plan:
        seen = snapshot.observe(
            snapshot.parse(text.encode(), "w-1.md", NAMES),
            modified=self.clock.now if modified is None else modified,
            history=History(),
            names=NAMES,
        )
        edits = Edits(changes=parse_changes(changes, read=str), body=body)
        return plan.make(
            seen,
            EntityChange(entity_id="w-1", edits=edits, precondition=Precondition(forced=True)),
            policy=plan.Policy(rules=Rules(FREE, NAMES), clock=self.clock, private=private),
            origin=self.origin,
        )


@pytest.fixture
def planned(origin: Origin, clock: Clock) -> Planner:
    return Planner(origin, clock)


def reread(made: plan.Plan) -> snapshot.Parsed:
    return snapshot.parse(made.data, "w-1.md", NAMES)


class TestTheResultIsWhatWasIntended:
    """SPEC §4: the result is parsed and compared before anything is written."""

    @pytest.mark.parametrize("append", [False, True])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_a_body_behind_a_fence_without_a_newline(
        self, planned: Planner, append: bool, newline: str
    ) -> None:
        text = (HEAD + "---").replace("\n", newline)

        made = planned(text, body=BodyChange(text="hello", append=append))

        assert made.data.decode().endswith(f"{newline}---{newline}hello")
        assert reread(made).document.body == "hello"
        assert reread(made).fields == made.after.fields

    def test_a_fence_without_a_newline_stays_one_where_no_body_follows(
        self, planned: Planner
    ) -> None:
        assert planned(HEAD + "---", "notes=x").data.endswith(b"notes: x\n---")

    def test_the_bytes_hold_the_fields_and_the_body_that_are_reported(
        self, planned: Planner
    ) -> None:
        text = HEAD + "meta: {2024: 1, true: [a, .nan]}\n---\n본문\n"
        made = planned(text, "meta.2024=5", "notes=a: b", body=BodyChange(text="---\nx"))

        pieces = split(made.data.decode())
        assert pieces.body == made.after.body
        assert pieces == made.document
        assert same(reader.read(pieces.yaml), made.after.fields)

    @pytest.mark.parametrize(
        ("text", "body"),
        [
            ("---\na: 1\n---\nbody", "other"),
            ("---\na: true\n---\nbody", "body"),
            ("---\na: 1\nb: 2\n---\nbody", "body"),
            ("---\na: 1\n---body", "body"),
        ],
    )
    def test_a_text_that_holds_anything_else_is_told(self, text: str, body: str) -> None:
        pieces = split("---\na: 1\n---\n" + body)
        assert not new_text._is_split_into(text, pieces)


class TestTooLarge:
    """What loop could not read again is not written."""

    def test_a_file(self, planned: Planner) -> None:
        body = BodyChange(text="x" * snapshot.MAX_FILE_BYTES)

        with pytest.raises(InvalidFile, match=r"would become too large.*33,554,432") as caught:
            planned(HEAD + "---\n", body=body)

        assert caught.value.exit_code == 6

    def test_a_frontmatter(self, planned: Planner) -> None:
        with pytest.raises(InvalidFile, match=r"notes: .* longer than 1,048,576 bytes") as caught:
            planned(HEAD + "---\n", "a=1", "notes=" + "x" * 2_000_000, "b=2")

        assert caught.value.exit_code == 6

    def test_a_list_that_grows_over_it(self, planned: Planner) -> None:
        text = HEAD + "links: [" + "x" * 1_048_000 + "]\n---\n"

        with pytest.raises(InvalidFile, match="1,048,576 bytes"):
            planned(text, "links+=" + "y" * 1000)


class TestPrivateValues:
    """A value of a private field is recorded as its hash, under whatever name it changes."""

    @pytest.mark.parametrize(
        ("lines", "change", "name"),
        [
            ("", "contact.phone=010", "contact"),
            ("contact: {mail: a, phone: 1}\n", "contact.phone=010", "contact.phone"),
            ("contact: {mail: a, phone: 1}\n", "contact!", "contact"),
            ("contact: {phone: {home: 1}}\n", "contact.phone.home=2", "contact.phone.home"),
            ("contact: {1: a, phone: 1}\n", "contact.1=b", "contact"),
        ],
    )
    def test_overlapping_names(self, planned: Planner, lines: str, change: str, name: str) -> None:
        made = planned(HEAD + lines + "---\n", change, private=("contact.phone",))

        entry = made.record["diff"][name]
        values = [entry[side] for side in ("old", "new") if entry[side] is not None]
        assert values
        assert all(value.keys() == HASHED for value in values)
        assert "010" not in str(made.record["diff"])

    def test_what_holds_no_private_value_is_plain(self, planned: Planner) -> None:
        made = planned(HEAD + "---\n", "contact.mail=a", private=("contact.phone", "mail"))

        assert made.record["diff"]["contact"]["new"] == {"mail": "a"}

    @pytest.mark.parametrize(("private", "name"), [("entity_name", None), ("notes", "이름")])
    def test_the_name_of_the_entity(self, planned: Planner, private: str, name: str | None) -> None:
        made = planned(HEAD + "---\n", "notes=x", private=(private,))

        assert made.record["entity_name"] == name
        assert made.after.name == "이름"


def test_what_changes_nothing_needs_no_later_time(planned: Planner) -> None:
    last = timestamps.render(timestamps.LATEST)
    text = HEAD.replace("2026-01-08", f"'{last}'") + "notes: x\n---\n"

    made = planned(text, "notes=x")

    assert (made.changed, made.data) == (False, text.encode())
    with pytest.raises(LoopError, match="no change can be later"):
        planned(text, "notes=y")


def test_nor_may_the_clock_say_so(planned: Planner) -> None:
    planned.clock.now = timestamps.TOO_LATE
    with pytest.raises(LoopError, match="the clock says 9999-01-01"):
        planned(HEAD + "---\n", "notes=y", modified=0)


def test_a_file_of_the_last_year_there_is_has_none_after_it(planned: Planner) -> None:
    with pytest.raises(LoopError, match="its modification time is 9999-12-31"):
        planned(HEAD + "---\n", "notes=y", modified=timestamps.LATEST)


def test_a_key_that_is_a_number_is_changed_in_place(planned: Planner) -> None:
    text = HEAD + "meta:\n  2024: 1  # kept\n---\n"

    made = planned(text, "meta.2024=5")

    assert b"meta:\n  2024: 5  # kept\n" in made.data
    expected: dict[str, Any] = {"meta": {"old": {"2024": 1}, "new": {"2024": 5}}}
    assert made.record["diff"] == expected
