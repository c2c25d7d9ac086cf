"""Entities that come, go, move and come back, against a simple model: with crashes anywhere,
other programs at the files, and a clock that jumps."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from loop_cli.core import timestamps
from loop_cli.core.commits import Create, Delete, Move, Restore
from loop_cli.core.entity import Precondition
from loop_cli.errors import EntityNotFound, LoopError
from tests.faults.crashes import START, STEPS, crashing
from tests.faults.vault import FOLDER, PLAIN, Vault, change, etag, origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.commits import AnyChange
    from loop_cli.core.records.record import AuditRecord

IDS = ("tsk-001-01", "tsk-001-02", "tsk-001-03")
FOLDERS = (FOLDER, "50_Projects/새/Tasks", "90_Archive/깊은/곳")

ids = st.sampled_from(IDS)
folders = st.sampled_from(FOLDERS)
crashes = st.none() | st.tuples(st.sampled_from(sorted(STEPS)), st.integers(1, 4), st.booleans())


class LifeMachine(RuleBasedStateMachine):
    """`there` is where each entity must be, with its bytes, None where it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = START

    @initialize()
    def lay_out(self) -> None:
        self.vault = Vault(root=self.folder / "vault", count=2).lay_out()
        self.deletions: dict[str, AuditRecord] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def clock(self) -> int:
        return self.now

    # -- what happens -------------------------------------------------------------------------

    @rule(seconds=st.integers(-100_000, 100_000))
    def clock_jumps(self, seconds: int) -> None:
        self.now += seconds * timestamps.SECOND

    @rule(entity_id=ids, folder=folders, crash=crashes)
    def create(self, entity_id: str, folder: str, crash: Any) -> None:
        self.commit([self.new(entity_id, folder)], crash)

    @rule(entity_id=ids, crash=crashes)
    def delete(self, entity_id: str, crash: Any) -> None:
        self.commit([self.gone(entity_id)], crash)

    @rule(entity_id=ids, folder=folders, name=st.sampled_from(("", "이름")), crash=crashes)
    def move(self, entity_id: str, folder: str, name: str, crash: Any) -> None:
        self.commit([self.moved(entity_id, f"{folder}/{name or entity_id}.md")], crash)

    @rule(entity_id=ids, crash=crashes)
    def restore(self, entity_id: str, crash: Any) -> None:
        if entity_id in self.deletions:
            self.commit([Restore(record=self.deletions[entity_id])], crash)

    @rule(
        entity_id=ids,
        folder=folders,
        status=st.sampled_from(("todo", "hold", None)),
        crash=crashes,
    )
    def by_path(self, entity_id: str, folder: str, status: str | None, crash: Any) -> None:
        """Change or delete what is in one folder, in the archive too, where nobody looks for it."""
        path = f"{folder}/{entity_id}.md"
        if status is None:
            self.commit([self.gone(entity_id).replace(path=path)], crash)
        else:
            self.commit([change(entity_id, f"status={status}").replace(path=path)], crash)

    @rule(order=st.permutations(IDS), folder=folders, crash=crashes)
    def group(self, order: list[str], folder: str, crash: Any) -> None:
        one, two, three = order
        wanted = [
            change(one, "status=hold"),
            self.moved(two, f"{folder}/{two}.md"),
            self.gone(three) if self.place(three) else self.new(three, folder),
        ]
        self.commit(wanted, crash)

    @rule(entity_id=ids)
    def somebody_edits(self, entity_id: str) -> None:
        place = self.place(entity_id)
        if place is not None:
            path = self.vault.root / place
            path.write_bytes(path.read_bytes() + b"their line\n")

    @rule(entity_id=ids)
    def somebody_removes(self, entity_id: str) -> None:
        place = self.place(entity_id)
        if place is not None:
            (self.vault.root / place).unlink()

    # -- the changes --------------------------------------------------------------------------

    def new(self, entity_id: str, folder: str) -> Create:
        return Create(
            entity_id=entity_id,
            entity_type="MetaHypothesis",
            path=f"{folder}/{entity_id}.md",
            fields={},
            template=PLAIN.format(id=entity_id),
        )

    def gone(self, entity_id: str) -> Delete:
        return Delete(entity_id=entity_id, precondition=Precondition(forced=True))

    def moved(self, entity_id: str, to: str) -> Move:
        return Move(**{**change(entity_id, "status=doing").__dict__, "to": to})

    # -- what must be -------------------------------------------------------------------------

    def commit(self, wanted: Sequence[AnyChange], crash: Any) -> None:
        """All of it is there after it or nothing, crash or not, and the log says which."""
        before = self.tree()
        lines = len(self.vault.records())
        store = self.vault.store(self.clock)
        outcome: Any = None
        step, call, after = crash or ("mark", 10**9, False)
        with crashing(step, call=call, after=after):
            try:
                outcome = store.commit(wanted, origin=origin(), atomic=len(wanted) > 1)
            except LoopError as error:
                outcome = [error]
        self.vault.store(self.clock).recover_if_free()
        assert self.vault.staged_anywhere == [], "something is left behind"
        self.vault.check_chain()
        landed = [one for one in self.since(lines) if "rolled_back" not in one["metadata"]]
        failed = outcome is not None and any(isinstance(one, LoopError) for one in outcome)
        if not landed or failed:
            assert landed == []
            assert self.tree() == before
            return
        group = landed[0]["metadata"].get("group", {"count": 1})  # what was so already is not in it
        assert len(landed) == group["count"]
        for one in landed:
            self.check(one)
        for record in self.vault.store(self.clock).records():
            if record.data["action"] == "delete":
                self.deletions.setdefault(record.entity_id, record)
                if record.data in landed:
                    self.deletions[record.entity_id] = record

    def since(self, lines: int) -> list[dict[str, Any]]:
        """The records that were added, without undone ones."""
        records = self.vault.records()[lines:]
        undone = {data["metadata"].get("rolled_back") for _digest, data in records}
        return [data for digest, data in records if digest not in undone]

    def check(self, record: dict[str, Any]) -> None:
        """The file is as the record says."""
        metadata = record["metadata"]
        path = self.vault.root / metadata["path"]
        if metadata["etag_after"] is None:
            assert not path.exists()
            kept = self.vault.root / ".loop" / "kept" / metadata["kept"]["sha256"]
            assert etag(kept.read_bytes()) == metadata["etag_before"]
        else:
            assert etag(path.read_bytes()) == metadata["etag_after"]
        if "path_before" in metadata:
            assert not (self.vault.root / metadata["path_before"]).exists()

    def place(self, entity_id: str) -> str | None:
        try:
            return self.vault.store(self.clock).find(entity_id).path
        except EntityNotFound:  # also in the archive, which is no place to look in
            return None

    def tree(self) -> dict[str, bytes | None]:
        """Every folder and file of the vault, those of loop apart."""
        found: dict[str, bytes | None] = {}
        for folder, folders, names in os.walk(self.vault.root):
            folders[:] = [one for one in folders if one not in (".loop", "_build")]
            found[folder] = None
            for name in names:
                path = os.path.join(folder, name)
                found[path] = Path(path).read_bytes()
        return found


LifeMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLife = LifeMachine.TestCase
