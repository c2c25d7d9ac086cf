"""What is not promised: the windows that `loop help recovery` and `loop config` name are there,
and are no wider. An editor that knows no lock comes at the moment that a test chooses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from loop_cli.core.commits import CommitResult
from loop_cli.errors import ConflictError, StorageError
from loop_cli.system import platform
from loop_cli.vault.commit.staging import StagedChange
from loop_cli.vault.files import probe
from tests.faults.vault import Vault, change, etag, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    Exchange = Callable[..., Any]
    Editor = Callable[[Callable[[], None], Callable[[], None]], None]

SAVED = "Saved by an editor.\n"


def commit(vault: Vault) -> object:
    """An update of what was read now."""
    seen = etag(vault.data())
    (found,) = vault.store().commit(
        [change(vault.id(), "status=hold", if_match=seen)], origin=origin()
    )
    return found


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Has the editor do something right before and right after the entity's first exchange."""

    def comes(before: Callable[[], None], after: Callable[[], None]) -> None:
        exchange: Exchange = StagedChange.exchange
        times = iter([True])

        def watched(self: StagedChange, *lease: Any) -> None:
            first = next(times, False)
            if first:
                before()
            exchange(self, *lease)
            if first:
                after()

        monkeypatch.setattr(StagedChange, "exchange", watched)

    return comes


@pytest.fixture
def no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform.Lease, "_take", lambda _self: False)


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_places: object) -> None:
        raise platform.Unsupported

    monkeypatch.setattr(platform, "_rename", unsupported)


def nothing() -> None:
    pass


def save(vault: Vault) -> None:
    """As many editors do: in place."""
    with vault.path().open("a") as file:
        file.write(SAVED)


def save_by_rename(vault: Vault) -> None:
    other = vault.path().with_suffix(".tmp")
    other.write_bytes(vault.data() + SAVED.encode())
    other.rename(vault.path())


@pytest.mark.parametrize("saves", [save, save_by_rename])
@pytest.mark.usefixtures("no_lease")
@pytest.mark.parametrize("exchanges", [True, False])
def test_a_save_right_before_is_seen(
    vault: Vault,
    editor: Editor,
    saves: Callable[[Vault], None],
    exchanges: bool,
    request: pytest.FixtureRequest,
) -> None:
    """Also where the file system has neither lease nor exchange: compared right before."""
    if not exchanges:
        request.getfixturevalue("no_exchange")
    editor(lambda: saves(vault), nothing)
    found = commit(vault)
    assert isinstance(found, ConflictError), found
    assert SAVED.encode() in vault.data()
    assert vault.staged == []


@pytest.mark.parametrize("saves", [save, save_by_rename])
def test_a_save_right_after_stays_in_the_file(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, saves: Callable[[Vault], None]
) -> None:
    """Over what we wrote, which it may know or not: it is never taken out of the file for what
    was there before."""
    exchange: Any = platform.exchange
    times = iter([True])

    def watched(*places: Any) -> None:
        exchange(*places)
        if next(times, False):
            saves(vault)

    monkeypatch.setattr(platform, "exchange", watched)
    (found,) = vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
    assert isinstance(found, CommitResult), found
    assert vault.data().endswith(SAVED.encode())
    assert b"status: hold" in vault.data()
    assert vault.staged == []
    assert vault.kept == []
    vault.check_chain()


@pytest.mark.usefixtures("no_lease")
def test_without_leases_it_is_who_has_it_open_just_then(vault: Vault, editor: Editor) -> None:
    """What is written before the last look is seen; what is written after it is not."""
    open_files: list[TextIO] = []
    editor(lambda: open_files.append(vault.path().open("a")), nothing)
    found = commit(vault)
    assert isinstance(found, CommitResult), found
    with open_files[0] as file:
        file.write(SAVED)
    assert SAVED.encode() not in vault.data()


@pytest.mark.usefixtures("no_lease")
def test_without_leases_what_is_written_at_once_is_seen(vault: Vault, editor: Editor) -> None:
    open_files: list[TextIO] = []

    def write() -> None:
        open_files[0].write(SAVED)
        open_files[0].close()

    editor(lambda: open_files.append(vault.path().open("a")), write)
    found = commit(vault)
    assert isinstance(found, ConflictError), found
    assert SAVED.encode() in vault.data()


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_with_leases_it_is_who_has_had_it_open_for_writing(vault: Vault) -> None:
    """It is waited for 50 ms, and not for ever; what it writes later goes to the old text."""
    with vault.path().open("a") as file:
        assert not platform.Lease(str(vault.path())).held
        assert isinstance(commit(vault), CommitResult)
        file.write(SAVED)
    assert SAVED.encode() not in vault.data()


@pytest.mark.parametrize(("exchange", "lease"), list(probe._WINDOWS))
def test_config_names_the_window(
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    exchange: bool,
    lease: bool,
) -> None:
    commit(vault)
    for absent, fixture in ((exchange, "no_exchange"), (lease, "no_lease")):
        if not absent:
            request.getfixturevalue(fixture)
    found = probe.protocol(str(vault.root))
    if lease and not found["lease"]:
        pytest.skip("no leases on this file system")
    assert found == {
        "exchange": exchange, "lease": lease, "window": probe._WINDOWS[exchange, lease],
    }  # fmt: skip


def test_on_windows_it_refuses_to_write(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    before = vault.data()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "win32")
        with pytest.raises(StorageError, match="can't write on Windows"):
            commit(vault)
    assert vault.data() == before
    assert not vault.log.exists()
