"""The entities of a query, and warnings about a query that may be a mistake."""

from __future__ import annotations

from loop_cli.core import query as queries
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import OWN
from loop_cli.core.evaluate import Selected
from loop_cli.core.names import nearest
from loop_cli.core.query import Query
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import Listed, Store


class Selection:
    """The entities of a store that `query` selects, in its order; with a `text`, by a search.

    Iterate it once. `told` is called with the number of files looked at so far. Raises `UsageError`
    for an unknown type, and what `Store.scan` raises.
    """

    def __init__(
        self, store: Store, query: Query, *, told: Callable[[int], None] | None = None
    ) -> None:
        self._store = store
        self.query = query.replace(types=resolve_types(query.types, store.schema))
        known = self._known_fields() if query.conditions else []
        # Of unknown fields a warning must say whether any entity has them.
        self._unmet = [one for one in query.conditions if one.path[0] not in known]
        # The index is checked before the first entity is requested.
        self._found: Iterator[Listed] = (
            store.scan(self.query, told=told)
            if query.text is None
            else store.search(self.query, told=told)
        )

    def __iter__(self) -> Iterator[Selected]:
        for listed in self._found:
            one = Selected(listed)
            if self._unmet:
                self._unmet = [
                    condition for condition in self._unmet if one.value(condition.path) is MISSING
                ]
            yield one

    @property
    def warnings(self) -> list[str]:
        """After the iteration: fields that neither the schema nor any entity has."""
        found = []
        for condition in self._unmet:
            name = condition.path[0]
            known = self._known_fields()
            if not self._is_anywhere(condition.path):
                close = nearest(name, known)
                meant = f"; did you mean {' or '.join(close)}?" if close else ""
                found.append(f"--where {condition.given!r}: no entity has a field {name!r}{meant}")
        return found

    def _is_anywhere(self, path: tuple[str, ...]) -> bool:
        """Whether an entity of the types has a field."""
        query = Query(types=self.query.types, conditions=(queries.is_there(path),), limit=1)
        return next(self._store.scan(query), None) is not None

    def _known_fields(self) -> list[str]:
        schema = self._store.schema
        types = self.query.types or schema.types
        known = [name for one in types for name in schema.known_fields(one)]
        return list(dict.fromkeys((*known, *OWN)))


def resolve_types(given: tuple[str, ...], schema: Schema) -> tuple[str, ...]:
    """Return the types that words mean: `Task`, `task` and `tasks` are the same.

    Files may have types that the schema does not list. Raises `UsageError` for a word that is only
    similar to a type of the schema.
    """
    by_word: dict[str, str] = {}
    for name in schema.types:
        word = name.casefold()
        plural = word[:-1] + "ies" if word.endswith("y") else word + "s"
        by_word |= {word: name, plural: name, word + "es": name}
    found = []
    for word in given:
        name = by_word.get(word.casefold(), word)
        close = [] if name in schema.types else nearest(word, schema.types)
        if close:
            listed = ", ".join(schema.types)
            raise UsageError(
                f"no type {word!r}; did you mean {' or '.join(close)}?",
                hint=f"the vault's types: {listed}",
            )
        found.append(name)
    return tuple(dict.fromkeys(found))
