"""Turn a query into SQL over the columns that `projection` made.

A test is `exact` if SQL answers as `core.evaluate` does; else it lets more through, and the caller
has Python decide. `ranked` tells that SQL sorts as Python does.
"""

from __future__ import annotations

import re

from loop_cli.core import days, order
from loop_cli.core import query as queries
from loop_cli.core.entity import OWN
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.postgres.keys import (
    LONGEST,
    instant_key,
    name_of,
    number_key,
    own_name,
    plain,
    safe,
    text_key,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.order import Place
    from loop_cli.core.query import Condition, Operand, Query, SortKey
    from loop_cli.core.schema.schema import Schema

BASE = "admitted AND kind = 3"
_EPOCH_DAY = 86_400_000_000
_OPPOSITE = bytes(range(255, -1, -1))
_SIGNS = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_PLAIN = re.compile(r"[A-Za-z0-9 ._:/+-]+")
# Characters that become ASCII letters where case is ignored.
_FOLDING = "[\u00df\u0130\u0149\u017f\u01f0\u1e96-\u1e9a\u1e9e\u212a\ufb00-\ufb06]"


class Test(Struct):
    """One condition in SQL."""

    sql: str
    values: tuple[object, ...] = ()
    exact: bool = True


_ANY = Test(sql="true", exact=False)


class Key(Struct):
    """One part of the order in SQL; `parse` makes its value of a part of a cursor."""

    sql: str
    descending: bool = False
    values: tuple[object, ...] = ()


class Selection:
    """A query in SQL. `same_zone` tells whether days were computed in this program's time zone."""

    def __init__(self, query: Query, schema: Schema, *, same_zone: bool) -> None:
        self.query = query
        self._same_zone = same_zone
        tests = [self._types(query.types)] if query.types else []
        tests += [self._test(one) for one in query.conditions]
        self.where = " AND ".join([BASE, *(one.sql for one in tests)])
        self.values = tuple(value for one in tests for value in one.values)
        self.exact = all(one.exact for one in tests)
        choices = queries.choices_of(schema, query.types)
        self.keys = [_key(one, choices(one.path)) for one in query.sort]
        self.ranked = same_zone or all(one.path == ("updated_at",) for one in query.sort)
        self.names = [
            _name(one.path) for one in query.sort if one.path != ("updated_at",)
        ]  # that must not have values too long to be sorted by

    def order(self) -> str:
        """Return what comes after ORDER BY; its values are `order_values`."""
        parts = [f"{key.sql} {'DESC' if key.descending else 'ASC'}" for key in self.keys]
        return ", ".join([*parts, "id", "path"])

    @property
    def order_values(self) -> tuple[object, ...]:
        """The values of `order`, and of `columns`."""
        return tuple(value for key in self.keys for value in key.values)

    def columns(self) -> str:
        """Return the sort keys as columns, each with a comma before it."""
        return "".join(f", {key.sql}" for key in self.keys)

    def after(self, place: Sequence[object]) -> tuple[str, tuple[object, ...]]:
        """Return the test for what comes after a place: sort keys, id and path."""
        keys = [*self.keys, Key(sql="id"), Key(sql="path")]
        if not any(key.descending for key in keys):
            names = ", ".join(key.sql for key in keys)
            marks = ", ".join(["%s"] * len(keys))
            return f"({names}) > ({marks})", (*self.order_values, *place)
        tests, values = [], []
        for at, key in enumerate(keys):
            same = [f"{one.sql} = %s" for one in keys[:at]]
            sign = "<" if key.descending else ">"
            tests.append("(" + " AND ".join([*same, f"{key.sql} {sign} %s"]) + ")")
            for one, value in zip(keys[: at + 1], place[: at + 1], strict=True):
                values += [*one.values, value]
        first = keys[0]
        bound = f"{first.sql} {'<=' if first.descending else '>='} %s"
        return f"({bound} AND ({' OR '.join(tests)}))", (*first.values, place[0], *values)

    def place_of(self, cursor: Place) -> tuple[object, ...]:
        """Return the values of a cursor, as `after` takes them."""
        parts = [
            _ascending(part) if key.descending else part.hex()
            for part, key in zip(cursor, self.keys, strict=False)
        ]
        return (*parts, *cursor[len(self.keys) :])

    def _types(self, types: Sequence[str]) -> Test:
        return Test(sql="type = ANY(%s)", values=([plain(one) for one in types],))

    def _test(self, one: Condition) -> Test:
        if one.path == ("updated_at",):
            return _of_time(one)
        name = _name(one.path)
        if one.operation in ("there", "has", "missing"):
            key = "t" if one.operation == "there" else "h"
            return _not(_holds(name, key)) if one.operation == "missing" else _holds(name, key)
        if one.operation == "=":
            return _any([self._equal(name, operand) for operand in one.operands])
        if one.operation == "!=":
            return _not(_any([self._equal(name, operand) for operand in one.operands]))
        if one.operation == "~":
            return _any([_containing(name, operand) for operand in one.operands])
        return _any([self._range(name, one.operation, operand) for operand in one.operands])

    def _equal(self, name: str, operand: Operand) -> Test:
        if not operand.text:
            return _not(_holds(name, "h"))
        keys = [text_key(operand.text)]
        if operand.number is not None:
            keys.append(f"n{number_key(operand.number)}")
        if operand.text in ("true", "false"):
            keys.append(f"b{int(operand.text == 'true')}")
        instant = operand.start if operand.day is None else operand.day
        if instant is not None:
            if not self._same_zone:
                return _ANY
            keys.append(f"{'m' if operand.day is None else 'd'}{instant_key(instant)}")
        return _any([_holds(name, key) for key in keys])

    def _range(self, name: str, sign: str, operand: Operand) -> Test:
        instant = operand.start if operand.day is None else operand.day
        if instant is not None and not self._same_zone:
            return _ANY
        tests = []
        if operand.number is not None:
            tests.append(_between(name, "n", sign, number_key(operand.number)))
        if instant is not None:
            kind = "m" if operand.day is None else "d"
            tests.append(_between(name, kind, sign, instant_key(instant)))
            return _any(tests)
        if operand.number is not None:
            tests.append(_between(name, "s", sign, number_key(operand.number)))
        if len(operand.text) > LONGEST or safe(operand.text) != operand.text:
            return _ANY
        tests += [_between(name, "=", sign, operand.text), _holds(name, "L")]
        return _any(tests).replace(exact=False)


def _name(path: tuple[str, ...]) -> str:
    return own_name(path[0]) if len(path) == 1 and path[0] in OWN else name_of(path)


def _holds(name: str, key: str) -> Test:
    return Test(sql="keys @> %s::jsonb", values=(as_json({name: [key]}),))


def _not(test: Test) -> Test:
    return test.replace(sql=f"NOT ({test.sql})") if test.exact else _ANY


def _any(tests: Sequence[Test]) -> Test:
    return Test(
        sql="(" + " OR ".join(one.sql for one in tests) + ")",
        values=tuple(value for one in tests for value in one.values),
        exact=all(one.exact for one in tests),
    )


def _between(name: str, kind: str, sign: str, key: str) -> Test:
    """Test whether a key of a kind is on one side of another."""
    bound = f'x COLLATE "C" {_SIGNS[sign]} %s'
    return Test(
        sql=(
            "EXISTS (SELECT FROM jsonb_array_elements_text(keys->%s) AS x"
            f' WHERE x COLLATE "C" >= %s AND x COLLATE "C" < %s AND {bound})'
        ),
        values=(name, kind, chr(ord(kind) + 1), kind + key),
    )


def _containing(name: str, operand: Operand) -> Test:
    """Let all through whose JSON has the text, in any case; Python looks where it is."""
    if _PLAIN.fullmatch(operand.text) is None or name.startswith(own_name("")):
        return _holds(name, "h").replace(exact=False) if operand.text else _ANY
    pattern = re.sub(r"([%_\\])", r"\\\1", operand.text)
    return Test(
        sql='(fields COLLATE "C" ILIKE %s OR fields ~ %s)',
        values=(f"%{pattern}%", _FOLDING),
        exact=False,
    )


def _of_time(one: Condition) -> Test:
    """Test the reported time, which is there for every entity."""
    if one.operation in ("there", "has"):
        return Test(sql="true")
    if one.operation == "missing":
        return Test(sql="false")
    tests = []
    for operand in one.operands:
        if operand.day is not None:
            start, end = _day(operand.day), _day(operand.day + 1)
        elif operand.start is not None and operand.end is not None:
            start, end = operand.start, operand.end
        else:
            return _ANY
        tests.append(_of_span(one.operation, start, end))
    found = _any(tests)
    return _not(found) if one.operation == "!=" else found


def _of_span(operation: str, start: int, end: int) -> Test:
    if operation in ("=", "!="):
        return Test(sql="(updated >= %s AND updated < %s)", values=(start, end))
    if operation == "~":
        return _ANY
    sign, bound = {
        "<": ("<", start), "<=": ("<", end), ">": (">=", end), ">=": (">=", start)
    }[operation]  # fmt: skip
    return Test(sql=f"updated {sign} %s", values=(bound,))


def _day(day: int) -> int:
    """Return the instant at which a local day begins."""
    from loop_cli.core.timestamps import EPOCH
    from loop_cli.lean.basics import date

    try:
        text = date.fromordinal(day + EPOCH).isoformat()
    except (ValueError, OverflowError):
        return day * _EPOCH_DAY
    found = days.moment(text)
    return day * _EPOCH_DAY if found is None else found


def _key(key: SortKey, choices: tuple[str, ...]) -> Key:
    """Return the SQL of a sort key. It is as an index has it, where there is one."""
    if key.path == ("updated_at",):
        return Key(sql="at", descending=key.descending)
    name = _name(key.path)
    last = "''" if key.descending else "'02'"
    rank = f"ranks->>{_literal(name)}"
    values: tuple[object, ...] = ()
    if choices:
        places = {safe(one): order.rank(one, choices).hex() for one in choices}
        rank = f"%s::jsonb->>(ranks->>{_literal('=' + name)}), {rank}"
        values = (as_json(places),)
    return Key(
        sql=f'coalesce({rank}, {last}) COLLATE "C"', descending=key.descending, values=values
    )


def _literal(text: str) -> str:
    escaped = text.replace("'", "''").replace("%", "%%")
    return f"E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{escaped}'"


def _ascending(part: bytes) -> str:
    """Return the sort key of a part of a cursor in which the greatest comes first."""
    if part[:1] != b"\x01":
        return ""
    spelled = part[1:-1].translate(_OPPOSITE)
    plain_bytes = re.sub(
        b"\x01([\x01\x02])", lambda match: b"\0" if match[1] == b"\x01" else b"\x01", spelled
    )
    return (b"\x01" + plain_bytes).hex()


def text_query(exact: Sequence[str], beginnings: Sequence[str]) -> str:
    """Return the tsquery for texts that have all grams; grams have no quotes."""
    parts = [_lexeme(one) for one in exact] + [f"{_lexeme(one)}:*" for one in beginnings]
    return " & ".join(parts)


def _lexeme(gram: str) -> str:
    escaped = gram.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
