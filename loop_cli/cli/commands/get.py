"""`loop get`: show an entity."""

from __future__ import annotations

import sys

from loop_cli.cli import context, output
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.cli.shape import Text
    from loop_cli.core.entity import Entity
    from loop_cli.operations.boundary import EntityOperations

EXAMPLES = """Examples:

\b
loop get tsk-019-14
loop get tsk-019-14 --json
loop get tsk-019-14 --field status --field etag
loop get tsk-019-14 tsk-019-07 --json=entity_id,status
loop get tsk-019-14 --template '{{ entity_name }}: {{ status | upper }}'
loop get 60_Hypotheses/2026/hyp-1-01.md
loop get hyp-1-01 --path 60_Hypotheses/2026/hyp-1-01.md
"""


def get(
    *,
    entity_id: list[str],
    as_json: bool | str,
    template: str | None,
    as_yaml: bool,
    raw: bool,
    field: list[str] | None,
    path: str | None,
    body: bool,
    vault: str | None,
) -> None:
    """Run `loop get`."""
    path_only = path == ""
    modes = [as_json is not False, as_yaml, raw, bool(field), path_only, template is not None]
    if sum(modes) > 1:
        raise UsageError("choose one of --json, --yaml, --raw, --field, --path and --template")
    settings = context.open_settings({"vault": vault})
    loop = context.entity_operations(settings)
    if len(entity_id) > 1 and (raw or path):
        raise UsageError("--raw and --path FILE are for one entity")
    shaped = _shaper(as_json, template, loop)
    named = [context.named(settings, loop, one, path) for one in entity_id]
    found = [loop.get(one, path=there) for one, there in named]
    for number, entity in enumerate(found):
        warnings = [*entity.warnings, *loop.take_warnings()]
        if shaped is not None:
            output.warn(warnings)
            output.write(shaped(entity))
            continue
        if output.as_document(entity.as_dict(), warnings, wanted=as_json is True):
            continue
        if number and not (field or path_only):
            output.line("---" if as_yaml else "")
        if raw:
            output.write_raw(entity.raw)
        elif path_only:
            output.line(entity.path)
        else:
            _show(entity, loop, as_yaml=as_yaml, field=field, body=body)


def _shaper(
    as_json: bool | str, template: str | None, loop: EntityOperations
) -> Callable[[Entity], str] | None:
    """What prints an entity in the shape that is asked for; None for one of the usual ones. Raises
    `UsageError`."""
    if isinstance(as_json, bool) and template is None:
        return None
    from loop_cli.cli import shape

    text = shape.template_of(template)
    if text is not None:
        return lambda entity: _templated(entity, text, loop)
    names = shape.fields_of(as_json)
    return lambda entity: (
        output.json_text({name: _value(entity, name, loop) for name in names}) + "\n"
    )


def _templated(entity: Entity, text: Text, loop: EntityOperations) -> str:
    from loop_cli.core.names import BODY, join_dotted

    for name in text.names:
        if name != BODY:
            _value(entity, join_dotted((name,)), loop)  # so that a wrong name is said
    return text(entity.as_dict(), entity.name)


def _show(
    entity: Entity, loop: EntityOperations, *, as_yaml: bool, field: list[str] | None, body: bool
) -> None:
    if field == ["body"] and not output.is_terminal(sys.stdout):
        output.write(entity.body)  # all of it and nothing else, so that it can be put back
    elif field:
        for name in field:
            output.line(_bare_at(entity, name, _value(entity, name, loop)))
    elif as_yaml:
        output.write(_as_yaml(entity))
    else:
        from loop_cli.cli.render import entity as render
        from loop_cli.cli.render import styles

        # A pipe has no width for a layout.
        formatted = output.is_terminal(sys.stdout) and not styles.is_plain()
        output.page()
        output.show(render.entity(entity, loop.schema, with_body=body, formatted=formatted))


def _value(entity: Entity, name: str, loop: EntityOperations) -> Any:
    own = {
        "etag": entity.revision.etag,
        "updated_at": entity.revision.updated_at,
        "path": entity.path,
        "body": entity.body,
        "entity_id": entity.id,
        "entity_type": entity.type,
    }
    if name in own:
        return own[name]
    from loop_cli.core.diff import MISSING, value_at
    from loop_cli.core.names import NAME, join_dotted, nearest, split_dotted

    path = split_dotted(name)
    value = value_at(entity.fields, path)
    if value is not MISSING:
        return value
    if name == NAME:  # what every entity has, whatever field the vault has it in
        return entity.name
    known = (*entity.fields, *loop.schema.known_fields(entity.type))
    parent = value_at(entity.fields, path[:-1])
    if path[0] in known and (len(path) == 1 or parent in (None, MISSING)):
        return None
    if isinstance(parent, dict) and len(path) > 1:
        known = tuple(join_dotted((*path[:-1], str(key))) for key in parent)
    close = nearest(name, (*known, *own))
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(f"{entity.id} has no field {name!r}{meant}")


def _bare_at(entity: Entity, name: str, value: Any) -> str:
    """The bare value; a number with the digits that stand in the file."""
    if isinstance(value, int | float) and not isinstance(value, bool) and entity.has_bytes:
        from loop_cli.core.names import split_dotted
        from loop_cli.markdown import document, spelling

        yaml = document.split_any(entity.raw.decode()).yaml
        return spelling.token_at(yaml, split_dotted(name)) or _bare(value)
    return _bare(value)


def _bare(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else output.json_text(value)


def _as_yaml(entity: Entity) -> str:
    """Return the JSON document as YAML that YAML 1.1 and 1.2 read the same."""
    import json

    from loop_cli.markdown import patch

    document = json.loads(output.json_text(entity.as_dict()))
    return patch.compose(document)
