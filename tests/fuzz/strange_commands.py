"""Command lines at random, for a vault that may be anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

T = TypeVar("T")
TIME = "2026-01-09T14:35:10.123456Z"
IDS = (
    *("tsk-019-14",) * 16,
    *("tsk-019-13", "tsk-019-01", "tsk-020-01", "prj-020", "hyp-1-01"),
    *("tsk-019-13", "tsk-019-01", "tsk-019-07", "tsk-020-01", "tsk-020-09", "prj-019", "prj-020"),
    *(
        "hyp-1-01",
        "ns-001",
        "pgm-vault-care",
        "nope",
        "../outside/note",
        "../../etc/passwd",
        "twin",
    ),
    *("tsk-019-05", "tsk-019-50", "", "/", "규칙 B·C 구현", "a" * 300, "\udcff"),
)
CHANGES = (
    *("status=doing", "status=todo", "status=nope", "notes=new", "tags+=x", "tags-=audit", "due!"),
    *("notes=" + "x" * 70_000, "priority:=null", "x.y=1", "entity_id=../x", "entity_name=../../x"),
    *("notes=@nowhere", "parent_id=prj-020", "aliases:=[[1]]", "\udcff=1", "body=x"),
)
WHERE = ("status=todo", "status!=done", "has:due", "missing:x", "x~y", "due<today", "id=tsk-019-14")
LINES = (
    '{"id": "tsk-019-14", "set": {"status": "hold"}}\n{"id": "prj-019", "set": {"notes": "x"}}\n',
    '{"id": "../x", "set": {"status": "hold"}}\nnull\n{"id": "tsk-019-01"}\n',
)
PLACES = (
    *("50_Projects/2026/prj-019_SSOT_규칙/Tasks/tsk-019-14.md", "../outside/note.md", "new.md"),
    *(
        "50_Projects/../../outside/entity.md",
        ".git/hooks/pre-commit",
        ".loop/config.toml",
        "link/x",
    ),
)


class Command:
    """One command line and what it is given to read."""

    def __init__(self, *arguments: str, stdin: str = "", named: str | None = None) -> None:
        self.arguments = list(arguments)
        self.stdin = stdin
        self.named = named  # a folder that the user names; it is the user's, wherever it lies


class Commands:
    """Draws command lines. `vault` is the path of the vault."""

    def __init__(self, chance: random.Random, vault: str) -> None:
        self.chance = chance
        self.vault = vault

    def draw(self) -> Command:
        """One of them, most often one that writes."""
        ways: list[tuple[int, Callable[[], Command]]] = [
            (8, self.update), (3, self.create), (3, self.delete), (3, self.move), (3, self.rename),
            (3, self.undo), (5, self.read), (3, self.audit), (3, self.check), (3, self.kept),
            (3, self.edit), (2, self.apply), (2, self.init), (2, self.complete), (1, self.skill),
            (2, self.bulk), (2, self.past),
        ]  # fmt: skip
        return self.chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()

    def update(self) -> Command:
        given = self.chance.sample(CHANGES, self.chance.choice((1, 1, 2)))
        odd = [] if self.chance.random() < 0.85 else ["--unset", "due"]
        more = self._some("--json", "--dry-run", "--no-input")
        return Command("update", self._id(), *given, *odd, *self._precondition(), *more)

    def bulk(self) -> Command:
        more = self._some("--atomic", "--json", "--dry-run")
        return Command("update", "--where", self._one(WHERE), self._one(CHANGES), "--yes", *more)

    def create(self) -> Command:
        name = self._one(("x", "../x", "\x1b[31m", "가" * 90, "a/b", "..", "\n", "x" * 300, ""))
        kind = self._one(("Task", "Task", "Project", "Hypothesis", "../Task", "Nope", "Evidence"))
        more = ["project_id=" + self._one(("prj-019", "../x", "prj-020")), "assignee=개발팀"]
        if self.chance.random() < 0.3:
            more += ["--id", self._one(("tsk-019-90", "../x", "tsk-019-14", "/etc/x", "."))]
        if self.chance.random() < 0.2:
            more += ["--template", self._one(("plain", "../outside/note.md", *PLACES))]
        if self.chance.random() < 0.2:
            more += ["--idempotency-key", "key"]
        return Command("create", kind, "--name", name, *more, *self._some("--json", "--dry-run"))

    def delete(self) -> Command:
        more = self._some("--archive", "--orphan", "--cascade", "--json", "--dry-run")
        return Command("delete", self._id(), "--yes", *self._precondition(), *more)

    def move(self) -> Command:
        to = self._one(("prj-020", "prj-020", "prj-019", "prj-site-a7k9m2", "../x"))
        return Command("move", self._id(), "--project", to, "--yes", *self._precondition())

    def rename(self) -> Command:
        which = ["--all"] if self.chance.random() < 0.4 else [self._id()]
        return Command("rename", *which, "--yes", *self._some("--json", "--dry-run"))

    def undo(self) -> Command:
        which = ["--last"] if self.chance.random() < 0.5 else [self._id()]
        more = self._some("--on-conflict=rebase", "--json", "--dry-run")
        return Command("undo", *which, "--yes", *more)

    def read(self) -> Command:
        return self._one(
            (
                Command("get", self._id(), *self._some("--json", "--body", "--yaml", "--raw")),
                Command("get", self._id(), "--path", self._one(PLACES)),
                Command("list", *self._some("Task", "--json", "--csv", "--where=status=todo")),
                Command("search", self._one(("규칙", "x", "a key", "")), *self._some("--json")),
                Command("schema", *self._some("Task", "--json")),
                Command("config", *self._some("--json")),
                Command("help", *self._some("update", "trust")),
                Command("list", "--children-of", self._id(), "--sort", "-updated_at"),
            )
        )

    def past(self) -> Command:
        since = self._one(("1", "0", "100", TIME, "-1"))
        return self._one(
            (
                Command("log", *self._some("--json", "--limit=0", self._id())),
                Command("history", self._id(), *self._some("--json", "--limit=0")),
                Command("backlinks", self._id(), *self._some("--json")),
                Command("diff", self._id(), "--since", since, *self._some("--json")),
            )
        )

    def audit(self) -> Command:
        field = self._one(("notes", "x", "status"))
        return self._one(
            (
                Command("audit", "verify", *self._some("--json")),
                Command("audit", "rotate"),
                Command("audit", "redact", self._id(), field, "--yes"),
                Command("audit", "migrate", *self._some(*PLACES[:2], "--dry-run")),
            )
        )

    def check(self) -> Command:
        more = self._some("--fix", "--fix", "--json", "--strict", "--dry-run")
        return Command("check", *more, *(["--yes"] if "--fix" in more else []))

    def kept(self) -> Command:
        prune = ["--prune", "--yes"] if self.chance.random() < 0.6 else []
        return Command("kept", *prune, *self._some("--older-than=0", "--json", self._id()))

    def edit(self) -> Command:
        return Command("edit", self._id(), *self._some("--fields", "--path=" + self._one(PLACES)))

    def apply(self) -> Command:
        more = self._some("--atomic", "--force", "--dry-run")
        return Command("apply", "-", *more, stdin=self._one(LINES))

    def init(self) -> Command:
        below = self._one(("", "/50_Projects", "/new", "/00_Meta", "/.loop", "/link"))
        named = self._real(self.vault + below)
        more = self._some("--json", "--dry-run")
        return Command("init", named, "--yes", *more, named=named)

    def complete(self) -> Command:
        line = self._one(("loop get ", "loop update tsk-019-14 sta", "loop log --run ", "loop "))
        return Command("__complete", self._one(("bash", "zsh", "fish")), line)

    def skill(self) -> Command:
        named = self._real(f"{self.vault}/.claude/skills")
        return Command("skill", "install", named, *self._some("--force"), named=named)

    def _real(self, folder: str) -> str:
        """The folder; the vault itself where a link is on the way."""
        return folder if os.path.realpath(folder) == folder else self.vault

    def _precondition(self) -> list[str]:
        return self._one(
            (
                ["--force"], ["--force"], ["--force"], [], ["--if-match", "0" * 16],
                ["--expected-updated-at", TIME],
                ["--expected-updated-at", TIME, "--on-conflict", "rebase"],
            )
        )  # fmt: skip

    def _id(self) -> str:
        return self._one(IDS)

    def _one(self, values: tuple[T, ...]) -> T:
        return self.chance.choice(values)

    def _some(self, *values: str) -> list[str]:
        return [value for value in values if self.chance.random() < 0.25]
