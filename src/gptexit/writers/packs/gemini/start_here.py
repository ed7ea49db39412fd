"""START-HERE.md of the pack: what to do with it, in which order, and where that is not possible."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gptexit.text.terminal import count
from gptexit.writers.packs.conversation import PackLimits
from gptexit.writers.packs.placement import Made

LOOKED_UP = "25 November 2026"
ZIPS_A_DAY = 5
NOTEBOOK_FILES = 50
"""Sources of one notebook on the free plan; paid plans take more, up to 300 and beyond."""
NOTEBOOK_WORDS = 500_000
"""Of one source."""
GEM_FILES = 10
LARGEST_SOURCE = 100 * 10**6
"""Bytes of one file for a Gem; a notebook takes 200 MB."""
WORDS = NOTEBOOK_WORDS * 9 // 10
"""Of one source here: nobody says how they are counted, so a tenth is left over."""
BYTES = 10 * 10**6
"""Of one source here, which is made in memory. So many words are a third of it or less."""
FILES = 100_000
"""Sources of a pack: whoever has more than a notebook takes makes several, or takes the first."""
_ONE_BY_ONE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters that count as words of their own: their scripts have no spaces."""
_BEGINNINGS = bytes((*range(0xE3, 0xEE), 0xEF, 0xF0))
"""First bytes of these in UTF-8. Most texts have none, which is seen faster than read."""


def words_in(data: bytes) -> int:
    """Words as a notebook may count them; of scripts without spaces, every character is one."""
    text = data.decode("utf-8", "replace")
    spaceless = len(data.translate(None, _BEGINNINGS)) < len(data)
    return len(text.split()) + (len(_ONE_BY_ONE.findall(text)) if spaceless else 0)


SOURCES = PackLimits(BYTES, WORDS, FILES, FILES * WORDS, words_in)
"""The limits of `sources`, in words."""


PAGE = "START-HERE.md"
MEMORY = "memory.md"


@dataclass(frozen=True, slots=True)
class GeminiPack:
    """What there is to say something about."""

    zips: list[str]
    """Their paths, in order."""
    sources: list[Made]
    """In order."""
    conversations: int
    memories: int = 0
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""


def start_here(pack: GeminiPack) -> str:
    """The page."""
    sections = (
        ("# Move to Gemini", _opening(pack)),
        ("## 1. Look at what is in it", _LOOK),
        ("## 2. What Gemini is to know about you", _memory(pack)),
        ("## 3. Your chats", _uploads(pack.zips)),
        ("## 4. Chats as sources, for Gems and notebooks", _sources(pack.sources)),
        ("## Where there is no import", _ELSEWHERE),
        ("## All of it, and none of it at Google", _AT_HOME),
    )
    return "\n\n".join(f"{title}\n\n{body}" for title, body in sections) + "\n"


def _opening(pack: GeminiPack) -> str:
    return (
        f"This folder has {count(pack.conversations, 'conversation')} from ChatGPT for Gemini. "
        "Nothing was sent: Google gets what you give it, file by file.\n\n"
        "**In the European Economic Area, Switzerland or the United Kingdom, or with a work or "
        "school account, Gemini imports nothing:** read [Where there is no "
        "import](#where-there-is-no-import) before step 2.\n\n"
        "Google changes its pages and limits often. What is said here was looked up on "
        f"{LOOKED_UP}, in part from what others report."
    )


def _sources(sources: list[Made]) -> str:
    if not sources:
        return "There is nothing to read in these conversations."
    rows = [
        f"| `{each.name}` | {each.conversations:,} | {each.tokens:,} | {each.bytes / 1e6:,.1f} MB |"
        for each in sources
    ]
    table = ["| file | conversations | words | size |", "|---|---:|---:|---:|", *rows]
    words = [_GEMS, "\n".join(table)]
    if len(sources) >= NOTEBOOK_FILES:
        words.append(
            f"With `contents.md` these are more than {NOTEBOOK_FILES}: give a notebook the first, "
            "or make several."
        )
    return "\n\n".join(words)


