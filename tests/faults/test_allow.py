"""A field allowed in the schema, killed at each call that lands it: the schema is wholly as before
or has the field, the record goes with it, and the log is whole once the next command has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.vault.log.verify import verify
from tests.faults.strikes import KILLED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.tracing import Tracer
    from tests.faults.vault import Vault

CALLS = [
    "renameat2:{}:when=1",
    "unlinkat:{}:when=1",
    "unlinkat:{}:when=2",
    *(f"fsync:{{}}:when={number}" for number in range(1, 7)),
    *(f"write:{{}}:when={number}" for number in range(1, 5)),
]
SCHEMA = "entity_types: [MetaHypothesis]\nknown_fields:\n  MetaHypothesis: [priority, status]\n"
ALLOW = ["-m", "loop_cli", "schema", "allow", "MetaHypothesis", "등급=number"]


@pytest.fixture
def schema(vault: Vault) -> Path:
    """The vault's own schema, without the field."""
    path = vault.root / "00_Meta/schema_constants.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SCHEMA)
    return path


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["signal=SIGKILL", "error=ENOSPC", "error=EIO"])
def test_the_schema_and_the_log_agree(
    vault: Vault, schema: Path, tracer: Tracer, call: str, fault: str
) -> None:
    struck = tracer(vault, ALLOW, [call.format(fault)])
    after = tracer(
        vault, ["-m", "loop_cli", "update", vault.id(2), "priority=low", "--force", "--json"]
    )

    assert struck.code in (KILLED, 0, 1), struck.err
    assert after.code == 0, after.err
    assert vault.staged == []
    found = verify(vault.store().handle)
    assert found.ok, found.problems
    done = [one for one in vault.store().records() if "schema" in one.metadata]
    effective = [one for one in done if not one.is_aside and one.modified_fields]
    taken_back = len(done) - len(effective)
    has_field = "등급" in schema.read_text()
    assert has_field == (len(effective) - taken_back == 1)
    assert has_field or schema.read_text() == SCHEMA


def test_without_a_fault_it_lands(vault: Vault, schema: Path, tracer: Tracer) -> None:
    done = tracer(vault, ALLOW)

    assert done.code == 0, done.err
    assert "등급" in schema.read_text()
