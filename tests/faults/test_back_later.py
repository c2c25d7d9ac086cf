"""Two faults at once: another program writes to the file that we exchange, and our exchange can't
be taken back. The change is refused in words, and never tried again on what is to go back.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.commits import Delete
from loop_cli.core.entity import Precondition
from loop_cli.errors import StorageError
from loop_cli.system import platform
from loop_cli.vault.commit import landing
from tests.faults.vault import Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.commits import AnyChange

CHANGES: dict[str, Callable[[Vault], AnyChange]] = {
    "update": lambda vault: change(vault.id(), "status=hold"),
    "delete": lambda vault: Delete(
        entity_id=vault.id(), precondition=Precondition(forced=True), orphan=True
    ),
}


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), MemoryError])
@pytest.mark.parametrize("wanted", CHANGES.values(), ids=list(CHANGES))
def test_what_can_not_be_taken_back_yet_is_an_error(
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    wanted: Callable[[Vault], AnyChange],
    failure: Any,
) -> None:
    before, records = vault.data(), len(vault.landed())
    writer = iter([False])
    monkeypatch.setattr(landing, "_came_out_as_before", lambda *_: next(writer, True))
    for name in ("exchange", "move"):
        monkeypatch.setattr(platform, name, _once(getattr(platform, name), failure))

    (outcome,) = vault.store().commit([wanted(vault)], origin=origin())
    assert isinstance(outcome, StorageError)
    assert "the next command takes it back" in outcome.message

    monkeypatch.undo()
    assert vault.store().find(vault.id()).raw == before
    assert len(vault.landed()) == records
    assert vault.staged == []
    vault.check_chain()
    vault.check_files()


def _once(call: Callable[..., Any], failure: Any) -> Callable[..., Any]:
    """The first call is made, and all later ones fail."""
    left = iter([True])

    def made(*arguments: Any) -> Any:
        if not next(left, False):
            raise failure
        return call(*arguments)

    return made
