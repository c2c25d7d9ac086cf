"""`loop kept`: list and prune the kept copies of deleted entities and replaced values."""

from __future__ import annotations

import os

from loop_cli.cli import context, output
from loop_cli.core import timestamps
from loop_cli.errors import UsageError
from loop_cli.failures import ConfirmationRefused
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.cli.prompt.drafts import KeptText
    from loop_cli.core.upkeep import Kept

EXAMPLES = """'loop undo' can't restore what you have pruned.

Examples:

\b
loop kept
loop kept tsk-019-13 --json
loop kept --prune --older-than 90 --dry-run
loop kept --prune --older-than 90 --yes
loop kept --aside
loop kept --edits
loop kept --edits --prune --older-than 30 --yes
"""
_SHOWN = 3  # most names in the sentence
_DAY = 86_400 * timestamps.SECOND


def kept(
    *,
    entity_id: str | None,
    prune: bool,
    older_than: int | None,
    edits: bool,
    aside: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop kept`."""
    before = None if older_than is None else context.now() - older_than * _DAY
    if edits:
        if aside:
            raise UsageError("--edits and --aside can't go together")
        ask = output.may_ask(as_json=as_json, no_input=no_input)
        wanted = _Wanted(entity_id=entity_id, before=before)
        _edits(wanted, prune=prune, dry_run=dry_run, as_json=as_json, yes=yes, ask=ask)
        return
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    taken = loop.take_aside(dry_run=dry_run) if aside else []
    if taken and not dry_run:
        context.did(f"{len(taken)} files are taken aside to .loop/kept")
    if entity_id is not None:
        entity_id, _path = context.named(settings, loop, entity_id, None, gone=True)
    listed = loop.kept(entity_id=entity_id, before=before)
    found = listed.copies
    warnings = _foreign(listed.foreign)
    if prune and found and not dry_run:
        if not yes:
            _ask(found, ask=output.may_ask(as_json=as_json, no_input=no_input))
        pruning = loop.prune(found)
        context.did(f"{len(pruning.gone)} kept copies are removed")
        found = pruning.gone
        warnings += [_stays(one) for one in pruning.staying]
    warnings += loop.take_warnings()
    pruned = prune and not dry_run
    if as_json:
        document = {
            "kept": [one.as_dict() for one in found],
            "bytes": sum(one.size for one in found),
            "pruned": pruned,
            **({"aside": taken} if aside else {}),
            **({"dry_run": True} if dry_run else {}),
        }
        output.json_document(document, warnings)
        return
    output.warn(warnings)
    for path in taken:
        output.note(f"to be taken aside: {path}" if dry_run else f"taken aside: {path}")
    from loop_cli.cli.render import life as render_life

    utc = output.shows_utc(False)
    output.page()
    output.show(render_life.kept(found, pruned=pruned, dry_run=dry_run, utc=utc))


class _Wanted(Struct):
    """Which texts: of an entity, and older than an instant."""

    entity_id: str | None
    before: int | None

    def admits(self, one: KeptText) -> bool:
        """Whether a text is one of them."""
        is_of = self.entity_id is None or f"{one.entity_id}.".startswith(f"{self.entity_id}.")
        return is_of and (self.before is None or one.kept_at < self.before)


def _edits(
    wanted: _Wanted, *, prune: bool, dry_run: bool, as_json: bool, yes: bool, ask: bool
) -> None:
    """List or remove texts that stayed after an edit."""
    from loop_cli.cli.prompt import drafts
    from loop_cli.cli.render import life as render_life

    found = [one for one in drafts.listed(drafts.folder(os.environ)) if wanted.admits(one)]
    utc, pruned = output.shows_utc(False), prune and not dry_run
    warnings: list[str] = []
    if pruned and found:
        if not yes:
            _refuse_silence(ask)
            output.tell(render_life.edits(found, pruned=False, dry_run=False, utc=utc))
            _confirm()
        gone = [one for one in found if not one.is_open and drafts.remove(one)]
        context.did(f"{len(gone)} texts are removed")
        stay = [one for one in found if one not in gone]
        warnings = [f"{one.path} is open in an editor or changes, so it stays" for one in stay]
        found = gone
    document = drafts.as_dict(found, pruned=pruned, dry_run=dry_run)
    if not output.as_document(document, warnings, wanted=as_json):
        output.page()
        output.show(render_life.edits(found, pruned=pruned, dry_run=dry_run, utc=utc))


def _stays(one: Kept) -> str:
    return f".loop/kept/{one.name} was kept again or changed since it was listed, so it stays"


def _foreign(names: Sequence[str]) -> list[str]:
    """Return a sentence about other files there, if there are any."""
    if not names:
        return []
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return [f".loop/kept has other files, which loop leaves alone: {shown}"]


def _ask(found: Sequence[Kept], *, ask: bool) -> None:
    """Raises `ConfirmationRefused` unless somebody says yes."""
    _refuse_silence(ask)
    from loop_cli.cli.render import life as render_life

    utc = output.shows_utc(False)
    output.tell(render_life.kept(found, pruned=False, dry_run=False, utc=utc))
    _confirm()


def _refuse_silence(ask: bool) -> None:
    if not ask:
        raise ConfirmationRefused(
            "pruning can't be undone, and nobody can be asked here",
            hint="--dry-run shows what would be removed; --yes confirms",
        )


def _confirm() -> None:
    from loop_cli.cli.prompt import questions as prompt

    if not prompt.yes_or_no("Remove this for good?"):
        raise ConfirmationRefused("everything is kept as it was")
