"""`loop schema`: what the vault's entities are made of."""

from __future__ import annotations

from loop_cli.cli import context, output, unopened
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.schema.rules import Rules

EXAMPLES = """Examples:

\b
loop schema
loop schema Task
loop schema Task --json
loop schema Task --json | jq '."x-loop".writable'
"""


def schema(*, entity_type: str | None, as_json: bool, vault: str | None) -> None:
    """Run `loop schema`."""
    from loop_cli.core import describe

    settings = context.open_settings({"vault": vault}, need_vault=False)
    rules = unopened.rules(settings)
    types = _types(rules)
    if entity_type is not None and entity_type not in types:
        from loop_cli.core.names import nearest

        close = nearest(entity_type, types, count=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(
            f"{entity_type!r} is not a type of the schema{meant}",
            hint="types: " + ", ".join(types),
        )
    if settings.root is None and not as_json:
        output.note("no vault here: this is the schema that ships with loop")
    if as_json:
        output.json_document(
            describe.json_schema_of_all(types, rules)
            if entity_type is None
            else describe.json_schema(describe.describe(entity_type, rules), rules)
        )
        return
    from loop_cli.cli.render import schema as render_schema

    if entity_type is None:
        output.show(render_schema.types([describe.describe(name, rules) for name in types]))
    else:
        output.show(render_schema.fields(describe.describe(entity_type, rules)))


def _types(rules: Rules) -> tuple[str, ...]:
    """The types of the schema, and those that it has fields of without listing them."""
    others = (name for name in rules.schema.known if name != "all")
    return tuple(dict.fromkeys((*rules.schema.types, *others)))
