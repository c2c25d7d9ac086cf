"""Settings, and where each came from (SPEC §7): option, environment, vault, user, default."""

from __future__ import annotations

import errno
import os
import stat

from loop_cli.core.entity import FieldNames
from loop_cli.errors import Action, EntityNotFound, StorageError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.system import home
from loop_cli.system.folders import Folders, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.errors import LoopError

VAULT_FILE = os.path.join(".loop", "config.toml")
TABLES = ("views", "columns")
"""Tables of free names beside the settings (`cli.views`)."""
_MAX_BYTES = 1 << 20
DATABASES = ("postgresql://", "postgres://")
"""How the address of a vault in a database begins."""
MARKERS = (os.path.join("00_Meta", "schema_constants.yaml"), ".loop", ".obsidian")


class Key(Struct):
    """One setting. `parse` takes text or a TOML value and raises `ValueError` in words;
    `of_vault` is False for what no vault has a say in, since any may come from a stranger.
    `is_data` tells that even a stranger's vault has: it says how to read the vault's files, or
    shows less of them. `called` is its environment variable where that has another name."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    about: str
    of_vault: bool = True
    is_data: bool = False
    called: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable."""
        return self.called or "LOOP_" + self.name.upper().replace(".", "_")


class Setting(Struct):
    """A setting's value and where it came from, in words."""

    value: Any
    origin: str


class Settings(Struct):
    """All settings in force; `root` is the vault's folder, None where there is none, or where a
    `server` is asked instead, or a `database`, by its address; then `stored` is the vault's file of
    settings that it has. `notices` are sentences for the user about what does not count."""

    root: str | None
    values: dict[str, Setting]
    notices: tuple[str, ...] = ()
    database: str | None = None
    stored: bytes | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value

    @property
    def names(self) -> FieldNames:
        """The fields that carry identity and time."""
        return FieldNames(**{name: self[f"fields.{name}"] for name in FieldNames._fields})


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


def _address(value: Any) -> str:
    """The address of a server without a slash at its end."""
    text = _text(value)
    scheme, sep, rest = text.partition("://")
    if not sep or scheme.lower() not in ("http", "https") or not rest.strip("/"):
        raise ValueError("must be an address such as https://notes.example")
    if not all("!" <= one <= "~" and one not in '@?#"<>\\^`{|}' for one in rest):
        raise ValueError("must be an address without a user, a query or a fragment, in ASCII")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds <= 86_400:
        raise ValueError("must be a number of seconds up to 86400, such as 10 or 0.5")
    return seconds


def _policy(value: Any) -> str:
    if value not in ("fail", "rebase"):
        raise ValueError("must be fail or rebase")
    return str(value)


def _flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    found = words.get(str(value).casefold())
    if found is None:
        raise ValueError("must be true or false")
    return found


def _names(value: Any) -> tuple[str, ...]:
    items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be a list of field names")
    return tuple(item for item in items if item)


def _place(value: Any) -> str:
    """A place in the vault, which neither leads out of it nor into a hidden folder of others."""
    first, *rest = _text(value).split("/")
    hidden = [one for one in (first, *rest) if one in ("", "~") or one.startswith(".")]
    if "\0" in value or "\\" in value or (hidden and (hidden != [".loop"] or first != ".loop")):
        raise ValueError("must be a path in the vault, such as meta/schema.yaml, not hidden")
    return str(value)


