"""What a file is, by its first bytes: its encoding, conversations, or something given by mistake.

Browser extensions save a chat under its title, and people keep such files in one folder with
others. Nothing is parsed here: a file may be of any size.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from typing import NamedTuple

import orjson

from gptexit.errors import NoSuchSource, NotAnExport
from gptexit.files.media_types import media_type
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing.json_scanner import ByteStream
from gptexit.text.terminal import printable

HEAD = 1 << 18
"""Bytes of a file that are looked at."""
_LONGEST_BOM = 4
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The longer ones first: that of UTF-32 in little-endian order begins with that of UTF-16."""


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that the first bytes of a JSON text reveal; None for UTF-8."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    # Without a byte order mark, the first character reveals it, since it is ASCII.
    if head[:1] in (b"[", b"{", b" ", b"\n", b"<") and head[1:2] == b"\0" != head[2:3]:
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] in (b"[", b"{", b" ", b"\n", b"<"):
        return "utf-16-be"
    return None


def decoded(head: bytes) -> bytes:
    """Convert the first bytes of a text to UTF-8, without a byte order mark."""
    name = encoding_of(head)
    if name is None:
        return head.removeprefix(codecs.BOM_UTF8)
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return text.encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8)


class PutBack:
    """A stream with some of its bytes put back in front."""

    def __init__(self, front: bytes, stream: ByteStream) -> None:
        self._front = front
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""
        if self._front:
            piece, self._front = self._front[:size], self._front[size:]
            return piece
        return self._stream.read(size)


