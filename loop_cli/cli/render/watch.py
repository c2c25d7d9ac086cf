"""How `loop watch` looks."""

from __future__ import annotations

from rich.text import Text

from loop_cli.cli.render import past as render_past
from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.upkeep import Happening


def happening(one: Happening) -> Text:
    """Show one change in one line: when (UTC), who, source, entity, what."""
    text = Text(visible(one.timestamp[11:19]), style=styles.QUIET)
    if one.record is None:
        text.append("  outside", style=styles.NOTICE)
        what = Text(_words(one))
    else:
        data = one.record.data
        who = visible(f"{one.record.who}, {data.get('source')}")
        text.append(f"  {who}", style=styles.DONE)
        what = render_past.what(one.record)
    text.append(f"  {visible(one.entity_id or one.path)}", style=styles.FIELD).append("  ")
    text.append_text(what)
    return Text(" ").join(text.split("\n"))


def _words(one: Happening) -> str:
    verb = {"create": "made", "update": "edited", "delete": "removed"}[one.action]
    if one.action != "update" or not one.fields:
        return verb
    return f"{verb}: {visible(', '.join(one.fields))}"
