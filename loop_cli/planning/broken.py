"""Files that can't be read as entities: what is there to mend."""

from __future__ import annotations

from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.markdown.document import Document
from loop_cli.planning.snapshot import Parsed


def unread(error: InvalidFile, entity_id: str) -> Parsed:
    """A file that can't be read as an entity, as far as it goes: its bytes, and the id that was
    looked for. Raises the error where nobody read the bytes, or they are no text."""
    data = error.data
    try:
        if data is None or isinstance(error, NoEntity):
            raise error
        text = data.decode()
    except UnicodeDecodeError:
        raise error from None
    return Parsed(
        id=entity_id,
        type="",
        name=None,
        path=str(error.details["path"]),
        data=data,
        document=Document("", "", "", text),
        fields={},
        warnings=(),
    )
