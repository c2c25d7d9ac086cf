"""`loop config`: show every setting, its value and its source."""

from __future__ import annotations

from loop_cli.cli import context, output, unopened

EXAMPLES = """Examples:

\b
loop config
loop config --json
LOOP_LOCK_TIMEOUT=30 loop config
"""


def config(*, as_json: bool, vault: str | None) -> None:
    """Run `loop config`."""
    from loop_cli.config import KEYS

    settings = context.open_settings({"vault": vault}, need_vault=False)
    rows = [
        {
            "name": key.name,
            "value": settings[key.name],
            "origin": settings.values[key.name].origin,
            "variable": key.variable,
            "about": key.about,
        }
        for key in KEYS
    ]
    protocol = unopened.protocol(settings)
    if as_json:
        output.json_document({"settings": rows, "protocol": protocol})
        return
    from loop_cli.cli.render import entity as render

    output.page()
    output.show(render.settings(rows, protocol))
