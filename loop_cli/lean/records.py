"""Immutable records for the start-up path.

`dataclasses` and `typing` cost twice as much as starting the interpreter (`loop help costs`), and
every caller of a subprocess pays for that. A `Struct` is declared and type-checked like a frozen,
keyword-only dataclass.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_options):
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Struct:
    """Base of immutable records; the annotated names are its fields, class values are defaults."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _blank: ClassVar[dict[str, Any]] = {}  # all fields in order; those without default have None
    _needed: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        own = cls.__dict__
        blank, needed = dict(cls._blank), set(cls._needed)
        for name in own.get("__annotations__", ()):
            if name[0] != "_" and name not in blank:
                blank[name] = None
                needed.add(name)
        for name in blank:
            if name in own:
                blank[name] = own[name]
                needed.discard(name)
        cls._blank, cls._needed, cls._fields = blank, frozenset(needed), tuple(blank)

    def __init__(self, **values: Any) -> None:
        blank, own = self._blank, self.__dict__
        own.update(blank)
        own.update(values)
        if len(own) > len(blank):
            self._refuse(blank, values)
        if len(values) < len(blank) and not self._needed <= values.keys():
            name = next(name for name in self._fields if name in self._needed - values.keys())
            raise TypeError(f"{type(self).__name__}() needs {name}=")

    def replace(self, **values: Any) -> Self:
        """Return the same record with some values replaced."""
        made = object.__new__(type(self))
        fields, own = self.__dict__, made.__dict__
        own.update(fields)
        own.update(values)
        if len(own) > len(fields):
            self._refuse(fields, values)
        return made

    def _refuse(self, fields: dict[str, Any], values: dict[str, Any]) -> None:
        more = ", ".join(name for name in values if name not in fields)
        raise TypeError(f"{type(self).__name__}() has no {more}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"
