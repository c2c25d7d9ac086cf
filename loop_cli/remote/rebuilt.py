"""Results of operations, rebuilt from the documents that a server answers."""

from __future__ import annotations

from loop_cli.core.commits import CommitResult
from loop_cli.core.diff import undo
from loop_cli.core.entity import Entity, Revision
from loop_cli.core.names import BODY
from loop_cli.errors import Action, Sentence, UsageError
from loop_cli.failures import BadAnswer
from loop_cli.lean.plain import copied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.diff import Diff

_TEXTS = ("entity_id", "entity_type", "path", "updated_at", "etag")
_NAMES = ("entity_name", "title", "name")


class RemoteEntity(Entity):
    """An entity whose bytes are on the server until they are asked for, with `fetch`: `raw` raises
    what asking raises, and `UsageError` where they can't be had."""

    fetch: Callable[[], bytes] | None = None

    @property
    def has_bytes(self) -> bool:
        return self.fetch is not None

    if not TYPE_CHECKING:

        @property
        def raw(self):
            if self.fetch is None:
                raise UsageError(
                    "the bytes of a file stay on the server",
                    hint="--json and --yaml have what is in it; or run this where the vault is",
                )
            if "_bytes" not in self.__dict__:
                self.__dict__["_bytes"] = self.fetch()
            return self.__dict__["_bytes"]


def entity(document: Any, fetch: Callable[[], bytes] | None = None) -> Entity:
    """The entity of a document of `loop get --json`, whose bytes `fetch` gets. Raises
    `BadAnswer`."""
    own = texts(document, *_TEXTS)
    fields, body = document.get("fields"), document.get("body", "")
    if not isinstance(fields, dict) or not isinstance(body, str):
        raise bad_answer()
    return RemoteEntity(
        id=own["entity_id"],
        type=own["entity_type"],
        name=name_in(fields),
        path=own["path"],
        fields=fields,
        body=body,
        raw=b"",
        revision=Revision(updated_at=own["updated_at"], etag=own["etag"]),
        warnings=warnings(document),
        fetch=fetch,
    )


def committed(document: Any, before: Entity | None = None) -> CommitResult:
    """What a document of `loop update --json` tells. Raises `BadAnswer`."""
    after = entity(document, _text_in(document))
    found = diff(document)
    return CommitResult(
        before=before or _before(after, found),
        after=after.replace(warnings=()),
        diff=found,
        changed=document.get("changed") is True,
        record=None,
        warnings=warnings(document),
    )


def _text_in(document: Any) -> Callable[[], bytes] | None:
    """What gives the text that a preview has."""
    text = document.get("text")
    return None if not isinstance(text, str) else lambda: text.encode("utf-8", "surrogatepass")


def _before(after: Entity, told: Diff) -> Entity:
    """The entity before a diff, whose revision nobody tells."""
    fields, body = copied(dict(after.fields)), after.body
    for name, entry in told.items():
        if name == BODY:
            body = entry.get("old") or ""
        else:
            undo(fields, name, entry)
    return after.replace(fields=fields, body=body, name=name_in(fields))


def diff(document: Any) -> Diff:
    """The diff in a document. Raises `BadAnswer`."""
    found = document.get("diff", {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise bad_answer()
    return found


def texts(document: Any, *keys: str) -> dict[str, str]:
    """The values of a document that must be texts. Raises `BadAnswer`."""
    if not isinstance(document, dict) or not all(isinstance(document.get(k), str) for k in keys):
        raise bad_answer()
    return {key: document[key] for key in keys}


def objects(document: Any, key: str) -> list[dict[str, Any]]:
    """The objects in a list of a document. Raises `BadAnswer`."""
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise bad_answer()
    return found


def warnings(document: Any) -> tuple[str, ...]:
    """The sentences in a document, with the actions in them."""
    found, parts = document.get("warnings"), document.get("warnings_parts")
    if not isinstance(found, list):
        return ()
    if not isinstance(parts, list) or len(parts) != len(found):
        return tuple(map(str, found))
    return tuple(sentence(*both) for both in zip(found, parts, strict=True))


def sentence(text: Any, parts: Any) -> str:
    """A text that a server told, with the actions in it where its `parts` are told, too."""
    told = [Action.of(one) or one for one in parts] if isinstance(parts, list) else []
    if len(told) > 1 and all(isinstance(one, str | Action) for one in told):
        return Sentence(*told)
    return str(text)


def name_in(fields: dict[str, Any]) -> str | None:
    """What an entity with these fields is called."""
    found = (fields.get(one) for one in _NAMES)
    return next((one for one in found if isinstance(one, str) and one), None)


def bad_answer() -> BadAnswer:
    """The error where a document is none of those expected."""
    return BadAnswer("the server answered something that is not known here; is it another version?")
