"""What a check on a server found, rebuilt from its document."""

from __future__ import annotations

from loop_cli.core.changes import Change
from loop_cli.core.check.finding import RULES, WARNING, Finding, Found
from loop_cli.core.check.report import Checked, PassedOver
from loop_cli.core.names import split_dotted
from loop_cli.remote import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REPAIR = (Change(path=(), operation="rewrite", implied=True),)
"""What stands for a repair that only the vault's files tell."""


def checked(document: Any) -> Checked:
    """What a document of `loop check --json` tells. Raises `BadAnswer`."""
    findings = tuple(_finding(one) for one in rebuilt.objects(document, "findings"))
    files, entities = document.get("files"), document.get("entities")
    if not isinstance(files, int) or not isinstance(entities, int):
        raise rebuilt.bad_answer()
    passed = document.get("passed_over")
    told = passed if isinstance(passed, dict) else {}
    names = {name: tuple(map(str, told.get(name, ()))) for name in PassedOver._fields}
    return Checked(
        files=files,
        entities=entities,
        findings=findings,
        etags={},
        mended={},
        passed=PassedOver(**names),
    )


def _finding(one: dict[str, Any]) -> Finding:
    said = rebuilt.texts(one, "rule", "path", "message")
    line, field, nearest = one.get("line"), one.get("field"), one.get("nearest")
    if said["rule"] not in RULES or not isinstance(line, int):
        raise rebuilt.bad_answer()
    found = Found(
        rule=said["rule"],
        message=rebuilt.sentence(said["message"], one.get("message_parts")),
        at=split_dotted(field) if isinstance(field, str) else (),
        allowed=one.get("allowed"),
        nearest=tuple(map(str, nearest)) if isinstance(nearest, list) else (),
        repair=_REPAIR if one.get("fixable") is True else (),
        only_warns=one.get("severity") == WARNING,
    )
    names = (one.get("entity_id"), one.get("entity_type"))
    entity_id, entity_type = (one if isinstance(one, str) else None for one in names)
    return Finding(
        path=said["path"], line=line, found=found, entity_id=entity_id, entity_type=entity_type
    )
