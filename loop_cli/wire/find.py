"""The JSON shapes of `loop list`, `loop search`, `loop apply` and bulk updates."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from loop_cli.wire.base import Etag, Shape, Timestamp
from loop_cli.wire.life import RemovedEntity  # noqa: TC001  pydantic reads it


class ListedDocument(Shape):
    """One line of `loop list --json`: the output of `loop get` without the body (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="The entity's id, in normal form (NFC).")
    entity_type: str = Field(min_length=1, description="Its type.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="To give back as --expected-updated-at.")
    etag: Etag = Field(description="To give back as --if-match.")
    fields: dict[str, Any] = Field(description="The frontmatter, in the file's order.")


class FoundDocument(Shape):
    """One line of `loop search --json` (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="The entity's id, in normal form (NFC).")
    entity_type: str = Field(min_length=1, description="Its type.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="To give back as --expected-updated-at.")
    etag: Etag = Field(description="To give back as --if-match.")
    entity_name: str | None = Field(description="Its name, if it has one.")
    in_names: bool = Field(description="Whether id and name alone have all words.")
    line: int | None = Field(
        ge=1,
        description="The line of the file that has most of the words; null if the body has none.",
    )
    text: str | None = Field(
        description="The text of that line; a part of it if it has over 400 characters."
    )


class OutcomeDocument(Shape):
    """One line of `loop apply` and `loop update --where --json`; the change landed (SPEC §7).

    A failed change has the error of `loop update`, with `line` and `entity_id`.
    """

    line: int | None = Field(default=None, ge=1, description="Of `apply`: the line it came in.")
    op: Literal["create", "delete", "move", "rename"] | None = Field(
        default=None, description="Of `apply`: what the line asked for; absent for an update."
    )
    entity_id: str = Field(min_length=1, description="The entity's id.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(description="After the change; to give back.")
    etag: Etag = Field(description="After the change; to give back.")
    changed: bool = Field(description="False if nothing had to change.")
    run_id: str = Field(description="The run; one for all.")
    modified_fields: list[str] = Field(description="The names of what was changed.")
    path_before: str | None = Field(
        default=None, description="Of what moved or was renamed: its file before."
    )
    relinked: list[str] | None = Field(
        default=None,
        description="The files whose links follow; with --atomic at the last line that moves.",
    )
    removed: list[RemovedEntity] | None = Field(
        default=None, description="Of a delete: what is gone, as `loop delete --json` has it."
    )
    pending: Literal[True] | None = Field(
        default=None,
        description="Of `apply`: there only with --dry-run, if a line before makes the entity: "
        "what this line does is known once that has landed.",
    )
    dry_run: bool | None = Field(default=None, description="There only with --dry-run.")
    warnings: list[str] | None = Field(default=None, description="There only if there are any.")


class ViewDocument(Shape):
    """A query by name: `loop view show NAME --json` (SPEC §7)."""

    name: str = Field(min_length=1, description="Its name, without the @.")
    origin: str = Field(description="The file that it is in.")
    types: list[str] = Field(description="Only entities of these types; all if empty.")
    where: list[str] = Field(description="The conditions.")
    sort: str | None = Field(description="The fields it is sorted by.")
    columns: list[str] = Field(description="The columns; the usual ones if empty.")
    limit: int | None = Field(ge=0, description="At most so many; 0 is all.")
    warnings: list[str] | None = Field(
        default=None, description="Of `view save`: there only if there are any."
    )


class ViewsDocument(Shape):
    """All views: `loop view list --json` (SPEC §7)."""

    views: list[ViewDocument] = Field(description="The views; your own count before the vault's.")


class CardEntry(Shape):
    """An entity in short (`loop board`, `loop agenda`) (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="Its id.")
    entity_type: str = Field(description="Its type.")
    entity_name: str | None = Field(description="Its name, if it has one.")
    who: str | None = Field(description="Its assignee, else its owner.")
    priority: str | None = Field(description="Its priority.")
    due: str | None = Field(description="When it is due.")
    overdue: bool = Field(description="Whether that has passed and it is not finished.")
    updated_at: Timestamp = Field(description="Its revision: the time.")
    etag: Etag = Field(description="Its revision: the bytes.")


class BoardColumn(Shape):
    """The cards with one value of the field (SPEC §7)."""

    value: str | None = Field(description="The value; null for those without one.")
    label: str | None = Field(description="What the schema calls the value, if it does.")
    cards: list[CardEntry] = Field(description="The cards, by priority and due day.")


class BoardDocument(Shape):
    """Where the work stands: `loop board --json` (SPEC §7)."""

    by: str = Field(description="The field whose values are the columns.")
    columns: list[BoardColumn] = Field(description="The columns, in the schema's order.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class AppointmentEntry(CardEntry):
    """A day of an entity (SPEC §7)."""

    day: str = Field(description="The day.")
    what: Literal["due", "start"] = Field(description="What is on that day.")


class AgendaDocument(Shape):
    """What is due when: `loop agenda --json` (SPEC §7)."""

    today: str = Field(description="Today, where you are.")
    overdue: list[AppointmentEntry] = Field(description="What was due before today.")
    due_today: list[AppointmentEntry] = Field(description="What is on today.")
    week: list[AppointmentEntry] = Field(description="The rest of this week, until Sunday.")
    later: list[AppointmentEntry] = Field(description="After this week.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class DayCounts(Shape):
    """The records of a day (SPEC §7)."""

    day: str = Field(description="The day, where you are.")
    records: int = Field(ge=0, description="All records.")
    finished: int = Field(ge=0, description="Those that set a status which ends the work.")
    create: int = Field(ge=0, description="Entities made.")
    update: int = Field(ge=0, description="Changes.")
    move: int = Field(ge=0, description="Files moved.")
    delete: int = Field(ge=0, description="Entities deleted.")


class StatsDocument(Shape):
    """Changes by day, from the log: `loop stats --json` (SPEC §7)."""

    since: str = Field(description="The first day.")
    days: list[DayCounts] = Field(description="Each day, the oldest first.")
    actors: dict[str, int] = Field(description="How many records of each actor.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )
