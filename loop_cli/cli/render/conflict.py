"""Draw a conflict: who changed what, the three states, and the possible answers."""

from __future__ import annotations

import os
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import diffs, styles
from loop_cli.cli.render import entity as render
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import visible
from loop_cli.core import timestamps
from loop_cli.core.choices import Choices, kind_of, merged_text
from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY
from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from loop_cli.core.choices import Choice
    from loop_cli.core.commits import CommitResult
    from loop_cli.core.conflict import Conflict, ConflictField
    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import AuditRecord

_COLUMNS = 72  # from this width on the three states are side by side
_CELL = 120  # most characters of a value in the table
_OTHERS = 12  # most fields that only others changed
_CHANGES = 6
_STATES = ("when you read it", "now", "yours")
# The sign of a field, its style, its words below the table, and at the field.
_SIGNS = {
    "free": ("", "", "", ""),
    "same": ("=", styles.QUIET, "both sides made the same of it", "the same on both sides"),
    "both": (
        "+",
        styles.NEW,
        "both changed it; applied on top, your change is added to the current value",
        "added to, when applied on top",
    ),
    "merged": (
        "+",
        styles.NEW,
        "both changed it, in different lines: merged when applied on top",
        "merged by lines, when applied on top",
    ),
    "clash": (
        "!",
        styles.ALERT,
        "changed since you read it, and you change it too",
        "changed on both sides",
    ),
    "unknown": (
        "?",
        styles.WARNING,
        "no record has the value that you read, so it may have changed; you change it",
        "perhaps changed on both sides",
    ),
}


class report:  # noqa: N801  used like a function
    """Show who changed what, and the three states of each field.

    `now` is an instant, by default the system's clock. `before` are the choices about the previous
    conflict, if the entity has changed again; `choices` are those about this one.
    """

    def __init__(
        self,
        conflict: Conflict,
        *,
        now: int | None = None,
        before: Choices | None = None,
        choices: Choices | None = None,
    ) -> None:
        self._conflict = conflict
        self._now = now
        self._before = before
        self._choices = choices or Choices(conflict=conflict)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        yield _headline(self._conflict, again=self._before is not None)
        yield Text()
        yield from self._changes()
        # Who names a condition has read nothing that the fields could be compared with.
        if self._conflict.fields and not self._conflict.conditions:
            yield from _states(_sorted(self._conflict), options.max_width)
        yield from self._kept()

    def _changes(self) -> Iterator[RenderableType]:
        known = () if self._before is None else self._before.conflict.changes
        records = self._conflict.changes
        if records[: len(known)] == known:
            records = records[len(known) :]
        if len(records) > _CHANGES:
            yield Text(f"{len(records) - _CHANGES} changes before these; loop log has them")
        for record in records[-_CHANGES:]:
            yield _change_line(record, self._now)
        if self._conflict.is_outside:
            yield _outside_line(self._conflict, self._now)

    def _kept(self) -> Iterator[RenderableType]:
        if self._before is None:
            return
        kept = [
            f"{visible(field.field)} ({_chosen(made)})"
            for field in self._choices.clashes
            if (made := self._choices.of(field)) is not None
        ]
        if kept:
            yield Text(f"Your choices are kept: {', '.join(kept)}.")


def menu(choices: Choices, *, editor: str | None) -> RenderableType:
    """Show the possible answers; the key of each comes first."""
    clashes, undecided = len(choices.clashes), len(choices.open)
    rows = []
    if undecided:
        count = counted(undecided, "field")
        known = all(field.base_known for field in choices.open)
        verb = "was" if undecided == 1 else "were"
        words = (
            f"{count} that you change {verb} changed by others too."
            if known
            else f"{count} that you change may have changed since you read it."
        )
        if undecided < clashes:
            words = f"{count} still to decide."
        rows.append(("Enter, f", "decide field by field"))
    elif clashes:
        words = "Everything is decided."
        rows.append(("Enter", "write it as you have chosen"))
    else:
        alone = all(kind_of(field) == "free" for field in choices.wanted)
        words = "Others have changed nothing that you change."
        words = words if alone else "Others changed other fields: both changes fit together."
        rows.append(("Enter", "apply your change on top of the current state"))
    if clashes and not undecided:
        rows.append(("f", "decide field by field once more"))
    if clashes:
        which = "it" if clashes == 1 else "all of them"
        rest = ", and apply the rest of your change" if len(choices.wanted) > clashes else ""
        rows.append(("t", f"take theirs for {which}{rest}"))
        rows.append(("m", f"overwrite {which} with mine{rest}"))
    if editor is not None:
        name = os.path.basename(editor.split()[0])
        where = "your editor" if name == "editor" else visible(name)
        rows.append(("e", f"edit the merged text in {where}"))
    rows.append(("d", "show the whole difference"))
    rows.append(("a, q", "abort and leave it as it is"))
    return Group(Text(f"\n{words}"), _keys(rows))


