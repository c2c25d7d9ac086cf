"""Read the files of intents in `.loop/staged`: untrusted data, checked as a whole.

A vault may come from anywhere, with files in `.loop/staged`. So an intent counts only if a change
of `loop` could have written it, and if it asks for nothing that an update could not do. Other
intents are left where they are, and stop nothing.
"""

from __future__ import annotations

import errno
import re

from loop_cli.core.names import ARCHIVE, nfc
from loop_cli.errors import InvalidFile, LoopError, NoEntity
from loop_cli.planning import snapshot
from loop_cli.planning.allowing import ID as SCHEMA_ID
from loop_cli.planning.allowing import TYPE as SCHEMA_TYPE
from loop_cli.planning.resolution import refuse_no_note, refuse_no_place
from loop_cli.vault import STAGED, schema_file
from loop_cli.vault.commit import staging
from loop_cli.vault.commit.staging import Intent, StagedChange, StagedCommit
from loop_cli.vault.files import reading as files
from loop_cli.vault.log.lines import LogPlace, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.system.folders import Folders
    from loop_cli.vault.handle import Vault

OURS = re.compile(r"([0-9a-f]{32})(?:-\d+)?(?:\.intent|\.undone|\.new|\.new\.old)")
"""The names that `loop` uses in `.loop/staged`; the first part is the name of the commit."""
_MOST = 100_000  # changes of one commit


class Unfit(Exception):
    """The intent was not written by a change of `loop`; the text says why."""


class Torn(Exception):
    """A crash cut the file of intents short, so nothing was done after it."""


def read_commit(vault: Vault, folders: Folders, name: str, ending: str) -> StagedCommit:
    """Return the changes in the file of intents `name` + `ending`.

    Raises `Unfit`, `Torn`, `OSError`.
    """
    intents = _intents(folders, name, ending)
    changes = []
    for index, intent in enumerate(intents):
        if intent.name != staging.name_of(name, index):
            raise Unfit(f"its change {index} has the name of another")
        _judge(vault, intent)
        change = StagedChange(folders, intent)
        _judge_content(vault, change)
        changes.append(change)
    return StagedCommit(folders, name, changes)


def _intents(folders: Folders, name: str, ending: str) -> list[Intent]:
    from pydantic import ValidationError

    from loop_cli.wire import staged as shapes

    try:
        data = folders.open(STAGED).read(name + ending, staging.MAX_INTENTS)
    except OSError as error:
        if error.errno in (errno.EFBIG, errno.ENXIO, errno.ELOOP):
            raise Unfit(f"it can't be read: {error.strerror}") from None
        raise
    try:
        found = shapes.STAGED.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Torn from None
        where = ".".join(map(str, first["loc"]))
        raise Unfit(f"{where}: {first['msg']}" if where else first["msg"]) from None
    if not 0 < len(found) <= _MOST:
        raise Unfit(f"it has {len(found)} changes")
    return [
        Intent(
            **{
                **one.model_dump(exclude={"log", "made"}),
                "made": tuple(one.made),
                "log": LogPlace(segment=one.log.segment, offset=one.log.offset),
            }
        )
        for one in found
    ]


def _judge(vault: Vault, intent: Intent) -> None:
    """Raise `Unfit` for paths, etags or a record that no change of loop has."""
    ends = [intent.path] if intent.target is None else [intent.path, intent.target]
    record = parse_line(intent.line.encode())
    is_note = record is not None and record.is_note
    is_schema = ends == [vault.layout.schema] and record is not None and "schema" in record.metadata
    admitted = [is_schema or _is_admitted(vault, path, is_note=is_note) for path in ends]
    _judge_record(vault, intent)
    if is_note and None in (intent.etag_before, intent.etag_after):
        raise Unfit("it makes or removes a file that is not an entity")
    if is_note and intent.target is not None:
        raise Unfit("it moves a file that is not an entity")
    # With `--path`, changes are allowed outside the folders of the schema, such as in the archive,
    # and deleted files can come back there. New files can't.
    is_known = intent.etag_before is not None or "restores" in intent.record.metadata
    for path, is_admitted in zip(ends, admitted, strict=True):
        is_source = path == intent.path
        archived = path.startswith(f"{ARCHIVE}/")  # a move leads there, or back
        if not (is_admitted or (is_known and (is_source or archived))):
            raise Unfit(f"{path!r} is not a place for entities")
    if intent.staged not in staging.staged_places(intent.path, intent.name):
        raise Unfit(f"its content lies in {intent.staged!r}")
    last = intent.target or intent.path
    for folder in intent.made:
        if not last.startswith(f"{folder}/"):
            raise Unfit(f"{folder!r} is no folder of {last!r}")


