"""Apply the rules of the schema to one entity as it is."""

from __future__ import annotations

from loop_cli.core.check.finding import Found, as_found, is_template
from loop_cli.core.schema import field_rules
from loop_cli.core.schema.rules import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.check.finding import Subject
    from loop_cli.core.schema.rules import Rules


def findings(subject: Subject, rules: Rules) -> Iterator[Found]:
    """Return all problems of one entity. A template gets only the finding that it is one."""
    if is_template(subject.id):
        yield Found(
            rule="template",
            message=f"{subject.id} is a template, not an entity",
            allowed="paths.exclude_files of the schema takes its name",
        )
        return
    case = Case(subject.fields, subject.type, subject.id)
    yield from map(as_found, field_rules.problems(case, rules))