_KEY_OF_VAULT = Key(
    name="vault",
    default=None,
    parse=_text,
    about="the vault's folder, or its address in a database",
)
_KEY_OF_SERVER = Key(
    name="server",
    default=None,
    parse=_address,
    about="the address of a server that commands ask instead of reading files",
    of_vault=False,
    called="LOOP_API_URL",
)
KEYS: tuple[Key, ...] = (
    _KEY_OF_VAULT,
    _KEY_OF_SERVER,
    Key(
        name="allow_http",
        default=False,
        parse=_flag,
        about="whether http:// may lead to another machine, where others can read along",
        of_vault=False,
    ),
    Key(
        name="lock_timeout",
        default=10.0,
        parse=_seconds,
        about="seconds to wait for the vault's lock",
    ),
    Key(
        name="on_conflict",
        default="fail",
        parse=_policy,
        about="what `update` does about a conflict: fail, or rebase if no field overlaps",
    ),
    Key(
        name="editor",
        default=None,
        parse=_text,
        about="the editor's command line; else VISUAL, EDITOR, the usual ones",
        of_vault=False,
    ),
    Key(
        name="plain",
        default=False,
        parse=_flag,
        about="output for screen readers: no boxes, no columns, words for signs",
    ),
    Key(
        name="files.schema",
        default=None,
        parse=_place,
        about="the file of the schema; else 00_Meta/schema_constants.yaml if there is one, else "
        ".loop/schema.yaml",
        is_data=True,
    ),
    Key(
        name="files.log",
        default=None,
        parse=_place,
        about="the folder of the audit log; else _build with 00_Meta/schema_constants.yaml, .loop "
        "without it, or where the log is already",
        is_data=True,
    ),
    Key(
        name="audit.private",
        default=(),
        parse=_names,
        about="fields recorded in the audit log as hashes",
        is_data=True,
    ),
    Key(
        name="fields.id",
        default="entity_id",
        parse=_text,
        about="the field with the id; @stem is the file's name, @path its path, @folder-stem its "
        "name or, of the page of a bundle, the folder's",
        is_data=True,
    ),
    Key(
        name="fields.type",
        default="entity_type",
        parse=_text,
        about="the field with the type; @folder is the top folder",
        is_data=True,
    ),
    Key(
        name="fields.name",
        default="entity_name",
        parse=_text,
        about="the field with the name",
        is_data=True,
    ),
    Key(
        name="fields.created",
        default="created",
        parse=_text,
        about="the field with the time of creation",
        is_data=True,
    ),
    Key(
        name="fields.updated",
        default="updated",
        parse=_text,
        about="the field with the time of the last change",
        is_data=True,
    ),
)


def load(
    options: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    cwd: str,
    need_vault: bool = True,
    remote: bool = True,
    read: Callable[[str], bytes | None] | None = None,
) -> Settings:
    """The settings in force; `options` are those given on the command line. If not `remote`, no
    server counts. `read` gives the settings that a database has, by its address.

    Raises `NoVault`, `UsageError` for a wrong value, `EntityNotFound` for a missing vault,
    `StorageError` for a vault's file that is outside the vault.
    """
    user_file = user_config_path(environ)
    user = {} if user_file is None else _read(user_file)
    server = _server(options, environ, user, user_file) if remote else _NO_SERVER
    root, origin = None, "the server's"
    if server.value is None:
        root, origin = _find_root(options, environ, cwd, user)
        if root is None and need_vault:
            raise _no_vault(cwd, user_file)
    database = None
    if root is not None and root.startswith(DATABASES):
        root, database = None, root
    vault, ignored, notices = ({}, {}, ()) if root is None else _of_vault(root, user_file)
    stored = None if database is None or read is None else read(database)
    if stored is not None:
        vault = _of_database(stored)
    values: dict[str, Setting] = {}
    for key in KEYS:
        layers = (
            (options, key.name, f"--{key.name.replace('_', '-')}"),
            (environ, key.variable, key.variable),
            (vault, key.name, VAULT_FILE),
            (user, key.name, user_file or ""),
        )
        found = _first(key, layers)
        if key.name in ignored:
            found = found.replace(origin=f"{found.origin}; {ignored[key.name]}")
        values[key.name] = found
    values["vault"] = Setting(value=database or root, origin=origin)
    values["server"] = server
    return Settings(root=root, values=values, notices=notices, database=database, stored=stored)


_NO_SERVER = Setting(value=None, origin="not used: this needs the vault's files")


