"""A conversation as the ENML of a note."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from gptexit.model import Asset, Conversation, Part
from gptexit.text.dates import shown
from gptexit.writers.chat.lines import lines_of
from gptexit.writers.chat.turns import (
    USER,
    ChatStyle,
    Turn,
    Turns,
    last_versions,
    superseded,
)
from gptexit.writers.enex.enml import QUIET, enml, text
from gptexit.writers.html.prose import Prose, typed
from gptexit.writers.parts import MEDIA, blocks_of, document_key

_LEADING = re.compile(r"^[ \t]+", re.M)


@dataclass(slots=True)
class _Prose(Prose):
    """Prose whose formulas stay as they were written: ENML has none."""

    def _drawn(self, mark: re.Match[str]) -> str:
        number = int(mark[2])
        if mark[1] == "c" or number >= len(self._formulas):
            return ""
        source, display = self._formulas[number]
        fence = "$$" if display else "$"
        return escape(f"{fence}{source.strip()}{fence}", quote=False)


@dataclass(slots=True)
class NoteBody:
    """Writes the turns of one conversation as ENML."""

    conversation: Conversation
    turns: Turns
    attach: Callable[[Asset], str | None]
    """Puts a file into the note. Returns its `en-media`, None if the note does not get it."""
    place: Callable[[Asset], str]
    """Returns where a person finds a file that the note does not get."""
    timezone: Any = None
    _out: list[str] = field(default_factory=list)
    _media: list[str] = field(default_factory=list)
    _assets: dict[str, Asset] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the assets once: each turn may ask for some."""
        self._assets = {asset["id"]: asset for asset in self.conversation["assets"]}

    def whole(self) -> str:
        """Return the ENML of the note, without the element `en-note` around it."""
        later = superseded(self.turns)
        lines = lines_of(self.turns)
        elsewhere = {turn.id for line in lines for turn in line.own}
        for number, line in enumerate(lines, 1):
            if number > 1:
                self._out.append("<hr/>")
                self._title("h1", f"Version {number}", self._beginning(line.own[0]))
            for turn in line.own:
                self._turn(turn, later.get(turn.id, {}), _speaker(turn))
                for other in line.versions.get(turn.id, ()):
                    if other.id not in elsewhere:
                        words = f"{_speaker(other)}, another version of this answer"
                        self._turn(other, later.get(other.id, {}), words)
        return "\n".join(self._out)

    def _beginning(self, turn: Turn) -> str:
        above = self.turns.by_id[turn.parent] if turn.parent else None
        when = self._when(above) if above else ""
        return f"It goes on from what {_speaker(above)} wrote{when}." if above else ""

    def _when(self, turn: Turn) -> str:
        told = shown(turn.created, self.timezone)
        return f" on {' '.join(told)}" if told else ""

    def _title(self, element: str, words: str, about: str) -> None:
        self._out.append(f"<{element}>{text(words)}</{element}>")
        if about:
            self._out.append(f'<div style="{QUIET}">{text(about)}</div>')

    def _turn(self, turn: Turn, later: dict[str, int], speaker: str) -> None:
        told = shown(turn.created, self.timezone)
        model = None if turn.role == USER else turn.model or self.conversation["model"]
        about = [" ".join(told) if told else "", model or "", _RATED.get(turn.feedback or "", "")]
        self._title("h2", speaker, ", ".join(filter(None, about)))
        style = ChatStyle(self._assets, self._placed, None, later)
        last = last_versions(turn.parts)
        prose = _Prose(coloured=False)
        for part in turn.parts:
            if part["type"] == "document" and part["version"] < last[document_key(part)]:
                continue
            self._part(part, turn, style, prose)

    def _part(self, part: Part, turn: Turn, style: ChatStyle, prose: Prose) -> None:
        if turn.role == USER and part["type"] in ("text", "transcript"):
            words = part["text"]
            self._out += [_as_typed(words)] if words.strip() else []
            return
        blocks = [block for block in blocks_of(part, style) if block.strip()]
        if blocks:
            self._out.append(enml(prose.html("\n\n".join(blocks))).strip())
        if part["type"] in MEDIA:
            self._out += (f"<div>{media}</div>" for media in self._media)
            self._media.clear()

    def _placed(self, asset: Asset) -> str | None:
        media = self.attach(asset)
        if media is None:
            return self.place(asset)
        self._media.append(media)
        return None


_RATED = {"up": "rated good", "down": "rated bad"}


def _speaker(turn: Turn) -> str:
    return "You" if turn.role == USER else "ChatGPT"


def _as_typed(words: str) -> str:
    """Return words as a person typed them, each line on its own."""
    html = _LEADING.sub(lambda blank: "\u00a0" * len(blank[0].expandtabs(4)), typed(words))
    return "<div>" + enml(html.replace("\n", "<br>")) + "</div>"
