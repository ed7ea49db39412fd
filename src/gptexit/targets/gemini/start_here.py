"""START-HERE.md of the pack: what to do with it, in which order, and where that is not possible."""

from __future__ import annotations

from dataclasses import dataclass

from gptexit.printable import count
from gptexit.targets.gemini.limits import LOOKED_UP, ZIPS_A_DAY

PAGE = "START-HERE.md"


@dataclass(frozen=True, slots=True)
class Pack:
    """What there is to say something about."""

    zips: list[str]
    """Their paths, in order."""
    conversations: int


def start_here(pack: Pack) -> str:
    """The page."""
    sections = (
        ("# Move to Gemini", _opening(pack)),
        ("## Your chats: *Import chats*", _uploads(pack.zips)),
        ("## Where the import is not available", _ELSEWHERE),
    )
    return "\n\n".join(f"{title}\n\n{body}" for title, body in sections) + "\n"


def _opening(pack: Pack) -> str:
    return (
        f"This folder has {count(pack.conversations, 'conversation')} from ChatGPT for Gemini. "
        "Nothing was sent: Google gets what you give it, file by file.\n\n"
        "Google changes its pages and limits often. What is said here was looked up on "
        f"{LOOKED_UP}."
    )


def _uploads(zips: list[str]) -> str:
    blocks = [_WHERE]
    days = [zips[at : at + ZIPS_A_DAY] for at in range(0, len(zips), ZIPS_A_DAY)]
    if len(days) > 1:
        blocks.append(f"It takes {ZIPS_A_DAY} ZIPs a day, so this will take {len(days)} days:")
        rows = [f"- [ ] day {day}: {_named(names)}" for day, names in enumerate(days, 1)]
        blocks.append("\n".join(rows))
    else:
        blocks.append("\n".join(f"- [ ] `{name}`" for name in zips))
    blocks.append(_AFTER)
    return "\n\n".join(blocks)


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_WHERE = """\
On a computer open gemini.google.com, *Settings & help > Import memory to Gemini*, and there the
import of chats. Choose a ZIP of the folder `upload`; each is a whole ChatGPT export of at most 5 GB
with a part of your conversations."""

_AFTER = """\
Gemini imports the text; pictures and other files in the ZIPs are reported to stay behind. Imported
chats stand among your Gemini activity: what your settings there allow, Google may keep and use. You
can delete them there again."""

_ELSEWHERE = """\
Google offers both imports to personal accounts of adults, outside of the European Economic Area,
Switzerland and the United Kingdom; not to work, school or supervised accounts."""
