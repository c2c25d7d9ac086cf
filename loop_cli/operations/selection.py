"""The entities that a query asks for, and what a user may have meant by a query that finds none."""

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
    """What `query` finds in a store, in its order; with a `text`, as a search does. To be iterated
    once.

    `told` is given the number of files looked at so far. Raises `UsageError` for a type that
    there is not, and what `Store.scan` raises.
    """

    def __init__(
        self, store: Store, query: Query, *, told: Callable[[int], None] | None = None
    ) -> None:
        self._store = store
        self.query = query.replace(types=resolve_types(query.types, store.schema))
        known = self._known_fields() if query.conditions else []
        # Of a field that the schema does not know it is to be told whether any entity has it.
        self._unmet = [one for one in query.conditions if one.path[0] not in known]
        # The index is looked at before the first entity is asked for.
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

    def cursor_after(self, one: Selected) -> str:
        """The cursor with which the same query goes on after one of its entities."""
        from loop_cli.core.evaluate import Places

        return Places(self.query, self._store.schema).cursor(one.listed)

    @property
    def warnings(self) -> list[str]:
        """After all were taken: fields asked for that neither the schema knows nor any has."""
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
    """The types that words mean: `Task`, `task` and `tasks` are one; a type that the schema does
    not list may be in the files. Raises `UsageError` for a word that is near a type of the schema
    and none itself."""
    by_word: dict[str, str] = {}
    for name in schema.types:
        word = name.casefold()
        by_word |= {word: name, plural_of(name): name, word + "s": name, word + "es": name}
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


def plural_of(entity_type: str) -> str:
    """How a type is called in the plural, in small letters: `tasks`, `hypotheses`, `strategies`."""
    word = entity_type.casefold()
    if word.endswith("y"):
        return word[:-1] + "ies"
    if word.endswith("is"):
        return word[:-2] + "es"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
