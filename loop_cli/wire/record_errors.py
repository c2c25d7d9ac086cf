"""What is wrong with an audit record, by its model."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.records.record import AuditRecord


def record_errors(record: AuditRecord) -> Iterator[str]:
    """A sentence for each part that is not as SPEC §6 has it."""
    from pydantic import ValidationError

    from loop_cli.wire import models

    try:
        models.AuditRecord.model_validate(record.data)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            where = ".".join(map(str, one["loc"]))
            yield f"not a valid record: {where or 'record'}: {one['msg']}"
