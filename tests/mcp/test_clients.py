"""`loop mcp install`: one more entry in the settings of a client, and not a byte less."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.errors import UsageError
from loop_cli.mcp.clients import CLIENTS, Client, Entry, added
from loop_cli.wire import agents as shapes
from tests.cli.conftest import Loop, new_loop

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry(command="/opt/loop", arguments=("mcp", "--vault", "/메모"), environment={})
JSON = Client(title="x", path="x")
TOML = Client(title="x", path="x", key="mcp_servers", toml=True)
names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(names, values, max_size=3)


@st.composite
def settings(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Settings of a client in some layout."""
    data = draw(objects)
    if draw(st.booleans()):
        data["mcpServers"] = draw(objects)
    indent = draw(st.sampled_from([None, 0, 2, 4, "\t"]))
    text = json.dumps(data, indent=indent, ensure_ascii=draw(st.booleans()))
    return data, draw(st.sampled_from(["", "\n", "  "])) + text + draw(st.sampled_from(["", "\n"]))


@given(settings(), names)
def test_json_gains_the_entry_and_keeps_the_rest(
    found: tuple[dict[str, Any], str], name: str
) -> None:
    data, text = found
    if name in data.get("mcpServers", {}):
        with pytest.raises(UsageError, match="another server"):
            added(text, JSON, name, ENTRY)
        return
    new = added(text, JSON, name, ENTRY)

    servers = {**data.get("mcpServers", {}), name: ENTRY.as_dict()}
    assert json.loads(new) == {**data, "mcpServers": servers}
    assert is_within(text.strip(), new)
    assert added(new, JSON, name, ENTRY) == new


def is_within(text: str, new: str) -> bool:
    """Whether `new` is `text` with something put in at one place, but for blanks there."""
    start = next(
        (at for at, (old, now) in enumerate(zip(text, new.strip(), strict=False)) if old != now),
        len(text),
    )
    return new.rstrip().endswith(text[start:].strip()) or start == len(text)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(), max_size=3))
def test_toml_gains_the_entry_at_the_end(data: dict[str, int]) -> None:
    text = "# mine\n" + "".join(f"{key} = {value}\n" for key, value in data.items())
    entry = ENTRY.replace(environment={"LOOP_API_URL": "https://x"})
    new = added(text, TOML, "loop", entry)

    assert new.startswith(text)
    assert tomllib.loads(new) == {**data, "mcp_servers": {"loop": entry.as_dict()}}
    assert added(new, TOML, "loop", entry) == new


@pytest.mark.parametrize("text", ["[1]", "{", "// mine\n{}", '{"mcpServers": []}'])
def test_what_is_not_understood_is_left_alone(text: str) -> None:
    with pytest.raises(UsageError):
        added(text, JSON, "loop", ENTRY)


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return new_loop(tmp_path)


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_starts_what_is_written(loop: Loop, client: str) -> None:
    plan = loop("mcp", "install", client, "--dry-run", "--json").json
    done = loop("mcp", "install", client, "--json").json
    again = loop("mcp", "install", client, "--json").json

    for one in (plan, done, again):
        shapes.InstallDocument.model_validate(one)
    assert plan["dry_run"] is True
    assert [one["installed"][0]["changed"] for one in (plan, done, again)] == [True, True, False]
    path = done["installed"][0]["path"]
    assert path.startswith(str(loop.home))
    text = open(path, encoding="utf-8").read()  # noqa: SIM115
    known = CLIENTS[client]
    data = tomllib.loads(text) if known.toml else json.loads(text)
    assert data[known.key]["loop"]["args"][-2:] == ["--vault", str(loop.vault)]


def test_another_entry_of_the_name_stays(loop: Loop) -> None:
    path = loop.home / ".cursor/mcp.json"
    path.parent.mkdir()
    path.write_text('{"mcpServers": {"loop": {"command": "mine"}}}')
    before = path.read_bytes()

    done = loop("mcp", "install", "cursor", "vscode")

    assert (done.code, path.read_bytes()) == (2, before)
    assert str(path) in done.err
    assert not (loop.home / ".vscode").exists()
    assert loop("mcp", "install", "cursor", "--name", "notes").code == 0
    assert set(json.loads(path.read_text())["mcpServers"]) == {"loop", "notes"}


def test_a_link_to_the_settings_stays_one(loop: Loop) -> None:
    real = loop.home / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    link = loop.home / ".cursor/mcp.json"
    link.parent.mkdir()
    link.symlink_to(real)

    assert loop("mcp", "install", "cursor").code == 0
    assert link.is_symlink()
    assert "loop" in json.loads(real.read_text())["mcpServers"]
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_server_is_named_without_its_secret(loop: Loop) -> None:
    done = loop(
        "mcp", "install", "cursor", "--json", "--server", "http://127.0.0.1:8081",
        env={"LOOP_API_TOKEN": "secret-secret-secret", "LOOP_VAULT": None},
    )  # fmt: skip
    assert done.json["entry"]["env"] == {"LOOP_API_URL": "http://127.0.0.1:8081"}
    assert "secret" not in (loop.home / ".cursor/mcp.json").read_text()


def test_the_clients_are_listed(loop: Loop) -> None:
    document = loop("mcp", "install", "--json").json
    listed = document["clients"]
    shapes.ClientsDocument.model_validate(document)
    assert [one["client"] for one in listed] == list(CLIENTS)
    assert len(loop("mcp", "install").lines) == len(CLIENTS)
    assert loop("mcp", "install", "emacs").code == 2
    assert loop("mcp", "instal").code == 2


def test_a_vault_in_a_database_is_named_by_its_address_without_a_secret(
    loop: Loop, postgres_vault: str
) -> None:
    assert loop("copy", str(loop.vault), postgres_vault).code == 0

    done = loop("mcp", "install", "cursor", "--json", "--vault", f"{postgres_vault}&sslpassword=x")

    assert done.json["entry"]["args"][-3:] == ["mcp", "--vault", postgres_vault]
