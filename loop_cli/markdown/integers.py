"""Make integers beyond 64 bits exact, which the parser reads as floats or text."""

from __future__ import annotations

import re

import yaml_edit

from loop_cli.markdown.keys import key_value
from loop_cli.markdown.limits import YamlSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_MAX_DIGITS = 4000
_MAX_BITS = 13_288  # the most digits of a number; Python refuses longer ones in decimal


def exact_integers(value: dict[Any, Any], text: str) -> dict[Any, Any]:
    """Return ``value``, read from ``text``, with every long integer exact.

    Raises YamlSyntaxError for a number of more than 4000 digits.
    """
    try:
        mapping = yaml_edit.Document.parse(text).as_mapping()
    except ValueError:
        return value
    if mapping is None:
        return value
    return _in_mapping(value, mapping, text.encode("utf-8", "surrogatepass"))


def _in_mapping(value: dict[Any, Any], mapping: Any, text: bytes) -> dict[Any, Any]:
    nodes = {}
    for entry in mapping.entries():
        key, node = entry.key(), entry.value()
        if key is not None and node is not None and key.is_scalar():
            nodes[key_value(key, text)] = node
    return {
        key: _exact(item, nodes[key], text) if key in nodes else item for key, item in value.items()
    }


def _exact(value: Any, node: Any, text: bytes) -> Any:
    if isinstance(value, dict) and node.is_mapping():
        return _in_mapping(value, node.as_mapping(), text)
    if isinstance(value, list) and node.is_sequence():
        items = node.as_sequence().values()
        if len(items) != len(value):
            return value
        return [_exact(item, child, text) for item, child in zip(value, items, strict=True)]
    if type(value) in (float, str) and node.is_scalar():
        scalar = node.as_scalar()
        if scalar.style() == "plain":
            return _integer(scalar.value().strip(), value, node, text)
    return value


def _integer(source: str, value: Any, node: Any, text: bytes) -> Any:
    for pattern, base in ((_DECIMAL, 10), (_HEX, 16), (_OCTAL, 8)):
        if pattern.fullmatch(source):
            if len(source) > _MAX_DIGITS:
                raise _too_long(node, text)
            number = int(source, 0) if base != 10 else int(source)
            if number.bit_length() > _MAX_BITS:
                raise _too_long(node, text)
            return number
    return value


def _too_long(node: Any, text: bytes) -> YamlSyntaxError:
    line = text.count(b"\n", 0, node.byte_range()[0]) + 1
    return YamlSyntaxError("a number of too many digits", line)
