"""The machine-readable shapes as pydantic models: strict if the contract is strict.

No command imports this module on its path (`loop help costs`). It describes the shapes for readers,
tests use it, and it checks data from outside. `metadata` and errors may have more keys; all other
shapes have exactly these.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from loop_cli.wire.base import (
    Action,
    DiffEntry,
    Etag,
    GrowingShape,
    PreconditionUsed,
    RunId,
    Sha256,
    Shape,
    Source,
    Timestamp,
)

# -- results ----------------------------------------------------------------------------


class EntityDocument(Shape):
    """One entity: `loop get ID --json` (SPEC §7)."""

    entity_id: str = Field(min_length=1, description="The entity's id.")
    entity_type: str = Field(min_length=1, description="Its type, such as Task.")
    path: str = Field(min_length=1, description="Its file, relative to the vault, with `/`.")
    updated_at: Timestamp = Field(
        description="The time to give back as --expected-updated-at: UTC, six digits, Z."
    )
    etag: Etag = Field(
        description="The state to give back as --if-match: the first 16 hex digits of the SHA-256 "
        "of the file's bytes."
    )
    fields: dict[str, Any] = Field(description="The frontmatter, in the file's order.")
    body: str = Field(description="The text after the frontmatter.")
    warnings: list[str] = Field(
        default=[], min_length=1, description="Sentences for a person; absent if there are none."
    )


class UpdateDocument(EntityDocument):
    """The result of an update, and the entity after it: `loop update ID ... --json` (SPEC §7)."""

    changed: bool = Field(description="False if nothing had to change: then nothing was written.")
    run_id: RunId = Field(description="The run, as in the audit log: a UUID v4.")
    modified_fields: list[str] = Field(
        description="The changed fields; nested ones with dots, the body as `body`."
    )
    diff: dict[str, DiffEntry] = Field(description="Old and new value of each changed field.")
    dry_run: Literal[True] = Field(
        default=True, description="There only with --dry-run: nothing was written."
    )


class SettingEntry(Shape):
    """One setting of `loop config --json` (SPEC §7)."""

    name: str = Field(description="The setting's name in config.toml, with dots.")
    value: Any = Field(description="The value in force.")
    origin: str = Field(description="Where the value came from, in words.")
    variable: str = Field(pattern="^LOOP_[A-Z_]+$", description="Its environment variable.")
    about: str = Field(min_length=1, description="What it is for.")


class ProtocolEntry(Shape):
    """What the vault's file system supports for writes (SPEC §6)."""

    exchange: bool | None = Field(description="Whether two files can change places in one step.")
    lease: bool | None = Field(
        description="Whether loop notices that another program has the file open."
    )
    window: str = Field(description="The time in which an editor without the lock can interfere.")


class ConfigDocument(Shape):
    """Every setting and where it came from: `loop config --json` (SPEC §7)."""

    settings: list[SettingEntry] = Field(description="The settings.")
    protocol: ProtocolEntry = Field(description="How safely this vault can be written.")


# -- the audit log ------------------------------------------------------------------------


class RebasedFrom(Shape):
    """The precondition that no longer held (SPEC §5)."""

    updated_at: str | None = Field(
        description="The --expected-updated-at given, as it was written."
    )
    etag: Etag | None = Field(description="The --if-match given.")


class Group(Shape):
    """A record's place in an atomic group (SPEC §6)."""

    id: str = Field(description="The same in all records of the group.")
    index: int = Field(ge=0, description="Its place, from 0.")
    count: int = Field(ge=1, description="How many records the group has.")


class Undoes(Shape):
    """The changes that a record takes back: `loop undo` (SPEC §6)."""

    run_id: str = Field(description="Their run.")
    lines: list[Sha256] = Field(min_length=1, description="SHA-256 of their lines, as they were.")
    partial: Literal[True] = Field(
        default=True,
        description="There only if some fields were left as they are: they were changed since.",
    )


