"""Files that can't be read as entities, in a form that `loop edit` can repair."""

from __future__ import annotations

from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.markdown.document import Document
from loop_cli.planning.snapshot import Parsed


def unread(error: InvalidFile, entity_id: str) -> Parsed:
    """Return an unreadable file with its bytes and the id that was looked for.

    Raises the error if the bytes were not read, or are not a text.
    """
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
