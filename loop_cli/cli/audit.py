"""`loop audit`: verify the audit log, rotate, redact and migrate it."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from loop_cli.cli import context, options, output
from loop_cli.errors import ConfirmationRefused, LogDamaged, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.store.redact import Redaction, Wanted
    from loop_cli.store.vault import VaultStore

EXAMPLES = """Examples:

\b
loop audit verify
loop audit rotate --max-size 10M
loop audit redact tsk-019-14 notes --dry-run
loop audit migrate
"""
VERIFY_EXAMPLES = """Examples:

\b
loop audit verify
loop audit verify --json
"""
ROTATE_EXAMPLES = """Examples:

\b
loop audit rotate
loop audit rotate --max-size 10M
loop audit rotate --max-size 1048576 --json
"""
REDACT_EXAMPLES = """Examples:

\b
loop audit redact tsk-019-14 notes --dry-run
loop audit redact tsk-019-14 contact.phone --yes
loop audit redact tsk-019-14 body --run 3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11 --yes --json
"""
MIGRATE_EXAMPLES = """Examples:

\b
loop audit migrate --dry-run
loop audit migrate
loop audit migrate ~/backup/audit.log --json
"""
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

audit = typer.Typer(
    help="Verify the audit log, and rotate, redact or migrate it.",
    epilog=EXAMPLES,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@audit.command(epilog=VERIFY_EXAMPLES)
def verify(as_json: options.Json = False, vault: options.Vault = None) -> None:
    """Verify the audit log: no line altered, none missing, every record valid.

    Entities edited outside loop, files that are gone and lines of other
    programs are counted and listed; they are no failure. A damaged log is
    exit 1. A change of the very last line, or lines cut off at the end, show
    only as entities edited outside. With --json the report is on stdout,
    whatever the exit code.
    """
    from loop_cli.store.verify import verify as run

    store = _store(vault)
    found = run(store)
    if not output.as_document(found.as_dict(), store.warnings, wanted=as_json):
        from loop_cli.cli import render_audit

        output.show(render_audit.verification(found))
    if not found.ok:
        first = found.problems[0]
        count = len(found.problems)
        more = f", and {count - 1} more" if count > 1 else ""
        raise LogDamaged(
            f"the audit log is damaged: {first.file}:{first.line}: {first.message}{more}",
            hint="a backup or the history of git has the file as it was",
        )


@audit.command(epilog=ROTATE_EXAMPLES)
def rotate(
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size",
            metavar="BYTES",
            help="Only if the file has at least that many bytes; 512K, 10M, 1G work too.",
        ),
    ] = None,
    as_json: options.Json = False,
    lock_timeout: options.LockTimeout = None,
    vault: options.Vault = None,
) -> None:
    """Begin a new log file; the old one becomes a segment, which is still read.

    _build/audit_log.jsonl becomes _build/audit_log.<UTC>.jsonl. Nothing is
    lost while others write. An empty file is left as it is.
    """
    from loop_cli.store.rotate import rotate as run

    at_least = 0 if max_size is None else _bytes(max_size)
    store = _store_to_write(vault, lock_timeout)
    done = run(store, at_least=at_least)
    if not output.as_document(done.as_dict(), store.warnings, wanted=as_json):
        from loop_cli.cli import render_audit

        output.show(render_audit.rotation(done))


@audit.command(epilog=REDACT_EXAMPLES)
def redact(
    entity_id: options.EntityId,
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="A field, a nested one with dots, or body.")
    ],
    run_id: options.Run = None,
    yes: options.PlainYes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show the lines and write nothing.")
    ] = False,
    as_json: options.Json = False,
    no_input: options.NoInput = False,
    lock_timeout: options.LockTimeout = None,
    vault: options.Vault = None,
) -> None:
    """Replace the values of a field in an entity's audit records by their hashes.

    What is nested in the field, and what was kept of its values for undo, goes
    too; so these changes can't be undone any more. The entity itself is not
    changed. A record tells of the redaction, and 'loop audit verify' accepts it.

    Not touched: lines of other programs, backups of editors, the history of
    git, an old audit.log that was migrated, and copies of whole files in
    .loop/kept. A short value can be guessed, and found by its hash.
    """
    from loop_cli.core.operations import recorded_id
    from loop_cli.store.redact import Wanted, preview
    from loop_cli.store.redact import redact as run

    store = _store(vault, lock_timeout)
    wanted = Wanted(entity_id=recorded_id(store, entity_id), field=field, run_id=run_id)
    origin = context.origin(store.root)
    if dry_run:
        result = preview(store, wanted, origin=origin)
    else:
        if not yes:
            _confirm(store, wanted, asked=output.may_ask(as_json=as_json, no_input=no_input))
        result = run(store, wanted, origin=origin)
    _show_redaction(store, result, as_json=as_json)


@audit.command(epilog=MIGRATE_EXAMPLES)
def migrate(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="The old log; _build/audit.log otherwise."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be done and write nothing.")
    ] = False,
    as_json: options.Json = False,
    lock_timeout: options.LockTimeout = None,
    vault: options.Vault = None,
) -> None:
    """Bring the lines of an older audit.log into the audit log, each once.

    The old lines are JSON objects with timestamp, action, entity_type,
    entity_id, entity_name, user and details. The old file is kept as it is.
    Lines that can't be told as records are listed.
    """
    from loop_cli.store.migrate import migrate as run

    store = _store_to_write(vault, lock_timeout)
    done = run(store, file, dry_run=dry_run)
    if not output.as_document(done.as_dict(), store.warnings, wanted=as_json):
        from loop_cli.cli import render_audit

        output.show(render_audit.migration(done))


def _store(vault: str | None, lock_timeout: float | None = None) -> VaultStore:
    return context.open_store(context.open_settings({"vault": vault, "lock_timeout": lock_timeout}))


def _store_to_write(vault: str | None, lock_timeout: float | None) -> VaultStore:
    """For a command that writes and records no run: a wrong `LOOP_RUN_ID` is told all the same."""
    context.run_id()
    return _store(vault, lock_timeout)


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d{1,18})\s*([KMG]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if match is None:
        raise UsageError(f"--max-size: {text!r} is no size", hint="such as 1048576, 512K or 10M")
    return int(match[1]) * _UNITS[match[2].upper()]


def _confirm(store: VaultStore, wanted: Wanted, *, asked: bool) -> None:
    """Show what would be rewritten and ask. Raises `ConfirmationRefused`."""
    from loop_cli.store.redact import preview

    found = preview(store, wanted, origin=context.origin(store.root))
    if not found.changed:
        return
    if not asked:
        raise ConfirmationRefused(
            "values in the audit log would be replaced by hashes, which can't be taken back",
            entity_id=wanted.entity_id,
            hint="--dry-run shows the lines; --yes confirms",
        )
    from loop_cli.cli import prompt, render_audit

    output.tell(render_audit.redaction(found))
    if not prompt.yes_or_no("Replace these values by their hashes, for good? [y/N] "):
        raise ConfirmationRefused("the audit log was left as it is")


def _show_redaction(store: VaultStore, result: Redaction, *, as_json: bool) -> None:
    warnings = list(store.warnings)
    if result.left:
        places = ", ".join(f"{line.file}:{line.number}" for line in result.left[:10])
        more = ", ..." if len(result.left) > 10 else ""
        warnings.append(
            f"such values are also in lines of other programs, which loop never changes: "
            f"{places}{more}"
        )
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli import render_audit

        output.show(render_audit.redaction(result))
