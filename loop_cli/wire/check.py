"""The JSON shapes of `loop check`, `loop init`, `loop watch`, `loop help` and the overview."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loop_cli.wire.base import DiffEntry, RunId, Shape


class ClosedSchemaDocument(Shape):
    """That the schema takes no new fields: `loop schema close --json` (SPEC §7)."""

    path: str = Field(description="The schema's file, relative to the vault.")
    changed: bool = Field(description="False if it was closed already.")
    run_id: RunId = Field(description="The run, as in the audit log.")
    diff: dict[str, DiffEntry] = Field(description="What was changed in it.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )


class FindingEntry(Shape):
    """One thing that `loop check` found (SPEC §2)."""

    rule: str = Field(pattern="^[a-z-]+$", description="The rule's name, which stays.")
    severity: Literal["error", "warning"] = Field(description="Only errors are exit 6.")
    path: str = Field(min_length=1, description="The file, relative to the vault, with `/`.")
    line: int = Field(ge=1, description="The line of the field in the file, or 1.")
    entity_id: str | None = Field(description="The entity, if the file is one.")
    entity_type: str | None = Field(description="Its type.")
    field: str | None = Field(description="The field, nested ones with dots.")
    message: str = Field(min_length=1, description="What is wrong, in words.")
    fixable: bool = Field(description="Whether --fix repairs it.")
    allowed: str | list[str] = Field(
        default="", description="What is allowed, if that can be said."
    )
    nearest: list[str] = Field(
        default=[],
        min_length=1,
        description="Similar values that may be meant; absent if there are none.",
    )


class FindingCounts(Shape):
    """How many findings there are of each severity (SPEC §7)."""

    error: int = Field(ge=0, description="Errors.")
    warning: int = Field(ge=0, description="Warnings.")


class RepairEntry(Shape):
    """One file that `loop check --fix` repaired, would repair, or could not repair (SPEC §6)."""

    entity_id: str = Field(description="The entity.")
    path: str = Field(description="Its file.")
    modified_fields: list[str] = Field(default=[], description="The fields; absent on an error.")
    diff: dict[str, DiffEntry] = Field(
        default={},
        description="Old and new value of each; equal where a value was only written in quotes.",
    )
    error: str = Field(default="", description="Why not, in words; absent if it was.")
    code: str = Field(default="", description="Why not, for programs; absent if it was.")


class PassedOverEntry(Shape):
    """A file that was not checked, by its path in the vault (SPEC §2)."""

    links: list[str] = Field(description="Symbolic links to folders and to Markdown files.")
    folders: list[str] = Field(description="Folders that the schema excludes.")
    files: list[str] = Field(description="Files that the schema excludes.")
    unread: list[str] = Field(description="Files and folders that can't be read.")


class CheckDocument(Shape):
    """The problems of a vault: `loop check --json` (SPEC §7)."""

    ok: bool = Field(description="Whether there are no errors.")
    files: int = Field(ge=0, description="How many files were checked: those that were asked for.")
    entities: int = Field(ge=0, description="How many of them are entities.")
    counts: FindingCounts = Field(description="How many findings there are of each severity.")
    fixable: int = Field(ge=0, description="How many of them --fix repairs.")
    findings: list[FindingEntry] = Field(description="By file and line.")
    passed_over: PassedOverEntry = Field(description="Files and folders that were not checked.")
    run_id: RunId = Field(default="", description="The run of --fix; absent without it.")
    repairs: list[RepairEntry] = Field(
        default=[], description="What --fix did, or would do; absent without it."
    )
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class ShareEntry(Shape):
    """The number of files that support something (SPEC §2)."""

    count: int = Field(ge=0, description="How many files have it.")
    of: int = Field(ge=0, description="How many files were counted.")


class ProposedField(Shape):
    """A field that `loop init` found (SPEC §2)."""

    field: str = Field(description="Its name.")
    share: ShareEntry = Field(description="The files that have it.")
    kind: str = Field(description="What most of its values are: text, number, list, ...")
    types: list[str] = Field(description="The types that have it.")
    required_for: list[str] = Field(description="The types that it is required for.")
    choices: list[str] = Field(default=[], description="Its enumeration; absent if it is open.")
    chosen: ShareEntry = Field(
        default=ShareEntry(count=0, of=0), description="The values that are of the enumeration."
    )


class InitDocument(Shape):
    """A folder as a vault, planned or made: `loop init --json` (SPEC §2)."""

    vault: str = Field(description="The folder.")
    files: int = Field(ge=0, description="How many files have frontmatter.")
    without_frontmatter: int = Field(
        ge=0, description="How many files have none; they are not entities."
    )
    toml_frontmatter: int = Field(ge=0, description="How many of those have one in TOML.")
    names: dict[str, str] = Field(
        description="The fields of identity and time: id, type, name, created, updated."
    )
    backing: dict[str, ShareEntry] = Field(description="For each of those, the files that have it.")
    types: dict[str, int] = Field(description="The types, each with its files.")
    passed_over: PassedOverEntry = Field(description="Files and folders that were not checked.")
    fields: list[ProposedField] = Field(description="The fields, the most frequent first.")
    left_out: dict[str, str] = Field(
        description="Names that look like typing errors, each with the name that is probably meant."
    )
    unfit: list[FindingEntry] = Field(description="What would not fit, as `loop check` says it.")
    written: list[str] = Field(default=[], description="The files made; absent with --dry-run.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )


class WatchEvent(Shape):
    """One change: a line of `loop watch --json` (SPEC §6)."""

    event: Literal["inside", "outside"] = Field(
        description="Whether it has a record in the log, or shows in the file alone."
    )
    timestamp: str = Field(description="The record's time; outside, when it was noticed.")
    actor: str | None = Field(description="Who; null outside, since nobody knows.")
    source: str | None = Field(description="The interface; null outside.")
    action: str = Field(description="create, update, delete, move, or undo.")
    entity_id: str | None = Field(description="The entity, if the file is one.")
    entity_type: str | None = Field(description="Its type.")
    path: str = Field(description="The file, relative to the vault.")
    modified_fields: list[str] | None = Field(description="What changed; null if it can't be told.")
    diff: dict[str, DiffEntry] | None = Field(description="Old and new values; null outside.")
    run_id: str | None = Field(description="The run; null outside.")


class SkillDocument(Shape):
    """What `loop skill install --json` made (SPEC §7)."""

    skill: str = Field(description="The folder of the skill.")
    files: list[str] = Field(description="Its files.")
    written: list[str] = Field(description="Files that were missing or different.")


class StatusCounts(Shape):
    """How many entities of a type there are (SPEC §7)."""

    count: int = Field(ge=1, description="All of them.")
    status: dict[str, int] = Field(description="By status; `none` for those without one.")


class OverdueEntry(Shape):
    """One entity whose day has passed (SPEC §7)."""

    entity_id: str = Field(description="Its id.")
    entity_name: str | None = Field(description="Its name, if it has one.")
    due: str = Field(description="The day, as its file has it.")


class OutsideEntry(Shape):
    """One entity that was edited outside loop (SPEC §7)."""

    entity_id: str = Field(description="Its id.")
    entity_name: str | None = Field(description="Its name, if it has one.")
    path: str = Field(description="Its file, relative to the vault, with `/`.")


class RecentChanges(Shape):
    """The changes in the audit log since the beginning of yesterday (SPEC §7)."""

    records: int = Field(ge=0, description="How many records.")
    entities: int = Field(ge=0, description="Of how many entities.")
    actors: dict[str, int] = Field(description="How many records of each actor.")


class OverviewDocument(Shape):
    """The overview of a vault: `loop --json` (SPEC §7)."""

    vault: str = Field(description="The vault's folder.")
    entities: int = Field(ge=0, description="How many entities there are.")
    types: dict[str, StatusCounts] = Field(
        description="For each type `count`, and `status`: how many entities have each status."
    )
    notes: int = Field(
        default=0, ge=0, description="How many Markdown files can be read and are no entities."
    )
    overdue: list[OverdueEntry] = Field(
        description="Entities that are not done and past their day."
    )
    since: str = Field(description="When yesterday began: UTC, six digits, Z.")
    edited_outside: list[OutsideEntry] = Field(description="What was edited outside since then.")
    changes: RecentChanges = Field(description="What the log has since then.")
    next: list[str] = Field(description="Commands that are useful now.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class TopicEntry(Shape):
    """One page of the documentation (SPEC §13)."""

    name: str = Field(pattern="^[a-z0-9-]+$", description="Its name, as for `loop help NAME`.")
    group: str = Field(description="The group that it is listed in.")
    title: str = Field(description="Its title.")
    about: str = Field(description="What it is about, in a sentence.")


class TopicsDocument(Shape):
    """The list of pages: `loop help --json` (SPEC §13)."""

    topics: list[TopicEntry] = Field(description="The pages, in the order of the list.")


class PageDocument(TopicEntry):
    """One page: `loop help TOPIC --json` (SPEC §13)."""

    text: str = Field(description="The page, as Markdown.")


class MatchEntry(TopicEntry):
    """One page with the searched words (SPEC §13)."""

    line: str = Field(description="The line that has most of the words.")


class MatchesDocument(Shape):
    """The pages that have some words: `loop help WORDS --json` (SPEC §13)."""

    query: str = Field(description="The words.")
    matches: list[MatchEntry] = Field(description="The pages, best first.")


class CommandHelpDocument(Shape):
    """The help of a command: `loop help COMMAND --json` (SPEC §13)."""

    command: str = Field(description="The command.")
    text: str = Field(description="What `loop COMMAND --help` prints.")
