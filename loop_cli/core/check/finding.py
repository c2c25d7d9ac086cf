"""Findings of `loop check`, and the stable names of its rules."""

from __future__ import annotations

from loop_cli.core.entity import is_template
from loop_cli.lean.records import Struct

__all__ = [
    "ERROR",
    "RULES",
    "WARNING",
    "Finding",
    "Found",
    "Subject",
    "as_found",
    "is_template",
    "order",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.schema.problem import Problem

ERROR, WARNING = "error", "warning"

RULES: dict[str, tuple[str, str]] = {
    # rule: (severity, meaning)
    "unreadable": (
        ERROR,
        "the file can't be read as an entity: YAML, encoding, size; or a folder can't",
    ),
    "half-entity": (ERROR, "the file has an id and no type, or a type and no id"),
    "template": (WARNING, "the id has a placeholder: a template among the entities"),
    "schema-pattern": (WARNING, "a pattern of the schema that can't be used"),
    "unknown-type": (WARNING, "a type that the schema does not have"),
    "unknown-field": (ERROR, "a field that the schema does not have for the type"),
    "open-field": (WARNING, "a field that the schema does not have, but is open for"),
    "missing-field": (ERROR, "a required field is missing or empty"),
    "missing-conditional": (
        ERROR,
        "a field is required by the value of another; a warning unless it is a date",
    ),
    "wrong-type": (ERROR, "the value is not of the field's type"),
    "not-in-enumeration": (ERROR, "the value is not an allowed one"),
    "wrong-form": (ERROR, "the text is not as the schema's format rules want it"),
    "name-form": (ERROR, "the entity's name is not one plain line of text"),
    "unknown-member": (WARNING, "an assignee or owner is not listed in 00_Meta/members.yaml"),
    "id-pattern": (WARNING, "the id does not match the schema's pattern"),
    "derived-field": (WARNING, "a field that is computed is stored"),
    "forbidden-field": (ERROR, "a field that the type must not have"),
    "duplicate-key": (WARNING, "a key occurs twice; the last one counts"),
    "duplicate-id": (ERROR, "several files carry one id; a warning where ids differ only by case"),
    "duplicate-alias": (WARNING, "an alias is another entity's alias or id"),
    "dangling-reference": (ERROR, "a field names an entity that is not there"),
    "wrong-reference": (ERROR, "a field names an entity of the wrong type"),
    "circular-reference": (ERROR, "an entity is its own ancestor"),
    "dangling-link": (WARNING, "a link leads to no file of the vault"),
    "file-name": (WARNING, "the file is not named by rule A"),
    "file-place": (WARNING, "the file is not where its type belongs"),
    "sync-copy": (WARNING, "the file is named as copies that sync tools make of both sides"),
    "yaml-dialects": (WARNING, "YAML 1.1 and 1.2 read the value differently"),
    "edited-outside": (WARNING, "the file changed after its last record"),
    "gone": (WARNING, "the file of the last record is not there"),
    "old-place": (WARNING, "the log or the schema is where site generators publish it"),
    "stale-lock": (WARNING, "the vault's lock has been held for long"),
    "staged-leftover": (WARNING, "a staged file that nobody will finish"),
}


_NAMED = ("missing-field", "missing-conditional")  # the missing field that `at` would name


class Found(Struct):
    """A finding about one entity.

    `at` is the path of the field in the frontmatter, empty for the whole file. `repair` are the
    changes that repair it, if there is one right answer; they need an entity with the id and type
    of `if_there`. `mends` means: a change of the whole file repairs it. `line` is 1-based in the
    frontmatter, for findings without a field. `only_warns` makes an error of its rule a warning.
    """

    rule: str
    message: str
    at: tuple[str | int, ...] = ()
    allowed: Any = None
    nearest: tuple[str, ...] = ()
    repair: tuple[Change, ...] = ()
    if_there: tuple[str, str] | None = None
    line: int | None = None
    mends: bool = False
    only_warns: bool = False


class Finding(Struct):
    """A `Found` with its file: `path` is relative to the vault, `line` counts from 1."""

    path: str
    line: int
    found: Found
    entity_id: str | None = None
    entity_type: str | None = None

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return WARNING if self.found.only_warns else RULES[self.found.rule][0]

    @property
    def fixable(self) -> bool:
        """Whether `--fix` repairs it."""
        return self.found.mends or bool(self.found.repair)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form of one finding."""
        from loop_cli.core.names import join_dotted

        found = self.found
        names = [part for part in found.at if isinstance(part, str)]
        data: dict[str, Any] = {
            "rule": found.rule,
            "severity": self.severity,
            "path": self.path,
            "line": self.line,
            "entity_id": self.entity_id,
            "entity_type": self.entity_type,
            "field": join_dotted(names) if names else None,
            "message": found.message,
            "fixable": self.fixable,
        }
        if found.allowed is not None:
            data["allowed"] = found.allowed
        if found.nearest:
            data["nearest"] = list(found.nearest)
        return data


class Subject(Struct):
    """One entity as the rules see it; `fields` are its frontmatter."""

    id: str
    type: str
    name: str | None
    path: str
    fields: dict[str, Any]


def as_found(problem: Problem) -> Found:
    """Turn a problem of the schema's rules into a finding with the same words."""
    return Found(
        rule=problem.rule,
        message=problem.sentence if problem.at or problem.rule in _NAMED else problem.message,
        at=problem.at,
        allowed=problem.allowed,
        nearest=problem.nearest[:1],
        repair=problem.repair,
        if_there=problem.needs,
        only_warns=problem.only_warns,
    )


def order(finding: Finding) -> tuple[str, int, str, str]:
    """The sort key of findings: file, line, rule, message."""
    return finding.path, finding.line, finding.found.rule, finding.found.message
