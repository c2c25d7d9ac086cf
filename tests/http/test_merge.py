"""`POST /api/merge`: what a page shows of two changed versions of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loop_cli.server.merging import MOST_LINES

if TYPE_CHECKING:
    from tests.http.conftest import Client, Vault

BASE = "하나\n둘\n셋\n넷\n"


def test_lines_of_both_sides_are_taken(client: Client, vault: Vault) -> None:
    body = {"base": BASE, "theirs": "일\n둘\n셋\n넷\n", "mine": "하나\n둘\n셋\n사\n"}

    said = client("POST", "/api/merge", body).json()

    assert said["changed"] is False
    assert (said["clashes"], said["text"]) == (0, "일\n둘\n셋\n사\n")
    assert vault.records() == []


def test_the_same_line_on_both_sides_is_a_clash(client: Client) -> None:
    body = {"base": BASE, "theirs": BASE.replace("둘", "2"), "mine": BASE.replace("둘", "II")}

    said = client("POST", "/api/merge", body).json()

    assert said["clashes"] == 1
    assert {"theirs": "2\n", "mine": "II\n"} in said["pieces"]
    assert said["text"] == body["mine"]


def test_without_a_base_every_difference_is_a_clash(client: Client) -> None:
    said = client("POST", "/api/merge", {"theirs": "a\nb\n", "mine": "a\nc\n"}).json()

    assert said["clashes"] == 1


def test_what_would_take_too_long_is_refused(client: Client) -> None:
    long = "x\n" * MOST_LINES

    assert client("POST", "/api/merge", {"theirs": long, "mine": "y\n" + long}).status_code == 413


def test_texts_are_needed(client: Client) -> None:
    assert client("POST", "/api/merge", {"mine": "a"}).status_code == 422