def one(field: ConflictField, *, number: int, count: int) -> RenderableType:
    """Show one field in its three states, in detail, and the possible answers."""
    heading = Text(f"\n{number} of {count}: ")
    heading.append(visible(field.field), style=styles.FIELD)
    text = merged_text(field)
    if text is not None:
        clashes = "place" if text.clashes == 1 else "places"
        who = "both sides changed" if field.base_known else "may have changed since you read it"
        state: RenderableType = Text(
            f"a text that {who}; they clash in {text.clashes} {clashes}.\nYour change of it:"
        )
        shown = Group(state, diffs.table(_diff(field.field, field.current, field.requested)))
        other = ("e", "edit the two merged into one")
    else:
        shown = Group(*_blocks([field], full=True))
        other = ("v", "another value")
    if field.field == BODY:
        other = ("e", "edit the two merged into one")
    rows = [("t", "theirs, as it is now"), ("m", "mine"), other]
    if text is not None and field.base_known:
        rows = [("t", "theirs where they clash"), ("m", "mine where they clash"), other]
    if number < count:
        rows += [("tt", "theirs for this and all that follow"), ("mm", "mine for these")]
    return Group(heading, shown, _keys([*rows, ("b", "back")]))


def whole(choices: Choices) -> RenderableType:
    """Show all that others changed, and all that the person's change would change now."""
    theirs: Diff = {}
    yours: Diff = {}
    unknown = []
    for field in choices.conflict.fields:
        if not field.base_known:
            unknown.append(visible(field.field))
        elif not same(field.base, field.current):
            theirs |= _diff(field.field, field.base, field.current)
        if field.wanted and not same(field.current, field.requested):
            yours |= _diff(field.field, field.current, field.requested)
    parts: list[RenderableType] = [Text("Changed since you read it:", style=styles.TITLE)]
    parts += [diffs.table(theirs)] if theirs else [Text("  nothing that is known")]
    if unknown:
        parts.append(
            Text(f"  no record has the values that you read of these: {', '.join(unknown)}")
        )
    parts.append(
        Text("Your change, on top of the current state, would change:", style=styles.TITLE)
    )
    parts += [diffs.table(yours)] if yours else [Text("  nothing")]
    return Group(Text(), *parts, Text())


def outcome(done: CommitResult) -> RenderableType:
    """Show what would be written on top of the current state."""
    if not done.changed:
        return Text("\nThat leaves it as it is now.")
    words = Text("\nThis will be written on top of the current state:", style=styles.TITLE)
    return Group(words, diffs.table(done.diff) if done.diff else Text(render.LAYOUT_ONLY))


# -- the three states -----------------------------------------------------------------------


def _states(fields: Sequence[ConflictField], width: int) -> Iterator[RenderableType]:
    mine = [field for field in fields if field.wanted]
    others = [field for field in fields if not field.wanted]
    shown = [*mine, *others[:_OTHERS]]
    if width < _COLUMNS or styles.is_plain():
        yield from _blocks(shown)
    else:
        yield _table(shown)
    if len(others) > _OTHERS:
        yield Text(f"and {len(others) - _OTHERS} more that only others changed")
    if not styles.is_plain():
        for sign in dict.fromkeys(map(_sign, shown)):
            mark, style, words, _short = _SIGNS[sign]
            if mark:
                yield Text(f"{mark} {words}", style=style)


def _table(fields: Sequence[ConflictField]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "field", *_STATES):
        table.add_column(title, overflow="fold")
    for field in fields:
        mark, style, _words, _short = _SIGNS[_sign(field)]
        name = Text(visible(field.field), style=style or styles.FIELD)
        table.add_row(Text(mark, style=style), name, *_cells(field))
    return table


def _blocks(fields: Sequence[ConflictField], *, full: bool = False) -> Iterator[RenderableType]:
    """Show the states below each other: for narrow terminals, and for screen readers."""
    for field in fields:
        mark, style, _words, short = _SIGNS[_sign(field)]
        heading = Text(f"{mark:<2}" if not styles.is_plain() and not full else "", style=style)
        heading.append(visible(field.field), style=style or styles.FIELD)
        if short and styles.is_plain():
            heading.append(f", {short}")
        if not full:
            yield heading
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column()
        grid.add_column(overflow="fold")
        for state, cell in zip(_STATES, _cells(field, limit=None if full else _CELL), strict=True):
            name = f"    {state}" if styles.is_plain() else f"    {state}:"
            grid.add_row(Text(name, style=styles.QUIET), cell)
        yield grid


