"""SHA-256 as `hashlib` has it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean import basics as digest

if TYPE_CHECKING:
    import pytest


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert digest.sha256_hex(data) == hashlib.sha256(data).hexdigest()


def test_who_hashes_much_gets_the_fast_one_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digest, "_sha256", digest._small)  # type: ignore[attr-defined]
    monkeypatch.setattr(digest, "_hashed", 0)
    data = b"0123456789abcdef" * (digest._MANY // 64)
    for _ in range(6):
        assert digest.sha256_hex(data) == hashlib.sha256(data).hexdigest()

    assert digest._sha256 is hashlib.sha256
