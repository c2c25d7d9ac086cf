"""A file that could not be read and gets a whole text, killed at each call that lands it: it is
wholly as before or wholly whole, once the next command has run, and the log is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.vault.log.verify import verify
from tests.faults import programs
from tests.faults.programs import BROKEN
from tests.faults.strikes import KILLED

if TYPE_CHECKING:
    from tests.faults.tracing import Tracer
    from tests.faults.vault import Vault

CALLS = ["renameat2:{}:when=1", "unlinkat:{}:when=1", "unlinkat:{}:when=2", "fsync:{}:when=3"]


@pytest.mark.parametrize("call", CALLS)
def test_it_is_as_before_or_whole(vault: Vault, tracer: Tracer, call: str) -> None:
    path = vault.path(1)
    whole = path.read_bytes()
    broken = whole.replace(b"---\n", b"---\n" + BROKEN, 1)
    path.write_bytes(broken)
    place = programs.life(vault, "mend")

    struck = tracer(vault, place, [call.format("signal=SIGKILL")])
    after = tracer(
        vault,
        ["-m", "loop_cli", "update", vault.id(2), "priority=low", "--force", "--json"],
    )

    assert struck.code in (KILLED, 0), struck.err
    assert after.code == 0, after.err
    assert vault.staged == []
    text = path.read_bytes()
    assert text == broken or (BROKEN not in text and text.startswith(whole[:20]))
    found = verify(vault.store().handle)
    assert found.ok, found.problems
    landed = [one for one in vault.store().records() if "mended" in one.metadata]
    if text != broken:
        assert len(landed) == 1


def test_without_a_fault_it_lands(vault: Vault, tracer: Tracer) -> None:
    path = vault.path(1)
    path.write_bytes(path.read_bytes().replace(b"---\n", b"---\n" + BROKEN, 1))

    done = tracer(vault, programs.life(vault, "mend"))

    assert done.code == 0, done.err
    assert BROKEN not in path.read_bytes()