class _Transcoded:
    """A stream of UTF-16 or UTF-32 as UTF-8; halves of pairs come out as CESU-8 bytes."""

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream = stream
        # Halves without the other half are as odd here as in UTF-8, and are mended in one place.
        errors = "replace" if encoding.startswith("utf-32") else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._left = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes. Raises whatever the stream raises."""
        while not self._left and not self._ended:
            data = self._stream.read(size)
            self._ended = not data
            try:
                text = self._decoder.decode(data, self._ended)
            except UnicodeDecodeError:  # an odd number of bytes at the end
                text = "\ufffd"
            self._left = text.encode("utf-8", "surrogatepass")
        piece, self._left = self._left[:size], self._left[size:]
        return piece


def as_utf8(stream: ByteStream) -> ByteStream:
    """Convert a stream in any Unicode encoding to UTF-8. Raises whatever the stream raises."""
    head = b""
    while len(head) < _LONGEST_BOM and (more := stream.read(_LONGEST_BOM - len(head))):
        head += more
    whole = PutBack(head, stream)
    encoding = encoding_of(head)
    return whole if encoding is None else _Transcoded(whole, encoding)


def head_of(member: Member) -> bytes:
    """Return the first bytes of a member as UTF-8, up to a damaged place if there is one."""
    parts: list[bytes] = []
    with suppress(OSError), closing(member.open()) as stream:  # reported where it is used
        left = HEAD
        while left > 0 and (data := stream.read(left)):
            parts.append(data)
            left -= len(data)
    return decoded(b"".join(parts))


_Sign = Callable[[bytes], object]
"""Returns something true for the first bytes of a file of the kind that it looks for."""


def _sign(pattern: bytes) -> _Sign:
    """Compile a pattern of keys: a string holds no unescaped quote, so they are keys indeed."""
    return re.compile(pattern, re.DOTALL).search


_PROGRAMS = (
    (_sign(rb'"chat_messages"\s*:'), "an export of Claude"),
    (_sign(rb'"chat"\s*:\s*\{.{0,4000}?"(?:history|messages)"\s*:'), "an export of Open WebUI"),
    (_sign(rb'"conversationId"\s*:.*?"messageId"\s*:'), "an export of LibreChat"),
    (_sign(rb'"messageId"\s*:.*?"conversationId"\s*:'), "an export of LibreChat"),
    (_sign(rb'"header"\s*:\s*"(?:Gemini|Bard)'), "activity of Google Gemini"),
)
"""Histories of other programs."""
_ANY_MAPPING = _sign(rb'"mapping"\s*:')
_MAPPING = _sign(rb'"mapping"\s*:\s*(?:\{\s*"[^"]{0,200}"\s*:\s*[\{n]|\[\s*\{|\{\s*\}|null)')
_NODES = _sign(rb'"(?:message|parent|conversation_id|current_node|create_time)"\s*:')
_MESSAGES = _sign(rb'"messages"\s*:\s*(?:\[|\{\s*"[^"]{0,200}"\s*:)\s*\{')
_SPEAKERS = _sign(rb'"(?:author|role)"\s*:')
_WORDS = _sign(rb'"(?:content|parts)"\s*:')
_OURS = _sign(
    rb'"(?:title|conversation_id|page_info|create_time|current_node|default_model_slug)"\s*:'
)
_TASKS = _sign(rb'"turns"\s*:\s*\[.*?"(?:input_items|output_items)"\s*:')
_TREE = _sign(rb'"mapping"\s*:\s*\{\s*"[^"]{0,200}"\s*:\s*\{.{0,4000}?"(?:message|parent)"\s*:')
NEUTRAL = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"version"\s*:\s*\d+\s*,\s*"id"\s*:\s*"')
"""The beginning of JSON that gptexit wrote as jsonl."""
_EMPTY = re.compile(rb"\s*(?:\[\s*)?(?:\]\s*)?")


def program_of(head: bytes) -> str | None:
    """Name the program whose history a file is, by its first bytes; None for any other file."""
    return next((program for sign, program in _PROGRAMS if sign(head)), None)


def _may_be_chats(head: bytes) -> bool:
    return head.lstrip()[:1] in (b"[", b"{") and not program_of(head)


def holds_conversations(head: bytes) -> bool:
    """Tell whether JSON begins like conversations of ChatGPT, of any shape that is read."""
    if not _may_be_chats(head):
        return False
    if _MAPPING(head) and _NODES(head):
        return True
    if _MESSAGES(head) and _SPEAKERS(head) and _WORDS(head):
        return bool(_OURS(head))
    return bool(_TASKS(head))


def holds_trees(head: bytes) -> bool:
    """Tell whether a file named as something else begins like conversations of an export."""
    return _may_be_chats(head) and bool(_TREE(head))


def seems_conversations(head: bytes) -> bool:
    """Tell whether JSON begins like ChatGPT conversations; an empty array is an empty export."""
    return bool(_ANY_MAPPING(head) or holds_conversations(head) or _EMPTY.fullmatch(head))


GET = (
    "give the ZIP that the link in ChatGPT's e-mail leads to "
    "(in ChatGPT: Settings > Data controls > Export data)"
)
AGAIN = "download it again, and check that the browser says that it is complete"


def named(path: str) -> str:
    """Return a path as a person typed it, for a sentence."""
    return printable(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


class _Mistake(NamedTuple):
    """Something that is given for an export by mistake."""

    sign: _Sign
    seems: str
    advice: str = GET

    def told(self, path: str) -> NotAnExport:
        return NotAnExport(f"{named(path)} is {self.seems}: {self.advice}.")


def _kind(*kinds: str) -> _Sign:
    return lambda head: (media_type(head) or "").startswith(kinds)


def _program(name: str) -> _Mistake:
    return _Mistake(
        lambda head: name in (program_of(head) or ""), f"an export of {name}, not of ChatGPT"
    )


_NO_OBJECTS = _sign(rb"\A(?:\xef\xbb\xbf)?\s*\[\s*(?:\[|[0-9]|-[0-9]|true|false)")
_FIELDS = _sign(
    rb'"(?:mapping|messages|conversations?|conversation_id|current_node|(?:create|update)_time|title'
    rb'|turns|author|role|parts|content|text)"\s*:'
)
"""Keys of a conversation, or around one."""


def _is_other_object(head: bytes) -> bool:
    """Tell whether JSON is one object without a conversation, such as the answer of a server."""
    if not head.lstrip(b"\xef\xbb\xbf\x1e \t\r\n").startswith(b"{"):
        return False
    if _FIELDS(head):
        return False
    try:
        return isinstance(orjson.loads(head.lstrip(b"\xef\xbb\xbf\x1e")), dict)
    except orjson.JSONDecodeError:
        return False


_LINES = _sign(rb"\A\s*\{[^\n]*\}[ \t]*\r?\n\s*\{")
_CLAUDE = "an export of Claude, not of ChatGPT"
_NO_ARRAY = (
    "JSON, but not a list of ChatGPT conversations",
    "give the whole export ZIP, or its conversations.json",
)
_FOREIGN = (
    _Mistake(_sign(rb'\A\s*[\[{].*"chat_messages"\s*:'), _CLAUDE),
    _Mistake(
        _sign(rb'\A\s*\[\s*\{.{0,2000}?"header"\s*:\s*"(?:Gemini|Bard)'),
        "the activity of Google Gemini, not an export of ChatGPT",
    ),
    _program("Open WebUI"),
    _program("LibreChat"),
    _Mistake(
        NEUTRAL.match,
        "JSON that gptexit wrote, not an export",
        "`gptexit convert`, `memory` and `push` take it; for all else give the export that it was "
        "made from",
    ),
    _Mistake(lambda head: _NO_OBJECTS(head) and not seems_conversations(head), *_NO_ARRAY),
    _Mistake(_is_other_object, *_NO_ARRAY),
    _Mistake(
        lambda head: _LINES(head) and not holds_conversations(head),
        "a JSON Lines file without conversations of ChatGPT",
    ),
)
"""JSON that looks like conversations at first."""
_FILES = (
    _Mistake(_sign(rb"\A\Z"), "an empty file", AGAIN),
    _Mistake(_kind("image/"), "a picture, not an export"),
    _Mistake(_kind("application/pdf"), "a PDF document, not an export"),
    _Mistake(_kind("audio/", "video/"), "a recording, not an export"),
    _Mistake(
        _sign(rb"\A(?:Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|\xfd7zXZ|BZh)"),
        "an archive of a kind that gptexit does not read (RAR, 7z, gz, xz or bz2)",
        "unpack it and give the folder",
    ),
    _Mistake(
        _sign(rb"(?i)\A(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<head)"),
        "a web page, perhaps the log-in page, saved in place of the export",
        "log in to ChatGPT in the browser, open the link in the e-mail again (it works for "
        "24 hours) and give the ZIP that comes",
    ),
    *_FOREIGN,
    _Mistake(
        _sign(rb"\ASQLite format 3\0"),
        "an SQLite database, not an export",
        "`gptexit search` takes one that gptexit wrote; here, give the export itself",
    ),
    _Mistake(_sign(rb"\A(?:\xef\xbb\xbf)?(?:---\r?\n|# )"), "a page in Markdown, not an export"),
    _Mistake(_sign(rb"\A(?:\xef\xbb\xbf)?\s*[\[{]"), *_NO_ARRAY),
    _Mistake(lambda head: True, "neither a ZIP nor a folder nor a JSON file"),
)
CLAUDE = {"users.json", "projects.json"}
"""Files of an export of Claude, which has a `conversations.json` too."""
_CONTAINERS: tuple[tuple[Callable[[set[str]], object], str, str], ...] = (
    (lambda names: not names, "holds nothing", GET),
    (CLAUDE.issubset, f"is {_CLAUDE}", GET),
    (
        lambda names: names & {"Takeout", "My Activity", "archive_browser.html"},
        "is an export of Google (Takeout), not of ChatGPT",
        GET,
    ),
    (
        lambda names: any(name.lower().endswith(".zip") for name in names),
        "holds ZIP files, but no conversations",
        "give the export ZIP itself, or all ZIPs of one export together",
    ),
    (lambda names: True, "holds no conversations (no conversations.json, no chat.html)", GET),
)
"""A ZIP or folder without conversations, by the parts of its paths."""


def wrong_file(path: str, head: bytes) -> NotAnExport:
    """Return the error for a file that is neither ZIP nor conversations, by its first bytes."""
    return next(mistake.told(path) for mistake in _FILES if mistake.sign(head))


def foreign(path: str, head: bytes) -> NotAnExport | None:
    """Return the error for conversations of another program; None if they may be ChatGPT's."""
    return next((mistake.told(path) for mistake in _FOREIGN if mistake.sign(head)), None)