def _server(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    user: Mapping[str, Any],
    user_file: str | None,
) -> Setting:
    """The server in force. A folder that is named at least as near as the server is comes first:
    by `--vault`, or by `LOOP_VAULT` where only the user's file names the server.

    Raises `UsageError` where both are named by options.
    """
    key = _KEY_OF_SERVER
    layers = (
        (options, key.name, "--server"),
        (environ, key.variable, key.variable),
        (user, key.name, user_file or ""),
    )
    found = _first(key, layers)
    if found.value is None:
        return found
    if options.get("vault"):
        if found.origin == "--server":
            raise UsageError("--server and --vault: a vault is either behind a server or a folder")
        nearer = "--vault"
    elif environ.get("LOOP_VAULT") and found.origin == user_file:
        nearer = "LOOP_VAULT"
    else:
        return found
    return Setting(value=None, origin=f"{found.origin}; not used, as {nearer} names a folder")


def user_config_path(environ: Mapping[str, str]) -> str | None:
    """Return the user's configuration file; None if there is no folder for one."""
    base = home.config(environ)
    return None if base is None else os.path.join(base, home.NAME, "config.toml")


def find_marker(cwd: str) -> tuple[str, str] | None:
    """Return the nearest folder, from `cwd` upwards, with the mark of a vault; and that mark."""
    for marker in MARKERS:
        for folder in _upwards(cwd):
            if os.path.exists(os.path.join(folder, marker)):
                return folder, marker
    return None


