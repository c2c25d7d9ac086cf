"""A full disk, a folder or a log that refuses, modes, owners and links."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.errors import LoopError, StorageError
from tests.faults.vault import REPOSITORY, Vault, change, etag, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
GROUP = 12345

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as somebody else")


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def loop(vault: Vault, *arguments: str, user: int = NOBODY) -> tuple[int, Any]:
    """The program run by somebody without privileges; its exit code and JSON.

    That user may not be able to read where the interpreter lies: so everything is used once
    on another vault, which imports it, before the rights are given up."""
    warm = Path(tempfile.mkdtemp(dir=vault.root.parent)) / "warm"
    warm.parent.chmod(0o755)  # it is HOME, too: what is there is not for others to write
    Vault(root=warm).lay_out()
    program = (
        "import contextlib, os; from loop_cli.cli import start\n"
        "with open(os.devnull, 'w') as null, contextlib.redirect_stdout(null), "
        "contextlib.redirect_stderr(null):\n"
        f"    for more in (['--force'], ['--if-match', '0' * 16]):\n"
        f"        start.run(['update', {vault.id()!r}, 'status=hold', '--json',"
        f" '--vault', {str(warm)!r}, *more])\n"
        f"    start.run(['get', {vault.id()!r}, '--json', '--vault', {str(warm)!r}])\n"
        "    import json, loop_cli.vault.commit.recovery\n"
        f"os.setgroups([]); os.setgid({user}); os.setuid({user}); start.main({list(arguments)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(warm.parent),
            "LOOP_VAULT": str(vault.root),
        },
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    text = (done.stdout or done.stderr).decode()
    assert text.count("\n") == 1, text
    return done.returncode, json.loads(text)


def update(vault: Vault, *more: str) -> tuple[int, Any]:
    return loop(vault, "update", vault.id(), "status=hold", "--force", "--json", *more)


def set_owner(path: Path, user: int) -> None:
    os.chown(path, user, user)
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)


@pytest.fixture
def theirs() -> Iterator[Vault]:
    """A vault of an unprivileged user, written to before; where that user can get to."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        vault = Vault(root=Path(folder) / "vault").lay_out()
        vault.store().commit([change(vault.id(), "status=doing")], origin=origin())
        set_owner(vault.root, NOBODY)
        yield vault


def refuse_entity_folder(vault: Vault) -> Path:
    return vault.path().parent


def refuse_log_folder_and_log(vault: Vault) -> Path:
    return vault.log


def refuse_staging(vault: Vault) -> Path:
    return vault.root / ".loop" / "staged"


def refuse_lock(vault: Vault) -> Path:
    return vault.root / ".loop" / "lock"


@as_root
class TestRefused:
    @pytest.mark.parametrize(
        "place", [refuse_entity_folder, refuse_log_folder_and_log, refuse_staging, refuse_lock]
    )
    def test_one_clear_error_and_nothing_lost(
        self, theirs: Vault, place: Callable[[Vault], Path]
    ) -> None:
        path = place(theirs)
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode & ~0o222)
        before = theirs.data()
        code, error = update(theirs)
        assert (code, error["code"]) == (1, "io"), error
        assert "Permission denied" in error["error"]
        assert theirs.data() == before
        assert len(theirs.landed(1)) == 1
        path.chmod(mode)
        assert update(theirs)[0] == 0
        theirs.check_files()
        theirs.check_chain()
        assert theirs.staged == []

    def test_who_may_only_read_can_read(self, theirs: Vault) -> None:
        set_owner(theirs.root, 0)
        theirs.log.chmod(0o644)
        code, entity = loop(theirs, "get", theirs.id(), "--json")
        assert code == 0, entity
        assert entity["etag"] == etag(theirs.data())

    def test_the_log_is_private(self, theirs: Vault) -> None:
        set_owner(theirs.root, 0)
        code, error = loop(theirs, "get", theirs.id(), "--json")
        assert (code, error["code"]) == (1, "io")
        assert "log" in error["error"]


@as_root
class TestFullDisk:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[Vault]:
        """A vault on a file system of 128 KiB."""
        place = tmp_path / "small"
        place.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip("a file system can't be mounted here")
        yield Vault(root=place / "vault").lay_out()
        subprocess.run(["umount", str(place)], check=True)

    @staticmethod
    def fill(vault: Vault, *, leaving: int) -> Path:
        filler = vault.root.parent / "filler"
        with filler.open("wb", buffering=0) as file:
            free = os.statvfs(vault.root)
            file.write(b"x" * (free.f_bavail * free.f_frsize - leaving))
        return filler

    @pytest.mark.parametrize("used", [False, True])
    @pytest.mark.parametrize("pages", range(4))
    def test_nothing_is_lost_and_it_works_again(self, small: Vault, used: bool, pages: int) -> None:
        if used:
            small.store().commit([change(small.id(), "status=doing")], origin=origin())
        page = os.statvfs(small.root).f_frsize
        filler = self.fill(small, leaving=pages * page)
        before, landed = small.data(), len(small.landed())
        try:
            (outcome,) = small.store().commit([change(small.id(), "status=hold")], origin=origin())
        except StorageError as error:
            outcome = error
        if isinstance(outcome, LoopError):
            assert "No space left" in str(outcome)
            assert small.data() == before
            assert len(small.landed()) == landed
        filler.unlink()
        entity = small.store().find(small.id())
        wanted = change(small.id(), "status=blocked", if_match=entity.revision.etag)
        (outcome,) = small.store().commit([wanted], origin=origin())
        assert not isinstance(outcome, LoopError)
        assert small.staged == []
        small.check_files()
        small.check_chain()


