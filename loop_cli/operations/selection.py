"""The entities of a query, and warnings about a query that may be a mistake."""

from __future__ import annotations

from loop_cli.core import comparable, name_field, unprepared
from loop_cli.core import query as queries
from loop_cli.core.entity import OWN
from loop_cli.core.evaluate import Selected
from loop_cli.core.names import nearest
from loop_cli.core.query import Query
from loop_cli.core.schema.type_words import meant_type
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loop_cli.core.listed import Listed
    from loop_cli.core.query import Condition
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import Store


class Selection:
    """The entities of a store that `query` selects, in its order; with a `text`, by a search.

    `told` is given the number of files looked at so far. Raises `UsageError` for a type that
    or field that there is not, and for a comparison with what is no value of the field; and what
    `Store.scan` raises.
    """

    def __init__(
        self, store: Store, query: Query, *, told: Callable[[int], None] | None = None
    ) -> None:
        self._store = store
        query = query.replace(types=resolve_types(query.types, store.schema))
        self.query = name_field.in_query(query, store.names, store.schema)
        self._refuse_unknown()
        self._any = False
        # The index is looked at before the first entity is asked for.
        self._found: Iterator[Listed] = (
            store.scan(self.query, told=told)
            if query.text is None
            else store.search(self.query, told=told)
        )

    def __iter__(self) -> Iterator[Selected]:
        for listed in self._found:
            self._any = True
            yield Selected(listed)

    def cursor_after(self, one: Selected) -> str:
        """The cursor with which the same query goes on after one of its entities."""
        from loop_cli.core.evaluate import Places

        return Places(self.query, self._store.schema).cursor(one.listed)

    @property
    def warnings(self) -> list[str]:
        """After all were taken: that the folder is no vault yet, that its notes are no entities,
        and values asked for that no entity has and the schema does not list."""
        if not self._any and unprepared.is_unprepared(self._store):
            return [unprepared.sentence(self._store)]
        if not self._any and (plain := unprepared.without_entities(self._store)) is not None:
            return [plain]
        schema, found = self._store.schema, list[str]()
        types = self.query.types or schema.types
        for one in self.query.conditions:
            if one.operation not in ("=", "!=") or len(one.path) > 1:
                continue
            specs = [schema.spec(name, one.path, {}).choices for name in types]
            listed = [*dict.fromkeys(value for choices in specs for value in choices)]
            for value in (operand.text for operand in one.operands if listed):
                alone = Query(conditions=(queries.equals(one.path[0], value),), limit=1)
                if value and value not in listed and not self._finds(alone):
                    close = nearest(value, listed)
                    if one.operation == "=" and not close:
                        continue  # that nothing is found says it
                    meant = f"; did you mean {' or '.join(close)}?" if close else ""
                    found.append(f"no entity has the {one.path[0]} {value!r}{meant}")
        return found

    def _refuse_unknown(self) -> None:
        """Raises `UsageError` for a type or field that neither the schema nor any entity has, and
        for a comparison with what the field's kind does not have."""
        schema, query = self._store.schema, self.query
        for name in query.types:
            if name not in schema.types and not self._finds(Query(types=(name,), limit=1)):
                raise no_type(name, schema)
        for one in query.conditions:
            for name in self._types_in(one):
                if name not in schema.types and not self._finds(Query(types=(name,), limit=1)):
                    raise no_type(name, schema, given=f"--where {one.given!r}: ")
        asked = [(one.path, one.given and f"--where {one.given!r}: ") for one in query.conditions]
        asked += [(key.path, "--sort: ") for key in query.sort]
        known = self._known_fields() if asked else []
        for path, given in asked:
            if path[0] not in known and not self._is_anywhere(path[:1]):
                raise queries.no_field(path[0], known, given=given)
        for one in query.conditions:
            comparable.check(one, schema=schema, names=self._store.names, types=query.types)

    def _types_in(self, condition: Condition) -> list[str]:
        """The types that a condition names."""
        type_fields = {("entity_type",), (self._store.names.type,)}
        if condition.operation not in ("=", "!=") or condition.path not in type_fields:
            return []
        return [one.text for one in condition.operands if one.text]

    def _finds(self, query: Query) -> bool:
        return next(self._store.scan(query), None) is not None

    def _is_anywhere(self, path: tuple[str, ...]) -> bool:
        """Whether an entity of the types has a field."""
        query = Query(types=self.query.types, conditions=(queries.is_there(path),), limit=1)
        return self._finds(query)

    def _known_fields(self) -> list[str]:
        schema = self._store.schema
        types = self.query.types or schema.types
        known = [name for one in types for name in schema.known_fields(one)]
        return list(dict.fromkeys((*known, *OWN, *self._store.names.read_only())))


def resolve_types(given: tuple[str, ...], schema: Schema) -> tuple[str, ...]:
    """Return the types that words mean: `Task`, `task` and `tasks` are the same, also
    where the type is called `Tasks`.

    Files may have types that the schema does not list. Raises `UsageError` for a word that is only
    similar to a type of the schema.
    """
    found = []
    for word in given:
        name = meant_type(word, schema.types)
        if name is None and nearest(word, schema.types):
            raise no_type(word, schema)
        found.append(name or word)
    return tuple(dict.fromkeys(found))


def no_type(word: str, schema: Schema, *, given: str = "") -> UsageError:
    """What is said of a word that is no type; `given` is the condition that names it, if one
    does."""
    close = nearest(word, schema.types)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    hint = f"the vault's types: {', '.join(schema.types)}" if schema.types else None
    details = {} if given else {"unknown_type": word}
    return UsageError(f"{given}no type {word!r}{meant}", hint=hint, **details)