def _cells(field: ConflictField, *, limit: int | None = _CELL) -> list[Text]:
    base = field.base if field.base_known else _UNKNOWN
    yours = field.requested if field.wanted else _NOT_WANTED
    return [_cell(value, field.field, limit) for value in (base, field.current, yours)]


_UNKNOWN: Any = object()
_NOT_WANTED: Any = object()


def _cell(value: Any, name: str, limit: int | None) -> Text:
    if value is _UNKNOWN:
        return Text("not known", style=styles.QUIET)
    if value is _NOT_WANTED:
        return Text("as it is" if styles.is_plain() else "·", style=styles.QUIET)
    if isinstance(value, str) and (name == BODY or "\n" in value):
        count = len(value.splitlines())
        return Text(counted(count, "line"))
    text = render.value(value)
    if limit is not None and len(text) > limit:
        text.truncate(limit, overflow="ellipsis")
    return text


def _sorted(conflict: Conflict) -> list[ConflictField]:
    """Sort fields: first the clashes, then other wanted ones, then those that only others
    changed."""
    return sorted(conflict.fields, key=lambda field: (not field.wanted, kind_of(field) != "clash"))


def _sign(field: ConflictField) -> str:
    kind = kind_of(field)
    return "unknown" if kind == "clash" and not field.base_known else kind


# -- words ----------------------------------------------------------------------------------


def _headline(conflict: Conflict, *, again: bool) -> Text:
    if conflict.conditions:
        return _unmet(conflict)
    what = {"deleted": "deleted", "edited_outside": "edited outside loop"}
    when = "again while you decided" if again else "since you read it"
    verb = what.get(conflict.reason, "changed")
    words = Text(visible(conflict.entity_id), style=styles.TITLE)
    words.append(f": it was {verb} {when}\n", style=styles.NORMAL)
    pairs = (
        ("updated_at", conflict.expected_updated_at, conflict.current_updated_at),
        ("etag", conflict.expected_etag, conflict.current_etag),
    )
    given = [f"{name} {old}; now {new}" for name, old, new in pairs if old is not None]
    return words.append(visible("you read " + "\nyou read ".join(given)), style=styles.QUIET)


def _unmet(conflict: Conflict) -> Text:
    """A line for each condition that is not met, with the value now."""
    words = Text(visible(conflict.entity_id), style=styles.TITLE)
    words.append(": a condition of yours does not hold now", style=styles.NORMAL)
    for one in conflict.conditions:
        value = one["value"]
        now = "empty" if value is None else render.value(value).plain
        words.append(visible(f"\n{one['condition']}: {one['field']} is {now}"), style=styles.QUIET)
    return words


def _change_line(record: AuditRecord, now: int | None) -> Text:
    data = record.as_change()
    names = list(map(str, data["modified_fields"] or ()))
    more = f" and {len(names) - 8} more" if len(names) > 9 else ""
    fields = ", ".join(names[:8] if more else names) + more
    who = record.who.removeprefix("user:")
    when = _ago(str(data["timestamp"]), now)
    return Text(visible(f"{who} changed {fields or 'it'} through {data['source']}, {when}"))


def _outside_line(conflict: Conflict, now: int | None) -> Text:
    when = _ago(str(conflict.current_updated_at), now)
    return Text(f"somebody edited the file outside loop, {when}; no record says who")


def _ago(timestamp: str, now: int | None) -> str:
    instant = timestamps.parse(timestamp)
    return timestamp if instant is None else render.ago(instant, now)


def _chosen(made: Choice) -> str:
    return {"theirs": "theirs", "mine": "mine"}.get(made.side, "your own value")


def _diff(name: str, old: Any, new: Any) -> Diff:
    entry: dict[str, Any] = {"old": old, "new": new}
    if old is MISSING:
        entry |= {"old": None, "added": True}
    if new is MISSING:
        entry |= {"new": None, "removed": True}
    return {name: entry}


def _keys(rows: Sequence[tuple[str, str]]) -> RenderableType:
    lines = []
    for key, words in rows:
        line = Text("  ").append(f"{key:<10}" if not styles.is_plain() else f"{key}: ", styles.KEY)
        lines.append(line.append(words))
    return Group(*lines)
