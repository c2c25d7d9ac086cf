"""A vault of any size in the shape of a real one: projects with their tasks, some hypotheses.

    python tests/bench/generate.py FOLDER [--entities N]

The same number gives the same vault. Files are as long as those of a vault that is in use: a
tenth has under 1 KB, half under 4, a tenth over 14; one in eight frontmatters has long notes.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

_STATUSES = ("todo", "todo", "todo", "doing", "done", "done", "done", "hold", "blocked")
_PRIORITIES = ("low", "medium", "medium", "high", "critical")
_PROSE = """
회의 기록 정리 대시보드 배포 검토 실험 결과 고객 인터뷰 요약 지표 개선 일정 조율 문서 작성 review
draft the plan release metrics pipeline schema fix import customer weekly report
"""
_WORDS = tuple(_PROSE.split())
_SYLLABLES = "가나다라마바사아자차카타파하고노도로모보소오조초코토포호기니디리미비시"
_RARE = 0.2  # of the words: as in any language, most words are seldom
_SIZES = ((0.1, 700, 1_000), (0.5, 1_000, 4_000), (0.9, 4_000, 14_000), (1.0, 14_000, 30_000))
_TASKS = 9  # of each project, on average


def lay_out(target: Path, *, entities: int) -> None:
    """Make the vault in a folder that is not there yet."""
    dice = random.Random(entities)
    target.mkdir(parents=True)
    made = number = 0
    while made < entities:
        number += 1
        year = 2024 + number % 3
        project = f"prj-{_base36(number)}"
        folder = target / "50_Projects" / str(year) / f"{project}_{dice.choice(_WORDS)}"
        (folder / "Tasks").mkdir(parents=True)
        (folder / "project.md").write_text(_project(project, dice))
        made += 1
        for index in range(min(dice.randint(4, 2 * _TASKS - 4), entities - made)):
            task = f"tsk-{_base36(number)}-{1_765_756_800_000 + number * 1000 + index}"
            (folder / "Tasks" / f"{task}.md").write_text(_task(task, project, dice))
            made += 1
        if number % 20 == 0:
            (folder / "README.md").write_text("# no entity\n")


def task_ids(target: Path, count: int) -> list[str]:
    """Some ids of tasks, in a fixed order."""
    found: list[str] = []
    for path in sorted(target.glob("50_Projects/*/*")):
        found += sorted(task.stem for task in (path / "Tasks").glob("*.md"))
        if len(found) >= count:
            break
    return found[:count]


def _task(entity_id: str, project: str, dice: random.Random) -> str:
    name = _sentence(dice, 4)
    lines = [
        "---",
        "entity_type: Task",
        f"entity_id: {entity_id}",
        f"entity_name: {name}",
        f"created: '2026-01-{dice.randint(1, 28):02d}'",
        f"updated: '2026-02-{dice.randint(1, 28):02d}'",
        f"status: {dice.choice(_STATUSES)}",
        f"parent_id: {project}",
        f"project_id: {project}",
        f"aliases:\n- {entity_id} {name}" if dice.random() < 0.5 else "aliases: []",
        f"assignee: {dice.choice(('개발팀', '디자인팀', '외주', '운영'))}",
        f"due: '2026-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}'",
        f"priority: {dice.choice(_PRIORITIES)}  # 회의에서 정함",
        f"estimated_hours: {dice.randint(1, 40)}",
        "type: dev",
        "target_project: loop",
        "tags:",
        *(f"- {dice.choice(_WORDS)}" for _ in range(dice.randint(1, 4))),
    ]
    if dice.random() < 0.125:
        lines += ["notes: |", *(f"  {_sentence(dice, 12)}" for _ in range(dice.randint(10, 60)))]
    return _with_body([*lines, "---", "", f"# {name}", ""], dice)


def _project(entity_id: str, dice: random.Random) -> str:
    lines = [
        "---",
        "entity_type: Project",
        f"entity_id: {entity_id}",
        f"entity_name: {_sentence(dice, 3)}",
        "created: 2026-01-02",
        "updated: 2026-01-05",
        "status: active",
        "parent_id: trk-1",
        f"aliases: [{entity_id}]",
        f"owner: {dice.choice(('개발팀', '운영'))}",
        "conditions_3y: [cond-a]",
        "expected_impact:",
        "  metric: conflicts",
        f"  target: {dice.randint(1, 100)}",
        "---",
        "",
    ]
    return _with_body(lines, dice)


def _with_body(lines: list[str], dice: random.Random) -> str:
    part = dice.random()
    least, most = next((low, high) for share, low, high in _SIZES if part <= share)
    wanted = dice.randint(least, most)
    size = sum(len(line.encode()) + 1 for line in lines)
    paragraph = "".join(f"- [ ] {_sentence(dice, 10)}\n" for _ in range(8))
    while size < wanted:
        lines.append(paragraph)
        size += len(paragraph.encode()) + 1
    return "\n".join(lines) + "\n"


def _sentence(dice: random.Random, words: int) -> str:
    return " ".join(
        "".join(dice.choices(_SYLLABLES, k=3)) if dice.random() < _RARE else dice.choice(_WORDS)
        for _ in range(words)
    )


def _base36(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def main() -> None:
    """Lay out a vault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=10_000)
    options = parser.parse_args()
    lay_out(options.folder, entities=options.entities)


if __name__ == "__main__":
    main()
