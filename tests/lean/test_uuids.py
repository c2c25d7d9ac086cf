"""Random UUIDs as `uuid` makes them."""

from __future__ import annotations

import uuid

from loop_cli.lean.basics import uuid4


def test_each_is_a_random_uuid_in_its_usual_form() -> None:
    made = [uuid4() for _ in range(2000)]

    for text in made:
        read = uuid.UUID(text)
        assert (read.version, read.variant, str(read)) == (4, uuid.RFC_4122, text)
    assert len({*made}) == len(made)


def test_every_bit_is_random_that_may_be() -> None:
    ones, zeros = 0, (1 << 128) - 1
    for _ in range(200):
        number = uuid.UUID(uuid4()).int
        ones, zeros = ones | number, zeros & number
    standard = uuid.UUID(int=0, version=4).int

    assert zeros == standard
    assert ones == uuid.UUID(int=(1 << 128) - 1, version=4).int
