"""Views: queries by name, in the vault's and the user's `config.toml` (`[views.NAME]`), and the
default columns of a type (`[columns]`). The user's count before the vault's.

A view is data: it shows less of the vault, or in another order. So any vault may bring some.
"""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import suppress

from loop_cli import config
from loop_cli.core.names import nearest, nfc
from loop_cli.errors import EntityNotFound, StorageError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.system.folders import Folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.schema.schema import Schema

MARK = "@"
_LISTS = ("types", "where", "columns")
_MOST_COLUMNS = 6
_MAX_BYTES = 1 << 20
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


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
    """Those of the vault in force, a folder or a database, and of the user."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._user = config.user_config_path(os.environ)

    def all(self) -> dict[str, View]:
        """Every view, by name."""
        found: dict[str, View] = {}
        for path in self._places():
            for name, table in _table(self._read(path), "views", path).items():
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
            found |= _table(self._read(path), "columns", path)
        chosen = [_texts(found[one], f"columns.{one}") for one in types if one in found]
        return tuple(dict.fromkeys(name for one in chosen for name in one))

    def there(self, name: str, *, of_user: bool) -> View | None:
        """The view of a name in the file that `save` would write."""
        path = self._place(of_user=of_user)
        tables = _table(self._read(path), "views", path).items()
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

    def _read(self, path: str) -> str:
        """The text of a file of settings."""
        if path == config.VAULT_FILE and self._settings.database is not None:
            return _text(self._settings.stored or b"", path)
        return _read(self._settings.root, path)

    @property
    def _has_vault(self) -> bool:
        return self._settings.root is not None or self._settings.database is not None

    def _write(self, path: str, name: str, settings: dict[str, Any] | None) -> None:
        before = self._read(path)
        after = _with_table(before, name, settings)
        wanted = tomllib.loads(before)
        views = {nfc(key): value for key, value in wanted.pop("views", {}).items()}
        views.pop(name, None)
        views |= {} if settings is None else {name: settings}
        try:
            made = tomllib.loads(after)
        except tomllib.TOMLDecodeError:
            made = {}
        found = {nfc(key): value for key, value in made.pop("views", {}).items()}
        if (made, found) != (wanted, views):
            raise UsageError(f"{path}: [views.{name}] can't be edited as it stands; edit the file")
        if path == config.VAULT_FILE and self._settings.database is not None:
            from loop_cli.cli import database

            database.replace_settings(self._settings, after.encode())
        else:
            _replace(self._settings.root, path, after.encode())


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


def _table(text: str, name: str, path: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text).get(name, {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: {name} must be a table")
    return found


def _read(root: str | None, path: str) -> str:
    """The text of a file of settings; the vault's is read without following links."""
    try:
        if path == config.VAULT_FILE and root is not None:
            with Folders(root) as folders:
                return _text(folders.slot(path).read(_MAX_BYTES), path)
        with open(path, "rb") as file:
            return _text(file.read(_MAX_BYTES), path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None


def _replace(root: str | None, path: str, data: bytes) -> None:
    """Put a file in the place of the one that is there, if one is. Raises `StorageError`."""
    top, inside = os.path.split(path)
    if path == config.VAULT_FILE and root is not None:
        top, inside = root, path
    temporary = f"{inside}.{os.getpid()}"
    try:
        os.makedirs(top, exist_ok=True)
        with Folders(top) as folders:
            place, new = folders.slot(inside), folders.slot(temporary)
            if place.folder_path:
                folders.make_place(place.folder_path)
            new.folder.write_new(new.name, data, mode=0o644, shared=0o664)
            try:
                new.replace(place)
            except OSError:
                with suppress(OSError):
                    new.remove()
                raise
            place.folder.sync()
    except OSError as error:
        raise StorageError(f"{path} can't be written: {error.strerror}") from None


def _with_table(text: str, name: str, settings: dict[str, Any] | None) -> str:
    """The text with that table of a view and no other of the name; all else stays as it is."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = _names_view(line, name)
        if not inside:
            kept.append(line)
    made = "".join(kept)
    if settings is None:
        return made
    if made and not made.endswith("\n"):
        made += "\n"
    lines = [f"[views.{_key(name)}]"]
    lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    gap = "\n" if made.strip() and not made.endswith("\n\n") else ""
    return made + gap + "\n".join(lines) + "\n"


def _names_view(line: str, name: str) -> bool:
    """Whether a line is the head of the table of that view."""
    try:
        table = tomllib.loads(line).get("views")
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(table, dict) and [nfc(one) for one in table] == [name]


def _key(name: str) -> str:
    return name if name and set(name) <= _PLAIN else _value(name)


def _value(value: Any) -> str:
    """A value as TOML: a text, a number, a list of texts. JSON of those is TOML, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
