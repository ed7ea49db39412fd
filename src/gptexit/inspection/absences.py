"""The form of an export, and what exports of that form lack; the words are in templates/inspect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from gptexit.chatgpt.names import CONVERSATIONS, LIBRARY, NAMES
from gptexit.readers.chatgpt.containers.layout import MORE
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.merge.exports import ExportDate
from gptexit.templates import render, table

GENERATIONS = {
    "classic": "classic, of 2023",
    "full": "full, of 2024 to early 2026",
    "sharded": "full and in several files, of early 2026",
    "dat": "full, with .dat files, of May and June 2026",
    "slim": "slim, since mid-2026",
    "unknown": "not to be told: no conversation has a message",
}
"""Every generation, and when exports had that form."""

_OF_2023 = {
    *("chat.html", "conversations.json", "message_feedback.json", "model_comparisons.json"),
    *("shared_conversations.json", "user.json"),
}
"""The files of an export of 2023; later ones have more."""
_LATER = datetime(2024, 1, 15, tzinfo=UTC)
_SLIM = datetime(2026, 6, 15, tzinfo=UTC)
"""No slim export is known to be older."""


@dataclass(frozen=True, slots=True)
class ExportForm:
    """The form of an export."""

    generation: str
    """A key of GENERATIONS."""
    layout: str
    """`single`, `sharded`, or `both` where several exports were given."""
    full: int
    slim: int
    """Conversations whose messages are full or slim."""
    attachments: str
    """`none`, `named` (files under names of their own) or `dat`."""

    def as_json(self, export: ExportSet) -> dict[str, Any]:
        """As `schemas/inspection.schema.json` describes it."""
        return {
            "generation": self.generation,
            "layout": self.layout,
            "messages": {"full": self.full, "slim": self.slim},
            "attachments": self.attachments,
            "made": [
                {
                    "source": each.label,
                    "time": f"{each.made.moment:%Y-%m-%dT%H:%M:%SZ}" if each.made else None,
                    "by": each.made.by if each.made else None,
                }
                for each in export.editions
            ],
        }


def form(export: ExportSet, full: int, slim: int) -> ExportForm:
    """The form of `export`, of whose conversations so many have full and slim messages."""
    files = [each for each in export.conversation_files if each.rsplit("/", 1)[-1] not in MORE]
    found = [CONVERSATIONS.search(each) for each in files]
    numbered = sum(1 for each in found if each and each[1])
    layout = "sharded" if numbered == len(found) else "both" if numbered else "single"
    sides = {each.split(" (", 1)[0] for each in export.files.side_files()}
    has_assets = next(export.files.assets(), None) is not None
    attachments = "dat" if sides & {LIBRARY, NAMES} else "named" if has_assets else "none"
    generation = "full"
    if not full and not slim:
        generation = "unknown"
    elif slim > full or (slim and any(made.moment > _SLIM for made in _made(export))):
        generation = "slim"
    elif attachments == "dat":
        generation = "dat"
    elif layout != "single":
        generation = "sharded"
    elif attachments == "none" and sides <= _OF_2023 and not _is_later(export):
        generation = "classic"
    return ExportForm(generation, layout, full, slim, attachments)


def _is_later(export: ExportSet) -> bool:
    """Whether an export is certain to be of 2024 or later."""
    moments = [made.moment for made in _made(export) if made.by != "files"]
    return max(moments, default=_LATER) > _LATER


def _made(export: ExportSet) -> list[ExportDate]:
    """When each of the exports was made, as far as anything tells."""
    return [each.made for each in export.editions if each.made]


class Absence(NamedTuple):
    """Something that an export does not hold."""

    what: str
    how: str | None = None
    """How to get it; None where there is no way."""
    since: str | None = None
    """The generation that left it out, a key of `GENERATIONS`; None for every one."""
    until: str | None = None
    """The generation that was the last to leave it out."""


@lru_cache(maxsize=1)
def all_absences() -> tuple[Absence, ...]:
    """Return what any export lacks, in the order in which to look at it."""
    return tuple(Absence(**absence) for absence in table("inspect/absences.toml")["absences"])


def absences(generation: str) -> list[Absence]:
    """What an export of that generation does not hold."""
    return [
        each
        for each in all_absences()
        if each.since in (None, generation) and each.until in (None, generation)
    ]


def as_markdown(generation: str) -> str:
    """The same as a list in Markdown."""
    page = render("inspect/absences.md.j2", absences=absences(generation))
    return page.removesuffix("\n")
