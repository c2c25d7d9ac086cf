"""Workflows for n8n that change a vault over a server: files to import, and a page about them."""

from __future__ import annotations

import json
import os

ADDRESS = "http://127.0.0.1:8081"
"""The server that the files name as they are here."""
_SOURCE = os.path.join(os.path.dirname(__file__), "workflows")


def files(address: str = ADDRESS) -> dict[str, bytes]:
    """Return the files by their names; the workflows speak to the server at `address`."""
    found = {}
    for name in sorted(os.listdir(_SOURCE)):
        with open(os.path.join(_SOURCE, name), encoding="utf-8") as file:
            text = file.read()
        if name.endswith(".json"):
            text = text.replace(json.dumps(ADDRESS), json.dumps(address, ensure_ascii=False))
        found[name] = text.encode()
    return found
