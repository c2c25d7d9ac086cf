"""How `loop check` shows results to people, and to GitHub Actions."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from loop_cli.cli import hints
from loop_cli.cli.render import diffs, styles
from loop_cli.cli.render.counts import counted
from loop_cli.cli.render.text import visible
from loop_cli.core.check.finding import ERROR, WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.check.finding import Finding
    from loop_cli.core.check.report import Checked
    from loop_cli.operations.repair import Repair

_STYLES = {ERROR: styles.ALERT, WARNING: styles.WARNING}


def findings(found: Sequence[Finding]) -> RenderableType:
    """Show one finding per line, like compilers: file, line, severity, message, rule."""
    return Group(*map(_line, found))


def summary(found: Checked) -> str:
    """Say how many files were asked for, and how many findings there are."""
    entities = f"{found.entities:,} {'entity' if found.entities == 1 else 'entities'}"
    looked = f"{entities} in {counted(found.files, 'file')}"
    if not found.findings:
        return f"{looked}: nothing is wrong"
    errors, warnings = found.count(ERROR), found.count(WARNING)
    counts = [f"{counted(errors, 'error')}"] if errors else []
    counts += [f"{counted(warnings, 'warning')}"] if warnings else []
    return f"{looked}: {' and '.join(counts)}"


def hint(found: Checked) -> str | None:
    """Return the next step."""
    fixable = sum(one.fixable for one in found.findings)
    return None if not fixable else f"loop check --fix repairs {fixable} of them"


def plan(repairs: Sequence[Repair], *, dry_run: bool) -> RenderableType:
    """Show what `--fix` would change, file by file."""
    parts: list[RenderableType] = []
    for one in repairs:
        parts.append(Text(visible(one.change.path or one.change.entity_id), style=styles.TITLE))
        if one.done is None:
            parts.append(Text(visible(f"  can't be repaired: {one.outcome}"), style=styles.NOTICE))
        else:
            parts.append(diffs.table(one.done.diff))
    if not repairs:
        return Text("nothing has one right answer, so there is nothing to repair")
    if dry_run:
        parts.append(Text("dry run: nothing was written", style=styles.NOTICE))
    return Group(*parts)


def repaired(repairs: Sequence[Repair], run_id: str) -> RenderableType:
    """Show what `--fix` has changed, and what it could not change."""
    failed = [one for one in repairs if one.done is None]
    done = counted(len(repairs) - len(failed), "file")
    parts = [
        Text("repaired", style=styles.DONE).append(f" {done} · run {run_id}", style=styles.QUIET)
    ]
    for one in failed:
        words = f"{one.change.path}: not repaired: {one.outcome}"
        parts.append(Text(visible(words), style=styles.NOTICE))
    return Group(*parts)


def annotation(one: Finding, prefix: str) -> str:
    """Return a workflow command; data can't end it, or begin another one."""
    path = f"{prefix}/{one.path}" if prefix else one.path
    properties = f"file={_property(path)},line={one.line},title={_property(one.found.rule)}"
    return f"::{one.severity} {properties}::{_data(hints.spelled(one.found.message))}"


def _line(one: Finding) -> Text:
    text = Text(visible(f"{one.path}:{one.line}: "), style=styles.FIELD)
    text.append(one.severity, style=_STYLES[one.severity]).append(": ", style="not cyan")
    text.append(visible(hints.spelled(one.found.message)), style="default")
    rule = f"  [{one.found.rule}{', fixable' if one.fixable else ''}]"
    return text.append(rule, style=styles.QUIET)


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