class RedactedLine(Shape):
    """A line in which values became hashes: `loop audit redact` (SPEC §6)."""

    from_: Sha256 = Field(alias="from", description="SHA-256 of the line before.")
    to: Sha256 = Field(description="SHA-256 of the line now.")


class Kept(Shape):
    """The kept bytes of a deleted entity (SPEC §6)."""

    sha256: Sha256 = Field(description="The SHA-256 of its bytes, and the name of their file.")
    bytes: int = Field(ge=0, description="How many there are.")


class AuditMetadata(GrowingShape):
    """How a change was made (SPEC §6)."""

    path: str = Field(description="The file, relative to the vault.")
    etag_before: Etag | None = Field(description="The file's etag before; null for a create.")
    etag_after: Etag | None = Field(description="The file's etag after; null for a delete.")
    updated_before: Timestamp | None = Field(description="The reported updated_at before.")
    updated_after: Timestamp | None = Field(description="The entity's `updated` after.")
    precondition: PreconditionUsed = Field(description="What the writer said it had seen.")
    previous: Sha256 | None = Field(
        description="SHA-256 of the log's line before this one; null in the first."
    )
    previous_own: Sha256 | None = Field(
        default=None,
        description="SHA-256 of loop's last line, where the line before is another program's.",
    )
    redacted: list[RedactedLine] | None = Field(
        default=None, description="There only in a redaction record: the lines it rewrote."
    )
    redacted_field: str | None = Field(
        default=None, description="There only in a redaction record: the field."
    )
    tty: bool = Field(description="Whether a person sat at a terminal.")
    invoked_by: str | None = Field(description="The program that started loop, if known.")
    agent: str | None = Field(
        default=None, description="What a program says of itself (LOOP_AGENT); absent if nothing."
    )
    forced: Literal[True] = Field(default=True, description="There only if --force was given.")
    edited_outside: Literal[True] = Field(
        default=True, description="There only if the file had been changed without a record."
    )
    literal_before: Timestamp | None = Field(
        default=None, description="The file's own `updated`, if it never had a record before."
    )
    rebased_from: RebasedFrom | None = Field(
        default=None, description="There only if it was applied on top of another change."
    )
    layout: Literal[True] = Field(
        default=True, description="There only if comments, order or quoting were edited too."
    )
    note: Literal[True] = Field(
        default=True,
        description="There only if the file is not an entity: then `entity_id` is its path, and "
        "the body its whole text.",
    )
    schema_: Literal[True] = Field(
        default=True,
        alias="schema",
        description="There only if it is the vault's schema that was changed: `loop schema allow`.",
    )
    mended: Literal[True] = Field(
        default=True, description="There only if the file could not be read before: `loop edit`."
    )
    group: Group | None = Field(default=None, description="There only in an atomic group.")
    undoes: Undoes | None = Field(
        default=None, description="There only if it takes back other changes: `loop undo`."
    )
    kept_as_json: list[str] | None = Field(
        default=None,
        description="There only if a hashed old value is not a text: the fields whose values are "
        "kept as JSON.",
    )
    inexact: list[str] | None = Field(
        default=None,
        description="There only if JSON can't express an old value: the fields with .inf, .nan or "
        "keys that are no text.",
    )
    written: dict[str, dict[str, str]] | None = Field(
        default=None,
        description="There only if an old value was not written as loop writes it, as with 1.10 "
        "or a date without quotes: by field, the text by its place within the value ('' is all).",
    )
    rolled_back: Sha256 | None = Field(
        default=None, description="There only in an undo record: SHA-256 of the undone line."
    )
    path_before: str | None = Field(
        default=None, description="There only in a move: where the file was."
    )
    kept: Kept | None = Field(
        default=None,
        description="There only in a delete, and where `loop undo` replaced a whole file: the "
        "file's bytes, as `.loop/kept/` has them.",
    )
    shared: Literal[True] = Field(
        default=True,
        description="There only in a delete: other files had the same id, so it may come back "
        "beside them.",
    )
    restores: Sha256 | None = Field(
        default=None,
        description="There only where a deleted entity came back: SHA-256 of the delete's line.",
    )
    idempotency_key: str | None = Field(
        default=None, description="There only in a create with --idempotency-key: the key."
    )
    request: Sha256 | None = Field(
        default=None, description="With the key: the SHA-256 of what was asked for."
    )