_GEMS = f"""\
`sources` has the same chats as text, what is newest and longest-lived first; `contents.md` there
says which is in which file. Begin with that and the first files:

- A Gem takes {GEM_FILES} files of at most {LARGEST_SOURCE // 10**6} MB: *Gems > New Gem*, and
  there *Knowledge*.
- A notebook of Gemini Notebook, which was NotebookLM until 2026, takes {NOTEBOOK_FILES} sources on
  the free plan and more on others, each of at most {NOTEBOOK_WORDS:,} words and 200 MB.

Each file here is within all of that, with a tenth of the words left over. For the sources
of one project, `gptexit convert EXPORT --to gemini --project ID -o FOLDER` makes another folder."""

_LOOK = """\
`contents.csv` lists each conversation in this folder with its dates, its messages, its size, the
source and the ZIP that it is in, and why it is there.

`redacted.csv`, if it is there, lists the keys and passwords that were replaced by marks, and in
which messages. Text files were searched too; pictures, PDFs, Office files and ZIPs were not. Only
what looks like one to a program was found: read what is private before you send it. To leave more
out, run the same command again with `--exclude title=WORD`, `text=WORD`, `project=ID` or
`date=2025-03`; what is left out then is gone from this folder too."""


def _memory(pack: GeminiPack) -> str:
    words = (
        f"`{MEMORY}` has {count(pack.memories, 'memory', 'memories')} and your custom instructions "
        "in blocks to paste, and says where to."
    )
    if pack.asks:
        words += (
            "\n\nThe export does not hold all that ChatGPT remembers. Before you cancel, "
            f"ask ChatGPT itself with the question in `{MEMORY}`, and run `gptexit memory EXPORT "
            "--for gemini --from-file answer.txt`."
        )
    return words


def _uploads(zips: list[str]) -> str:
    days = [zips[at : at + ZIPS_A_DAY] for at in range(0, len(zips), ZIPS_A_DAY)]
    if len(days) > 1:
        when = f"Gemini takes {ZIPS_A_DAY} a day, so this will take {len(days)} days:"
        rows = [f"- [ ] day {day}: {_named(names)}" for day, names in enumerate(days, 1)]
    else:
        when = f"Gemini takes {ZIPS_A_DAY} a day:"
        rows = [f"- [ ] `{name}`" for name in zips]
    return "\n\n".join((_WHERE, when, "\n".join(rows), _AFTER))


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_WHERE = """\
Each ZIP in `upload` is a whole ChatGPT export of at most 5 GB with a part of your conversations. On
a computer open gemini.google.com, *Settings & help > Import memory to Gemini*, and there choose to
import chats."""

_AFTER = """\
Gemini is reported to import the text alone; pictures and other files in the ZIPs stay behind.
Imported chats are part of your Gemini activity: what your settings there allow, Google may keep and
use to improve its services. Do not import a ZIP twice."""

_ELSEWHERE = """\
Google offers both imports to personal accounts of adults (18 and over), outside of the European
Economic Area, Switzerland and the United Kingdom. They are not there for work and school accounts,
nor for accounts that parents supervise. If that is you:

- Put the block of `memory.md` into *Settings & help > Saved info*, or into the instructions of a
  Gem.
- Give a Gem or a notebook the files of `sources`. Both are offered in Europe too, and to work
  accounts whose administrator allows them.
- Or let Gemini search your history on your own machine, as the next section has it."""

_AT_HOME = """\
Gemini's command line can search the archive on your own disk and read what it finds; only what it
reads goes to Google. It needs no import. Since June 2026 it serves API keys and company licences
only, and no personal accounts:

    gptexit convert EXPORT --to sqlite -o my-chats
    gptexit mcp --install gemini-cli --write my-chats"""
