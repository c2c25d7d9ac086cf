"""`loop view`: queries by name, for `loop list @NAME`."""

from __future__ import annotations

from loop_cli.cli import context, output
from loop_cli.cli.commands.listing import query, refuse_unknown
from loop_cli.cli.views import View, Views
from loop_cli.core.names import nfc
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.operations.boundary import Operations

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
    settings = context.open_settings({"vault": vault})
    warnings = _refuse_what_can_t_list(view, context.operations(settings), of_user=of_user)
    views = Views(settings)
    before = views.there(name, of_user=of_user)
    path = views.save(view, of_user=of_user)
    context.did(f"@{name} is saved in {path}")
    if before is not None:
        warnings.append(f"@{name} was there and is replaced; it was: loop list {_options(before)}")
    saved = view.replace(origin=path).as_dict()
    if not output.as_document(saved, warnings, wanted=as_json):
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
    context.did(f"@{view.name} is deleted from {view.origin}")
    if as_json:
        output.json_document(view.as_dict())
    else:
        output.line(f"deleted @{view.name} from {view.origin}; it was: loop list {_options(view)}")


def _refuse_what_can_t_list(view: View, loop: Operations, *, of_user: bool) -> list[str]:
    """Raises `UsageError` as `loop list` with the view would. A view of the user's own is for other
    vaults too: then it returns the reason."""
    asked = query([*view.types], [*view.where], view.sort)
    try:
        loop.select(asked.replace(limit=1))
        refuse_unknown(view.columns, asked.types, loop, "--columns")
    except UsageError as error:
        if not of_user:
            raise
        return [f"@{view.name} lists nothing in this vault: {error.message}"]
    return []


def _views(vault: str | None) -> Views:
    return Views(context.open_settings({"vault": vault}))


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