class AuditRecord(Shape):
    """One line of `_build/audit_log.jsonl`, as loop writes it (SPEC §6, rule C)."""

    run_id: RunId = Field(description="Shared by all that one run writes: a UUID v4.")
    timestamp: Timestamp = Field(description="When: UTC, six digits, Z.")
    actor: str = Field(pattern="^[a-z]+:.+$", description="Who, such as user:NAME.")
    source: Source = Field(description="The interface.")
    entity_type: str = Field(description="The entity's type.")
    entity_id: str = Field(description="The entity's id.")
    entity_name: str | None = Field(description="The entity's name before the change.")
    action: Action = Field(description="What was done.")
    modified_fields: list[str] = Field(description="The keys of diff.")
    diff: dict[str, DiffEntry] = Field(
        description="Old and new value of each field; a private or very long one as "
        '{"sha256": ..., "bytes": ...}.'
    )
    metadata: AuditMetadata = Field(description="How it was done.")


# -- errors -------------------------------------------------------------------------------


class ErrorDocument(GrowingShape):
    """The keys of every error on stderr with --json (SPEC §7)."""

    error: str = Field(min_length=1, description="What went wrong, in words.")
    code: str = Field(pattern="^[a-z_]+$", description="What went wrong, for programs.")
    retryable: bool = Field(description="Whether it may help to read again and to try again.")
    hint: str | None = Field(description="What to do next, often a command line.")


class ConflictField(Shape):
    """One field of a conflict in three states (SPEC §5)."""

    field: str = Field(description="Its name.")
    base: Any = Field(description="The value when the caller read it.")
    base_known: bool = Field(description="False if the log can't tell that value.")
    current: Any = Field(description="The value now.")
    requested: Any = Field(description="The value that the caller wants.")
    wanted: bool = Field(description="Whether the caller wants to change it at all.")
    overlap: bool = Field(description="Whether the caller and somebody else changed it.")


class ConflictChange(Shape):
    """A change that came in between (SPEC §5); other programs may leave values out."""

    run_id: str | None = Field(description="Its run.")
    timestamp: str | None = Field(description="When.")
    actor: str | None = Field(description="Who.")
    source: str | None = Field(description="The interface.")
    agent: str = Field(
        default="", description="What the program says of itself; absent if it says nothing."
    )
    modified_fields: list[str] | None = Field(description="What was changed.")


class UnmetCondition(Shape):
    """A condition of a write that the entity does not meet (SPEC §3)."""

    condition: str = Field(description="The condition, as it was given.")
    field: str = Field(description="Its field.")
    value: Any = Field(description="The field's value now; null if there is none.")
    changed_by: str | None = Field(description="Who left this value, if a record says so.")
    changed_at: str | None = Field(description="When.")
    edited_outside: bool = Field(
        default=False, description="Whether an edit outside loop, of which nobody knows, left it."
    )


