"""The direction of imports, the size of functions, and what start-up may cost.

The house is described in `loop_cli/docs/architecture.md`.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "loop_cli"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))

# What of ours each room may import besides itself; the first part of a module's name is its room.
# Whoever may import `errors` may import `failures`: these are errors too, and are counted as one.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": ("lean",),
    "failures": ("errors",),
    "lean": (),
    "system": ("errors", "lean"),
    "core": ("errors", "lean"),
    "markdown": ("lean",),
    "trust": ("system",),
    "config": ("core", "errors", "lean", "system", "trust"),
    "wire": ("core",),
    "planning": ("core", "errors", "lean", "markdown"),
    "operations": ("core", "errors", "lean", "planning"),
    "server": ("core", "errors", "lean", "operations", "system", "wire"),
    "remote": ("core", "errors", "lean", "operations", "system"),
    "mcp": ("core", "errors", "lean", "operations"),
    "vault": ("core", "errors", "lean", "markdown", "planning", "system", "wire"),
    "postgres": ("core", "errors", "lean", "markdown", "planning", "wire"),
    "demo": ("vault",),
    "docs": ("lean",),
    "skill": (),
    "n8n": (),
    "cli": (
        "config", "core", "demo", "docs", "errors", "lean", "markdown", "mcp", "n8n", "operations",
        "planning", "postgres", "remote", "server", "skill", "system", "vault",
    ),
    "__main__": ("cli",),
}  # fmt: skip
MOST_IMPORTED = 12  # of ours, by one file
# Of the command line only these know that a vault is a folder of files: what opens one, for a
# command, for a server, or whole; who writes there; what is asked without opening it; the table of
# words, which is made at a TAB; and `loop init`, before which there is no vault.
KNOW_THE_VAULT = (
    "loop_cli.cli.context", "loop_cli.cli.shared", "loop_cli.cli.unopened", "loop_cli.cli.origins",
    "loop_cli.cli.whole", "loop_cli.cli.complete.words", "loop_cli.cli.commands.init",
    "loop_cli.cli.render.init",
)  # fmt: skip
# Our files with code that a command loads in a vault whose index is there. Each costs some 0.3
# million instructions, so a new one is to be worth it. The goal is 25 and 40.
MOST_LOADED = {"get": 41, "update": 68}
TERMINAL = {"typer", "click", "rich"}
OUTSIDE = {"http", "os", "pathlib", "shutil", "socket", "subprocess", "sys", "tempfile", "urllib"}
YAML = {"frontmatter", "yaml", "yaml12", "yaml_edit", "pydantic"}
# What typer itself loads, such as uuid, is beside the point here.
SLOW = (
    "pydantic", "rich", "typer", "click", "yaml", "frontmatter", "importlib.metadata",
    "contextlib", "ctypes", "dataclasses", "datetime", "inspect", "sqlite3", "typing",
)  # fmt: skip
# Nor these, once there is an index; but a pattern is compiled for YAML that begins oddly.
SLOW_TO_READ = (
    *SLOW, "re", "enum", "functools", "collections", "bisect", "hashlib", "json", "math", "uuid",
    "yaml_edit", "zlib",
)  # fmt: skip


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> set[str]:
    """The modules that a file imports anywhere; from ours, the modules that names come from."""
    return imports_of(ast.parse(path.read_bytes()), path)


def imports_of(tree: ast.Module, path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = {name for name in below if name in MODULES}
            found |= ours
            if below - ours:
                found.add(node.module)
    return found


MODULES = {module_name(path) for path in FILES}
WITH_CODE = {
    module_name(path) for path in FILES if len(ast.parse(path.read_bytes()).body) > 1
}  # more than a docstring


def room_of(module: str) -> str:
    return module.removeprefix("loop_cli").removeprefix(".").partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_in_one_direction(path: Path) -> None:
    room = room_of(module_name(path))
    allowed = {room, *MAY_IMPORT.get(room, ()), ""}
    if "errors" in allowed:
        allowed.add("failures")

    ours = [name for name in imports(path) if name.partition(".")[0] == "loop_cli"]
    assert [name for name in ours if room_of(name) not in allowed] == []


def test_commands_call_operations_and_no_store() -> None:
    """Imports for types alone count."""
    in_cli = [path for path in FILES if room_of(module_name(path)) == "cli"]
    knowing = {module_name(path) for path in in_cli if "vault" in map(room_of, imports(path))}

    assert knowing == set(KNOW_THE_VAULT)


def test_a_module_in_no_room_is_noticed() -> None:
    assert {room_of(name) for name in MODULES} - {"", *MAY_IMPORT} == set()


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected parts of a graph that have more than one node, or an edge of a node
    to itself."""
    reached = {node: _reached(node, graph) for node in graph}
    parts = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, ())))
        for node in graph
        if node in reached[node]
    }
    return sorted(map(list, parts))


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_no_circle_of_files() -> None:
    """Imports for types alone count, and those within a function."""
    graph = {module_name(path): imports(path) & MODULES for path in FILES}

    assert circles(graph) == []


def test_a_circle_would_be_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e", "a"}}

    assert circles(graph) == [["b", "c"], ["e"]]


