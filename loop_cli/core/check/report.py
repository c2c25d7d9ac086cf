"""The scope of a check, and its report."""

from __future__ import annotations

from loop_cli.core.check.finding import ERROR, WARNING
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Edits
    from loop_cli.core.check.finding import Finding


_SHOWN = 5  # paths


class PassedOver(Struct):
    """Files and folders that were not checked, as paths relative to the vault.

    `links` are symbolic links to folders and to Markdown files; `folders` and `files` are excluded
    by the schema; `unread` can't be opened.
    """

    links: tuple[str, ...]
    folders: tuple[str, ...]
    files: tuple[str, ...]
    unread: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {name: list(paths) for name, paths in self.__dict__.items()}

    @property
    def sentences(self) -> list[str]:
        """Return one sentence for each kind."""
        kinds = (
            ("symbolic link", "symbolic links", self.links),
            ("excluded folder", "excluded folders", self.folders),
            ("excluded file", "excluded files", self.files),
            ("file or folder that can't be read", "that can't be read", self.unread),
        )
        found = []
        for one, many, paths in kinds:
            if paths:
                what = f"1 {one}" if len(paths) == 1 else f"{len(paths)} {many}"
                more = ", ..." if len(paths) > _SHOWN else ""
                found.append(f"passed over {what}: {', '.join(paths[:_SHOWN])}{more}")
        return found


class Scope(Struct):
    """What to check; everything if both are empty.

    `names` are ids, aliases and types; `paths` are files relative to the vault.
    """

    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class MendedLinks(Struct):
    """The repaired links of a file that had this `etag`; `note` means that it is not an entity."""

    edits: Edits
    etag: str
    note: bool


class Checked(Struct):
    """The result of a check.

    `files` and `entities` are counts of what is in the scope; `etags` are those of the files that
    can be repaired; `mended` are repaired links; `passed` are the files that were not checked.
    """

    files: int
    entities: int
    findings: tuple[Finding, ...]
    etags: dict[str, str]
    mended: dict[str, MendedLinks]
    passed: PassedOver

    def count(self, severity: str) -> int:
        """Count the findings of one severity."""
        return sum(one.severity == severity for one in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings do not matter."""
        return self.count(ERROR) == 0

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop check`."""
        return {
            "ok": self.ok,
            "files": self.files,
            "entities": self.entities,
            "counts": {severity: self.count(severity) for severity in (ERROR, WARNING)},
            "fixable": sum(one.fixable for one in self.findings),
            "findings": [one.as_dict() for one in self.findings],
            "passed_over": self.passed.as_dict(),
        }
