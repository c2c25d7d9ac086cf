"""The vault's templates for new entities, one file per type."""

from __future__ import annotations

from loop_cli.errors import EntityNotFound, InvalidFile
from loop_cli.vault.files import reading as files

FOLDER = "00_Meta/_TEMPLATES"


def load(root: str, entity_type: str) -> tuple[str, str] | None:
    """Return the vault's template of a type, and its path; None if it has none.

    Raises `InvalidFile`, `StorageError`.
    """
    path = f"{FOLDER}/template_{entity_type.lower()}.md"
    try:
        data, _modified = files.read_stable(files.inside(root, path), path)
        return data.decode("utf-8-sig"), path
    except EntityNotFound:
        return None
    except UnicodeDecodeError:
        raise InvalidFile(path, "is not UTF-8 text") from None
