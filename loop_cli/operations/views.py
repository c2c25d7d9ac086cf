"""The views in the vault's file of settings: read them, save one, remove one."""

from __future__ import annotations

from loop_cli.core.names import SETTINGS, nfc
from loop_cli.errors import UsageError
from loop_cli.failures import ChangedMeanwhile
from loop_cli.planning import view_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.store import Store

    Table = dict[str, Any]


def tables(store: Store) -> dict[str, Table]:
    """The tables `views` and `columns`. Raises `UsageError` where the file can't be read so."""
    return view_text.tables(_text(store.upkeep.settings()), SETTINGS)


def save(
    store: Store, name: str, settings: Table | None, *, before: Table | None, dry_run: bool = False
) -> None:
    """Write a view in the place of what was read `before`; None is no view. Raises
    `ChangedMeanwhile`, `UsageError`, `VaultLocked`."""
    data = store.upkeep.settings()
    text = _text(data)
    views = view_text.tables(text, SETTINGS)[view_text.VIEWS]
    there = next((one for key, one in views.items() if nfc(key) == nfc(name)), None)
    if there == settings:  # by an attempt of which no answer came
        return
    if there != before:
        raise ChangedMeanwhile(SETTINGS)
    after = view_text.edited(text, nfc(name), settings, SETTINGS)
    if not dry_run:
        store.upkeep.replace_settings(data, after.encode())


def _text(data: bytes | None) -> str:
    try:
        return (data or b"").decode()
    except UnicodeDecodeError:
        raise UsageError(f"{SETTINGS} is not UTF-8 text") from None
