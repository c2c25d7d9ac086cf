"""Writes what is generated: reference pages, completions, pictures. `--check` only compares.

Run as `python .ci/generate.py` from anywhere in an environment with loop installed.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import manual
import typer
from rich.console import Console
from rich.text import Text

from loop_cli import config, demo, errors
from loop_cli.cli import app
from loop_cli.cli.complete import shells
from loop_cli.cli.render import conflict as render_conflict
from loop_cli.cli.render import entity as render
from loop_cli.cli.render import list as render_list
from loop_cli.core import query as queries
from loop_cli.core import timestamps
from loop_cli.core.changes import BodyChange, Edits, parse_change
from loop_cli.core.check.finding import RULES
from loop_cli.core.choices import Choices
from loop_cli.core.commits import EntityChange
from loop_cli.core.conflict import fail
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.query import Query
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError
from loop_cli.operations import update as operations
from loop_cli.operations.selection import Selection
from loop_cli.vault import schema_file
from loop_cli.wire import (
    agents as models_agents,
)
from loop_cli.wire import (
    check as models_check,
)
from loop_cli.wire import (
    find as models_find,
)
from loop_cli.wire import (
    life as models_life,
)
from loop_cli.wire import (
    models,
)
from loop_cli.wire import (
    past as models_past,
)

sys.path.insert(0, str(Path(__file__).parent))
import workflow_picture

if TYPE_CHECKING:
    from loop_cli.core.store import Store

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / "loop_cli" / "n8n" / "workflows"
DOCS = ROOT / "loop_cli" / "docs"
COMPLETIONS = ROOT / "completions"
PICTURES = ROOT / "tests" / "pictures"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_MINUTE = 60 * timestamps.SECOND
_TASK = "50_Projects/2026/prj-019_SSOT_규칙/Tasks/tsk-019-14.md"


def main() -> int:
    """Write or compare; 1 where something is not current."""
    wanted = {
        **_pages(),
        **{COMPLETIONS / shells.FILES[one]: shells.script(one) for one in shells.SHELLS},
        DOCS / "loop.1": manual.page(),
        **{PICTURES / f"{name}.svg": draw() for name, draw in _PICTURES.items()},
        **{
            path.with_suffix(".svg"): workflow_picture.draw(path.read_text(encoding="utf-8"))
            for path in WORKFLOWS.glob("*.json")
            if path.name != "credential.json"
        },
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not current: run python .ci/generate.py")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def _pages() -> dict[Path, str]:
    """The reference pages, with what is generated put between their marks."""
    parts = {
        "commands": _commands,
        "exit-codes": _exit_codes,
        "configuration": _settings,
        "json": _json_shapes,
        "check-rules": _rules,
        "audit-record": lambda: _shape(models.AuditRecord),
    }
    return {
        DOCS / f"{name}.md": _filled(DOCS / f"{name}.md", make()) for name, make in parts.items()
    }


def _filled(path: Path, part: str) -> str:
    pattern = re.compile(r"(<!-- generated -->\n).*?(<!-- end -->)", re.DOTALL)
    text, count = pattern.subn(lambda match: match[1] + part + match[2], path.read_text())
    if count != 1:
        raise SystemExit(f"{path.name} has {count} places for what is generated")
    return text


def _commands() -> str:
    parts = []
    for name, command in sorted(_walk(app.finished(typer.main.get_command(app.build())), "loop")):
        about = (command.help or "").split("\n\n")[0].replace("\n", " ")
        parts.append(f"## `{name}{_arguments(command)}`\n\n{about}\n")
        words = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option"]
        rows = [f"| `{one.metavar}` | {one.help} |\n" for one in words] + [*map(_option, options)]
        parts.append("| argument or option | |\n|---|---|\n" + "".join(map(_in_table, rows)))
    return "\n".join(parts) + "\n"


def _walk(command: Any, name: str) -> list[tuple[str, Any]]:
    commands = getattr(command, "commands", None)
    if commands is None:
        return [(name, command)]
    return [found for verb, one in commands.items() for found in _walk(one, f"{name} {verb}")]


def _arguments(command: Any) -> str:
    return "".join(f" {one.metavar}" for one in command.params if one.param_type_name == "argument")


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = f" `{option.metavar}`" if option.metavar else ""
    return f"| {names}{value} | {option.help} |\n"


def _in_table(row: str) -> str:
    """A row of a table; a bar between two words is no border of a cell."""
    return re.sub(r"(?<=\w)\|(?=\w)", r"\\|", row)


def _exit_codes() -> str:
    rows: dict[int, list[type[errors.LoopError]]] = {}
    for kind in _kinds(errors.LoopError):
        rows.setdefault(kind.exit_code, []).append(kind)
    lines = ["| exit | `code` | HTTP | meaning |", "|---|---|---|---|"]
    lines.append("| 0 | | 200 | Done, or nothing to do. |")
    for code, kinds in sorted(rows.items()):
        for kind in kinds:
            about = (kind.__doc__ or "").split("\n")[0].split(" `")[0].rstrip(".;")
            lines.append(f"| {code} | `{kind.code}` | {kind.http_status} | {about}. |")
    lines.append("| 141 | | | The reader of stdout went away. |")
    return "\n".join(lines) + "\n"


def _kinds(kind: type[errors.LoopError]) -> list[type[errors.LoopError]]:
    return [kind, *(found for one in kind.__subclasses__() for found in _kinds(one))]


def _settings() -> str:
    lines = ["| setting | variable | default | |", "|---|---|---|---|"]
    for key in config.KEYS:
        default = "" if key.default is None else f"`{json.dumps(key.default)}`"
        lines.append(f"| `{key.name}` | `{key.variable}` | {default} | {key.about} |")
    return "\n".join(lines) + "\n"


def _rules() -> str:
    lines = ["| rule | severity | |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {severity} | {about[0].upper()}{about[1:]}. |"
        for name, (severity, about) in RULES.items()
    ]
    return "\n".join(lines) + "\n"


def _json_shapes() -> str:
    shapes = (
        ("`loop get ID --json`", models.EntityDocument),
        ("`loop update ... --json`", models.UpdateDocument),
        ("`loop diff ID --json`", models_past.DiffDocument),
        ("`loop history ID --json`", models_past.HistoryDocument),
        ("`loop undo ... --json`", models_past.UndoDocument),
        ("`loop list --json`, a line an entity", models_find.ListedDocument),
        ("`loop search --json`, a line an entity", models_find.FoundDocument),
        ("`loop apply`, `loop update --where --json`, a line", models_find.OutcomeDocument),
        ("`loop check --json`", models_check.CheckDocument),
        ("`loop init --json`", models_check.InitDocument),
        ("`loop config --json`", models.ConfigDocument),
        ("`loop schema close --json`", models_check.ClosedSchemaDocument),
        ("`loop board --json`", models_find.BoardDocument),
        ("`loop agenda --json`", models_find.AgendaDocument),
        ("`loop stats --json`", models_find.StatsDocument),
        ("`loop view show VIEW --json`, and of `save` and `delete`", models_find.ViewDocument),
        ("`loop view list --json`", models_find.ViewsDocument),
        ("`loop watch --json`, a line a change", models_check.WatchEvent),
        ("`loop skill install --json`", models_check.SkillDocument),
        ("`loop mcp install --json`", models_agents.ClientsDocument),
        ("`loop mcp install CLIENT --json`", models_agents.InstallDocument),
        ("`loop n8n export --json`", models_agents.ExportDocument),
        ("`loop --json`", models_check.OverviewDocument),
        ("`loop help --json`", models_check.TopicsDocument),
        ("`loop help TOPIC --json`", models_check.PageDocument),
        ("`loop help WORDS --json`", models_check.MatchesDocument),
        ("`loop help COMMAND --json`", models_check.CommandHelpDocument),
        ("`loop create ... --json`", models_life.CreateDocument),
        ("`loop delete ... --json`", models_life.DeleteDocument),
        ("`loop move ... --json`, `loop rename ... --json`", models_life.MoveDocument),
        ("`loop backlinks ID --json`", models_life.BacklinksDocument),
        ("`loop kept --json`", models_life.KeptDocument),
        ("`loop kept --edits --json`", models_life.EditsDocument),
        ("A failure with `--json`, on stderr", models.ErrorDocument),
        ("A conflict (exit 4)", models.ConflictDocument),
        ("A change that is not valid (exit 6)", models.InvalidChangeDocument),
        ("A file that can't be read (exit 6)", models.InvalidFileDocument),
        ("An entity that others refer to (exit 6)", models_life.StillReferredDocument),
        ("No such entity (exit 3)", models.NotFoundDocument),
        ("An id that several files carry (exit 7)", models.AmbiguousDocument),
        ("A vault that stayed locked (exit 8)", models.LockedDocument),
    )
    return "\n".join(f"## {title}\n\n{_shape(model)}" for title, model in shapes)


def _shape(model: Any) -> str:
    """A model's fields as a table, nested ones with dotted names."""
    lines = ["| key | type | |", "|---|---|---|", *_rows(model.model_json_schema(), "")]
    return "\n".join(lines) + "\n"


