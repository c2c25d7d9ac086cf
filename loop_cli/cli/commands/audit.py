"""`loop audit`: verify the audit log, rotate, redact and migrate it."""

from __future__ import annotations

import re

from loop_cli.cli import context, output
from loop_cli.errors import UsageError
from loop_cli.failures import ConfirmationRefused, LogDamaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.upkeep import Redaction
    from loop_cli.operations.boundary import Operations

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


def verify(*, as_json: bool, vault: str | None) -> None:
    """Run `loop audit verify`."""
    loop = _opened(vault)
    found = loop.verify()
    if not output.as_document(found.as_dict(), loop.take_warnings(), wanted=as_json):
        from loop_cli.cli.render import audit as render_audit

        output.show(render_audit.verification(found))
    if not found.ok:
        first = found.problems[0]
        count = len(found.problems)
        more = f", and {count - 1} more" if count > 1 else ""
        raise LogDamaged(
            f"the audit log is damaged: {first.file}:{first.line}: {first.message}{more}",
            hint="a backup or the history of git has the file as it was",
        )


def rotate(
    *,
    max_size: str | None,
    as_json: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop audit rotate`."""
    at_least = 0 if max_size is None else _bytes(max_size)
    loop = _opened_to_write(vault, lock_timeout)
    done = loop.rotate(at_least=at_least)
    context.did("what there was to rotate is rotated")
    if not output.as_document(done.as_dict(), loop.take_warnings(), wanted=as_json):
        from loop_cli.cli.render import audit as render_audit

        output.show(render_audit.rotation(done))


def redact(
    *,
    entity_id: str,
    field: str,
    run_id: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop audit redact`."""
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    entity_id, _path = context.named(settings, loop, entity_id, None, gone=True)
    if not dry_run and not yes:
        preview = loop.redact(entity_id, field, run_id=run_id, dry_run=True)
        _confirm(preview, asked=output.may_ask(as_json=as_json, no_input=no_input))
    result = loop.redact(entity_id, field, run_id=run_id, dry_run=dry_run)
    if not dry_run:
        context.did("the log is redacted")
    _show_redaction(loop, result, as_json=as_json)


def migrate(
    *,
    file: str | None,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop audit migrate`."""
    loop = _opened_to_write(vault, lock_timeout)
    done = loop.migrate(file, dry_run=dry_run)
    if not dry_run:
        context.did("the lines are in the log")
    if not output.as_document(done.as_dict(), loop.take_warnings(), wanted=as_json):
        from loop_cli.cli.render import audit as render_audit

        output.show(render_audit.migration(done))


def _opened(vault: str | None, lock_timeout: float | None = None) -> Operations:
    return context.operations(context.open_settings({"vault": vault, "lock_timeout": lock_timeout}))


def _opened_to_write(vault: str | None, lock_timeout: float | None) -> Operations:
    """For a command that writes without a run; it still reports a wrong `LOOP_RUN_ID`."""
    context.run_id()
    return _opened(vault, lock_timeout)


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d{1,18})\s*([KMG]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if match is None:
        raise UsageError(f"--max-size: {text!r} is not a size", hint="such as 1048576, 512K or 10M")
    return int(match[1]) * _UNITS[match[2].upper()]


def _confirm(found: Redaction, *, asked: bool) -> None:
    """Show the lines to rewrite, and ask. Raises `ConfirmationRefused`."""
    if not found.changed:
        return
    if not asked:
        raise ConfirmationRefused(
            "values in the audit log would be replaced by hashes, which can't be taken back",
            entity_id=found.wanted.entity_id,
            hint="--dry-run shows the lines; --yes confirms",
        )
    from loop_cli.cli.prompt import questions as prompt
    from loop_cli.cli.render import audit as render_audit

    output.tell(render_audit.redaction(found))
    if not prompt.yes_or_no("Replace these values by their hashes, for good?"):
        raise ConfirmationRefused("the audit log was left as it is")


def _show_redaction(loop: Operations, result: Redaction, *, as_json: bool) -> None:
    warnings = loop.take_warnings()
    if result.left:
        places = ", ".join(f"{line.file}:{line.number}" for line in result.left[:10])
        more = ", ..." if len(result.left) > 10 else ""
        warnings.append(
            f"such values are also in lines of other programs, which loop never changes: "
            f"{places}{more}"
        )
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import audit as render_audit

        output.show(render_audit.redaction(result))
