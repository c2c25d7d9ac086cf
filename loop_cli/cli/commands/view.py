"""`loop view`: queries by name, for `loop list @NAME`."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.cli.views import View, Views
from loop_cli.core import query as queries
from loop_cli.core.names import nfc
from loop_cli.errors import UsageError
from loop_cli.operations import clock

EXAMPLES = """A view is in .loop/config.toml of the vault, or with --user in your own config.toml.

Examples:

\b
loop view save mine task --where 'assignee=ops' --where 'status!=done' --sort due
loop list @mine
loop list @mine --where 'due<today'
loop view list
loop view show mine
loop view delete mine
"""


def save(
    *,
    name: str,
    entity_type: list[str] | None,
    where: list[str] | None,
    sort: str | None,
    columns: str | None,
    at_most: int | None,
    of_user: bool,
    as_json: bool,
    vault: str | None,
) -> None:
    """Run `loop view save`."""
    name = nfc(name.removeprefix("@"))
    if not name or not name.isprintable() or name != name.strip():
        raise UsageError(f"{name!r} can't name a view")
    queries.parse_conditions(where or (), today=clock.today())
    if sort is not None:
        queries.parse_sort(sort)
    view = View(
        name=name,
        types=tuple(entity_type or ()),
        where=tuple(where or ()),
        sort=sort,
        columns=tuple(one.strip() for one in (columns or "").split(",") if one.strip()),
        limit=at_most,
    )
    if not view.settings:
        raise UsageError(
            "a view of nothing: give types, --where, --sort, --columns or --limit",
            hint="loop view save --help",
        )
    path = _views(vault).save(view, of_user=of_user)
    if as_json:
        output.json_document(view.replace(origin=path).as_dict())
    else:
        output.line(f"saved @{name} in {path}")


def list_views(*, as_json: bool, vault: str | None) -> None:
    """Run `loop view list`."""
    found = _views(vault).all().values()
    if as_json:
        output.json_document({"views": [one.as_dict() for one in found]})
        return
    if not found:
        output.note("no views; 'loop view save' makes one")
    output.page()
    output.lines(f"@{one.name}  {_options(one)}" for one in found)


def show(*, name: str, as_json: bool, vault: str | None) -> None:
    """Run `loop view show`."""
    view = _views(vault).get(name)
    if as_json:
        output.json_document(view.as_dict())
    else:
        output.line(f"loop list {_options(view)}\nfrom {view.origin}")


def delete(*, name: str, as_json: bool, vault: str | None) -> None:
    """Run `loop view delete`."""
    view = _views(vault).delete(name)
    if as_json:
        output.json_document(view.as_dict())
    else:
        output.line(f"deleted @{view.name} from {view.origin}; it was: loop list {_options(view)}")


def _views(vault: str | None) -> Views:
    return Views(context.open_settings({"vault": vault}).root)


def _options(view: View) -> str:
    """A view as a shell takes it."""
    import shlex

    words = [*view.types]
    for one in view.where:
        words += ["--where", one]
    words += ["--sort", view.sort] if view.sort else []
    words += ["--columns", ",".join(view.columns)] if view.columns else []
    words += ["--limit", str(view.limit)] if view.limit is not None else []
    return shlex.join(words)
