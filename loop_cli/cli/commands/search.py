"""`loop search`: find text in names and bodies."""

from __future__ import annotations

from loop_cli.cli import context, hints, output
from loop_cli.cli.commands import listing
from loop_cli.core.wanted import Wanted
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.listed import Hit
    from loop_cli.core.query import Query
    from loop_cli.operations.boundary import Operations, Progress, Selection

EXAMPLES = """The search finds an entity if its id, name and body together have all words of TEXT. A
word matches the beginning of a word, in upper or lower case. Hangul and Chinese
characters match anywhere. Double quotes keep words together. Entities with all words in
the id or the name come first.

Examples:

\b
loop search 회의록
loop search 'release 일정' task --where 'status=todo,doing'
loop search '"write lease"' --json
loop search tsk-019 --ids
loop search 규칙 --json=entity_id,status

The first search of a vault reads all files and takes a while. Later ones read only changed files.
"""
_AT_ONCE = 20  # hits


def search(
    *,
    text: str,
    entity_type: list[str] | None,
    where: list[str] | None,
    limit: int | None,
    as_json: bool | str,
    template: str | None,
    ids: bool,
    count: bool,
    vault: str | None,
) -> None:
    """Run `loop search`."""
    with_json, with_text = as_json is not False, template is not None
    if sum((with_json, ids, count, with_text)) > 1:
        raise UsageError("choose one of --json, --ids, --count and --template")
    wanted = Wanted(text)
    for_people = not (with_json or ids or count or with_text)
    at_most = output.ROWS + 1 if limit is None and for_people else limit or None
    asked = listing.query(entity_type, where)
    asked = asked.replace(text=text, limit=at_most)
    loop = context.operations(context.open_settings({"vault": vault}))
    with output.progress("reading the vault", unit="files") as progress:
        found = _selected(loop, asked, progress)
        if with_text or isinstance(as_json, str):
            output.write_each(listing.shaped(as_json, template, found, asked.types, loop))
            output.warn([*found.warnings, *loop.take_warnings()])
            return
        hits: Iterator[Any] = (one.listed for one in found)
        first = next(hits, None)
    if as_json:
        output.lines(json_of(hit) for hit in _chain(first, hits))
    elif count:
        output.line(str(sum(1 for _hit in _chain(first, hits))))
    elif ids:
        output.lines(hit.id for hit in _chain(first, hits))
    else:
        _show(_chain(first, hits), wanted, all_of_them=limit is not None)
    output.warn([*found.warnings, *loop.take_warnings()])


def _selected(loop: Operations, asked: Query, progress: Progress | None) -> Selection:
    """Raises `UsageError`; of words of the search that were taken for types it says so."""
    try:
        return loop.select(asked, progress=progress)
    except UsageError as error:
        if "unknown_type" in error.details:
            words = " ".join((asked.text or "", *asked.types))
            error.hint = f"words of the search go together: {hints.command('search', words)}"
        raise


def json_of(hit: Hit) -> str:
    """Return the JSON line of a hit."""
    where = {"in_names": hit.in_names, "line": hit.line, "text": hit.text}
    return output.json_text({**hit.own, "entity_name": hit.name, **where})


def _chain(first: Hit | None, rest: Iterator[Hit]) -> Iterator[Hit]:
    if first is not None:
        yield first
        yield from rest


def _show(hits: Iterator[Hit], wanted: Wanted, *, all_of_them: bool) -> None:
    from loop_cli.cli.render import search as render_search

    output.page()
    count = 0
    waiting: list[Hit] = []
    for hit in hits:
        if count == output.ROWS and not all_of_them:
            count += 1
            break
        count += 1
        waiting.append(hit)
        if len(waiting) == _AT_ONCE:
            output.show(render_search.hits(waiting, wanted))
            waiting = []
    if waiting:
        output.show(render_search.hits(waiting, wanted))
    if not count:
        output.note("nothing found")
    elif count > output.ROWS and not all_of_them:
        output.note(f"the first {output.ROWS}; --limit 0 shows all")