def _of_vault(
    root: str, user_file: str | None
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Return the vault's settings that count, the others with the reasons, and the notice of these.

    Raises `UsageError`, `StorageError`.
    """
    with Folders(root) as opened:
        try:
            found = opened.slot(VAULT_FILE).read(_MAX_BYTES)
            from loop_cli import trust

            why = trust.distrust(opened, VAULT_FILE)
        except FileNotFoundError:
            return {}, {}, ()
        except OSError as error:
            if error.errno == errno.ENOTDIR:  # a file instead of the folder
                return {}, {}, ()
            raise _unreadable(root, error) from None
    values = _parsed(found, VAULT_FILE)
    for key in KEYS:
        if key.name in values and not key.of_vault:
            place = user_file or "your own config.toml"
            raise UsageError(
                f"{VAULT_FILE}: a vault may not set {key.name}", hint=f"set it in {place}"
            )
    data = {key.name for key in KEYS if key.is_data}
    names = [name for name in values if name not in data]
    if why is None or not names:
        return values, {}, ()
    notice = f"{VAULT_FILE} does not set {', '.join(names)}: {why}"
    ignored = dict.fromkeys(names, f"not {VAULT_FILE}: {why}")
    return {name: values[name] for name in values if name in data}, ignored, (notice,)


def _of_database(found: bytes) -> dict[str, Any]:
    """Return the settings of a vault in a database that say how to read it; others are for the
    folder that it may become again. Raises `UsageError`."""
    data = {key.name for key in KEYS if key.is_data}
    return {name: one for name, one in _parsed(found, VAULT_FILE).items() if name in data}


def _unreadable(root: str, error: OSError) -> UsageError | StorageError:
    """Make the error for an unreadable file of the vault; a link out of the vault comes first."""
    path = os.path.join(root, VAULT_FILE)
    if not os.path.realpath(path).startswith(os.path.join(os.path.realpath(root), "")):
        return StorageError(
            f"{VAULT_FILE} or its folder is a link that leads out of the vault",
            hint="replace the link by the folder itself, or name the vault that the link leads to",
        )
    if error.errno == errno.ELOOP:
        return StorageError(
            f"{error.filename} {error.strerror}",
            hint="replace the link by the file or folder itself",
        )
    if isinstance(error, Refused):
        return UsageError(f"{error.filename} {error.strerror}")
    return UsageError(f"{VAULT_FILE} can't be read: {error.strerror}")


def _first(key: Key, layers: tuple[tuple[Mapping[str, Any], str, str], ...]) -> Setting:
    for values, name, origin in layers:
        value = values.get(name)
        if value is None or (value == "" and origin == key.variable):
            continue
        try:
            return Setting(value=key.parse(value), origin=origin)
        except ValueError as error:
            raise UsageError(f"{origin}: {key.name} {error}, not {value!r}") from None
    return Setting(value=key.default, origin="default")


def _find_root(
    options: Mapping[str, Any], environ: Mapping[str, str], cwd: str, user: Mapping[str, Any]
) -> tuple[str | None, str]:
    for value, origin in (
        (options.get("vault"), "--vault"),
        (environ.get("LOOP_VAULT"), "LOOP_VAULT"),
    ):
        if value and str(value).startswith(DATABASES):
            return str(value), origin
        if value:
            return _root(home.expand(str(value), environ), origin), origin
    found = find_marker(cwd)
    if found is not None:
        folder, marker = found
        return _root(folder, marker), f"{marker} in {folder}"
    value = user.get("vault")
    if value is not None:
        file = user_config_path(environ) or ""
        if str(value).startswith(DATABASES):
            return str(value), "user configuration"
        path = home.expand(_first(_KEY_OF_VAULT, ((user, "vault", file),)).value, environ)
        if not os.path.isabs(path):
            raise UsageError(f"{file}: vault must be a whole path, not {path!r}")
        return _root(path, "user configuration"), "user configuration"
    return None, "default"


def _root(path: str, origin: str) -> str:
    root = os.path.abspath(path)
    if not os.path.isdir(root):
        raise EntityNotFound(f"no vault: {origin} names {path}, which is not a folder", vault=path)
    for outer in _upwards(os.path.realpath(root))[1:]:
        if os.path.isdir(os.path.join(outer, ".loop")):
            raise UsageError(
                f"a vault inside a vault: {outer} and {root} both are roots, "
                "so there would be two locks",
                hint=Action("take_one_vault", vault=outer),
            )
    return root


def _upwards(folder: str) -> list[str]:
    found = [os.path.abspath(folder)]
    while (parent := os.path.dirname(found[-1])) != found[-1]:
        found.append(parent)
    return found


def _no_vault(cwd: str, user_file: str | None) -> LoopError:
    from loop_cli.failures import NoVault

    return NoVault(
        "no vault: none is named by --vault or by LOOP_VAULT, "
        f"{cwd} and the folders above it have no {', '.join(MARKERS[:-1])} or {MARKERS[-1]}, "
        + (f"and {user_file} names none" if user_file else f"and {home.NO_HOME}"),
        hint=Action("make_or_name_vault") if has_notes(cwd) else Action("name_vault"),
    )


def has_notes(folder: str) -> bool:
    """Whether a folder is one of notes, which `loop init` could make a vault, as far as a short
    look shows. The home folder is none, nor is the root: they have all of a person's files."""
    from loop_cli.core.names import ENDINGS
    from loop_cli.core.schema_proposal import EXCLUDED, EXCLUDED_FILES
    from loop_cli.system import nearby

    all_files = (os.sep, os.path.realpath(home.home(os.environ) or os.sep))
    if os.path.realpath(folder) in all_files:
        return False
    return nearby.has_file(folder, ENDINGS, besides=(*EXCLUDED, *EXCLUDED_FILES))


def _read(path: str) -> dict[str, Any]:
    """Return the settings in a TOML file by their dotted names; none if there is no file."""
    try:
        text = _bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    return _parsed(text, path)


def _parsed(text: bytes, path: str) -> dict[str, Any]:
    from loop_cli.lean import toml

    try:
        found = toml.loads(text.decode())
        values = _flatten({key: one for key, one in found.items() if key not in TABLES})
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply") from None
    known = {key.name for key in KEYS}
    for name in values:
        if name not in known:
            from loop_cli.core.names import nearest

            close = nearest(name, known, count=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(
                f"{path}: no setting {name!r}{meant}", hint="settings: " + ", ".join(sorted(known))
            )
    return values


def _bytes(path: str) -> bytes:
    """Read a file; do not wait for a pipe. Raises `OSError`, `UsageError`."""
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UsageError(f"{path} is not an ordinary file")
        text = file.read(_MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise UsageError(f"{path} is too large: settings are at most {_MAX_BYTES:,} bytes")
    return text


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found.update(_flatten(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found
