"""A conversation as plain Markdown for another assistant to read, in pieces.

A piece is a message, or a part of one that is too large for a file. Files are cut between pieces,
so that each is Markdown by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from gptexit.archive.files import Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation
from gptexit.text.dates import day, moment
from gptexit.text.markdown import line
from gptexit.writers.base import UNTITLED, CommonOptions
from gptexit.writers.markdown.body import Body, Note, Style, body
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.parts import Blocks

_ASCII = bytes(range(0x80))
_EASY = bytes(range(ord("a"), ord("z") + 1)) + b" \n\r\t"
_EASY_COST, _HARD_COST = 420, 1_000
"""Thousandths of a token for a small letter or white space, and for all other ASCII: capitals,
digits and marks are tokens of their own far more often."""
_COSTS = (
    (0xC2, 0xC3, 2_000),  # accents of western Europe
    (0xC4, 0xCC, 6_000),  # of central Europe, Vietnamese: they break words into small tokens
    (0xCD, 0xCF, 1_600),  # Greek
    (0xD0, 0xD3, 800),  # Cyrillic
    (0xD4, 0xDF, 1_500),  # Armenian, Hebrew, Arabic
    (0xE0, 0xE0, 2_100),  # scripts of India, Thai
    (0xE1, 0xE1, 3_500),  # Vietnamese, Georgian, Ethiopic, Khmer
    (0xE2, 0xE2, 2_200),  # typographic marks, arrows, mathematics
    (0xE3, 0xED, 1_600),  # Chinese, Japanese, Korean
    (0xEE, 0xEF, 2_000),  # private use, full-width marks
    (0xF0, 0xF4, 3_000),  # emoji, rare scripts
)
"""First and last lead byte of a UTF-8 character, and thousandths of a token for a character."""


def estimate(data: bytes) -> int:
    """Estimate the tokens of a UTF-8 text. Two texts together have at most the sum of theirs."""
    high = data.translate(None, _ASCII)
    easy = len(data) - len(data.translate(None, _EASY))
    cost = easy * _EASY_COST + (len(data) - len(high) - easy) * _HARD_COST
    if high:
        for first, last, cost_each in _COSTS:
            count = len(high) - len(high.translate(None, bytes(range(first, last + 1))))
            cost += count * cost_each
    return -(-cost // 1000)


Measure = Callable[[bytes], int]
"""Measures a UTF-8 text. Two texts together measure at most the sum of theirs, and a text at most 5
for each byte."""


@dataclass(frozen=True, slots=True)
class PackLimits:
    """The limits of one folder of knowledge files."""

    file_bytes: int
    """Of one file."""
    file_tokens: int
    """Of one file, as `measure` counts."""
    files: int
    """Knowledge files beside the table of contents."""
    tokens: int
    """Of all files with the table of contents."""
    measure: Measure = estimate
    """Counts tokens of a language model, or words if limits are in words."""

    def __post_init__(self) -> None:
        """Raise ValueError if there is no room for a heading and a table of contents."""
        least = (SMALLEST_BYTES, SMALLEST_TOKENS, 1, 4 * SMALLEST_TOKENS)
        if any(given < few for given, few in zip(self.values, least, strict=True)):
            raise ValueError(f"no pack fits into {self}")

    @property
    def values(self) -> tuple[int, int, int, int]:
        """The four limits."""
        return self.file_bytes, self.file_tokens, self.files, self.tokens

    @property
    def contents_tokens(self) -> int:
        """The share of the table of contents in `tokens`: a tenth, and no more than a file."""
        return max(SMALLEST_TOKENS, min(self.tokens // 10, self.file_tokens))


SMALLEST_BYTES, SMALLEST_TOKENS = 8_000, 4_000
"""The smallest limits of a file: below them, headings and notes would be most of it."""


_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})([^\n]*)")
_LANGUAGE = re.compile(rb"[\w+#.-]*")
_LONGEST_OPENING = 200
"""Bytes of a line that opens a code block; a longer one opens none that goes on."""


def cut(text: bytes, most_bytes: int, most_tokens: int, measure: Measure) -> Iterator[bytes]:
    """Cut into pieces of at most so many bytes and tokens, each ending with an empty line."""
    # A cut adds the end of a code block, its beginning anew, and an empty line.
    bytes_room, tokens_room = most_bytes - 2 * _LONGEST_OPENING - 8, most_tokens - 500
    held: list[bytes] = []
    size = tokens = 0
    opening = b""
    for part in _lines(text, min(bytes_room, tokens_room // 5)):
        cost = measure(part)
        if held and (size + len(part) > bytes_room or tokens + cost > tokens_room):
            yield _whole(held, opening)
            held, size, tokens = [opening + b"\n"] if opening else [], 0, 0
        held.append(part)
        size, tokens = size + len(part), tokens + cost
        opening = _open(part, opening)
    yield _whole(held, opening)


def _whole(held: list[bytes], opening: bytes) -> bytes:
    text = b"".join(held).rstrip(b"\n")
    match = _FENCE.match(opening)
    return text + (b"\n" + match[1] if match else b"") + b"\n\n"


def _open(part: bytes, opening: bytes) -> bytes:
    """Return the line that opened the code block around the end of `part`; empty outside of one."""
    match = _FENCE.match(part)
    if match is None:
        return opening
    ticks, info = match[1], match[2].strip()
    if not opening:
        opens = len(part) <= _LONGEST_OPENING and not (ticks[:1] == b"`" and b"`" in info)
        return ticks + (info if _LANGUAGE.fullmatch(info) else b"") if opens else b""
    before = _FENCE.match(opening)
    closes = before and ticks[0] == before[1][0] and len(ticks) >= len(before[1]) and not info
    return b"" if closes else opening


def _lines(text: bytes, most: int) -> Iterator[bytes]:
    """Split into lines with their ends; split a longer line than `most` bytes between words."""
    for whole in text.splitlines(keepends=True):
        start = 0
        while len(whole) - start > most:
            end = start + most
            end = whole.rfind(b" ", start + most // 2, end) + 1 or end
            while whole[end] & 0xC0 == 0x80:  # inside of a UTF-8 character
                end -= 1
            yield whole[start:end]
            start = end
        yield whole[start:]


LONGEST_TITLE, LONGEST_MODEL = 120, 60
"""Characters of a title and of a model in a heading."""
RESERVE_BYTES, RESERVE_TOKENS = 2_000, 2_000
"""The room in a file for its own heading, that of the conversation, and notes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a conversation that is never split over two files."""

    data: bytes
    tokens: int
    begins: bool
    """Whether a message begins with this piece."""


@dataclass(slots=True)
class PackedChat:
    """A conversation that is ready to be placed into files."""

    id: str
    title: str
    created: str | None
    updated: str | None
    line: str
    """Its days and its model."""
    messages: int
    score: float
    """The order of files; see `score_of`."""
    pieces: list[Piece] = field(default_factory=list)
    upload: int = 0
    """The number of the ZIP that has it too, from 1 on; 0 if the pack has no ZIPs."""


def as_values(chat: PackedChat) -> list[Any]:
    """Return a conversation as values that one process can hand to another."""
    pieces = [(piece.data, piece.tokens, piece.begins) for piece in chat.pieces]
    about = [chat.id, chat.title, chat.created, chat.updated, chat.line, chat.messages, chat.score]
    return [*about, pieces]


def from_values(values: list[Any]) -> PackedChat:
    """Return the conversation that became `values`."""
    chat = PackedChat(*values[:-1])
    chat.pieces = [Piece(*piece) for piece in values[-1]]
    return chat


class _PackNote(Note):
    """A note without footnotes: they would be at the end, which may be in another file."""

    __slots__ = ()
    absent = "Not here"

    def text(self, part: Any) -> Blocks:
        """Show a text part with its links and without citations."""
        return Note.text(self, {**part, "citations": []} if part["citations"] else part)


def chat_of(
    conversation: Conversation, options: CommonOptions, limits: PackLimits, done: Rendered
) -> PackedChat:
    """Make pieces of a conversation; count in `done` what they do not have.

    They have the branch that the user saw last, unless `--branches all`, without reasoning, tools
    and hidden messages. A file is only named.
    """
    shown: set[str] = set()
    note = _PackNote(_namer(conversation, shown))
    style = Style(frozenset(), options.branches == "all", options.timezone)
    result = body(conversation, note, style)
    done.messages, done.hidden = result.messages, result.hidden
    done.not_kept = +Counter({NotKept.FILE_NOT_IN_PACK: len(shown)})
    title = " ".join((conversation["title"] or "").split())[:LONGEST_TITLE] or UNTITLED
    pieces = [
        Piece(data, limits.measure(data), number == 0)
        for blocks in _messages(result)
        for number, data in enumerate(_cut(blocks, limits))
    ]
    return PackedChat(
        conversation["id"],
        title,
        conversation["created"],
        conversation["updated"],
        _line(conversation, options.timezone),
        result.messages,
        score_of(conversation),
        pieces,
    )


def score_of(conversation: Conversation) -> float:
    """Return the rank in a folder: newer and longer-lived conversations come first.

    It is the day of the last change, counted from 1970, and 30 days more for each doubling of the
    number of days with a message: a conversation with messages of 8 days counts as 90 days newer.
    Days are those of UTC.
    """
    days = {message["created"][:10] for message in conversation["messages"] if message["created"]}
    last = max([*days, (conversation["updated"] or conversation["created"] or "")[:10]])
    try:
        touched = datetime.fromisoformat(last).toordinal() - datetime(1970, 1, 1).toordinal()
    except ValueError:
        touched = 0
    return touched + 30 * math.log2(max(1, len(days)))


def _line(conversation: Conversation, zone: tzinfo | None) -> str:
    first, last = (moment(conversation[name], zone) for name in ("created", "updated"))
    begun, ended = (day(time) if time else None for time in (first, last))
    days = " to ".join(dict.fromkeys(filter(None, (begun, ended))))
    return ", ".join(filter(None, (days, line((conversation["model"] or "")[:LONGEST_MODEL]))))


def _namer(conversation: Conversation, shown: set[str]) -> Callable[[str], tuple[str, str | None]]:
    """Return a function that names assets; it adds those that the export holds to `shown`."""
    assets = {asset["id"]: asset for asset in conversation["assets"]}

    def link(asset_id: str) -> tuple[str, str | None]:
        asset: Asset | None = assets.get(asset_id)
        if asset is None:
            return asset_id, None
        if not asset["missing"]:
            shown.add(asset_id)
        return asset["name"] or asset_id, None

    return link


def _messages(result: Body) -> Iterator[list[str]]:
    """Return the blocks of each message, with the heading of another version before its first."""
    start = 0
    for end in result.ends:
        yield result.blocks[start:end]
        start = end


def _cut(blocks: list[str], limits: PackLimits) -> Iterator[bytes]:
    """Cut the text of a message into pieces that each fit into a file."""
    text = encoded("\n\n".join(blocks) + "\n\n")
    most = (limits.file_bytes - RESERVE_BYTES, limits.file_tokens - RESERVE_TOKENS)
    if len(text) <= most[0] and limits.measure(text) <= most[1]:
        yield text
    else:
        yield from cut(text, *most, limits.measure)
