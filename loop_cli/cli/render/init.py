"""Show the proposal of `loop init`."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli import hints
from loop_cli.cli.render import check as render_check
from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible
from loop_cli.core import unprepared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.schema_proposal import FieldProposal, Proposal, Share
    from loop_cli.vault.upkeep.init import Foundation

_SHOWN = 20
_WORDS = {
    "@stem": "the file's name",
    "@path": "the file's path",
    "@folder-stem": "the file's name; of a page bundle, the folder's",
    "@folder": "the top folder",
}


def proposal(found: Foundation) -> RenderableType:
    """Show identity and time, types, fields, and findings that would not fit."""
    own = found.proposal
    parts: list[RenderableType] = [_heading(found), _names(own)]
    if own.types:
        parts += [_types(own), _fields(own)]
    for name, meant in own.left_out.items():
        words = f"{visible(name)} looks like a slip of {visible(meant)}, and is left out"
        parts.append(Text(words, style=styles.NOTICE))
    parts += [Text(visible(one), style=styles.QUIET) for one in found.passed.sentences]
    if found.unfit:
        parts.append(Text(f"What would not fit ({len(found.unfit)}):", style=styles.TITLE))
        parts.append(render_check.findings(found.unfit[:_SHOWN]))
        rest = len(found.unfit) - _SHOWN
        parts += (
            [Text(f"and {rest:,} more; --json has all", style=styles.QUIET)] if rest > 0 else []
        )
    else:
        fits = "All of it would fit." if own.files else "There is no frontmatter to learn from."
        parts.append(Text(fits, style=styles.DONE if own.files else styles.QUIET))
    notes = hints.spelled(unprepared.of_notes(found.plain - found.toml, own.names))
    if notes is not None:
        parts.append(Text(visible(notes), style=styles.NOTICE))
    return Group(*parts)


def _heading(found: Foundation) -> Text:
    text = Text(visible(found.root), style=styles.TITLE)
    words = f": {found.proposal.files:,} files with frontmatter, {found.plain:,} without"
    if found.toml:
        words += f" ({found.toml:,} of them with one in TOML, which loop does not read)"
    return text.append(words, style=styles.NORMAL)


def _names(own: Proposal) -> Table:
    table = _table("what", "field", "backed by")
    for key, name in own.names.__dict__.items():
        shown = Text(visible(name), style=styles.FIELD)
        if name in _WORDS:
            shown.append(f"  {_WORDS[name]}", style=styles.QUIET)
        table.add_row(Text(key), shown, Text(_share(own.backing[key])))
    return table


def _types(own: Proposal) -> Table:
    table = _table("type", "files")
    for name, count in own.types.items():
        table.add_row(Text(visible(name), style=styles.FIELD), Text(f"{count:,}"))
    return table


def _fields(own: Proposal) -> Table:
    table = _table("field", "files", "takes", "required")
    for one in own.fields:
        table.add_row(
            Text(visible(one.name), style=styles.FIELD),
            Text(_share(one.share)),
            _takes(one),
            Text(_required(one, own)),
        )
    return table


def _takes(one: FieldProposal) -> Text:
    if one.chosen is None:
        return Text(one.kind)
    text = Text("one of " + ", ".join(map(visible, one.choices)))
    return text.append(f"  {_share(one.chosen)}", style=styles.QUIET)


def _required(one: FieldProposal, own: Proposal) -> str:
    if not one.required:
        return ""
    return "yes" if len(one.required) == len(own.types) else ", ".join(map(visible, one.required))


def _share(share: Share) -> str:
    return f"{share.count:,} of {share.of:,} ({share.part:.0%})" if share.of else styles.nothing()


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
