"""The models are strict where the contract is strict, and grow where it grows."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from loop_cli.core.records import record as audit
from loop_cli.wire import (
    base as models_base,
)
from loop_cli.wire import (
    check as models_check,
)
from loop_cli.wire import (
    find as models_find,
)
from loop_cli.wire import (
    life as models_life,
)
from loop_cli.wire import (
    models,
)
from loop_cli.wire import (
    past as models_past,
)

ENTITY: dict[str, Any] = {
    "entity_id": "tsk-019-14",
    "entity_type": "Task",
    "path": "50_Projects/tsk-019-14.md",
    "updated_at": "2026-01-09T05:12:44.018275Z",
    "etag": "9f2c51d0a7b3e4f8",
    "fields": {"status": "todo"},
    "body": "",
}
RECORD: dict[str, Any] = {
    "run_id": "3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11",
    "timestamp": "2026-01-09T14:35:10.123456Z",
    "actor": "user:개발팀",
    "source": "cli",
    "entity_type": "Task",
    "entity_id": "tsk-019-14",
    "entity_name": None,
    "action": "update",
    "modified_fields": ["status"],
    "diff": {"status": {"old": "todo", "new": "done"}},
    "metadata": {
        "path": "50_Projects/tsk-019-14.md",
        "etag_before": "9f2c51d0a7b3e4f8",
        "etag_after": "0000000000000000",
        "updated_before": "2026-01-09T14:30:45.000000Z",
        "updated_after": "2026-01-09T14:35:10.123456Z",
        "precondition": "etag",
        "previous": None,
        "tty": False,
        "invoked_by": "bash",
    },
}
MODELS = [
    model
    for module in (models, models_check, models_find, models_life, models_past)
    for model in vars(module).values()
    if isinstance(model, type)
    and issubclass(model, BaseModel)
    and model not in (BaseModel, models_base.Shape, models_base.GrowingShape)
]


def test_doors_and_actions_are_those_of_the_program() -> None:
    assert get_args(models_base.Source) == audit.SOURCES
    assert get_args(models_base.Action) == audit.ACTIONS


def test_the_plain_shapes_are_accepted() -> None:
    assert models.EntityDocument.model_validate(ENTITY).etag == "9f2c51d0a7b3e4f8"
    assert models.AuditRecord.model_validate(RECORD).metadata.forced is True  # the default
    assert "forced" not in models.AuditRecord.model_validate(RECORD).metadata.model_fields_set


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("updated_at", "2026-01-09T05:12:44Z"),
        ("updated_at", "2026-01-09T05:12:44.018275+00:00"),
        ("etag", "9F2C51D0A7B3E4F8"),
        ("etag", "9f2c"),
        ("entity_id", 14),
        ("body", None),
        ("warnings", []),
        ("another", 1),
    ],
)
def test_an_entity_is_strict(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        models.EntityDocument.model_validate({**ENTITY, key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run_id", "3f0c2a52-5d0c-1a0e-9a43-0f6f7c1f4a11"),
        ("timestamp", "2026-01-09"),
        ("actor", "개발팀"),
        ("source", "web"),
        ("action", "edit"),
        ("diff", {"status": {"new": 1}}),
        ("diff", {"status": {"old": 1, "new": 2, "added": False}}),
        ("another", 1),
    ],
)
def test_a_record_is_strict(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        models.AuditRecord.model_validate({**RECORD, key: value})


@pytest.mark.parametrize(
    ("more", "valid"),
    [
        ({"precondition": "none", "forced": True}, True),
        ({"rebased_from": {"updated_at": "2026-01-09", "etag": None}}, True),
        ({"group": {"id": "x", "index": 0, "count": 2}}, True),
        ({"rolled_back": "0" * 64, "previous": "1" * 64}, True),
        ({"migrated_from": "n8n"}, True),
        ({"etag_before": None, "updated_before": None}, True),
        ({"precondition": "maybe"}, False),
        ({"previous": "1" * 16}, False),
        ({"forced": False}, False),
    ],
)
def test_metadata_grows_but_what_it_has_is_strict(more: dict[str, Any], valid: bool) -> None:
    record = {**RECORD, "metadata": {**RECORD["metadata"], **more}}
    if valid:
        assert models.AuditRecord.model_validate(record).metadata.model_fields_set >= more.keys()
    else:
        with pytest.raises(ValidationError):
            models.AuditRecord.model_validate(record)


def test_an_error_grows_but_has_its_four_keys() -> None:
    error: dict[str, Any] = {"error": "x", "code": "io", "retryable": False, "hint": None}
    assert models.ErrorDocument.model_validate({**error, "path": "y"}).code == "io"
    for key in error:
        with pytest.raises(ValidationError):
            models.ErrorDocument.model_validate({k: v for k, v in error.items() if k != key})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_shape_is_documented(model: type[BaseModel]) -> None:
    assert "SPEC §" in (model.__doc__ or "")
    fields = model.model_fields
    narrowed = {"error", "code", "retryable", "hint"}  # described where they are declared
    bare = {name for name, field in fields.items() if not field.description}
    assert bare <= narrowed
