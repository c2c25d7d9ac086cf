"""Integers beyond 64 bits, which the parser reads as floats or text, made exact."""

from __future__ import annotations

import re

import yaml_edit

from loop_cli.markdown.limits import YamlSyntaxError, line_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_MAX_DIGITS = 4000
_MAX_BITS = 13_288  # of a number of so many digits; Python writes no longer ones in decimal


def exact_integers(value: dict[Any, Any], text: str) -> dict[Any, Any]:
    """``value``, read from ``text``, with every long integer exact.

    Raises YamlSyntaxError for a number of more than 4000 digits.
    """
    try:
        mapping = yaml_edit.Document.parse(text).as_mapping()
    except ValueError:
        return value
    if mapping is None:
        return value
    return _in_mapping(value, mapping, text)


def _in_mapping(value: dict[Any, Any], mapping: Any, text: str) -> dict[Any, Any]:
    nodes = {}
    for entry in mapping.entries():
        key, node = entry.key(), entry.value()
        if key is not None and node is not None and key.is_scalar():
            nodes[key.to_python()] = node
    return {
        key: _exact(item, nodes[key], text) if key in nodes else item for key, item in value.items()
    }


def _exact(value: Any, node: Any, text: str) -> Any:
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


def _integer(source: str, value: Any, node: Any, text: str) -> Any:
    for pattern, base in ((_DECIMAL, 10), (_HEX, 16), (_OCTAL, 8)):
        if pattern.fullmatch(source):
            if len(source) > _MAX_DIGITS:
                start = len(text.encode()[: node.byte_range()[0]].decode())
                raise YamlSyntaxError("a number of too many digits", line_at(text, start))
            number = int(source, 0) if base != 10 else int(source)
            if number.bit_length() > _MAX_BITS:
                start = len(text.encode()[: node.byte_range()[0]].decode())
                raise YamlSyntaxError("a number of too many digits", line_at(text, start))
            return number
    return value
