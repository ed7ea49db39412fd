"""A conversation as plain Markdown for another assistant to read, in pieces.

A piece is a message, or a part of one that is too large for a file. Files are cut between pieces,
so that each of them reads as Markdown by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from gptexit.archive.files import Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation, Message, Part
from gptexit.text.dates import day, moment
from gptexit.text.markdown import line
from gptexit.writers.base import Options
from gptexit.writers.markdown.body import Body, Note, Style, body
from gptexit.writers.markdown.embed import encoded

_ASCII = bytes(range(0x80))
_EASY = bytes(range(ord("a"), ord("z") + 1)) + b" \n\r\t"
_EASY_COST, _HARD_COST = 420, 1_000
"""Thousandths of a token for a small letter or white space, and for all other ASCII: capitals,
digits and marks stand for tokens of their own far more often."""
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
    """Tokens of a UTF-8 text. That of two texts together is at most the sum of their two."""
    high = data.translate(None, _ASCII)
    easy = len(data) - len(data.translate(None, _EASY))
    cost = easy * _EASY_COST + (len(data) - len(high) - easy) * _HARD_COST
    if high:
        for first, last, each in _COSTS:
            count = len(high) - len(high.translate(None, bytes(range(first, last + 1))))
            cost += count * each
    return -(-cost // 1000)


Measure = Callable[[bytes], int]
"""How much a UTF-8 text counts for: that of two texts together is at most the sum of their two, and
that of one at most 5 for each byte."""


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
    """Of all files, the table of contents with them."""
    measure: Measure = estimate
    """What counts as a token: one of a language model, or a word where limits are told in words."""

    def __post_init__(self) -> None:
        """Raise ValueError where there is no room for a heading and a table of contents."""
        least = (SMALLEST_BYTES, SMALLEST_TOKENS, 1, 4 * SMALLEST_TOKENS)
        if any(given < few for given, few in zip(self.values, least, strict=True)):
            raise ValueError(f"no pack fits into {self}")

    @property
    def values(self) -> tuple[int, int, int, int]:
        """The four numbers."""
        return self.file_bytes, self.file_tokens, self.files, self.tokens

    @property
    def contents_tokens(self) -> int:
        """What of `tokens` the table of contents may take: a tenth, and no more than a file."""
        return max(SMALLEST_TOKENS, min(self.tokens // 10, self.file_tokens))


SMALLEST_BYTES, SMALLEST_TOKENS = 8_000, 4_000
"""Of a file: below it, headings and marks would be most of it."""


_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})([^\n]*)")
_LANGUAGE = re.compile(rb"[\w+#.-]*")
_LONGEST_OPENING = 200
"""Bytes of a line that opens a code block; a longer one opens none that goes on."""


def cut(text: bytes, most_bytes: int, most_tokens: int, measure: Measure) -> Iterator[bytes]:
    """`text` in pieces of at most so many bytes and tokens, each ending with an empty line.

    `measure` counts tokens.
    """
    # What a cut adds: the end of a code block, its beginning anew, an empty line.
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
    """The line that opened the code block in which the text is after `part`; empty outside."""
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
    """The lines with their ends; one of more bytes than `most` between words, or characters."""
    for each in text.splitlines(keepends=True):
        start = 0
        while len(each) - start > most:
            end = start + most
            end = each.rfind(b" ", start + most // 2, end) + 1 or end
            while each[end] & 0xC0 == 0x80:  # inside of a UTF-8 character
                end -= 1
            yield each[start:end]
            start = end
        yield each[start:]


UNTITLED = "Untitled"
LONGEST_TITLE, LONGEST_MODEL = 120, 60
"""Characters of the two in a heading."""
RESERVE_BYTES, RESERVE_TOKENS = 2_000, 2_000
"""What a file keeps free beside a piece: its own heading, that of the conversation, its marks."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a conversation that stays in one file."""

    data: bytes
    tokens: int
    begins: bool
    """Whether a message begins here."""


@dataclass(slots=True)
class PackedChat:
    """A conversation that is ready to be put into files."""

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
    """The number of the ZIP that it is in too, from 1 on; 0 where the pack has none."""


def chat_of(
    conversation: Conversation, options: Options, limits: PackLimits, done: Rendered
) -> PackedChat:
    """`conversation` in pieces; what it cannot hold is counted in `done`.

    The branch that the user saw last, unless `--branches all`. No reasoning, no tools, nothing
    hidden; a file is named where it was.
    """
    shown: set[str] = set()
    note = Note(_namer(conversation, shown), absent="Not here")
    style = Style(frozenset(), options.branches == "all", options.timezone)
    made = body(_linked(conversation), note, style)
    done.messages, done.hidden = made.messages, made.hidden
    done.not_kept = +Counter({NotKept.FILE_NOT_IN_PACK: len(shown)})
    title = " ".join((conversation["title"] or "").split())[:LONGEST_TITLE] or UNTITLED
    pieces = [
        Piece(data, limits.measure(data), number == 0)
        for blocks in _messages(made)
        for number, data in enumerate(_cut(blocks, limits))
    ]
    return PackedChat(
        conversation["id"],
        title,
        conversation["created"],
        conversation["updated"],
        _line(conversation, options.timezone),
        made.messages,
        score_of(conversation),
        pieces,
    )


def score_of(conversation: Conversation) -> float:
    """What stands first in a folder: the newest and longest-lived, higher.

    The day on which it was touched last, counted from 1970, and 30 days more for each doubling of
    the number of days on which something was said: one that was taken up again on 8 days counts as
    if it were 90 days newer. Days are those of UTC.
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
    begun, ended = (day(each) if each else None for each in (first, last))
    days = " to ".join(dict.fromkeys(filter(None, (begun, ended))))
    return ", ".join(filter(None, (days, line((conversation["model"] or "")[:LONGEST_MODEL]))))


def _namer(conversation: Conversation, shown: set[str]) -> Callable[[str], tuple[str, str | None]]:
    """For a note: each asset by its name alone; those that the export holds go to `shown`."""
    assets = {asset["id"]: asset for asset in conversation["assets"]}

    def link(asset_id: str) -> tuple[str, str | None]:
        asset: Asset | None = assets.get(asset_id)
        if asset is None:
            return asset_id, None
        if not asset["missing"]:
            shown.add(asset_id)
        return asset["name"] or asset_id, None

    return link


def _linked(conversation: Conversation) -> Conversation:
    """The same with sources as the links that they are in the text, and without reasoning.

    Footnotes would stand at the end, which may be in another file.
    """
    return {**conversation, "messages": [_message(each) for each in conversation["messages"]]}


def _message(message: Message) -> Message:
    if not any(part["type"] == "text" and part["citations"] for part in message["parts"]):
        return message
    parts: list[Part] = [
        {**part, "citations": []} if part["type"] == "text" else part for part in message["parts"]
    ]
    return {**message, "parts": parts}


def _messages(made: Body) -> Iterator[list[str]]:
    """The blocks of each message, with the heading of another version in front of its first."""
    start = 0
    for end in made.ends:
        yield made.blocks[start:end]
        start = end


def _cut(blocks: list[str], limits: PackLimits) -> Iterator[bytes]:
    """The text of a message, in as many pieces as it takes for each to fit into a file."""
    text = encoded("\n\n".join(blocks) + "\n\n")
    most = (limits.file_bytes - RESERVE_BYTES, limits.file_tokens - RESERVE_TOKENS)
    if len(text) <= most[0] and limits.measure(text) <= most[1]:
        yield text
    else:
        yield from cut(text, *most, limits.measure)
