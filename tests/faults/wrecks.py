"""Crashes built by hand: what a change left behind, as far as it came."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loop_cli.core.records import record as audit
from loop_cli.system.folders import Folders
from loop_cli.vault.commit import staging
from loop_cli.vault.commit.staging import Intent, StagedChange, StagedCommit
from loop_cli.vault.log.lines import LogPlace, encode
from tests.faults.vault import Vault, etag, origin

if TYPE_CHECKING:
    from pathlib import Path

UPDATED = "2100-02-01T00:00:00.000000Z"  # of what the change was to write


class Wreck:
    """What a change of the status to done left behind: staged, and as far as it came.

    One that is `member` of a group, by the name of its commit and its place, is staged with it.
    """

    def __init__(
        self, vault: Vault, number: int = 1, member: tuple[str, int] | None = None
    ) -> None:
        self.vault = vault
        self.number = number
        self.before = vault.data(number)
        self.after = re.sub(
            rb"(?m)^updated: .*$",
            f'updated: "{UPDATED}"'.encode(),
            self.before.replace(b"status: todo", b"status: hold"),
        )
        entity = vault.store().find(vault.id(number))
        record = audit.compose(
            action="update",
            before=entity,
            diff={"status": {"old": "todo", "new": "hold"}},
            origin=origin(),
            timestamp=0,
            metadata={
                "etag_before": etag(self.before),
                "etag_after": etag(self.after),
                "updated_before": entity.revision.updated_at,
                "updated_after": UPDATED,
                "precondition": "none",
                "previous": vault.records()[-1][0] if vault.records() else None,
                **({"group": {"id": member[0], "index": member[1], "count": 2}} if member else {}),
            },
        )
        commit, index = member or (f"{number:032x}", 0)
        name = staging.name_of(commit, index)
        path = str(vault.path(number).relative_to(vault.root))
        folders = Folders(str(vault.root))
        self.change = StagedChange(
            folders,
            Intent(
                name=name,
                path=path,
                staged=staging.staged_place(folders, path, name),
                etag_before=etag(self.before),
                etag_after=etag(self.after),
                line=encode(record).decode(),
                log=LogPlace(segment=None, offset=len(vault.log.read_bytes())),
            ),
        )
        self.commit = StagedCommit(folders, commit, [self.change])
        if member is None:
            self.commit.stage([self.after])

    @property
    def line(self) -> bytes:
        return self.change.intent.line.encode()

    @property
    def staged(self) -> Path:
        return self.vault.root / self.change.intent.staged

    def record(self, *, upto: int | None = None) -> Wreck:
        with self.vault.log.open("ab") as log:
            log.write(self.line + b"\n" if upto is None else self.line[:upto])
        return self

    def exchange(self) -> Wreck:
        entity = self.vault.path(self.number)
        entity.write_bytes(self.after)
        self.staged.write_bytes(self.before)
        return self

    @staticmethod
    def group(vault: Vault, *numbers: int) -> list[Wreck]:
        """Changes that were staged together, to land or not as one."""
        name = "a" * 32
        wrecks = [Wreck(vault, number, (name, index)) for index, number in enumerate(numbers)]
        commit = StagedCommit(Folders(str(vault.root)), name, [wreck.change for wreck in wrecks])
        commit.stage([wreck.after for wreck in wrecks])
        for wreck in wrecks:
            wreck.commit = commit
        return wrecks

    def is_new(self) -> bool:
        assert self.vault.data(self.number) in (self.before, self.after)
        return self.vault.data(self.number) == self.after
