"""What a JSON file is, by its first bytes: conversations of ChatGPT's, whatever its name, or not.

Browser extensions save a chat under its title, and people keep such files in one folder with
others. Nothing is parsed here: a file may be of any size.
"""

from __future__ import annotations

import codecs
import re
from contextlib import closing, suppress

from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing.scanner import ByteStream

_LONGEST_BOM = 4
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The longer ones first: that of UTF-32 in little-endian order begins with that of UTF-16."""


def encoding_of(head: bytes) -> str | None:
    """The encoding that the first bytes of a JSON text tell; None for UTF-8.

    Without a byte order mark, JSON tells it too: its first character, `[` or `{`, is ASCII.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if head[:1] in (b"[", b"{", b" ", b"\n", b"<") and head[1:2] == b"\0" != head[2:3]:
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] in (b"[", b"{", b" ", b"\n", b"<"):
        return "utf-16-be"
    return None


def decoded(head: bytes) -> bytes:
    """The first bytes of a text as UTF-8, without a byte order mark; the last may be cut off."""
    name = encoding_of(head)
    if name is None:
        return head.removeprefix(codecs.BOM_UTF8)
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return text.encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8)


class _Transcoded:
    """A stream of UTF-16 or UTF-32 that gives UTF-8; halves of pairs come out as CESU-8 bytes."""

    def __init__(self, front: bytes, stream: ByteStream, name: str) -> None:
        self._front = front
        self._stream = stream
        # Halves without the other half are as odd here as in UTF-8, and are mended in one place.
        wide = name.startswith("utf-32")
        self._decoder = codecs.getincrementaldecoder(name)("replace" if wide else "surrogatepass")
        self._left = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes. Raises what the stream raises."""
        while not self._left and not self._ended:
            data = self._front or self._stream.read(size)
            self._front = b""
            self._ended = not data
            try:
                text = self._decoder.decode(data, self._ended)
            except UnicodeDecodeError:  # an odd number of bytes at the end
                text = "\ufffd"
            self._left = text.encode("utf-8", "surrogatepass")
        given, self._left = self._left[:size], self._left[size:]
        return given


class _Onward:
    """A stream with some of its bytes put back in front."""

    def __init__(self, front: bytes, stream: ByteStream) -> None:
        self._front = front
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        if self._front:
            given, self._front = self._front[:size], self._front[size:]
            return given
        return self._stream.read(size)


def put_back(front: bytes, stream: ByteStream) -> ByteStream:
    """`stream` as it was before `front` was read from it."""
    return _Onward(front, stream)


def as_utf8(stream: ByteStream) -> ByteStream:
    """`stream` as UTF-8, whatever of the Unicode encodings it is in. Raises what it raises."""
    head = b""
    while len(head) < _LONGEST_BOM and (more := stream.read(_LONGEST_BOM - len(head))):
        head += more
    name = encoding_of(head)
    return put_back(head, stream) if name is None else _Transcoded(head, stream, name)


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
