"""What `--path` names may lie where nobody looks for entities, in the archive say. A change there
is finished or undone after a crash like any other; nothing new begins there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.commits import Create, Delete, Move, Restore
from loop_cli.core.entity import Precondition
from loop_cli.errors import InvalidChange, LoopError
from tests.faults.crashes import STEPS, crashing
from tests.faults.vault import PLAIN, Vault, change, origin

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.commits import AnyChange

ARCHIVED = "90_Archive/깊은/곳/x-1.md"
PLACES = [ARCHIVED, "00_Meta/_TEMPLATES/x-1.md", "50_Projects/README.md"]
FORCED = Precondition(forced=True)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(root=tmp_path / "vault", count=1).lay_out()


def put(vault: Vault, path: str) -> bytes:
    place = vault.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(PLAIN.format(id="x-1").encode())
    return place.read_bytes()


def crashed(vault: Vault, wanted: AnyChange, step: str, *, after: bool) -> list[Any]:
    """The records that hold after a crash at a step, and the recovery."""
    before = len(vault.records())
    with crashing(step, call=1, after=after):
        vault.store().commit([wanted], origin=origin())
    store = vault.store()
    list(store.records())
    assert store.take_warnings() == []
    assert vault.staged_anywhere == []
    vault.check_chain()
    new = [data for _digest, data in vault.records()[before:]]
    undone = [one for one in new if "rolled_back" in one["metadata"]]
    return new[: len(new) - 2 * len(undone)]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_an_update_is_finished_or_undone(vault: Vault, path: str, step: str, after: bool) -> None:
    old = put(vault, path)
    wanted = change("x-1", "status=hold").replace(path=path)

    landed = crashed(vault, wanted, step, after=after)
    assert ((vault.root / path).read_bytes() == old) is not bool(landed)
    assert vault.store().find("x-1", path=path).fields["status"] == ("hold" if landed else "todo")


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_deletion_and_its_undo_are(vault: Vault, path: str, step: str, after: bool) -> None:
    old = put(vault, path)
    wanted = Delete(entity_id="x-1", path=path, precondition=FORCED)

    landed = crashed(vault, wanted, step, after=after)
    assert (vault.root / path).exists() is not bool(landed)
    if not landed:
        vault.store().commit([wanted], origin=origin())
    (record,) = [one for one in vault.store().records("x-1") if one.data["action"] == "delete"][:1]
    landed = crashed(vault, Restore(record=record), step, after=after)
    assert (vault.root / path).exists() is bool(landed)
    if landed:
        assert (vault.root / path).read_bytes() == old


@pytest.mark.parametrize("path", PLACES)
def test_nothing_new_begins_there(vault: Vault, path: str) -> None:
    wanted = Create(
        entity_id="x-1",
        entity_type="MetaHypothesis",
        path=path,
        fields={},
        template=PLAIN.format(id="x-1"),
    )
    (outcome,) = vault.store().commit([wanted], origin=origin())
    assert isinstance(outcome, InvalidChange)
    (problem,) = outcome.details["problems"]
    assert (problem["field"], problem["problem"]) == ("path", "no_place")
    assert not (vault.root / path).exists()


def test_a_move_leads_to_the_archive_and_nowhere_else(vault: Vault) -> None:
    put(vault, "50_Projects/x-1.md")
    for path in PLACES[1:]:
        wanted = Move(**{**change("x-1", "status=hold").__dict__, "to": path})
        (outcome,) = vault.store().commit([wanted], origin=origin())
        assert isinstance(outcome, LoopError)
        assert "place" in outcome.message
    wanted = Move(**{**change("x-1", "status=hold").__dict__, "to": ARCHIVED})
    (outcome,) = vault.store().commit([wanted], origin=origin())
    assert not isinstance(outcome, LoopError)
