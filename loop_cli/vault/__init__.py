"""The store of Markdown files; and where loop's own files are in a vault (SPEC §2).

A vault with `00_Meta/schema_constants.yaml` is shared with programs that expect the schema there
and the log in `_build/`. Any other vault has both in `.loop/`, so that no site generator publishes
them. The settings `files.schema` and `files.log` name other places.
"""

from __future__ import annotations

import os

from loop_cli.core.names import LOG_FOLDER
from loop_cli.system.folders import open_folder

LOOP = ".loop"  # the folder of the lock, the settings, and staged and kept files
KEPT = f"{LOOP}/kept"
STAGED = f"{LOOP}/staged"
# The endings in `.loop/staged`: intents, content, intents of commits to undo, and the second
# name of the old file, on systems without an exchange.
ENDINGS = INTENT, CONTENT, UNDONE, ASIDE = ".intent", ".new", ".undone", ".old"
SHARED_SCHEMA = "00_Meta/schema_constants.yaml"
OWN_SCHEMA = f"{LOOP}/schema.yaml"
SCHEMAS = SHARED_SCHEMA, OWN_SCHEMA
ACTIVE_LOG = "audit_log.jsonl"


class VaultLayout:
    """The places in the vault at `root`; `schema` and `log` are those that the settings name."""

    def __init__(self, root: str, *, schema: str | None = None, log: str | None = None) -> None:
        self.root = root
        self._schema = schema
        self._log = log

    @property
    def schema(self) -> str:
        """The file of the schema, whether it exists or not, relative to the vault."""
        if self._schema is not None:
            return self._schema
        return SHARED_SCHEMA if self._has(SHARED_SCHEMA) else OWN_SCHEMA

    @property
    def log(self) -> str:
        """The folder of the log, whether it exists or not, relative to the vault.

        A log that is already in the other folder stays in use. If both folders have one, a folder
        with the active file comes first: `loop init --upgrade` makes that one last.
        """
        if self._log is not None:
            return self._log
        folders = LOOP, LOG_FOLDER
        first, other = reversed(folders) if self._has(SHARED_SCHEMA) else folders
        for has in (self._is_active, self.has_log):
            for folder in (first, other):
                if has(folder):
                    return folder
        return first

    def now(self, path: str) -> str:
        """Return where a file is now that a record names; only the schema may have moved."""
        return self.schema if path in SCHEMAS else path

    @property
    def is_named(self) -> bool:
        """Whether a setting names a place."""
        return not (self._schema is None and self._log is None)

    @property
    def schemas(self) -> tuple[str, ...]:
        """The files that decide about the schema, the one in use among them."""
        return SCHEMAS if self._schema is None else (self._schema,)

    def has_log(self, folder: str) -> bool:
        """Whether a folder has a file of the log."""
        try:
            with open_folder(self.root, folder) as opened:
                return any(map(is_log, opened.names()))
        except OSError:
            return False

    def _is_active(self, folder: str) -> bool:
        return self._has(f"{folder}/{ACTIVE_LOG}")

    def _has(self, path: str) -> bool:
        return os.path.lexists(os.path.join(self.root, path))


def is_log(name: str) -> bool:
    """Whether this is the name of a file of the log."""
    return name.startswith("audit_log.") and name.endswith(".jsonl")
