"""Draws a workflow of n8n as SVG, of the same file that n8n imports: boxes, lines, and notes."""

from __future__ import annotations

import json
import re
from html import escape
from textwrap import wrap
from typing import Any

_WIDTH, _HEIGHT = 170, 56
_KINDS = {
    "httpRequest": "HTTP", "if": "IF", "set": "SET", "wait": "WAIT", "stopAndError": "STOP",
    "noOp": "", "manualTrigger": "START", "scheduleTrigger": "START", "splitOut": "SPLIT",
    "filter": "FILTER", "removeDuplicates": "ONCE",
}  # fmt: skip
_NOTE = "n8n-nodes-base.stickyNote"


def draw(text: str) -> str:
    """The picture of a workflow."""
    flow = json.loads(text)
    nodes = [one for one in flow["nodes"] if one["type"] != _NOTE]
    notes = [one for one in flow["nodes"] if one["type"] == _NOTE]
    places = {one["name"]: one["position"] for one in nodes}
    left, top, right, bottom = _bounds(nodes, notes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {right - left} '
        f'{bottom - top}" font-family="sans-serif" role="img">',
        f"<title>{escape(flow['name'])}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#7d8590"/>'
        "</marker></defs>",
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="#fff"/>',
        *map(_note, notes),
        *_lines(flow["connections"], places),
        *map(_node, nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bounds(nodes: list[Any], notes: list[Any]) -> tuple[int, int, int, int]:
    boxes = [(*one["position"], _WIDTH, _HEIGHT) for one in nodes]
    sizes = [(one["position"], one["parameters"]) for one in notes]
    boxes += [(*place, said["width"], said["height"]) for place, said in sizes]
    return (
        min(x for x, _y, _w, _h in boxes) - 20,
        min(y for _x, y, _w, _h in boxes) - 20,
        max(x + w for x, _y, w, _h in boxes) + 20,
        max(y + h for _x, y, _w, h in boxes) + 20,
    )


def _node(one: Any) -> str:
    x, y = one["position"]
    kind = _KINDS[one["type"].rpartition(".")[2]]
    colour = {"HTTP": "#0969da", "STOP": "#cf222e", "IF": "#8250df"}.get(kind, "#57606a")
    middle = y + _HEIGHT / 2
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="#f6f8fa" '
        f'stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x + 12}" y="{y + 17}" font-size="10" fill="{colour}">{kind}</text>'
        f'<text x="{x + _WIDTH / 2}" y="{middle + 9}" font-size="14" text-anchor="middle" '
        f'fill="#1f2328">{escape(one["name"])}</text>'
    )


def _lines(connections: dict[str, Any], places: dict[str, list[int]]) -> list[str]:
    found = []
    for name, said in connections.items():
        for number, outputs in enumerate(said["main"]):
            for one in outputs:
                two = len(said["main"]) > 1
                label = ("yes", "no")[number] if two else ""
                found.append(_line(places[name], places[one["node"]], label))
    return found


def _line(start: list[int], end: list[int], label: str) -> str:
    """A line from the right of a box to the left of another; one that goes back runs below."""
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT / 2
    x2, y2 = end[0], end[1] + _HEIGHT / 2
    if x2 > x1 - _WIDTH:
        reach = max(30, abs(x2 - x1) / 2)
        path = f"M{x1} {y1} C{x1 + reach} {y1} {x2 - reach} {y2} {x2} {y2}"
    else:
        low = max(y1, y2) + 60
        path = f"M{start[0]} {y1} C{start[0] - 60} {low} {x2 - 60} {low} {x2} {y2}"
    below = 16 if label == "no" else -8
    text = f'<text x="{x1 + 4}" y="{y1 + below}" font-size="11" fill="#57606a">{label}</text>'
    line = (
        f'<path d="{path}" fill="none" stroke="#7d8590" stroke-width="1.5" marker-end="url(#tip)"/>'
    )
    return line + (text if label else "")


def _note(one: Any) -> str:
    x, y = one["position"]
    said = one["parameters"]
    lines = []
    for part in said["content"].split("\n"):
        plain = re.sub(r"[*`]|^#+ ", "", part)
        big = part.startswith("#")
        room = said["width"] // (8 if big else 7)
        lines += [(line, big) for line in wrap(plain, room) or [""]]
    text = "".join(
        f'<text x="{x + 12}" y="{y + 22 + 17 * at}" font-size="{14 if big else 12}" '
        f'font-weight="{"bold" if big else "normal"}" fill="#3d3a1e">{escape(line)}</text>'
        for at, (line, big) in enumerate(lines)
    )
    return (
        f'<rect x="{x}" y="{y}" width="{said["width"]}" height="{said["height"]}" rx="6" '
        f'fill="#fff8c5" stroke="#d4a72c"/>{text}'
    )
