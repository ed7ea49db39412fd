from __future__ import annotations

import pytest

from gptexit.codes import Oddity
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.chatgpt.restore import restore
from support.build import chain, conversation, message

FIRST, LAST, EXPORTED = 1_700_000_000.0, 1_700_000_100.5, 1_782_704_617.25
TALK = (message("user", "Hi", create_time=FIRST), message("assistant", "Yes", create_time=LAST))


def dates(**rest: float) -> tuple[str | None, str | None, int]:
    raw = conversation(chain(*TALK), **rest)
    met = ReadStats()
    neutral = read_conversation(raw, Account(), met)
    back = restore(neutral)
    for key, value in rest.items():
        assert back[key] == value
    return neutral["created"], neutral["updated"], met.oddities[Oddity.DATED_LATE]


@pytest.mark.parametrize(
    ("created", "updated", "expected"),
    [
        (EXPORTED, EXPORTED, ("2023-11-14T22:13:20Z", "2023-11-14T22:15:00.500000Z", 1)),
        (EXPORTED, EXPORTED + 5, ("2023-11-14T22:13:20Z", "2023-11-14T22:15:00.500000Z", 1)),
        (EXPORTED, LAST + 60, ("2023-11-14T22:13:20Z", "2023-11-14T22:16:00.500000Z", 1)),
        (FIRST, EXPORTED, ("2023-11-14T22:13:20Z", "2026-06-29T03:43:37.250000Z", 0)),
        (1_700_000_100.0, LAST, ("2023-11-14T22:15:00Z", "2023-11-14T22:15:00.500000Z", 0)),
    ],
)
def test_the_messages_tell_where_a_conversation_is_dated_after_them(
    created: float, updated: float, expected: tuple[str | None, str | None, int]
) -> None:
    assert dates(create_time=created, update_time=updated) == expected
