"""Views: queries by name, in the vault's and the user's `config.toml` (`[views.NAME]`), and the
default columns of a type (`[columns]`). The user's count before the vault's.

A view is data: it shows less of the vault, or in another order. So any vault may bring some.
"""

from __future__ import annotations

import os

from loop_cli import config
from loop_cli.core.names import nearest, nfc
from loop_cli.errors import EntityNotFound, UsageError
from loop_cli.lean.records import Struct
from loop_cli.planning import view_text
from loop_cli.planning.view_text import COLUMNS, VIEWS
from loop_cli.system import settings_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.schema.schema import Schema
    from loop_cli.operations.boundary import Operations

MARK = "@"
_LISTS = ("types", "where", "columns")
_MOST_COLUMNS = 6


class View(Struct):
    """A query by name; `origin` is the file that it is in."""

    name: str
    origin: str = ""
    types: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    sort: str | None = None
    columns: tuple[str, ...] = ()
    limit: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Its JSON."""
        data = dict(self.__dict__)
        return {key: list(one) if isinstance(one, tuple) else one for key, one in data.items()}

    @property
    def settings(self) -> dict[str, Any]:
        """What stands in the file."""
        found = {key: value for key, value in self.as_dict().items() if value not in (None, [])}
        return {key: value for key, value in found.items() if key not in ("name", "origin")}


class Views:
    """Those of the vault in force, a folder, a database or behind a server, and of the user."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._user = config.user_config_path(os.environ)
        server = settings.values.get("server")
        self._is_far = server is not None and server.value is not None

    def all(self) -> dict[str, View]:
        """Every view, by name."""
        found: dict[str, View] = {}
        for path in self._places():
            for name, table in self._tables(path)[VIEWS].items():
                found[nfc(name)] = _view(nfc(name), table, path)
        return found

    def get(self, name: str) -> View:
        """The view of a name. Raises `EntityNotFound`."""
        found = self.all()
        view = found.get(nfc(name.removeprefix(MARK)))
        if view is None:
            close = nearest(name.removeprefix(MARK), found, count=1)
            meant = f"; did you mean {MARK}{close[0]}?" if close else ""
            raise EntityNotFound(
                f"no view {name!r}{meant}", entity_id=name, nearest=close, hint="loop view list"
            )
        return view

    def columns(self, types: Iterable[str]) -> tuple[str, ...]:
        """The columns that the settings have for the types; none where they don't say."""
        found: dict[str, Any] = {}
        for path in self._places():
            found |= self._tables(path)[COLUMNS]
        chosen = [_texts(found[one], f"columns.{one}") for one in types if one in found]
        return tuple(dict.fromkeys(name for one in chosen for name in one))

    def there(self, name: str, *, of_user: bool) -> View | None:
        """The view of a name in the file that `save` would write."""
        path = self._place(of_user=of_user)
        tables = self._tables(path)[VIEWS].items()
        return next((_view(name, table, path) for key, table in tables if nfc(key) == name), None)

    def save(self, view: View, *, of_user: bool) -> str:
        """Write a view; the file it is in. Raises `StorageError`, `UsageError`."""
        path = self._place(of_user=of_user)
        self._write(path, view.name, view.settings)
        return path

    def delete(self, name: str) -> View:
        """Remove a view from the file that it is in. Raises as `get` and `save`."""
        view = self.get(name)
        self._write(self._place(of_user=view.origin == self._user), view.name, None)
        return view

    def _places(self) -> list[str]:
        """The vault's file, then the user's, whose views count before."""
        vault = [config.VAULT_FILE] if self._has_vault else []
        return [*vault, *([self._user] if self._user else [])]

    def _place(self, *, of_user: bool) -> str:
        if not self._has_vault and not of_user:
            raise UsageError(
                "a view of the vault is in a file of its folder, and here is none",
                hint="--user keeps it in your own settings",
            )
        path = self._user if of_user else config.VAULT_FILE
        if path is None:
            raise UsageError("there is no folder for your own settings: HOME is not set")
        return path

    def _tables(self, path: str) -> dict[str, dict[str, Any]]:
        """The tables of views and of columns in a file of settings."""
        if path == config.VAULT_FILE and self._is_far:
            return self._vault().views()
        return view_text.tables(self._read(path), path)

    def _vault(self) -> Operations:
        """The vault in force."""
        from loop_cli.cli import context

        return context.operations(self._settings)

    def _read(self, path: str) -> str:
        """The text of a file of settings."""
        if path == config.VAULT_FILE and self._settings.database is not None:
            return _text(self._settings.stored or b"", path)
        return _read(self._settings.root, path)

    @property
    def _has_vault(self) -> bool:
        here = self._settings.root is not None or self._settings.database is not None
        return here or self._is_far

    def _write(self, path: str, name: str, settings: dict[str, Any] | None) -> None:
        if path == config.VAULT_FILE:
            there = self._tables(path)[VIEWS].items()
            before = next((table for key, table in there if nfc(key) == name), None)
            self._vault().save_view(name, settings, before=before)
        else:
            after = view_text.edited(self._read(path), name, settings, path)
            settings_file.replace(*os.path.split(path), after.encode())


def default_columns(
    schema: Schema, types: tuple[str, ...], usual: tuple[str, ...], own: Iterable[str]
) -> tuple[str, ...]:
    """The columns of a table: the usual ones that the types have; where few do, their own fields,
    enumerations and required ones first. `own` are the fields of identity and time."""
    kinds = [one for one in types or schema.types if schema.knows_type(one)]
    known = list(dict.fromkeys(name for kind in kinds for name in schema.known_fields(kind)))
    first, rest = usual[:2], [name for name in usual[2:] if name in known]
    if not known:
        return usual
    if len(rest) > 1:
        return (*first, *rest)
    passed = {*own, *rest, *first, "aliases"}
    ranked = sorted(
        (name for name in known if name not in passed),
        key=lambda name: (
            not any(schema.spec(kind, (name,), {}).choices for kind in kinds),
            not any(name in schema.required_fields(kind) for kind in kinds),
        ),
    )
    return (*first, *rest, *ranked)[:_MOST_COLUMNS]


def _view(name: str, table: Any, path: str) -> View:
    where = f"{path}: views.{name}"
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table")
    for key in table:
        if key not in (*_LISTS, "sort", "limit"):
            close = nearest(key, (*_LISTS, "sort", "limit"), count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{where} has no {key!r}{meant}")
    lists = {key: tuple(_texts(table[key], f"{where}.{key}")) for key in _LISTS if key in table}
    sort, limit = table.get("sort"), table.get("limit")
    if not (sort is None or isinstance(sort, str)) or isinstance(limit, bool):
        raise UsageError(f"{where}: sort is a text of fields, limit a number")
    if limit is not None and not (isinstance(limit, int) and limit >= 0):
        raise UsageError(f"{where}.limit must be a number from 0")
    return View(name=name, origin=path, sort=sort, limit=limit, **lists)


def _texts(value: Any, where: str) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(one, str) and one for one in items):
        raise UsageError(f"{where} must be a list of texts")
    return items


def _read(root: str | None, path: str) -> str:
    """The text of a file of settings; the vault's is read without following links."""
    try:
        if path == config.VAULT_FILE and root is not None:
            return _text(settings_file.read(root, path) or b"", path)
        with open(path, "rb") as file:
            return _text(file.read(settings_file.MOST), path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
