"""What an update changes in the row of its file: only that is computed, sent and written.

Most updates set some plain values. All else in the row is then as it was: it was computed from
the same bytes, by the same rules.
"""

from __future__ import annotations

from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.plain import same
from loop_cli.postgres import keys, mentions, projection, rows
from loop_cli.postgres.projection import ENTITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.planning.plan import Plan
    from loop_cli.postgres.locating import Found

_ALIASES = "aliases"


def columns(plan: Plan, found: Found, now: int, names: FieldNames) -> dict[str, object] | None:
    """Return the columns for a file that stays where it is, as `rows.said` returns those of a whole
    row. `gone` are the names in `keys` and `ranks` that go before others come. None if more may
    have changed than some plain values."""
    values = _changed(plan)
    place = found.place
    if values is None or place.kind != ENTITY or place.id is None:
        return None
    before, after = plan.before, plan.after
    said = [*keys.values_in(jsontext.loads(as_json(values)))]
    said.append((keys.own_name("etag"), after.revision.etag))
    gone = [one for name, _value in said for one in (name, f"={name}")]
    row = projection.Row(
        path=place.path.encode("utf-8", "surrogateescape"),
        folded=b"",
        data=plan.data,
        etag=after.revision.etag,
        modified=now,
        kind=ENTITY,
        admitted=place.admitted,
        id=place.id,
        type=keys.plain(after.type),
        title=None if after.name is None else keys.plain(after.name),
        fields=projection.storable(as_json(after.fields)),
        keys=as_json(keys.keys_of(said)),
        ranks=as_json(keys.ranks_of(said)),
        claims=place.names,
    )
    if before.body != after.body:
        called, grams = projection.words_of(place.id, after.name, after.body)
        row = row.replace(names=called, grams=grams)
    row = projection.recorded(row, plan.record)
    seen, told = (
        mentions.of_entity(mentions.of_file(place.path, data), one.id, one.fields, names)
        for data, one in ((place.data, before), (plan.data, after))
    )
    return {
        **rows.said(row.replace(mentions=told)),
        "gone": gone,
        "words": before.body != after.body,
        "mentions": None if told == seen else [one.hex() for one in told],
    }


def _changed(plan: Plan) -> dict[str, Any] | None:
    """Return the plain values that a plan changes; None if it changes others, or their order."""
    before, after = plan.before, plan.after
    if plan.record["metadata"].get("layout"):  # the fields may be in another order in the file
        return None
    if (before.id, before.type, before.name) != (after.id, after.type, after.name):
        return None
    if [*before.fields] != [*after.fields]:
        return None
    changed: dict[str, Any] = {}
    for name, value in after.fields.items():
        old = before.fields[name]
        if value is old:
            continue
        if isinstance(value, dict | list) or isinstance(old, dict | list):
            if as_json(value) != as_json(old):
                return None
        elif not same(value, old):
            changed[name] = value
    known = all(isinstance(name, str) and name != _ALIASES for name in changed)
    return changed if known else None
