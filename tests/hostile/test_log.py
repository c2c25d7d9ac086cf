"""The log replaced, closed to all but appending, or another kind of file (SPEC §6, §8)."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.errors import LoopError, StorageError, only
from loop_cli.vault.commit import staging
from loop_cli.vault.log import verify
from loop_cli.vault.log.log import AuditLog
from tests.faults.vault import Vault, change, origin
from tests.faults.wrecks import Wreck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = Vault(root=tmp_path / "vault").lay_out()
    update(vault, "priority=high")
    return vault


def update(vault: Vault, text: str) -> Any:
    return only(vault.store().commit([change(vault.id(), text)], origin=origin()))


def replace(vault: Vault) -> None:
    """As a sync tool does: the same text in a new file, under the old name."""
    new = vault.log.with_name("incoming")
    shutil.copyfile(vault.log, new)
    new.rename(vault.log)


class Replaced:
    """Has the log replaced before or after some calls of a function, the first `times` times."""

    def __init__(self, vault: Vault, times: int, *, after: bool) -> None:
        self.left = times
        self._vault = vault
        self._after = after

    def __call__(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            now = self.left > 0
            self.left -= now
            if now and not self._after:
                replace(self._vault)
            result = original(*arguments, **options)
            if now and self._after:
                replace(self._vault)
            return result

        return wrapped


STEPS = {
    "staged": (staging.StagedCommit, "stage"),
    "append": (AuditLog, "append"),
    "exchange": (staging.StagedChange, "exchange"),
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_log_that_is_replaced_meanwhile_has_the_record(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    owner, name = STEPS[step]
    hook = Replaced(vault, 1, after=after)
    monkeypatch.setattr(owner, name, hook(getattr(owner, name)))
    assert update(vault, "status=hold").changed
    assert hook.left == 0
    assert len(vault.landed()) == 2
    vault.check_chain()
    vault.check_files()
    assert vault.staged == []
    assert verify.verify(vault.store().handle).ok


@pytest.mark.parametrize("step", STEPS)
def test_a_log_that_is_replaced_all_the_time_is_an_error_and_no_change(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = vault.data()
    owner, name = STEPS[step]
    hook = Replaced(vault, 100, after=True)
    monkeypatch.setattr(owner, name, hook(getattr(owner, name)))
    with pytest.raises(StorageError, match="another program replaced the audit log") as caught:
        update(vault, "status=hold")
    assert caught.value.retryable
    monkeypatch.undo()
    assert vault.data() == before
    vault.store().find(vault.id())
    assert vault.data() == before
    assert vault.staged == []
    assert len(vault.landed()) == 1


def test_a_crash_after_the_log_was_replaced_is_taken_back(vault: Vault) -> None:
    wreck = Wreck(vault)
    copy = vault.log.read_bytes()
    wreck.record().exchange()
    vault.log.unlink()
    vault.log.write_bytes(copy)
    vault.store().find(vault.id())
    assert not wreck.is_new()
    assert vault.staged == []
    assert len(vault.landed()) == 1


@pytest.fixture
def append_only(vault: Vault) -> Iterator[Vault]:
    """The log can only be appended to, as administrators like it."""
    chattr = shutil.which("chattr")
    if chattr is None or os.geteuid() != 0:
        pytest.skip("only root with chattr makes a file append-only")
    done = subprocess.run([chattr, "+a", str(vault.log)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this file system has no append-only files")
    yield vault
    subprocess.run([chattr, "-a", str(vault.log)], check=True)


def test_a_log_that_can_only_be_appended_to_is_enough(append_only: Vault) -> None:
    assert update(append_only, "status=doing").changed
    assert len(append_only.landed()) == 2


@pytest.mark.parametrize("upto", [40, -1, None])
def test_a_crash_does_not_end_writing_to_it(append_only: Vault, upto: int | None) -> None:
    Wreck(append_only).record(upto=upto)
    assert update(append_only, "priority=medium").changed
    assert (b"status: hold" in append_only.data()) is (upto is None)
    assert append_only.staged == []
    assert update(append_only, "priority=low").changed
    assert verify.verify(append_only.store().handle).ok


KINDS: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_no_log(vault: Vault, kind: str) -> None:
    vault.log.unlink()
    KINDS[kind](vault.log)
    for work in (
        lambda: vault.store().find(vault.id()),
        lambda: update(vault, "status=hold"),
        lambda: verify.verify(vault.store().handle),
    ):
        with pytest.raises(LoopError, match="audit log"):
            work()
    assert b"status: todo" in vault.data()


@pytest.mark.parametrize("folder", [".loop", "_build"])
def test_a_folder_of_the_log_that_is_a_link_is_refused(vault: Vault, folder: str) -> None:
    if folder == "_build":
        (vault.root / "00_Meta").mkdir()
        (vault.root / "00_Meta/schema_constants.yaml").write_text("entity_types: [Task]\n")
        (vault.root / folder).mkdir()
        vault.log.rename(vault.root / folder / vault.log.name)
    (vault.root / folder).rename(vault.root / "elsewhere")
    (vault.root / folder).symlink_to("elsewhere")
    with pytest.raises(StorageError, match=f"{folder} is a link"):
        vault.store()
