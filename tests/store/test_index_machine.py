"""A cache that is kept through whatever happens to files: it says what reading all of them says."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from loop_cli.core.names import nfc
from loop_cli.planning.resolution import aliases
from loop_cli.vault.index import index as index_module
from tests.store.folder import OLD, Folder, entity, outcome

if TYPE_CHECKING:
    import pytest

IDS = ("t-1", "t-2", "가나-1", "가나-2")
FOLDERS = ("a", "a/b", "c", "d 라")
NAMES = ("1.md", "2.md", "t-1.md", "가.md")
SHORT = 15 * 10**6  # nanoseconds in which a file is young here: some ticks of the system's clock


class Files(RuleBasedStateMachine):
    """Random work on a vault's files; one store keeps its cache all along."""

    paths: Bundle[str] = Bundle("paths")
    compared = 0  # how often a kept cache and a fresh one were

    @initialize(target=paths)
    def begin(self) -> str:
        self.folder = Path(tempfile.mkdtemp())
        self.vault = Folder(self.folder)
        self.backups: dict[str, bytes] = {}
        return self._put("a/1.md", entity("t-1", "status: todo"))

    @rule(
        target=paths,
        folder=st.sampled_from(FOLDERS),
        name=st.sampled_from(NAMES),
        entity_id=st.sampled_from(IDS),
        status=st.sampled_from(("todo", "done", "hold")),
        alias=st.sampled_from((None, "t-2", "x")),
    )
    def write(self, folder: str, name: str, entity_id: str, status: str, alias: str | None) -> str:
        more = [] if alias is None else [f"aliases: {alias}"]
        return self._put(f"{folder}/{name}", entity(entity_id, f"status: {status}", *more))

    @rule(path=paths, status=st.sampled_from(("todo", "done", "hold")))
    def overwrite_with_the_same_size_and_time(self, path: str, status: str) -> None:
        place = self.vault.root / path
        if place.exists():
            before = place.stat()
            lines = place.read_bytes().split(b"\n")
            same = [b"status: " + status.encode() if b"status" in one else one for one in lines]
            place.write_bytes(b"\n".join(same))
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(
        path=paths, text=st.sampled_from((b"", b"no entity", b"---\nentity_id: t-1\nx: [\n---\n"))
    )
    def break_it(self, path: str, text: bytes) -> None:
        if (self.vault.root / path).exists():
            self.vault.put(path, text)

    @rule(path=paths)
    def restore_with_an_old_time(self, path: str) -> None:
        aside = self.folder / "restored"
        aside.write_bytes(self.backups.get(path, b""))
        os.utime(aside, ns=(OLD, OLD))
        place = self.vault.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(place)

    @rule(target=paths, path=paths, folder=st.sampled_from(FOLDERS), name=st.sampled_from(NAMES))
    def rename(self, path: str, folder: str, name: str) -> str:
        source, target = self.vault.root / path, self.vault.root / folder / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
        return f"{folder}/{name}"

    @rule(path=paths)
    def delete(self, path: str) -> None:
        (self.vault.root / path).unlink(missing_ok=True)

    @rule(source=st.sampled_from(FOLDERS), to=st.sampled_from(("e", "a", "c/f")))
    def move_a_folder(self, source: str, to: str) -> None:
        there, place = self.vault.root / source, self.vault.root / to
        if there.exists() and not place.exists() and not to.startswith(f"{source}/"):
            place.parent.mkdir(parents=True, exist_ok=True)
            there.rename(place)

    @rule(entity_id=st.sampled_from(IDS))
    def find_before_anybody_lists(self, entity_id: str) -> None:
        """A copy in another folder may be unknown till then; what is found is the one meant."""
        found = outcome(self.vault.store(), entity_id)
        if not isinstance(found, tuple):
            assert entity_id in (nfc(found.id), *aliases(found.fields))  # type: ignore[attr-defined]
            assert (self.vault.root / found.path).read_bytes() == found.raw  # type: ignore[attr-defined]

    @rule()
    def lose_the_cache(self) -> None:
        shutil.rmtree(self.vault.cache, ignore_errors=True)

    @invariant()
    def a_list_and_then_every_find_are_as_without_a_cache(self) -> None:
        self.vault.check(*IDS, "x")
        Files.compared += 1

    def _put(self, path: str, data: bytes) -> str:
        self.backups.setdefault(path, data)
        self.vault.put(path, data)
        return path

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


def test_a_kept_cache_says_what_the_files_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "YOUNG", SHORT)
    Files.TestCase.settings = settings(
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Files.compared = 0

    Files.TestCase("runTest").runTest()

    assert Files.compared > 15
