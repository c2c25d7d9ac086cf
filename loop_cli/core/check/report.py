"""What a check is asked for, and what it found."""

from __future__ import annotations

from loop_cli.core.check.finding import ERROR, WARNING
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.check.finding import Finding


class Scope(Struct):
    """What to check; everything where both are empty. `names` are ids, aliases and types,
    `paths` files relative to the vault."""

    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Checked(Struct):
    """What was found. `files` and `entities` count what was looked at; `etags` are those of the
    files that can be repaired."""

    files: int
    entities: int
    findings: tuple[Finding, ...]
    etags: dict[str, str]

    def count(self, severity: str) -> int:
        """How many findings are errors, or warnings."""
        return sum(one.severity == severity for one in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings are no matter."""
        return self.count(ERROR) == 0

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop check`."""
        return {
            "ok": self.ok,
            "files": self.files,
            "entities": self.entities,
            "counts": {severity: self.count(severity) for severity in (ERROR, WARNING)},
            "fixable": sum(one.fixable for one in self.findings),
            "findings": [one.as_dict() for one in self.findings],
        }