def wrong_members(path: str, members: Iterable[str]) -> NotAnExport:
    """Return the error for a ZIP or folder that holds no conversations."""
    names = {name for member in members for name in member.split("/")}
    seems, advice = next((seems, advice) for sign, seems, advice in _CONTAINERS if sign(names))
    return NotAnExport(f"{named(path)} {seems}: {advice}.")


def incomplete(path: str) -> NotAnExport:
    """Return the error for a ZIP that was cut before the end of its first conversation."""
    return NotAnExport(
        f"{named(path)} is incomplete, it ends before the first whole conversation: {AGAIN}."
    )


def locked(path: str, member: str, reason: str) -> NotAnExport:
    """Return the error for conversations that are in the source and cannot be unpacked."""
    is_ = "" if reason.startswith("would") else "is "
    return NotAnExport(f"{named(path)}: {printable(member)} {is_}{reason}.")


_WEB = re.compile(r"(?i)https?:[/\\]")
"""The beginning of a web address, as a path has it."""


def unreachable(path: str, error: OSError) -> NotAnExport:
    """Return the error for a path that leads to nothing, or that may not be read."""
    label = named(path)
    if _WEB.match(path):
        return NotAnExport(
            "this is a web address, and gptexit opens no connection: download the file in your "
            "browser first, and give the path of that file."
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        lost = f"{label} does not exist: check the spelling of the path."
        return NoSuchSource(lost).with_choices([path], [])
    if isinstance(error, PermissionError):
        return NotAnExport(
            f"{label} cannot be opened, you have no permission: change its permissions, or copy "
            "it to a folder of yours."
        )
    return NotAnExport(f"{label} cannot be read ({error.strerror or error}).")
