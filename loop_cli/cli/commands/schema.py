"""`loop schema`: show the types, fields and rules of the vault's entities."""

from __future__ import annotations

from loop_cli.cli import context, output, unopened
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.upkeep import Allowed

EXAMPLES = """Examples:

\b
loop schema
loop schema Task
loop schema Task --json
loop schema Task --json | jq '."x-loop".writable'
loop schema allow Task rating=number
loop schema close --dry-run
"""


def schema(
    *,
    words: list[str] | None,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop schema`."""
    if words and words[0] == "allow":
        settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
        _allow(settings, words[1:], dry_run=dry_run, as_json=as_json)
        return
    if words == ["close"]:
        settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
        _close(settings, dry_run=dry_run, as_json=as_json)
        return
    if dry_run or len(words or ()) > 1:
        raise UsageError(
            "give one type, allow TYPE FIELD[=KIND], or close", hint="loop schema --help"
        )
    _show(words[0] if words else None, as_json=as_json, vault=vault)


def _allow(settings: Settings, words: list[str], *, dry_run: bool, as_json: bool) -> None:
    """Allow fields for a type; print one JSON document for each."""
    from loop_cli.core.upkeep import AllowedField

    if len(words) < 2:
        raise UsageError("which field of which type?", hint="loop schema allow Task rating=number")
    loop = context.operations(settings)
    for word in words[1:]:
        name, _equals, kind = word.partition("=")
        field = AllowedField(entity_type=words[0], name=name, kind=kind or None)
        done = loop.allow(field, dry_run=dry_run)
        if not dry_run:
            context.did("the schema allows the field")
        if not output.as_document(done.as_dict(), loop.take_warnings(), wanted=as_json):
            output.line(_said(done))


def _close(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    loop = context.operations(settings)
    done = loop.close_schema(dry_run=dry_run)
    if done.diff and not dry_run:
        context.did("the schema is closed")
    if not output.as_document(done.as_dict(), loop.take_warnings(), wanted=as_json):
        how = "would be closed" if done.dry_run else "is closed now"
        output.line(f"{done.path} {how if done.diff else 'is closed already'}")


def _said(done: Allowed) -> str:
    """Return a sentence about the change."""
    field = done.field
    if not done.diff:
        return f"{field.entity_type} has {field.name} already"
    how = "would get" if done.dry_run else "has got"
    kind = f" ({field.kind})" if field.kind else ""
    return f"{field.entity_type} {how} the field {field.name}{kind}: {', '.join(done.diff)}"


def _show(entity_type: str | None, *, as_json: bool, vault: str | None) -> None:
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
    nowhere = settings.root is None and settings.database is None
    if nowhere and settings["server"] is None and not as_json:
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
        output.page()
        output.show(render_schema.types([describe.describe(name, rules) for name in types]))
    else:
        view = describe.describe(entity_type, rules)
        output.page()
        output.show(render_schema.fields(view, is_open=rules.schema.is_open))


def _types(rules: Rules) -> tuple[str, ...]:
    """Return the types of the schema, and types that only have fields in it."""
    others = (name for name in rules.schema.known if name != "all")
    return tuple(dict.fromkeys((*rules.schema.types, *others)))
