"""Vaults as an attacker would make them: the sample vault, with a change that was killed on the
way, and then with whatever a file system can hold in the place of anything."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loop_cli import demo

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

LOG = "_build/audit_log.jsonl"
PROJECT = "50_Projects/2026/prj-019_SSOT_규칙"
TASK = f"{PROJECT}/Tasks/tsk-019-14.md"
STRANGE = "50_Projects/2026/prj-020_입문_안내서/Tasks/tsk-020-09.md"
CANARY = "a private key that nobody may see"
HUGE = 1 << 40
PLACES = (
    *(".loop", ".loop/config.toml", ".loop/lock", ".loop/kept", ".loop/staged", ".loop/.gitignore"),
    *(".loop/schema.yaml", "_build", LOG, "_build/audit_log.20260101T000000000000Z.jsonl"),
    *("_build/audit.log", "00_Meta", "00_Meta/members.yaml", "00_Meta/schema_constants.yaml"),
    *("00_Meta/_TEMPLATES", "00_Meta/_TEMPLATES/template_task.md", "50_Projects", PROJECT, TASK),
    *("50_Projects/2026", f"{PROJECT}/Tasks", f"{PROJECT}/project.md", STRANGE, "90_Archive"),
    *("60_Hypotheses/2026", "60_Hypotheses/2026/hyp-1-01.md", "70_Experiments", "README.md"),
    *(".claude", ".claude/skills", ".claude/skills/loop-entity-creator", "new", "new.md", "~"),
    *(".loop/kept", ".loop/staged", ".loop", "_build", LOG),
    *(".loop/skill", "01_North_Star/ns-001.md", "50_Projects/_Programs/Vault_Care", "loop_cli"),
)
ELSEWHERE = (
    *("../outside", "../outside/note.md", "../outside/secret", "../outside/repo/.git/hooks"),
    *("../outside/new", "../outside/entity.md", "../home", "../home/.config/loop", "../home/.ssh"),
    *("/dev/zero", "/dev/full", "/proc/self/mem", "/nowhere/at/all", ".", "..", "/", ".git"),
    *(".git/hooks", ".obsidian", ".loop", ".loop/kept", "_build", LOG, TASK, PROJECT, "00_Meta"),
)
"""Where links lead, relative to the vault."""
EVIL_PATHS = (
    *("../outside/new.md", "../outside/note.md", "a/../../outside/new.md", ".git/hooks/pre-commit"),
    *(".git/hooks/x.md", ".obsidian/x.md", "link/x.md", "50_Projects/x.md", ".loop/x.md"),
    *("_build/x.md", "_build/audit_log.jsonl"),
    *("", ".", "..", "/", "//x.md", "./x.md", "x\0.md", "a" * 300 + ".md", "a/" * 3000 + "x.md"),
    *("50_Projects", "90_Archive/x.md", "00_Meta/_TEMPLATES/x.md", "\ud800.md", "\u202egpj.md"),
    *("link/x.md", "~/x.md", "new/x.md", "50_Projects/2026/x.md", "CON.md", TASK.upper(), "x.MD"),
)
EVIL_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1e308, "", "x", "\x1b[31m", "\u202e", "\ud800", "a" * 100_000),
    *([], {}, [[]], {"sha256": "0" * 64, "bytes": 1}, {"a": {"b": [None]}}, "0" * 16, "f" * 64),
    *("2026-01-09T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "\0", "../" * 40 + "etc/x"),
    *([{"sha256": "0" * 64}], {"id": "a" * 32, "index": 0, "count": 10**9}, "Infinity", -0.0),
)
EVIL_INTENTS: tuple[tuple[str, Any], ...] = (
    *(("made", ["../outside/empty"]), ("made", ["50_Projects/../../outside/empty", "new"])),
    *(("made", [".git/hooks"]), ("staged", "../outside/secret"), ("staged", TASK), ("made", [""])),
    *(("staged", "../outside/" + "a" * 32 + "-0.new"), ("target", "../outside/new.md")),
    *(("target", ".git/hooks/pre-commit"), ("target", "new.md"), ("name", "../../x-0")),
    *(("log", {"segment": "../x", "offset": 0}), ("log", {"segment": None, "offset": 1 << 62})),
)
METADATA = (
    *("rolled_back", "redacted", "redacted_field", "undoes", "path_before", "kept", "restores"),
    *("group", "kept_as_json", "inexact", "idempotency_key", "request", "previous_own", "rebased"),
)
ODD_KEYS = (
    "field",
    "lock_timeout",
    "editor",
    "vault",
    "on_conflict",
    "plain",
    "unknown",
    "\\u0000",
)
CONFIG = (
    'lock_timeout = "a"', "lock_timeout = -1", "lock_timeout = 1e999", "lock_timeout = nan",
    'editor = "sh -c \'touch ../outside/ran\'"', 'vault = "../outside"', "on_conflict = 'rebase'",
    "plain = true", "[fields]\nid = 'entity_name'", "[fields]\nid = ''\nupdated = '../x'",
    "[fields]\ntype = 'entity_id'", "[fields]\nid = 'a.b.c'", "[fields]\nid = '\\u0000'",
    "[audit]\nprivate = ['notes', '', 'a.b', 'status']", "[audit]\nprivate = '*'",
    "unknown = [[[[1]]]]", "a = " + "[" * 400, "a" + ".a" * 3000 + " = 1", "x = " + "{x=" * 500,
    "[[fields]]", "lock_timeout = 0", "editor = ['x']", "= 1", "a = '''", "\ufeff", "x = 9" * 5000,
)  # fmt: skip
SCHEMA = (
    'file_locations: {Task: "../outside/"}', 'file_locations: {Task: "/"}', "a: &a [*a]",
    'file_locations: {Task: "~/", Project: "../../{folder}/"}', "file_locations: [1]",
    'file_locations: {Task: ".git/hooks/"}', 'file_locations: {Task: ".loop/kept/"}',
    'file_locations: {Task: "_build/"}', 'file_locations: {Task: "{entity_name}/{year}/x.md"}',
    'file_locations: {"../x": "50_Projects/"}', "entity_types: ['../x', '', 1, null, [a]]",
    "entity_types: Task", "paths: {include: ['..']}", "paths: {include: ['.git', '.loop']}",
    "paths: {include: ['../outside'], exclude: ['']}", "paths: {exclude_files: ['*' ]}",
    "id_patterns: {tsk: '^tsk-(a*)*(a|a)*$'}", "id_patterns: {tsk: '" + ".*" * 60 + "x'}",
    "id_patterns: {tsk: '^(((((((((((a*)*)*)*)*)*)*)*)*)*)*)*$'}", "id_patterns: {tsk: '('}",
    "id_patterns: {tsk: '^tsk-\\d{1,999999}$'}", "id_patterns: {tsk: '^(?<=a)(?P<n>b)(?P=n)$'}",
    "id_patterns: {tsk: '" + "(" * 500 + "a" + ")" * 500 + "'}", "id_patterns: {'../x': '^.*$'}",
    "task: {status: [" + ", ".join(f"v{one}" for one in range(20_000)) + "]}",
    "x: " + "[" * 900 + "]" * 900, "x: !!python/object/apply:os.system ['touch ../outside/ran']",
    "x: !!timestamp no", "\x00", "\t- a", "x: !<tag:yaml.org,2002:set> {a}", "---\na: 1\n---\nb: 2",
    "a: &a [x, x]\n" + "".join(
        f"a{one}: &a{one} [{', '.join([f'*a{one - 1}' if one else '*a'] * 9)}]\n"
        for one in range(9)
    ),
    "required_fields: {all: 5, Task: [[]]}", "known_fields: {all: {a: b}, Task: null}",
    "write_targets: {writable_fields: {Task: ['*', entity_id, path]}}", "schema_version: [1]",
    "validation_rules: {derived_fields: [], parent_references: {Task: 1}, forbidden: x}",
    "validation_rules: {conditional_required: {Task: [{field: x, when: 'a in ['}]}}",
    "validation_rules: {format_rules: {Task: {status: \"must match '(a*)*$'\"}}}", "- a", "null",
)  # fmt: skip
NAMES = (
    "\x1b[31mred.md", "a\nb.md", "a\tb.md", "\u202egpj.md", "é.md", "e\u0301.md", b"\xff\xfe.md",
    "가" * 84 + ".md", "a" * 252 + ".md", "-rf.md", "--force.md", "~.md", "$(touch x).md", "*.md",
    "tsk-019-14.md", "TSK-019-14.MD", ".md", "..md", " .md", "x.md ", "\\.md", "[[x]].md", "#.md",
    "\x7f.md", "\u2028.md", "'.md", '".md', "%s{0}.md", "CON.md", "x:y.md", "\ufeff.md",
)  # fmt: skip
ENTITIES = (
    "entity_type: Task\nentity_id: {id}\nentity_name: a\nstatus: todo",
    'entity_type: Task\nentity_id: "../{id}"\nentity_name: a',
    'entity_type: "../Task"\nentity_id: {id}\nentity_name: "\\e[31m\\u202e"',
    "entity_type: Task\nentity_id: tsk-019-14\nentity_name: twin\nstatus: todo",
    "entity_type: Task\nentity_id: {id}\nentity_name: '[[../x]]'\naliases: [tsk-019-14]",
    "entity_type: Task\nentity_id: {id}\nparent_id: {id}\nproject_id: ../../outside",
    "entity_type: Project\nentity_id: {id}\nparent_id: {id}\noutgoing_relations: [[[]]]",
    "entity_type: Task\nentity_id: {id}\nnotes: !!timestamp no\nupdated: 9999-99-99",
    "entity_type: Task\nentity_id: {id}\nx: " + "[" * 900, "entity_id: {id}\nx: &a [*a]",
    "entity_type: Task\nentity_id: {id}\nentity_name: " + "n" * 200_000, "", "entity_id: [a]",
    "entity_type: Task\nentity_id: {id}\n? [a]\n: b\n\x00", "entity_type: Task\nentity_id: 1e999",
)  # fmt: skip
ODD = ("pipe", "socket", "sparse", "sparse", "folder", "empty", "noise", "closed")
KILLED = (
    (("update", "tsk-019-14", "status=hold", "--force"), "fsync", 3),
    (("update", "tsk-019-14", "status=hold", "--force"), "renameat2", 1),
    (("create", "Task", "--name", "x", "project_id=prj-019", "assignee=개발팀"), "fsync", 3),
    (("create", "Task", "--name", "x", "project_id=prj-019", "assignee=개발팀"), "renameat2", 1),
    (("delete", "tsk-019-13", "--force", "--yes", "--orphan"), "fsync", 4),
    (("move", "tsk-019-14", "--project", "prj-020", "--force", "--yes"), "renameat2", 1),
    (("update", "--where", "status=todo", "notes=a", "--yes", "--atomic"), "renameat2", 2),
)
EARLIER = (
    ("update", "tsk-019-14", "status=doing", "--force"),
    ("update", "tsk-019-14", "notes=" + "long " * 20_000, "--force"),
    ("update", "tsk-019-14", "notes=short", "--force"),
    ("delete", "tsk-019-07", "--force", "--yes", "--orphan"),
    ("rename", "prj-020", "--yes"),
)


class Makings:
    """Vaults with a past and with a killed change, each made once, when it is asked for."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def lay_out(self, chance: random.Random, vault: Path) -> str:
        """A copy of one of them; what it is."""
        number = chance.randrange(len(KILLED) + 2)
        if number > len(KILLED):
            shutil.copytree(demo.SAMPLE, vault)
            return "the sample vault"
        made = self._folder / f"killed-{number}"
        if not made.exists():
            self._make(made, number)
        shutil.copytree(made, vault)
        return "a past" if number == len(KILLED) else f"killed: {' '.join(KILLED[number][0])}"

    def _make(self, vault: Path, number: int) -> None:
        past = self._folder / f"killed-{len(KILLED)}"
        if not past.exists():
            shutil.copytree(demo.SAMPLE, past)
            for one in EARLIER:
                self._run(past, [], one)
        if number < len(KILLED):
            arguments, call, when = KILLED[number]
            shutil.copytree(past, vault)
            inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"]
            self._run(vault, ["strace", "-f", "-o", "/dev/null", *inject], arguments)

    def _run(self, vault: Path, before: list[str], arguments: tuple[str, ...]) -> None:
        subprocess.run(
            [*before, sys.executable, "-m", "loop_cli", *arguments],
            env={**self._environ, "LOOP_VAULT": str(vault), "LOOP_NO_INPUT": "1"},
            cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
            check=False,
        )  # fmt: skip