def _rows(schema: dict[str, Any], prefix: str, top: dict[str, Any] | None = None) -> list[str]:
    top = top or schema
    found = []
    for name, part in schema.get("properties", {}).items():
        words, inner = _type(part, top)
        about = part.get("description", "")
        found.append(f"| `{prefix}{name}` | {words} | {about} |")
        if inner is not None:
            dots = "[]." if words.startswith("list") else "."
            found += _rows(inner, f"{prefix}{name}{dots}", top)
    return found


def _type(part: dict[str, Any], top: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    if "$ref" in part:
        inner = top["$defs"][part["$ref"].rpartition("/")[2]]
        return "object", inner if inner.get("properties") else None
    if "anyOf" in part:
        kinds = [_type(one, top) for one in part["anyOf"]]
        inner = next((one for _words, one in kinds if one is not None), None)
        return " or ".join(dict.fromkeys(words for words, _inner in kinds)), inner
    if "enum" in part:
        return " or ".join(f"`{one}`" for one in part["enum"]), None
    if "const" in part:
        return f"`{part['const']}`", None
    if part.get("type") == "array":
        words, inner = _type(part.get("items", {}), top)
        return f"list of {words}", inner
    return str(part.get("type", "any")), None


def _prompt_picture() -> str:
    """What a real conflict asks, made with a clock that stands still."""
    found, now = _conflict()
    return _picture(
        "prompt",
        "$ loop update tsk-019-14 'status=done' 'priority=critical' \\\n"
        "      --expected-updated-at 2026-01-09",
        render_conflict.report(found, now=now),
        render_conflict.menu(Choices(conflict=found), editor="vim"),
        Text("What now? ▌"),
    )


def _diff_picture() -> str:
    """What a real update would change, before it is confirmed."""
    store = _store(lambda: _NOON)
    before = store.find("tsk-019-14")
    body = before.body.replace("conflict\n   that shows", "conflict\n   that tells")
    assert body != before.body
    texts = ("status=doing", "tags+=in-review", "estimated_hours=20")
    changes = tuple(parse_change(one, read=str) for one in texts)
    edits = Edits(changes=changes, body=BodyChange(text=body))
    change = EntityChange(entity_id="tsk-019-14", edits=edits)
    done = operations.preview_of(store, change, origin=_origin("개발팀", "cli"))
    return _picture(
        "diff",
        "$ loop update tsk-019-14 'status=doing' 'tags+=in-review' 'estimated_hours=20' \\\n"
        "      --body-file reviewed.md",
        render.preview(done, now=_NOON + 3 * _MINUTE),
        Text("Apply these changes? [y/N] ▌"),
    )


def _picture(name: str, command: str, *parts: Any) -> str:
    """A terminal that was given the command and shows the parts."""
    console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True)
    console.print(Text(command))
    for part in parts:
        console.print(part(console) if callable(part) else part)
    svg = console.export_svg(title="loop", unique_id=name)
    return "\n".join(line.rstrip() for line in _FONTS.sub("", svg).splitlines()) + "\n"


