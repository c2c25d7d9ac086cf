"""Lists and searches over HTTP, a page at a time."""

from __future__ import annotations

from loop_cli.core.entity import Revision
from loop_cli.core.evaluate import Selected
from loop_cli.core.listed import Hit, Listed
from loop_cli.core.names import join_dotted
from loop_cli.lean.jsontext import as_json
from loop_cli.remote import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.query import Condition, Query
    from loop_cli.core.schema.schema import Schema

    Read = Callable[..., Any]

_PAGE = 1000
_FOUND = 1000  # what a search gives at most
_RESERVED = ("where", "there", "sort", "limit", "cursor", "q", "type", "path")


class RemoteSelection:
    """The entities that a query finds, to be iterated once; `read` asks the server. The first
    page is there when it is made, so that what is wrong is raised then."""

    def __init__(self, read: Read, query: Query, schema: Callable[[], Schema]) -> None:
        self._read = read
        self._query = query
        self._schema = schema
        self._warnings: dict[str, None] = {}
        self._first = self._page(query.cursor, query.limit)

    def __iter__(self) -> Iterator[Selected]:
        page, left = self._first, self._query.limit
        while True:
            found = self._listed(page)
            yield from map(Selected, found)
            left = None if left is None else left - len(found)
            cursor = page.get("next")
            if not isinstance(cursor, str) or not found or left == 0:
                return
            page = self._page(cursor, left)

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user about the query."""
        return list(self._warnings)

    def cursor_after(self, one: Selected) -> str:
        """The cursor with which the same query goes on after one of its entities."""
        from loop_cli.core.evaluate import Places
        from loop_cli.operations.selection import resolve_types

        schema = self._schema()
        types = resolve_types(self._query.types, schema)
        return Places(self._query.replace(types=types), schema).cursor(one.listed)

    def _page(self, cursor: str | None, left: int | None) -> Any:
        query = self._query
        size = min(_PAGE, _PAGE if left is None else left)
        asked = parameters(query)
        if query.text is not None:
            found = self._read("/api/search", ("q", query.text), *asked, ("limit", str(size)))
            if left is None and len(rebuilt.objects(found, "results")) == _FOUND:
                self._warnings[f"the first {_FOUND} of what was found; there may be more"] = None
        else:
            more = [] if cursor is None else [("cursor", cursor)]
            found = self._read("/api/entities", *asked, ("limit", str(size)), *more)
        self._warnings.update(dict.fromkeys(rebuilt.warnings(found)))
        return found

    def _listed(self, page: Any) -> list[Listed]:
        if self._query.text is not None:
            return [_hit(one) for one in rebuilt.objects(page, "results")]
        return [_listed(one) for one in rebuilt.objects(page, "entities")]


def parameters(query: Query) -> list[tuple[str, str]]:
    """The query as a server takes it; its place and number apart."""
    found = [("type", one) for one in query.types]
    found += [_condition(one) for one in query.conditions]
    if query.sort:
        keys = [("-" if key.descending else "") + join_dotted(key.path) for key in query.sort]
        found.append(("sort", ",".join(keys)))
    return found


def _condition(one: Condition) -> tuple[str, str]:
    """A condition as a parameter: of one that a field has a very text, the field's name."""
    if one.operation == "there":
        return "there", join_dotted(one.path)
    name = one.path[0]
    plain = one.operation == "=" and len(one.operands) == len(one.path) == 1 and _is_text(one)
    if plain and name not in _RESERVED and not name.startswith("_"):
        return name, one.operands[0].text
    return "where", one.given


def _is_text(one: Condition) -> bool:
    operand = one.operands[0]
    return bool(operand.text) and operand.start is None and operand.day is None


def _own(document: Any) -> dict[str, Any]:
    own = rebuilt.texts(document, "entity_id", "entity_type", "path", "updated_at", "etag")
    revision = Revision(updated_at=own["updated_at"], etag=own["etag"])
    return {
        "id": own["entity_id"],
        "type": own["entity_type"],
        "path": own["path"],
        "revision": revision,
    }


def _listed(document: dict[str, Any]) -> Listed:
    fields = document.get("fields")
    if not isinstance(fields, dict):
        raise rebuilt.bad_answer()
    return Listed(**_own(document), name=rebuilt.name_in(fields), fields=as_json(fields))


def _hit(document: dict[str, Any]) -> Hit:
    name, line, text = (document.get(key) for key in ("entity_name", "line", "text"))
    return Hit(
        **_own(document),
        name=name if isinstance(name, str) else None,
        fields="{}",
        in_names=document.get("in_names") is True,
        line=line if isinstance(line, int) else None,
        text=text if isinstance(text, str) else None,
    )
