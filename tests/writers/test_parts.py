"""The one table that turns a part of a message into Markdown."""

from typing import Literal, get_args, get_origin, get_type_hints

from gptexit import model
from gptexit.writers.parts import MEDIA, PARTS


def test_the_table_has_every_type_of_part_of_the_model() -> None:
    types = set()
    for part in get_args(model.Part):
        hint = get_type_hints(part)["type"]
        assert get_origin(hint) is Literal, part
        types |= set(get_args(hint))
    assert types
    assert types == set(PARTS)
    assert types > MEDIA
