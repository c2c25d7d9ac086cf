"""Answer a planner's questions about the vault: ids, free places, kept bytes."""

from __future__ import annotations

import os

from loop_cli.core.names import one_name
from loop_cli.core.records.record import History
from loop_cli.planning.planner import StoreContext
from loop_cli.planning.resolution import refuse_no_place
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from loop_cli.core.entity import Entity, EntityFile
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.resolution import Located
    from loop_cli.vault.handle import Vault


class VaultContext(StoreContext):
    """The answers for a vault; they hold as long as the lock is held."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._looked = False

    @property
    def rules(self) -> Rules:
        return self._vault.rules

    def named(self, name: str) -> list[EntityFile]:
        locator = self._vault.locator()
        found = locator.named(name)
        if not found and not self._looked:
            self._look()
            found = locator.named(name)
        return [one.parsed.file for one in found]

    def carrier(self, entity_id: str) -> EntityFile | None:
        return next((one.parsed.file for one in self._carriers(entity_id)), None)

    def alike(self, entity_id: str) -> Sequence[EntityFile]:
        same = self._carriers(entity_id)  # after that, all files were looked at
        found = same or self._vault.locator().alike(entity_id)
        return [one.parsed.file for one in found]

    def find(self, entity_id: str) -> Entity | None:
        from loop_cli.vault.find import find

        for one in self._carriers(entity_id):
            return find(self._vault, entity_id, path=one.parsed.path)
        return None

    def _carriers(self, entity_id: str) -> list[Located]:
        found = self._vault.locator().carriers(entity_id)
        if not found and not self._looked:
            self._look()
            found = self._vault.locator().carriers(entity_id)
        return found

    def seems_taken(self, entity_id: str) -> bool:
        return self._vault.locator().seems_taken(entity_id)

    def all_ids(self) -> Iterable[str]:
        self._look()
        return self._vault.locator().index.ids()

    def history(self, entity_id: str) -> History:
        return History(self._vault.log.records_of(entity_id, path=None))

    def recorded_with(self, key: str) -> AuditRecord | None:
        return next(self._vault.log.records_with_key(key), None)

    def admits(self, path: str) -> bool:
        return self._vault.locator().admits(self._real(path))

    def is_free(self, path: str, *, leaves: str | None = None) -> bool:
        relative = self._real(path)
        files.missing_folders(os.path.realpath(self._vault.root), relative)
        there = os.path.lexists(os.path.join(self._vault.root, relative))
        return not there and not _is_alike(self._vault.root, relative, leaves)

    def _real(self, path: str) -> str:
        """Return the same place, relative, without links. Raises `InvalidFile` if no entity can be
        there."""
        refuse_no_place(path)
        folder, _slash, name = path.rpartition("/")
        relative = joined(files.real_name(self._vault.root, folder) if folder else "", name)
        refuse_no_place(relative)
        return relative

    def kept(self, sha256: str) -> bytes | None:
        from loop_cli.vault.commit import keeping

        return keeping.read(self._vault.root, sha256)

    def referring_to(self, entity_id: str) -> Iterator[EntityFile]:
        return self._mentioning(entity_id)

    def has_field(self, name: str) -> bool:
        return any(name in one.fields for one in self._mentioning(name))

    def _mentioning(self, text: str) -> Iterator[EntityFile]:
        self._look()
        locator = self._vault.locator()
        return locator.files(locator.index.mentioning((text,)))

    def link_targets(self) -> Files:
        from loop_cli.core.links import Files

        return Files(self._vault.locator().everything())

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        return self._vault.locator().links_to(paths)

    def _look(self) -> None:
        """Look at every file, once for all changes that are planned together."""
        if not self._looked:
            self._vault.locator().index.refresh()
            self._looked = True


def _is_alike(root: str, path: str, leaves: str | None) -> bool:
    """Whether a part of the path exists in another case or normal form.

    Some systems take the two names for one. The file `leaves` does not count.
    """
    at = ""
    for part in path.split(os.sep):
        folder, at = at, os.path.join(at, part)
        if os.path.lexists(os.path.join(root, at)):
            continue
        try:
            names = os.listdir(os.path.join(root, folder))
        except OSError:
            return False
        wanted = one_name(part)
        alike = {os.path.join(folder, name) for name in names if one_name(name) == wanted}
        return bool(alike - {leaves})
    return False