def _list_picture() -> str:
    """The open tasks of the sample vault, on a day when some are overdue."""
    root = Path(demo.SAMPLE)
    texts = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.md"))}
    entities = {path: data for path, data in texts.items() if "_TEMPLATES" not in path}
    store = _in_memory(entities, lambda: _NOON)
    where = queries.parse_condition("status=todo,doing,blocked", today=_NOON)
    query = Query(types=("Task",), conditions=(where,), sort=queries.parse_sort("priority,due"))
    columns = ("entity_id", "entity_name", "status", "priority", "due")
    return _picture(
        "list",
        "$ loop list task --where 'status=todo,doing,blocked' --sort priority,due \\\n"
        "      --columns entity_id,entity_name,status,priority,due",
        render_list.table([*Selection(store, query)], columns, store.schema, today=_LATER),
    )


_PICTURES = {"prompt": _prompt_picture, "diff": _diff_picture, "list": _list_picture}
_LATER = timestamps.parse("2026-01-16") or 0
_NOON = timestamps.parse("2026-01-09T14:35:10.123456Z") or 0


def _store(clock: Any) -> Store:
    return _in_memory({_TASK: (Path(demo.SAMPLE) / _TASK).read_bytes()}, clock)


def _in_memory(texts: dict[str, bytes], clock: Any) -> Store:
    """The reference store of the tests, which needs no folder."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.store.memory import MemoryStore

    return MemoryStore(texts, names=FieldNames(), schema=schema_file.shipped(), clock=clock)


def _origin(actor: str, source: str) -> Origin:
    run = "8f0f3a52-5d0c-4a0e-9a43-0f6f7c1f4a11"
    return Origin(run_id=run, actor=f"user:{actor}", source=source)


def _conflict() -> tuple[Any, int]:
    store = _store(lambda: _NOON)

    def update(actor: str, source: str, *changes: str) -> None:
        edits = Edits(changes=tuple(parse_change(one, read=str) for one in changes))
        seen = Precondition(expected_updated_at="2026-01-09")
        change = EntityChange(entity_id="tsk-019-14", edits=edits, precondition=seen)
        operations.update(store, change, origin=_origin(actor, source), resolve=fail)

    update("디자인팀", "ui", "status=doing", "tags+=in-review")
    try:
        update("개발팀", "cli", "status=done", "priority=critical")
    except ConflictError as error:
        return error.conflict, _NOON + 3 * _MINUTE
    raise AssertionError("the second update must conflict")


if __name__ == "__main__":
    sys.exit(main())