@as_root
class TestOtherDevice:
    @pytest.fixture
    def mounted(self, vault: Vault) -> Iterator[Vault]:
        """A vault whose tasks lie on a mount of their own."""
        place = vault.path().parent
        texts = {number: vault.data(number) for number in (1, 2)}
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip("a file system can't be mounted here")
        for number, text in texts.items():
            vault.path(number).write_bytes(text)
        yield vault
        subprocess.run(["umount", str(place)], check=True)

    @pytest.fixture
    def bound(self, vault: Vault, tmp_path: Path) -> Iterator[Vault]:
        """The same with a mount of the same device, which no device number tells."""
        place = vault.path().parent
        place.rename(elsewhere := tmp_path / "elsewhere")
        place.mkdir()
        done = subprocess.run(
            ["mount", "--bind", str(elsewhere), str(place)], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip("nothing can be mounted here")
        yield vault
        subprocess.run(["umount", str(place)], check=True)

    @pytest.mark.parametrize("kind", ["mounted", "bound"])
    def test_staged_beside_the_entity(self, kind: str, request: pytest.FixtureRequest) -> None:
        vault: Vault = request.getfixturevalue(kind)
        wanted = [change(vault.id(number), "status=hold") for number in (1, 2)]
        vault.store().commit(wanted, origin=origin(), atomic=True)
        assert vault.staged == []
        vault.check_files()
        assert len(vault.landed()) == 2


class TestModes:
    def test_entity_keeps_its_mode(self, vault: Vault) -> None:
        vault.path().chmod(0o640)
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        assert stat.S_IMODE(vault.path().stat().st_mode) == 0o640

    @as_root
    def test_entity_keeps_its_owner(self, vault: Vault) -> None:
        os.chown(vault.path(), NOBODY, GROUP)
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        status = vault.path().stat()
        assert (status.st_uid, status.st_gid) == (NOBODY, GROUP)

    @pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no attributes on this system")
    def test_entity_keeps_its_attributes(self, vault: Vault) -> None:
        try:
            os.setxattr(vault.path(), "user.colour", b"green")
        except OSError:
            pytest.skip("no attributes on this file system")
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        assert os.getxattr(vault.path(), "user.colour") == b"green"

    def test_log_and_lock_are_private(self, vault: Vault) -> None:
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        for path in (vault.log, vault.root / ".loop" / "lock"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((vault.root / ".loop" / "staged").stat().st_mode) == 0o700

    @as_root
    def test_a_group_that_may_write_shares_them(self, vault: Vault) -> None:
        os.chown(vault.root, -1, GROUP)
        vault.root.chmod(0o2770)
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        loop_folder = vault.root / ".loop"
        for path in (vault.log, loop_folder / "lock"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert path.stat().st_gid == GROUP
        for path in (loop_folder, loop_folder / "staged", vault.log.parent):
            assert path.stat().st_mode & 0o070 == 0o070
            assert path.stat().st_gid == GROUP


class TestLinks:
    def test_another_name_of_the_file_keeps_the_old_text(self, vault: Vault) -> None:
        other = vault.root / "other.txt"
        other.hardlink_to(vault.path())
        before = vault.data()
        vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        assert other.read_bytes() == before
        vault.check_files()

    def test_a_link_to_an_entity_of_the_vault_stays_a_link(self, vault: Vault) -> None:
        link = vault.root / "link.md"
        link.symlink_to(vault.path())
        wanted = change(vault.id(), "status=hold").replace(path="link.md")
        (outcome,) = vault.store().commit([wanted], origin=origin())
        assert not isinstance(outcome, LoopError), outcome
        assert link.is_symlink()
        vault.check_files()
        assert vault.landed()[0]["metadata"]["path"] == str(vault.path().relative_to(vault.root))

    def test_two_names_of_one_file_are_refused_in_a_group(self, vault: Vault) -> None:
        other = vault.path().with_name("other.md")
        other.hardlink_to(vault.path())
        wanted = [
            change(vault.id(), "status=hold").replace(path=str(path.relative_to(vault.root)))
            for path in (vault.path(), other)
        ]
        with pytest.raises(LoopError, match="one file"):
            vault.store().commit(wanted, origin=origin(), atomic=True)
        assert vault.data() == vault.original()
        assert vault.landed() == [] and vault.staged == []
