"""`loop init`: turn a folder of Markdown files into a vault; propose a schema from frontmatter."""

from __future__ import annotations

from loop_cli.core import schema_proposal as propose
from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.paths import Places
from loop_cli.errors import InvalidFile, LoopError, NoEntity
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.passed import passed_over
from loop_cli.vault.index.locate import Locator
from loop_cli.vault.upkeep import check, new_files, upgrade

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.check.finding import Finding
    from loop_cli.core.check.report import PassedOver
    from loop_cli.core.schema_proposal import Proposal

_PLACES = Places(exclude=propose.EXCLUDED, exclude_files=propose.EXCLUDED_FILES)


class Foundation(Struct):
    """A folder as a future vault.

    `unfit` are the findings that its files would have. `plain` counts files without frontmatter,
    `toml` those of them with TOML; `passed` are files that were not read.
    """

    root: str
    proposal: Proposal
    unfit: tuple[Finding, ...]
    plain: int
    toml: int
    passed: PassedOver

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop init`."""
        proposal = self.proposal
        return {
            "vault": self.root,
            "files": proposal.files,
            "without_frontmatter": self.plain,
            "toml_frontmatter": self.toml,
            "names": proposal.names.__dict__,
            "backing": {key: share.__dict__ for key, share in proposal.backing.items()},
            "types": proposal.types,
            "fields": [one.as_dict() for one in proposal.fields],
            "left_out": proposal.left_out,
            "unfit": [one.as_dict() for one in self.unfit],
            "passed_over": self.passed.as_dict(),
        }


def survey(root: str) -> Foundation:
    """Read the folder and propose; nothing is written.

    Raises `UsageError` for a folder that is a vault already, or contains one; `StorageError` if the
    new files would be behind a link.
    """
    upgrade.refuse_older(root)
    new_files.refuse_vault(root)
    tally, plain, toml = propose.Tally(), 0, 0
    for path in sorted(Locator(root, _PLACES, FieldNames()).paths()):
        data = b"---"
        try:
            data, _modified = files.read_stable(files.inside(root, path), path)
            _pieces, fields, _warnings = snapshot.read_frontmatter(data, path)
            tally.add(path, fields)
        except NoEntity:
            plain += 1
            toml += _begins(data, b"+++")
        except InvalidFile:
            plain += not _begins(data, b"---")
            toml += _begins(data, b"+++")
        except LoopError:  # its problems are reported below
            continue
    proposal = propose.propose(tally)
    return Foundation(
        root=root,
        proposal=proposal,
        unfit=_unfit(root, proposal),
        plain=plain,
        toml=toml,
        passed=passed_over(root, _PLACES),
    )


def found(foundation: Foundation) -> tuple[str, ...]:
    """Turn the folder into a vault; return the new files, relative to it. All are made or none.

    Raises `StorageError`; `UsageError` if somebody else was faster.
    """
    return new_files.make(foundation.root, foundation.proposal)


def _unfit(root: str, proposal: Proposal) -> tuple[Finding, ...]:
    """Return what `check` would find by the proposal."""
    rules = proposal.rules()
    return check.judge(root, Locator(root, _PLACES, proposal.names), rules)


def _begins(data: bytes, mark: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").startswith(mark)
