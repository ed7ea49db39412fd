"""Find where a conversation ends and which one it is, and leave the reading of it to others.

The process that splits an export for workers has to prove where each conversation ends, and to know
its id, its nodes and its time. msgspec checks the syntax of all of it and makes objects only of
these, in an eighth of the time that orjson takes. A worker makes objects of the bytes.

What msgspec takes and orjson does not is bytes in a string that are no UTF-8, and numbers such as
1e999. Then the worker gives the bytes back, and `unread.repaired` reads them.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from gptexit.readers.chatgpt.parsing.message_lists import settle_times
from gptexit.readers.chatgpt.parsing.unread import Unread


class _Message(msgspec.Struct, gc=False):
    """Any object."""


class _Node(msgspec.Struct, gc=False):
    """A node whose message, if it has one, is an object."""

    message: _Message | None = None


class _Conversation(msgspec.Struct, gc=False):
    """The fields that are read of a conversation."""

    mapping: dict[str, _Node]
    conversation_id: Any = None
    id: Any = None
    update_time: Any = None
    messages: Any = msgspec.UNSET


_DECODER = msgspec.json.Decoder(_Conversation)


def loads(piece: memoryview) -> Any:
    """Return a conversation with an id and nodes as `Unread`, and any other JSON as orjson does.

    No node of an `Unread` gets another place or name when it is brought into the ordinary shape.
    Raises orjson.JSONDecodeError.
    """
    try:
        found = _DECODER.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return orjson.loads(piece)
    identified = any(isinstance(it, str) and it for it in (found.conversation_id, found.id))
    if not (found.mapping and identified and found.messages is msgspec.UNSET):
        return orjson.loads(piece)
    unread = Unread(
        conversation_id=found.conversation_id,
        id=found.id,
        update_time=found.update_time,
        mapping=found.mapping,
    )
    settle_times(unread)
    unread.data = bytes(piece)
    return unread
