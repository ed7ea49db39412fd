"""What a JSON file is, by its first bytes: conversations of ChatGPT's, whatever its name, or not.

Browser extensions save a chat under its title, and people keep such files in one folder with
others. Nothing is parsed here: a file may be of any size.
"""

from __future__ import annotations

import re
from contextlib import closing, suppress

from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.containers.decoding import decoded

HEAD = 1 << 18
"""Bytes of a file that are looked at."""


def _sign(pattern: str) -> re.Pattern[bytes]:
    """A pattern of keys; an unescaped quote cannot stand in a string, so they are keys indeed."""
    return re.compile(pattern.encode(), re.DOTALL)


_FOREIGN = (
    (_sign(r'"chat_messages"\s*:'), "an export of Claude"),
    (_sign(r'"chat"\s*:\s*\{.{0,4000}?"(?:history|messages)"\s*:'), "an export of Open WebUI"),
    (_sign(r'"conversationId"\s*:.*?"messageId"\s*:'), "an export of LibreChat"),
    (_sign(r'"messageId"\s*:.*?"conversationId"\s*:'), "an export of LibreChat"),
    (_sign(r'"header"\s*:\s*"(?:Gemini|Bard)'), "activity of Google Gemini"),
)
"""Histories of other programs."""

_MAPPING = _sign(r'"mapping"\s*:\s*(?:\{\s*"[^"]{0,200}"\s*:\s*[\{n]|\[\s*\{|\{\s*\}|null)')
_NODES = _sign(r'"(?:message|parent|conversation_id|current_node|create_time)"\s*:')
_MESSAGES = _sign(r'"messages"\s*:\s*(?:\[|\{\s*"[^"]{0,200}"\s*:)\s*\{')
_SPEAKERS = _sign(r'"(?:author|role)"\s*:')
_WORDS = _sign(r'"(?:content|parts)"\s*:')
_OURS = _sign(
    r'"(?:title|conversation_id|page_info|create_time|current_node|default_model_slug)"\s*:'
)
_TASKS = _sign(r'"turns"\s*:\s*\[.*?"(?:input_items|output_items)"\s*:')


def foreign(head: bytes) -> str | None:
    """Name the program whose history a file is, by its first bytes; None for any other file."""
    return next((what for sign, what in _FOREIGN if sign.search(head)), None)


def holds_conversations(head: bytes) -> bool:
    """Whether JSON begins like conversations of ChatGPT's, of any shape that is read."""
    if head.lstrip()[:1] not in (b"[", b"{") or foreign(head):
        return False
    if _MAPPING.search(head) and _NODES.search(head):
        return True
    if _MESSAGES.search(head) and _SPEAKERS.search(head) and _WORDS.search(head):
        return bool(_OURS.search(head))
    return bool(_TASKS.search(head))


_TREE = _sign(r'"mapping"\s*:\s*\{\s*"[^"]{0,200}"\s*:\s*\{.{0,4000}?"(?:message|parent)"\s*:')


def holds_trees(head: bytes) -> bool:
    """Tell whether JSON begins like conversations in the form of ChatGPT's own exports.

    For a file whose name says that it is something else: other forms are too like what such files
    hold.
    """
    return head.lstrip()[:1] in (b"[", b"{") and not foreign(head) and bool(_TREE.search(head))


def head_of(member: Member) -> bytes:
    """The first bytes of a member as UTF-8; those before a damaged place, where there is one."""
    parts: list[bytes] = []
    with suppress(OSError), closing(member.open()) as stream:  # told where the member is used
        left = HEAD
        while left > 0 and (data := stream.read(left)):
            parts.append(data)
            left -= len(data)
    return decoded(b"".join(parts))
