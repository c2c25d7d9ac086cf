"""The direction of imports, the size of files and functions, and what start-up may cost.

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

# What of ours each room may import; the longest name that fits a module is its room.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "loop_cli": (),
    "loop_cli.errors": (),
    "loop_cli.struct": (),
    "loop_cli.plain": (),
    "loop_cli.jsontext": (),
    "loop_cli.sqlite": (),
    "loop_cli.beneath": (),
    "loop_cli.folders": ("errors",),
    "loop_cli.trust": ("beneath",),
    "loop_cli.models": ("models_base",),
    "loop_cli.models_base": ("core",),
    "loop_cli.models_check": ("models", "models_base"),
    "loop_cli.models_past": ("models", "models_base"),
    "loop_cli.models_life": ("models", "models_base"),
    "loop_cli.models_find": ("models", "models_base"),
    "loop_cli.markdown": ("markdown", "plain"),
    "loop_cli.core": ("core", "errors", "plain", "struct"),
    "loop_cli.core.operations": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.bulk": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.selection": ("core", "errors", "jsontext", "plain", "struct", "store.base"),
    "loop_cli.core.evaluate": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.asking": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.create": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.remove": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.relocate": ("core", "errors", "plain", "struct", "store.base"),
    "loop_cli.core.history": ("core", "errors", "plain", "struct", "store.base", "store.hashed"),
    "loop_cli.core.inverse": ("core", "errors", "plain", "struct", "store.base", "store.hashed"),
    "loop_cli.core.undo": ("core", "errors", "plain", "struct", "store.base", "store.hashed"),
    "loop_cli.config": ("beneath", "core", "errors", "folders", "struct", "trust"),
    "loop_cli.store": (
        "store",
        "beneath",
        "core",
        "markdown",
        "errors",
        "folders",
        "jsontext",
        "plain",
        "sqlite",
        "struct",
        "models",
    ),
    "loop_cli.demo": ("store",),
    "loop_cli.skill": (),
    "loop_cli.cli": (
        "beneath",
        "cli",
        "config",
        "core",
        "demo",
        "errors",
        "folders",
        "markdown",
        "plain",
        "skill",
        "sqlite",
        "store",
        "struct",
    ),
    "loop_cli.__main__": ("cli",),
}
TERMINAL = {"typer", "click", "rich"}
OUTSIDE = {"http", "os", "pathlib", "shutil", "socket", "subprocess", "sys", "tempfile", "urllib"}
YAML = {"frontmatter", "yaml", "yaml12", "yaml_edit", "pydantic"}
# What typer itself loads, such as uuid, is beside the point here.
SLOW = ("pydantic", "rich", "yaml", "frontmatter", "importlib.metadata")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> set[str]:
    """The modules that a file imports anywhere; from ours, the modules that names come from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = {name for name in below if name in MODULES}
            found |= ours or {node.module}
    return found


MODULES = {module_name(path) for path in FILES}


def room_of(module: str) -> str:
    rooms = [room for room in MAY_IMPORT if module == room or module.startswith(room + ".")]
    return max(rooms, key=len)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_in_one_direction(path: Path) -> None:
    allowed = [f"loop_cli.{part}" for part in MAY_IMPORT[room_of(module_name(path))]]

    wrong = [
        name
        for name in imports(path)
        if name.startswith("loop_cli.")
        and not any(name == one or name.startswith(one + ".") for one in allowed)
    ]

    assert wrong == []


def test_a_module_in_no_room_is_noticed() -> None:
    homeless = [name for name in MODULES if room_of(name) == "loop_cli" and name != "loop_cli"]

    assert homeless == []


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_the_command_line_knows_a_terminal(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imports(path)}

    if room_of(module_name(path)) != "loop_cli.cli":
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
def test_a_file_fits_in_a_head_and_a_function_on_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    long = [
        f"{node.name}: {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (length := _body_lines(node)) > 50
    ]

    assert len(text.splitlines()) <= 400
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
        entity, by_get = self.loaded(sample_vault, "get", "tsk-019-14", "--json")
        changes = ("status=doing", "tags+=reviewed", "--if-match", entity["etag"])
        after, by_update = self.loaded(sample_vault, "update", "tsk-019-14", *changes, "--json")

        assert after["changed"] is True
        assert "loop_cli.store.vault" in by_get
        assert "loop_cli.store.commit" in by_update
        assert [name for name in SLOW if name in by_get] == []
        assert [name for name in SLOW if name in by_update] == []
