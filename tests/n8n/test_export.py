"""`loop n8n export`: what is written, and what a look at the workflows shows.

`tests/n8n/run.sh` runs them in a real n8n.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli import n8n
from loop_cli.wire import agents as shapes
from tests.cli.conftest import Loop, new_loop

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("update-with-precondition", "bulk-close", "on-change")
WITH_TRIES = NAMES[:2]
# Nodes, and versions of them, that n8n 1.123 has and n8n 2 still has.
KNOWN = {
    "manualTrigger": 1, "scheduleTrigger": 1.2, "set": 3.4, "httpRequest": 4.2, "if": 2.2,
    "wait": 1.1, "noOp": 1, "stopAndError": 1, "splitOut": 1, "filter": 2.2,
    "removeDuplicates": 2, "stickyNote": 1,
}  # fmt: skip


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return new_loop(tmp_path)


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(n8n.files()[f"{name}.json"])
    return found


def nodes(name: str, kind: str = "") -> dict[str, Any]:
    return {
        one["name"]: one
        for one in workflow(name)["nodes"]
        if one["type"] == f"n8n-nodes-base.{kind}" or not kind
    }


def test_what_is_written(loop: Loop) -> None:
    done = loop("n8n", "export", "--json", cwd=loop.home).json
    shapes.ExportDocument.model_validate(done)
    folder = loop.home / "loop-n8n"
    assert done["folder"] == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["README.md", "credential.json"]
        + [f"{name}.{kind}" for name in NAMES for kind in ("json", "svg")]
    )
    again = loop("n8n", "export", "--json", cwd=loop.home).json
    assert again["written"] == []


def test_what_somebody_has_changed_is_kept(loop: Loop) -> None:
    place = loop.home / "flows"
    assert loop("n8n", "export", str(place)).code == 0
    (place / "bulk-close.json").write_text("{}")
    assert loop("n8n", "export", str(place)).code == 2
    assert (place / "bulk-close.json").read_text() == "{}"
    assert loop("n8n", "export", str(place), "--force").code == 0
    assert (place / "bulk-close.json").read_text() != "{}"


def test_they_speak_to_the_server_that_is_named(loop: Loop) -> None:
    assert (
        loop("n8n", "export", "flows", "--url", "https://notes.example/", cwd=loop.home).code == 0
    )
    for name in NAMES:
        text = (loop.home / "flows" / f"{name}.json").read_text()
        assert '"value": "https://notes.example"' in text
        assert n8n.ADDRESS not in text
    for wrong in ("notes.example", "ftp://x", 'http://x"', "http://"):
        assert loop("n8n", "export", "other", "--url", wrong, cwd=loop.home).code == 2


def test_there_is_no_token_in_them(loop: Loop) -> None:
    (credential,) = json.loads(n8n.files()["credential.json"])
    assert credential["data"] == {"name": "Authorization", "value": "Bearer PUT-THE-TOKEN-HERE"}
    for name in NAMES:
        assert "Bearer" not in json.dumps(workflow(name))
        for one in nodes(name, "httpRequest").values():
            assert one["credentials"] == {
                "httpHeaderAuth": {"id": credential["id"], "name": credential["name"]}
            }


@pytest.mark.parametrize("name", NAMES)
def test_each_has_nodes_that_n8n_knows_and_a_note_that_explains_it(name: str) -> None:
    for one in workflow(name)["nodes"]:
        kind = one["type"].removeprefix("n8n-nodes-base.")
        assert one["typeVersion"] == KNOWN[kind], kind
    notes = [one["parameters"]["content"] for one in nodes(name, "stickyNote").values()]
    assert notes[0].startswith("## ")
    assert len(notes) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_lines_lead_to_nodes_and_every_node_is_reached(name: str) -> None:
    found = nodes(name)
    connections = workflow(name)["connections"]
    ends = {one["node"] for said in connections.values() for out in said["main"] for one in out}
    assert {*connections, *ends} <= found.keys()
    starts = {one for one in found if found[one]["type"].endswith("Trigger")}
    notes = {one for one in found if found[one]["type"].endswith("stickyNote")}
    assert found.keys() - notes - starts == ends


@pytest.mark.parametrize("name", NAMES)
def test_n8n_never_repeats_a_request_by_itself(name: str) -> None:
    for one in nodes(name, "httpRequest").values():
        assert not one.get("retryOnFail")
        assert one.get("onError") is None


def test_a_put_carries_what_the_get_has_told() -> None:
    write = nodes("update-with-precondition", "httpRequest")["Write"]["parameters"]
    assert write["method"] == "PUT"
    assert "expected_updated_at: $json.expected_updated_at" in write["jsonBody"]
    decide = json.dumps(nodes("update-with-precondition")["Decide"]["parameters"])
    assert "={{ $json.task.updated }}" in decide
    lines = json.dumps(nodes("bulk-close")["Decide"]["parameters"])
    assert "expected_updated_at: task.updated" in lines


@pytest.mark.parametrize("name", WITH_TRIES)
def test_after_a_conflict_it_reads_again_three_times_at_most(name: str) -> None:
    lines = workflow(name)["connections"]
    (again,), (stop,) = lines["Tries left?"]["main"]
    assert again["node"] == "Wait a little"
    read = lines["Wait a little"]["main"][0][0]["node"]
    assert nodes(name)[read]["parameters"]["method"] == "GET"
    assert "Math.random()" in nodes(name)["Wait a little"]["parameters"]["amount"]
    (condition,) = nodes(name)["Tries left?"]["parameters"]["conditions"]["conditions"]
    assert (condition["leftValue"], condition["rightValue"]) == ("={{ $runIndex + 1 }}", 3)
    end = lines[stop["node"]]["main"][0][0]["node"]
    assert nodes(name)[end]["type"].endswith("stopAndError")


def test_the_page_shows_pictures_that_are_there() -> None:
    files = n8n.files()
    page = files["README.md"].decode()
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert shown == [f"{name}.svg" for name in NAMES]
    assert all(one in files for one in shown)