class Attacker:
    """Puts strange things into one vault; `done` tells what, in order."""

    def __init__(self, chance: random.Random, vault: Path) -> None:
        self.chance = chance
        self.vault = vault
        self.done: list[str] = []

    def work(self) -> None:
        """Between nothing and a dozen strange things."""
        ways: list[tuple[int, Callable[[], str | None]]] = [
            (6, self.link), (2, self.odd_file), (2, self.entity), (1, self.config),
            (2, self.schema), (8, self.intent), (4, self.log), (1, self.hard_link),
            (1, self.kept), (1, self.members), (1, self.template),
        ]  # fmt: skip
        weights = [weight for weight, _way in ways]
        if self.chance.random() < 0.15:
            (self.vault / "link").symlink_to("../outside")
        for _ in range(self.chance.choice((1, 1, 2, 2, 3, 4, 6, 12))):
            (_weight, way) = self.chance.choices(ways, weights)[0]
            with suppress(OSError):
                self.done.append(f"{way.__name__}: {way()}"[:300])

    # -- what a file system can hold ---------------------------------------------------------

    def link(self) -> str | None:
        place, leads = self._place(), self.chance.choice(ELSEWHERE)
        if self.chance.random() < 0.1:
            leads = os.path.basename(place)  # to itself
        where = self._clear(place, aside=self.chance.random() < 0.5)
        if where is None:
            return None
        if self.chance.random() < 0.7 and not leads.startswith("/"):
            leads = str(self.vault / leads)
        where.symlink_to(leads)
        return f"{place} -> {leads}"

    def odd_file(self) -> str | None:
        place = self._place()
        where = self._clear(place)
        if where is None:
            return None
        what = self.chance.choice(
            ("pipe", "socket", "sparse", "folder", "empty", "noise", "closed")
        )
        if what == "pipe":
            os.mkfifo(where)
        elif what == "socket":
            self._socket(where)
        elif what == "folder":
            (where / "x.md").mkdir(parents=True)
        else:
            data = b"" if what == "empty" else self.chance.randbytes(300)
            where.write_bytes(data)
            if what == "sparse":
                os.truncate(where, self.chance.choice((HUGE, 3 << 30, 100 << 20)))
            if what == "closed":
                where.chmod(0)
        return f"{place}: {what}"

    def hard_link(self) -> str | None:
        place = self.chance.choice((TASK, STRANGE, "new.md", f"{PROJECT}/project.md"))
        source = self.chance.choice(("../outside/entity.md", TASK, f"{PROJECT}/project.md", LOG))
        if place == source or (where := self._clear(place)) is None:
            return None
        os.link(self.vault / source, where)
        return f"{place} = {source}"

    def entity(self) -> str | None:
        name = self.chance.choice(NAMES)
        folder = os.fsencode(self.vault / self.chance.choice((f"{PROJECT}/Tasks", "50_Projects")))
        number = self.chance.randrange(100)
        text = self.chance.choice(ENTITIES).replace("{id}", f"tsk-019-{number:02}")
        if not self._is_within(os.fsdecode(folder)):
            return None
        end = self.chance.choice(("---\n", "---\n", "...\n", ""))
        data = f"---\n{text}\n{end}body [[tsk-019-14]] [x](../../{TASK})\n".encode()
        with open(os.path.join(folder, os.fsencode(name)), "wb") as file:
            file.write(data)
        return f"{name!r}: {text[:80]!r}"

    # -- what loop reads ---------------------------------------------------------------------

    def config(self) -> str | None:
        parts = self.chance.sample(CONFIG, self.chance.choice((1, 1, 2, 3)))
        return self._write(".loop/config.toml", "\n".join(parts))

    def schema(self) -> str | None:
        place = self.chance.choice(("00_Meta/schema_constants.yaml", ".loop/schema.yaml"))
        parts = self.chance.sample(SCHEMA, self.chance.choice((1, 1, 2)))
        if self.chance.random() < 0.6:
            default = (Path(demo.__file__).parents[1] / "core/default_schema.yaml").read_text()
            keys = tuple(part.partition(":")[0] + ":" for part in parts)
            parts = [_without(default, keys), *parts]
        return self._write(place, "\n".join(parts) + "\n", shown="\n".join(parts[-2:])[-200:])

    def members(self) -> str | None:
        name = self.chance.choice(("../x", "\x1b[31m", "a: b", "*a", "[" * 500, "x" * 100_000))
        return self._write("00_Meta/members.yaml", f"members:\n  root: {name}\n")

    def template(self) -> str | None:
        text = self.chance.choice(ENTITIES).replace("{id}", "{{ID}}")
        odd = self.chance.choice(
            ("{{NAME}}", "{{../x}}", "{{" * 5000, "{{FILE:../outside/secret}}")
        )
        return self._write("00_Meta/_TEMPLATES/template_task.md", f"---\n{text}\n---\n{odd}\n")

    def kept(self) -> str | None:
        folder = self.vault / ".loop/kept"
        names = sorted(folder.iterdir()) if self._is_within(str(folder)) else []
        if not names:
            return None
        one = self.chance.choice(names)
        if not one.is_file() or one.is_symlink():
            return None
        one.write_bytes(self.chance.choice((b"", b"other", one.read_bytes()[:-1], b"\xff" * 9)))
        return one.name

    def log(self) -> str | None:
        where = self._mine(LOG)
        if where is None:
            return None
        lines = where.read_bytes().splitlines(keepends=True)
        for _ in range(self.chance.choice((1, 1, 2, 5))):
            at = self.chance.randrange(len(lines) + 1)
            lines[at : at + self.chance.choice((0, 0, 1))] = [self._line(lines)]
        data = b"".join(lines)
        where.write_bytes(
            data[: -self.chance.randrange(1, 40)] if self.chance.random() < 0.2 else data
        )
        return f"{len(lines)} lines"

    def intent(self) -> str | None:
        """Change what a killed change has left, in one to three values, or in one path throughout:
        then the log tells the same, and the content is the attacker's."""
        folder = self.vault / ".loop/staged"
        found = sorted(folder.glob("*.intent")) if self._is_within(str(folder)) else []
        if not found or found[0].stat().st_size > 1 << 20 or not found[0].is_file():
            return None
        file, text = found[0], found[0].read_text(errors="surrogateescape")
        intents = json.loads(text)
        led, what = self.chance.random() < 0.6, "values"
        with suppress(AttributeError, LookupError, TypeError, ValueError):  # changed once already
            if led:
                path = self.chance.choice(EVIL_PATHS[:8] * 3 + EVIL_PATHS)
                intents = _led(intents, path)
                what = f"all of {path[:60]!r}"
            if self.chance.random() < 0.3:
                key, value = self.chance.choice(EVIL_INTENTS)
                intents[0][key] = value
                what += f", {key}"
        for _ in range(self.chance.choice((0, 0, 0, 1)) if led else self.chance.choice((1, 2, 3))):
            intents = self._mutated(intents)
            what += self._mutate_line(intents)
        if self.chance.random() < (0.8 if led else 0.3):
            what += self._content(folder, intents)
        file.write_text(json.dumps(intents), errors="surrogatepass")
        if self.chance.random() < 0.85:
            self._record(intents, instead_of=json.loads(text))
        return what

    # -- parts ------------------------------------------------------------------------------

    def _content(self, folder: Path, intents: Any) -> str:
        """The attacker's bytes in the place of what is staged, with etags that fit."""
        entity = "---\nentity_type: Task\nentity_id: tsk-019-14\nentity_name: x\n---\n"
        data = self.chance.choice((b"#!/bin/sh\ntouch ran\n", entity.encode(), b"", b"\0" * 100))
        for new in [new for new in folder.glob("*.new") if new.is_file()][:1]:
            new.write_bytes(data)
            new.chmod(self.chance.choice((0o755, 0o4755, 0o600, 0o000, 0o666)))
        etag = hashlib.sha256(data).hexdigest()[:16]
        for one in intents if isinstance(intents, list) else []:
            if not isinstance(one, dict) or not isinstance(one.get("line"), str):
                continue
            with suppress(ValueError):
                record = json.loads(one["line"])
                if isinstance(record, dict) and isinstance(record.get("metadata"), dict):
                    record["metadata"]["etag_after"] = one["etag_after"] = etag
                    if self.chance.random() < 0.7:
                        record["metadata"]["etag_before"] = one["etag_before"] = None
                    one["line"] = json.dumps(record, ensure_ascii=False)
        return ", content"

    def _record(self, intents: Any, *, instead_of: Any) -> None:
        """Let the log say what the intents do, in place of what others said."""
        log = self._mine(LOG)
        if log is None or not isinstance(intents, list):
            return
        old, new = _lines_of(instead_of), _lines_of(intents)
        kept = [line for line in log.read_bytes().splitlines(keepends=True) if line not in old]
        log.write_bytes(b"".join([*kept, *new]))

    def _mutate_line(self, intents: Any) -> str:
        if self.chance.random() < 0.5 or not isinstance(intents, list):
            return ""
        for one in intents:
            if isinstance(one, dict) and isinstance(one.get("line"), str):
                with suppress(ValueError):
                    one["line"] = json.dumps(self._mutated(json.loads(one["line"])))
        return ", its line"

    def _line(self, lines: list[bytes]) -> bytes:
        """A forged line for the log."""
        if not lines or self.chance.random() < 0.25:
            return self.chance.choice(
                (b"\0" * 5000 + b"\n", b"{" * 3000 + b"\n", b"x" * (6 << 20) + b"\n", b"\n",
                 b"[]\n", b"\xff\xfe\n", b"null\n", b"1\n", b'{"entity_id": "a"}\n', b"\r\n", b"{}")
            )  # fmt: skip
        line = self.chance.choice(lines)
        if self.chance.random() < 0.15:
            return line
        with suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get("metadata"), dict):
                if self.chance.random() < 0.4:
                    record["metadata"][self.chance.choice(METADATA)] = self._evil()
                if self.chance.random() < 0.3:
                    record["action"] = self.chance.choice(
                        ("delete", "create", "update", "move", "x")
                    )
                    record["metadata"]["path"] = self.chance.choice(EVIL_PATHS)
            for _ in range(self.chance.choice((0, 1, 2, 3))):
                record = self._mutated(record)
            return json.dumps(record).encode() + b"\n"
        return line[: len(line) // 2]

    def _evil(self) -> Any:
        return self.chance.choice(EVIL_PATHS if self.chance.random() < 0.4 else EVIL_VALUES)

    def _mutated(self, value: Any) -> Any:
        """The value with one change somewhere within."""
        if isinstance(value, dict) and value and self.chance.random() < 0.9:
            key = self.chance.choice(list(value))
            if self.chance.random() < 0.1:
                return {one: what for one, what in value.items() if one != key}
            if self.chance.random() < 0.05:
                return {**value, "x": self._evil()}
            return {**value, key: self._mutated(value[key])}
        if isinstance(value, list) and value and self.chance.random() < 0.9:
            at = self.chance.randrange(len(value))
            return [*value[:at], self._mutated(value[at]), *value[at + 1 :]]
        return self._evil()

    def _write(self, place: str, text: str, *, shown: str | None = None) -> str | None:
        where = self._clear(place)
        if where is None:
            return None
        data = text.encode(errors="surrogatepass")
        if self.chance.random() < 0.06:
            data += b"\n# \xff\xfe\n"
        where.write_bytes(data)
        return repr((shown or text)[:200])

    def _place(self) -> str:
        if self.chance.random() < 0.25:  # anything that is there
            names = [
                os.path.relpath(os.path.join(folder, name), self.vault)
                for folder, folders, files in os.walk(self.vault)
                for name in (*folders, *files)
            ]
            found = [name for name in names if not name.startswith((".git", ".obsidian"))]
            return self.chance.choice(sorted(found))
        return self.chance.choice(PLACES)

    def _clear(self, place: str, *, aside: bool = False) -> Path | None:
        """The place, with nothing there; None where it would lie beyond a link."""
        where = self.vault / place
        if not self._is_within(str(where.parent), missing=True):
            return None
        where.parent.mkdir(parents=True, exist_ok=True)
        if aside and os.path.lexists(where):
            where.rename(where.with_name(f"aside-{self.chance.randrange(10**6)}"))
        elif where.is_dir() and not where.is_symlink():
            shutil.rmtree(where)
        else:
            where.unlink(missing_ok=True)
        return where

    def _mine(self, place: str) -> Path | None:
        """The place, where an ordinary file of moderate size is."""
        where = self.vault / place
        if not self._is_within(str(where.parent)) or where.is_symlink() or not where.is_file():
            return None
        return where if where.stat().st_size < 50 << 20 else None

    def _is_within(self, folder: str, *, missing: bool = False) -> bool:
        """Whether a folder is the vault's own, with no link on the way."""
        return os.path.realpath(folder) == folder and (missing or os.path.isdir(folder))

    def _socket(self, where: Path) -> None:
        with socket.socket(socket.AF_UNIX) as one:
            folder = os.open(where.parent, os.O_RDONLY)
            try:  # its path may be too long for a socket's name
                one.bind(f"/proc/self/fd/{folder}/{where.name}")
            finally:
                os.close(folder)


def _lines_of(intents: Any) -> list[bytes]:
    lines = [one.get("line") for one in intents if isinstance(one, dict)]
    return [f"{line}\n".encode(errors="surrogatepass") for line in lines]


def _led(intents: Any, path: str) -> Any:
    """Intents of another path throughout, also in their records."""
    found = []
    for one in intents:
        old, record = one["path"], json.loads(one["line"])
        line = json.dumps(_replaced(record, old, path), ensure_ascii=False)
        found.append({**_replaced(one, old, path), "line": line})
    return found


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(what, old, new) for key, what in value.items()}
    return new if value == old else value


def _without(schema: str, keys: tuple[str, ...]) -> str:
    """A schema without the sections of these keys."""
    kept, skips = [], False
    for line in schema.splitlines():
        if line[:1] not in ("", " ", "#"):
            skips = line.startswith(keys)
        if not skips:
            kept.append(line)
    return "\n".join(kept)