def imports_at_run_time(path: Path) -> set[str]:
    """The modules that a file imports, without those for types alone."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name):
            node.body = [] if node.test.id == "TYPE_CHECKING" else node.body
    return imports_of(tree, path)


def counted(names: set[str]) -> set[str]:
    """Those of ours, with the errors as one."""
    return {name.replace("loop_cli.failures", "loop_cli.errors") for name in names & MODULES}


def test_no_file_imports_many_others() -> None:
    """Imports within a function count, those for types alone do not."""
    counts = {module_name(path): len(counted(imports_at_run_time(path))) for path in FILES}
    many = {name: count for name, count in counts.items() if count > MOST_IMPORTED}

    print(*(f"{count} {name}" for name, count in sorted(many.items())), sep="\n")
    assert many == {}


def test_a_store_needs_nothing_of_the_vault() -> None:
    """The reference store shows it: what stores have in common is in `core` and `planning`."""
    ours = imports(PACKAGE.parent / "tests/store/memory.py") & MODULES
    rooms = {name.split(".")[1] for name in ours}

    assert rooms <= {"core", "errors", "failures", "lean", "markdown", "planning"}


def test_imports_at_run_time_are_told_from_those_for_types(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(
        "from loop_cli import errors\n"
        "if TYPE_CHECKING:\n    from loop_cli.core.entity import Entity\n"
        "else:\n    import loop_cli.config\n"
        "def call():\n    from loop_cli.core import diff, names\n"
    )

    assert imports_at_run_time(file) & MODULES == {
        "loop_cli.errors", "loop_cli.config", "loop_cli.core.diff", "loop_cli.core.names",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_the_command_line_knows_a_terminal(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imports(path)}

    if room_of(module_name(path)) != "cli":
        assert not tops & TERMINAL


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=module_name)
def test_the_core_knows_no_files_no_network_and_no_yaml(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imports(path)}

    assert not tops & (OUTSIDE | YAML)


def test_markdown_is_text_in_text_out() -> None:
    for path in (PACKAGE / "markdown").glob("*.py"):
        tops = {name.partition(".")[0] for name in imports(path)}
        assert not tops & OUTSIDE, path.name


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    long = [
        f"{node.name}: {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (length := _body_lines(node)) > 50
    ]

    assert long == []


def _body_lines(node: ast.FunctionDef) -> int:
    """A function's lines without its signature, which for a command is its list of options."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1


class TestStartUp:
    """Start-up is a feature: a subprocess caller pays it every time."""

    PROGRAM = """
import sys
bare = set(sys.modules)
from loop_cli.cli.start import run
code = run(sys.argv[1:])
print(sorted(set(sys.modules) - bare).__repr__().replace("'", '"'), file=sys.stderr)
sys.exit(code)
"""

    def loaded(self, root: Path, *arguments: str) -> tuple[dict[str, Any], set[str]]:
        """The JSON that a command prints, and the modules it has loaded."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PACKAGE.parent),
            "LOOP_VAULT": str(root),
            "HOME": str(root.parent),
        }
        done = subprocess.run(
            [sys.executable, "-c", self.PROGRAM, *arguments],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout), set(json.loads(done.stderr.splitlines()[-1]))

    def test_get_and_update_load_nothing_slow(self, sample_vault: Path) -> None:
        """Of plain values: one that YAML dialects might disagree on is read back by PyYAML."""
        self.loaded(sample_vault, "get", "tsk-019-14", "--json")  # makes the index
        entity, by_get = self.loaded(sample_vault, "get", "tsk-019-14", "--json")
        changes = ("status=doing", "tags+=reviewed", "--if-match", entity["etag"])
        after, by_update = self.loaded(sample_vault, "update", "tsk-019-14", *changes, "--json")

        assert after["changed"] is True
        assert "loop_cli.vault.store" in by_get
        assert "loop_cli.vault.commit.commit" in by_update
        assert [name for name in SLOW_TO_READ if name in by_get] == []
        assert [name for name in SLOW if name in by_update] == []

    def test_an_update_of_one_value_loads_no_more_of_these_than_a_get(
        self, sample_vault: Path
    ) -> None:
        """A list is changed by the syntax tree, for which patterns are compiled."""
        update = ("update", "tsk-019-14", "--force", "--json")
        self.loaded(sample_vault, *update, "status=doing")  # makes the index, reads the schema
        after, by_update = self.loaded(sample_vault, *update, "status=hold")

        assert after["changed"] is True
        assert [name for name in SLOW_TO_READ if name in by_update] == []

    def test_get_and_update_load_few_files_of_ours(self, sample_vault: Path) -> None:
        """Of a vault that was read and written before."""
        update = ("update", "tsk-019-14", "--force", "--json")
        self.loaded(sample_vault, *update, "status=doing")
        _entity, by_get = self.loaded(sample_vault, "get", "tsk-019-14", "--json")
        after, by_update = self.loaded(sample_vault, *update, "status=hold")

        assert after["changed"] is True
        for command, loaded in (("get", by_get), ("update", by_update)):
            ours = sorted(loaded & WITH_CODE)
            assert len(ours) <= MOST_LOADED[command], "\n".join([command, *ours])
