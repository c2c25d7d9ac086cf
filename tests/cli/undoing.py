"""Changes that are made to be undone, and their undoing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loop_cli.wire import past as models_past

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

RUN = "3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11"


def change(loop: Loop, *texts: str, entity_id: str = "tsk-019-14", run: str | None = None) -> str:
    """Make a recorded change; the id of its run."""
    done = loop("update", entity_id, *texts, "--force", "--json", env={"LOOP_RUN_ID": run})
    found: str = json.loads(done.out)["run_id"]
    return found


def field(loop: Loop, name: str, entity_id: str = "tsk-019-14") -> str:
    return loop("get", entity_id, "--field", name).out.strip()


def undo(loop: Loop, *arguments: str) -> Any:
    document = loop("undo", *arguments, "--yes", "--json").json
    models_past.UndoDocument.model_validate(document)
    return document
