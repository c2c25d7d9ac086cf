"""The shape that a result is asked for in: `--json=FIELD,FIELD`, and `--template TEXT`.

A template is Jinja's, in its sandbox: what stands in a vault is data for it and never a template.
"""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import NAME, split_dotted
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jinja2 import Template, nodes
    from jinja2.sandbox import SandboxedEnvironment

_ALL = "fields"  # the variable that has all fields by name


def fields_of(given: bool | str) -> tuple[str, ...]:
    """The fields of `--json=FIELD,FIELD`; none for `--json` alone. Raises `UsageError`."""
    if not isinstance(given, str):
        return ()
    found = tuple(one.strip() for one in given.split(",") if one.strip())
    for name in found:
        if not all(split_dotted(name)):
            raise UsageError(f"--json: {name!r} names no field")
    if not found:
        raise UsageError(
            "--json= names no field", hint="--json=entity_id,status, or --json for all"
        )
    return found


def picked(names: tuple[str, ...], value: Callable[[tuple[str, ...]], Any]) -> dict[str, Any]:
    """An object of these fields alone; null for what is not there."""
    found = {name: value(split_dotted(name)) for name in names}
    return {name: None if one is MISSING else one for name, one in found.items()}


class Text:
    """A template; `names` are the fields that it uses. Raises `UsageError` for one that is wrong,
    and where Jinja is not installed."""

    def __init__(self, text: str) -> None:
        try:
            import jinja2
            from jinja2 import meta
        except ImportError:
            raise UsageError(
                "--template needs Jinja, which is not installed",
                hint="pip install 'loop-cli[template]'",
            ) from None
        environment = _environment()
        try:
            self._template: Template = environment.from_string(text)
            parsed = environment.parse(text)
            used = meta.find_undeclared_variables(parsed)
            by_name = _fields_by_name(parsed) if _ALL in used else set()
            self.names = sorted({*used, *by_name} - {_ALL})
        except jinja2.TemplateError as error:
            raise UsageError(f"--template: {error}") from None

    def __call__(self, document: dict[str, Any], name: str | None) -> str:
        """The text for an entity, with a line break at its end. Its fields are variables, and what
        every entity has, its name among them. Raises `UsageError`."""
        try:
            fields = document.get("fields", {})
            text = self._template.render({NAME: name, **fields, **document})
        except Exception as error:  # whatever the template makes of the values
            raise UsageError(f"--template: {error}") from None
        return text if text.endswith("\n") else f"{text}\n"


def _fields_by_name(parsed: nodes.Template) -> set[str]:
    """The names after `fields`: `fields.due`, `fields["due"]`; not its methods, such as `items`."""
    from jinja2 import nodes

    found: set[str] = set()
    for one in parsed.find_all(nodes.Getattr):
        if _is_all(one.node) and not hasattr(dict, one.attr):
            found.add(one.attr)
    for item in parsed.find_all(nodes.Getitem):
        name = getattr(item.arg, "value", None)
        if _is_all(item.node) and isinstance(name, str):
            found.add(name)
    return found


def _is_all(node: nodes.Node) -> bool:
    return getattr(node, "name", None) == _ALL


def _environment() -> SandboxedEnvironment:
    from jinja2 import ChainableUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from loop_cli.lean.jsontext import as_json

    made = ImmutableSandboxedEnvironment(undefined=ChainableUndefined, keep_trailing_newline=True)
    made.filters["json"] = as_json
    made.finalize = lambda value: "" if value is None else value
    return made


def template_of(given: str | None) -> Text | None:
    """The template of an option; `@FILE` is the file's text. Raises `UsageError`."""
    if given is None:
        return None
    if given.startswith("@"):
        from loop_cli.cli import inputs

        given = inputs.Reader()(given[1:])
    return Text(given)