def _is_admitted(vault: Vault, path: str, *, is_note: bool) -> bool:
    """Whether the schema has entities there.

    Raises `Unfit` for a path that is hidden, leads through a link, or out of the vault.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise Unfit(f"{path!r} is not a path in the vault")
    try:
        (refuse_no_note if is_note else refuse_no_place)(path)
        real = files.real_name(vault.root, path)
        admitted = vault.locator().admits(path)
    except LoopError as error:
        raise Unfit(error.message) from None
    if real != path:
        raise Unfit(f"{path!r} leads through a link")
    return admitted


def _judge_record(vault: Vault, intent: Intent) -> None:
    from pydantic import ValidationError

    from loop_cli.wire.models import AuditRecord as Shape

    try:
        shape = Shape.model_validate_json(intent.line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unfit(f"its record: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    said = shape.metadata
    if (said.etag_before, said.etag_after) != (intent.etag_before, intent.etag_after):
        raise Unfit("its record is of other bytes")
    if intent.etag_before is None and intent.etag_after is None:
        raise Unfit("it names neither the old file nor the new one")
    if intent.target is not None and None in (intent.etag_before, intent.etag_after):
        raise Unfit("it moves a missing file")
    if "\n" in intent.line or said.rolled_back is not None or said.redacted is not None:
        raise Unfit("its record is not of a change")
    places = [(said.path, intent.target or intent.path)]
    if intent.target is not None or said.path_before is not None:
        places.append((said.path_before or "", intent.path))
    if any(_real(vault, told) != path for told, path in places):
        raise Unfit("its record is of another file")


def _real(vault: Vault, path: str) -> str | None:
    try:
        return files.real_name(vault.root, path)
    except InvalidFile:
        return None


def _judge_content(vault: Vault, change: StagedChange) -> None:
    """Check that only the same entity can take the entity's place, forwards or backwards."""
    intent = change.intent
    etag = change.staged_etag()
    if etag is None or etag not in (intent.etag_before, intent.etag_after):
        return
    try:
        data = change.content.read(snapshot.MAX_FILE_BYTES)
        if intent.path == vault.layout.schema:
            _judge_schema(data, intent)
            return
        if intent.record.is_note:
            ids = {nfc(snapshot.parse_note(data, intent.path, vault.names).id)}
        else:
            ids = _ids_in(vault, intent, data)
    except InvalidFile as error:
        broken = "mended" in intent.record.metadata and not isinstance(error, NoEntity)
        if broken and etag == intent.etag_before:  # an unreadable file may come back as it was
            return
        raise Unfit(f"its content: {error.message}") from None
    if intent.record.entity_id not in ids:
        raise Unfit("its content is another entity than its record's")


def _ids_in(vault: Vault, intent: Intent, data: bytes) -> set[str]:
    """Return the ids in the content, at both ends. Raises `InvalidFile`."""
    _pieces, fields, _warnings = snapshot.read_frontmatter(data, intent.path, closely=False)
    return {
        nfc(snapshot.identity(fields, path, vault.names)[0])
        for path in (intent.path, intent.target or intent.path)
    }


def _judge_schema(data: bytes, intent: Intent) -> None:
    """Check a change of the schema: both the old and the new text must be readable.

    Raises `InvalidFile`.
    """
    schema_file.build(data, intent.path)
    if (intent.record.data["entity_type"], intent.record.entity_id) != (SCHEMA_TYPE, SCHEMA_ID):
        raise Unfit("its record is not one of the schema")
