"""The commands that the page on the API prints, run against a server."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import DOCS
from tests.waiting import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Server, Vault

PAGE = DOCS / "http.md"
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
NEEDED = [one for one in ("curl", "jq", "bash") if shutil.which(one) is None]


@pytest.mark.skipif(bool(NEEDED), reason=f"{NEEDED} are not installed")
def test_every_printed_command_does_what_the_page_says(
    serve: Callable[..., Server], vault: Vault
) -> None:
    server = serve()
    script = "\necho @@\n".join(["set -eo pipefail", *BLOCKS])
    done = subprocess.run(
        ["bash", "-c", script],
        env={**vault.environment, "LOOP_API_URL": server.url, "LOOP_API_TOKEN": "writer"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("@@\n")
    _nothing, read, written, conflict, claimed, lists, twice, events = parts

    assert read == '"todo"\n'
    assert '"changed": true' in written
    assert "Conflict: Entity was modified" in conflict
    assert '"reason": "condition_unmet"' in claimed
    assert '"total": 3' in lists
    first, second = twice.split()
    assert first == second
    assert "retry: 2000" in events
    assert [one["action"] for one in vault.records()] == ["update", "create"]


def test_every_route_that_the_page_names_is_there() -> None:
    routers = pytest.importorskip("loop_cli.server.route_order").ROUTERS
    known = {re.sub(r":[a-z]+", "", one.path) for router in routers for one in router.routes}
    named = re.findall(r"`(?:GET|PUT|POST|PATCH|DELETE) (/api/[^`?]*)", PAGE.read_text())

    missing = [
        path
        for path in named
        if path not in known
        and path.replace("/api/tasks", "/api/{collection}").replace("{id}", "{entity_id}")
        not in known
        and path.replace("{id}", "{entity_id}") not in known
    ]
    assert missing == []
