"""`loop init`: a folder of Markdown files becomes a vault, by what its frontmatter proposes."""

from __future__ import annotations

import os
from contextlib import suppress

from loop_cli.core import schema_proposal as propose
from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.paths import Places
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidFile, LoopError, StorageError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.markdown import patch
from loop_cli.planning import snapshot
from loop_cli.system.folders import Folders, Refused
from loop_cli.vault import schema_file
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.passed import PassedOver, passed_over
from loop_cli.vault.index.locate import Locator
from loop_cli.vault.layout import LOOP
from loop_cli.vault.upkeep import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.check.finding import Finding
    from loop_cli.core.schema_proposal import Proposal

CONFIG = f"{LOOP}/config.toml"
_HEAD = """# What the entities of this folder are made of, as their frontmatter proposed it to loop.
# It is yours from now on: change it as you like; 'loop check' and 'loop update' go by it.
"""
_PLACES = Places(exclude=propose.EXCLUDED, exclude_files=propose.EXCLUDED_FILES)


class Foundation(Struct):
    """What a folder would be as a vault. `unfit` is what its files have that would not fit,
    `plain` counts those without frontmatter, `toml` those of them with one in TOML; `passed` is
    what nobody looked at."""

    root: str
    proposal: Proposal
    unfit: tuple[Finding, ...]
    plain: int
    toml: int
    passed: PassedOver

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop init`."""
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

    def texts(self) -> dict[str, str]:
        """The files to be made, relative to the vault."""
        body = patch.compose(self.proposal.schema())
        return {schema_file.PATH: _HEAD + body, CONFIG: _config(self.proposal.names)}


def survey(root: str) -> Foundation:
    """Read the folder and propose. Nothing is written.

    Raises `UsageError` for a folder that is a vault already, or has one inside; `StorageError`
    where the files to be made would lie behind a link.
    """
    for path in (CONFIG, schema_file.PATH):
        _refuse_there(root, path)
    tally, plain, toml = propose.Tally(), 0, 0
    for path in sorted(Locator(root, _PLACES, FieldNames()).paths()):
        data = b"---"
        try:
            data, _modified = files.read_stable(files.inside(root, path), path)
            _pieces, fields, _warnings = snapshot.read_frontmatter(data, path)
            tally.add(path, fields)
        except InvalidFile:
            plain += not _begins(data, b"---")
            toml += _begins(data, b"+++")
        except LoopError:  # what is wrong with it is said below
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
    """Make the folder a vault; the files that were made, relative to it.

    All are made or none. Raises `StorageError`; `UsageError` where somebody was faster.
    """
    root = foundation.root
    try:
        with Folders(root) as folders:
            return _write_all(folders, foundation.texts())
    except FileExistsError as error:
        raise UsageError(f"{root} is a vault already, or has a file in its place") from error
    except OSError as error:
        raise _can_not_be_made(root, error) from error


def _write_all(root: Folders, texts: dict[str, str]) -> tuple[str, ...]:
    """Make the files, which everybody may read who may read the folder, durably. Raises
    `OSError`; none is left then."""
    made, folders = list[str](), list[str]()
    try:
        for path, text in texts.items():
            place = root.slot(path)
            if root.make_place(place.folder_path):
                folders.append(place.folder_path)
            place.folder.write_new(place.name, text.encode(), mode=0o644, shared=0o664)
            place.folder.sync()
            made.append(path)
    except OSError:
        for path in made:
            with suppress(OSError):
                root.slot(path).remove()
        for folder in reversed(folders):
            with suppress(OSError):
                root.remove_place(folder)
        raise
    return tuple(made)


def _refuse_there(root: str, path: str) -> None:
    """Raise where a file that is to be made is there, or can't be made."""
    try:
        with Folders(root) as folders:
            place = folders.slot(path)
            place.folder.status(place.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _can_not_be_made(root, error) from error
    raise UsageError(
        f"{root} is a vault already: it has {path}",
        hint="'loop check' says what does not fit; 'loop schema' shows its schema",
    )


def _can_not_be_made(root: str, error: OSError) -> StorageError:
    if isinstance(error, Refused):
        return StorageError(
            f"{root} can't be made a vault: {error.filename} {error.strerror}",
            hint=f"put a folder in the place of {os.path.join(root, error.filename)}",
        )
    return StorageError(f"{root} can't be made a vault: {error.strerror}")


def _unfit(root: str, proposal: Proposal) -> tuple[Finding, ...]:
    """What `check` would find if the proposal were in force."""
    rules = Rules(build(proposal.schema()), proposal.names)
    return check.judge(root, Locator(root, _PLACES, proposal.names), rules)


def _config(names: FieldNames) -> str:
    """The vault's settings as TOML."""
    import json

    lines = [
        f"{key} = {json.dumps(name, ensure_ascii=False)}" for key, name in names.__dict__.items()
    ]
    return "\n".join(["# Which fields carry identity and time.", "[fields]", *lines, ""])


def _begins(data: bytes, mark: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").startswith(mark)
