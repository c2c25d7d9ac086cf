"""`loop create`: make an entity."""

from __future__ import annotations

from loop_cli.cli import context, inputs, output
from loop_cli.core import changes
from loop_cli.operations.create import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.boundary import Operations

PLAIN = "plain"
EXAMPLES = """loop fills in the id, the place, and the fields that the schema implies. At a terminal
it asks for missing required fields.

Examples:

\b
loop create Task --name '로그인 화면' 'project_id=prj-019' 'assignee=개발팀'
loop create Project --name '새 안내서' 'owner=개발팀' 'parent_id=trk-1' \\
    'conditions_3y=cond-a' 'expected_impact:={"metric": "문의 수"}'
loop create Task --name '정리' 'project_id=prj-019' 'assignee=개발팀' --idempotency-key job-7 --json
loop create Hypothesis --name '한 화면' 'parent_id=trk-1' 'hypothesis_question=더 빠른가?' --dry-run
"""


def create(
    *,
    entity_type: str,
    fields: list[str] | None,
    name: str | None,
    template: str | None,
    body_file: str | None,
    given_id: str | None,
    idempotency_key: str | None,
    dry_run: bool,
    as_json: bool,
    no_input: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop create`."""
    read = inputs.Reader()
    parsed = changes.parse_changes(fields or (), read=read)
    body = None if body_file is None else read(body_file)
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    kind = loop.rules.spelling(entity_type)
    request = Request(
        entity_type=entity_type,
        name=name,
        now=context.now(),
        fields=parsed,
        entity_id=given_id,
        template=_template(template, kind, loop, read),
        body=body,
        key=idempotency_key,
    )
    ask = None
    if output.may_ask(as_json=as_json, no_input=no_input):
        from loop_cli.cli.prompt import missing_fields

        ask = missing_fields.ask
    result = loop.create(request, ask=ask, dry_run=dry_run)
    warnings = [*result.warnings, *loop.take_warnings()]
    if not output.as_document(result.as_dict(), warnings, wanted=as_json):
        from loop_cli.cli.render import life as render_life

        output.show(render_life.made(result))


def _template(
    given: str | None, kind: str, loop: Operations, read: inputs.Reader
) -> tuple[str, str] | None:
    """Return the template's text and its name; None for the built-in one."""
    if given == PLAIN:
        return None
    return loop.template(kind) if given is None else (read(given), given)