class ConflictDocument(ErrorDocument):
    """A precondition that no longer holds: exit 4, HTTP 409 (SPEC §5)."""

    error: Literal["Conflict: Entity was modified"]
    entity_id: str = Field(description="The entity.")
    current_updated_at: Timestamp | None = Field(description="Its updated_at now.")
    expected_updated_at: str | None = Field(description="The one given, as it was written.")
    code: Literal["conflict"]
    reason: Literal[
        "updated_changed", "etag_changed", "edited_outside", "deleted", "condition_unmet"
    ] = Field(description="What no longer holds.")
    current_etag: Etag | None = Field(description="Its etag now.")
    expected_etag: Etag | None = Field(description="The one given.")
    fields: list[ConflictField] = Field(description="The fields wanted or changed in between.")
    changes: list[ConflictChange] = Field(description="The records in between, oldest first.")
    conditions: list[UnmetCondition] = Field(
        default=[], min_length=1, description="The conditions (--if) not met; absent if none."
    )
    path: str = Field(description="The entity's file.")
    others: list[dict[str, Any]] = Field(
        default=[], description="The conflicts of other entities of the same undo, if any."
    )
    retryable: Literal[True]
    hint: str


class Problem(GrowingShape):
    """One problem of a change (SPEC §4)."""

    field: str = Field(description="The field.")
    value: Any = Field(default=None, description="The value; absent where a field is removed.")
    problem: Literal[
        "unknown_field", "read_only", "required", "not_in_enumeration", "wrong_type", "not_a_list",
        "not_a_mapping", "not_text", "unknown_type", "taken", "no_id", "id_form", "no_place",
        "name", "form", "derived", "forbidden", "dangling", "wrong_reference", "circular",
        "no_member", "unknown_placeholder", "no_deletion", "still_referred",
        "redacted", "not_kept", "not_recorded", "not_exact", "frontmatter",
    ] = Field(description="What is wrong, for programs.")  # fmt: skip
    rule: str | None = Field(
        default=None, description="The rule, by the name that `loop check` has for it."
    )
    message: str = Field(description="What is wrong, in words.")
    allowed: str | list[str] | None = Field(default=None, description="What is allowed.")
    nearest: list[str] = Field(default=[], description="Similar values that may be meant.")
    entity_type: str | None = Field(
        default=None, description="Of an unknown field: the type that does not have it."
    )
    allowed_by: str | None = Field(
        default=None,
        description="Of an unknown field: the file and the line of the schema that would allow it; "
        "`loop schema allow` does it.",
    )


class InvalidChangeDocument(ErrorDocument):
    """The change is not valid, with all problems: exit 6, HTTP 422 (SPEC §4)."""

    entity_id: str | None = Field(description="The entity; null for a new one without an id yet.")
    problems: list[Problem] = Field(min_length=1, description="All problems at once.")
    code: Literal["invalid_change"]
    retryable: Literal[False]


class InvalidFileDocument(ErrorDocument):
    """A file can't be read: exit 6, HTTP 422 (SPEC §2)."""

    path: str = Field(description="The file, relative to the vault.")
    line: int | None = Field(ge=1, description="The line, if it can be told.")
    reason: str = Field(description="Why.")
    code: Literal["invalid_file"]
    retryable: Literal[False]


class NotFoundDocument(ErrorDocument):
    """No entity has the id: exit 3, HTTP 404 (SPEC §2)."""

    entity_id: str = Field(description="The id asked for.")
    nearest: list[str] = Field(max_length=3, description="Ids like it, the nearest first.")
    code: Literal["not_found"]
    retryable: Literal[False]


class AmbiguousDocument(ErrorDocument):
    """Several files have the id or the alias: exit 7, HTTP 409 (SPEC §2)."""

    entity_id: str = Field(description="The id asked for.")
    paths: list[str] = Field(min_length=2, description="The files; --path chooses one.")
    code: Literal["ambiguous"]
    retryable: Literal[False]


class LockHolder(Shape):
    """Who holds the vault's lock (SPEC §7)."""

    pid: int | None = Field(description="The process.")
    host: str = Field(description="The machine.")
    since: str = Field(description="Since when.")


class LockedDocument(ErrorDocument):
    """The vault stayed locked: exit 8, HTTP 503 (SPEC §7)."""

    holder: LockHolder = Field(description="Who holds it.")
    code: Literal["locked"]
    retryable: Literal[True]
