"""A schema crosses a boundary as its file has it, and is the same schema there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.schema import portable
from loop_cli.vault import VaultLayout, schema_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sample_vaults_is_the_same_after_json(sample_vault: Path) -> None:
    schema = schema_file.load(VaultLayout(str(sample_vault)))
    names = FieldNames(id="@stem", updated="modified")

    document = json.loads(json.dumps(portable.packed(schema, names), ensure_ascii=False))

    assert portable.unpacked(document) == (schema, names)


def test_the_shipped_one_is_known_as_such() -> None:
    document = json.loads(json.dumps(portable.packed(schema_file.shipped(), FieldNames())))

    assert portable.unpacked(document)[0].shipped is True


def test_the_corpus(corpus: Path) -> None:
    schema = schema_file.load(VaultLayout(str(corpus)))

    document = json.loads(json.dumps(portable.packed(schema, FieldNames())))
    assert portable.unpacked(document)[0] == schema


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"fields": {}, "shipped": True},
        {"fields": [], "shipped": True, "sections": {}},
        {"fields": {"other": "x"}, "shipped": True, "sections": {}},
        {"fields": {}, "shipped": True, "sections": {"entity_types": 1}},
    ],
)
def test_what_is_no_schema(document: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        portable.unpacked(document)
