"""The course of work: which words say that it has not begun, and which that it has ended.

They are those of the shipped schema and what people commonly write, in English and Korean.
"""

from __future__ import annotations

from loop_cli.core.names import nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WAITING = frozenset((
    "todo", "to do", "to-do", "backlog", "inbox", "idea", "new", "open", "draft", "unread",
    "planning", "planned", "pending", "screening", "not started",
    "할 일", "할일", "예정", "대기", "계획", "시작 전", "신규",
))  # fmt: skip
_FINISHED = frozenset((
    "done", "complete", "completed", "finished", "closed", "resolved", "cancelled", "canceled",
    "archived", "dropped", "validated", "falsified",
    "완료", "완료됨", "종료", "종료됨", "끝", "마감", "취소", "취소됨", "폐기", "보관",
))  # fmt: skip


def is_finished(value: Any) -> bool:
    """Whether a status says that the work has ended."""
    return _word(value) in _FINISHED


def place(value: Any) -> int:
    """Where a status stands: 0 before the work, 1 in it, 2 after it. Other words are in it."""
    word = _word(value)
    return 2 * (word in _FINISHED) + (word not in _WAITING and word not in _FINISHED)


def _word(value: Any) -> str:
    return nfc(value).casefold() if isinstance(value, str) else ""
