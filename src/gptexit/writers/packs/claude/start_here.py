"""START-HERE.md of the pack: what to do with it, in which order, and what is not in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gptexit.codes import Hidden, NotKept, sentences
from gptexit.text.terminal import count
from gptexit.writers.base import SECRETS
from gptexit.writers.markdown.embed import line
from gptexit.writers.packs.claude.projects import ProjectFolder
from gptexit.writers.packs.conversation import PackLimits
from gptexit.writers.packs.placement import Made

LOOKED_UP = "25 November 2026"
WINDOW = 150_000
"""Tokens of files that Claude can be expected to read whole: three quarters of its window, so that
instructions, questions and answers have room."""
WINDOW_FILES = 12
"""Files of which a project reads all; from 13 on it was seen to look passages up instead."""
FILE_TOKENS = 37_500
"""Four such files fill `WINDOW`, so that there is something to choose from."""
FILE_BYTES = 30 * 10**6
FILES = 400
TOKENS = 1_800_000
"""Of a project on a paid plan: ten times a window of 200,000, less a tenth, since a pack can only
estimate tokens. The first files are made to be enough where less is allowed."""
FEWEST_TOKENS = 20_000


def limits(tokens: int | None) -> PackLimits:
    """The limits of one project of at most so many tokens. Raises ValueError below the fewest."""
    most = TOKENS if tokens is None else tokens
    if most < FEWEST_TOKENS:
        raise ValueError(f"a project has at least {FEWEST_TOKENS:,} tokens")
    return PackLimits(FILE_BYTES, min(FILE_TOKENS, most // 4), FILES, most)


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the table that people read."""

    what: str
    limit: str
    source: str


FACTS = (
    Fact("import of chats", "none", "no help page offers one"),
    Fact(
        "import of memory",
        "all plans, on the web and in the desktop app; up to 24 hours; experimental, leans to what "
        "concerns work",
        "help page “Import and export your memory from Claude”",
    ),
    Fact("projects", "all plans; 5 of them on the free one", "reported"),
    Fact("size of a file in a project", "30 MB", "reported"),
    Fact("number of files in a project", "no limit", "reported"),
    Fact("text in a project that is read whole", "the context window, 200,000 tokens", "reported"),
    Fact(
        "text in a project beyond that",
        "up to ten times as much, of which passages are looked up; paid plans only",
        "help page “RAG for projects”",
    ),
    Fact(
        "files from which on passages are looked up in any case",
        "about 13",
        "reported by a user (anthropics/claude-code, issue 25759)",
    ),
)
"""“Help page” is one at support.claude.com; “reported”: said by others, not by Anthropic itself."""


PAGE = "START-HERE.md"
LISTED = 200
"""Folders that the page lists."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A folder and what is in it."""

    folder: ProjectFolder
    files: Sequence[Made]
    inside: int
    """Conversations that are in it, whole or in part."""
    outside: int

    @property
    def tokens(self) -> int:
        """Of its knowledge files."""
        return sum(each.tokens for each in self.files)

    @property
    def first(self) -> int:
        """How many of its files, from the first on, Claude can be expected to read whole."""
        tokens = number = 0
        for each in self.files[:WINDOW_FILES]:
            tokens += each.tokens
            if tokens > WINDOW:
                break
            number += 1
        return number


@dataclass(slots=True)
class ClaudePack:
    """What there is to say something about."""

    conversations: int
    redact: str
    why: str
    """What chose the conversations."""
    unknown: list[str] = field(default_factory=list)
    """Ids that the user named and no conversation has."""
    folders: list[Filled] = field(default_factory=list)
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""
    hidden: Counter[Hidden] = field(default_factory=Counter)
    not_kept: Counter[NotKept] = field(default_factory=Counter)


def start_here(pack: ClaudePack) -> str:
    """The page."""
    return "\n\n".join(_blocks(pack)) + "\n"


def _blocks(pack: ClaudePack) -> Iterator[str]:
    yield "# Move to Claude"
    yield _OPENING.format(conversations=count(pack.conversations, "conversation"), date=LOOKED_UP)
    yield "## 1. Look through it"
    redacted = _REDACTED if pack.redact == SECRETS else _AS_IT_IS
    yield _LOOK.format(why=_chosen(pack.why), redacted=redacted)
    yield "## 2. Your memory: be known"
    yield _MEMORY + (_LACKING if pack.asks else "")
    yield "## 3. A project for each folder"
    yield from _projects(pack.folders)
    if pack.unknown:
        yield f"You named what no conversation has: {', '.join(map(line, pack.unknown))}."
    yield "## 4. All the rest, without giving it away"
    yield _ARCHIVE
    yield "## What is not in the pack"
    yield from _absent(pack)
    yield f"## Limits, as looked up on {LOOKED_UP}"
    yield "\n".join(
        [
            "| what | limit | source |",
            "|---|---|---|",
            *(f"| {each.what} | {each.limit} | {each.source} |" for each in FACTS),
        ]
    )
    yield _ESTIMATE


def _chosen(why: str) -> str:
    return _CHOSEN.get(why) or f"Chosen were those of: {line(why)}."


def _projects(folders: list[Filled]) -> Iterator[str]:
    if not folders:
        yield "There was no conversation to put into one."
        return
    yield _STEPS
    rows = [_row(each) for each in folders[:LISTED]]
    head = "| folder | conversations | left out | files | tokens, estimated | first files |"
    yield "\n".join([head, "|---|--:|--:|--:|--:|---|", *rows])
    if len(folders) > LISTED:
        yield f"… and {len(folders) - LISTED:,} more folders, in `contents.csv`."
    yield _FIRST.format(window=WINDOW)


def _row(each: Filled) -> str:
    shown = [file.name.partition("-")[0] for file in each.files[: each.first]]
    first = "all" if each.first == len(each.files) else f"{shown[0]} to {shown[-1]}"
    return (
        f"| `{each.folder.path}`: {line(each.folder.name)} | {each.inside:,} | {each.outside:,} | "
        f"{len(each.files):,} | {each.tokens:,} | {first} |"
    )


def _absent(pack: ClaudePack) -> Iterator[str]:
    lines = [
        f"- {number:,} × {line(sentence)}"
        for sentence, number in sentences(NotKept, pack.not_kept.items())
    ]
    lines += [
        f"- {number:,} × message or part of one: {line(sentence)}"
        for sentence, number in sentences(Hidden, pack.hidden.items())
        if number
    ]
    yield "\n".join(lines) or "Nothing that ChatGPT showed you was left out."
    yield _WHOLE


_OPENING = """\
This folder holds {conversations} from ChatGPT, made ready for Claude. Claude imports no chats: it
takes a text about you, as memory, and files, in projects. Nothing was sent: Anthropic gets what you
give it, file by file.

What is said here of Claude was looked up on {date}, in part from what others report. It changes."""

_LOOK = """\
`contents.csv` opens in any spreadsheet: a row for each conversation and folder, with what is in,
what is not, and why. {why}

What should not go to another company, leave out: run the command again with `--exclude` (words, a
project, dates; see `gptexit convert --help`), and what is excluded is gone from the folder.

{redacted}"""

_CHOSEN = {
    "all chosen": "All conversations were chosen.",
    "not excluded": "Chosen were all that you did not exclude.",
}

_REDACTED = """\
API keys, tokens, private keys and passwords that were recognized are replaced by marks;
`redacted.csv` lists where. Text files were searched too; pictures, PDFs, Office files and ZIPs were
not. Names, addresses, health and money are not recognized: look for those
yourself."""

_AS_IT_IS = (
    "Nothing was redacted, as you asked for: passwords and keys stand in it as you typed them."
)

_MEMORY = """\
`memory.md` has one block to copy and says where to paste it: in Claude, *Settings > Capabilities >
Memory > Start import*, on every plan, on the web and in the desktop app."""

_LACKING = """

The export does not hold all that ChatGPT remembers. `memory.md` has a question that makes ChatGPT
list it: ask it before you cancel. `gptexit memory EXPORT --for claude --from-file answer.txt` then
puts both together."""

_STEPS = """\
For each folder below that you want (a free plan has five projects), on claude.ai or in the desktop
app:

1. *Projects > New project*. Name it as you like; then open it.
2. Beside *Instructions*, choose to set them, and paste the block from `instructions.md`.
3. Beside *Files*, choose *+ > Upload from device*, and take the Markdown files of the folder,
   without `instructions.md`. On a free plan only those that the last column names; on a paid one
   all.
4. Ask it something: “What did I decide about …, and when?”"""

_FIRST = """\
The newest and longest-lived conversations are in the first files. Those of the last column stay
below {window:,} tokens, so that Claude can read them whole. With more, on a paid plan, it looks up
passages that fit a question, and may miss some: for a small project with exact answers, upload the
first files alone."""

_ARCHIVE = """\
Claude Desktop and Claude Code can search your whole archive on your own machine, when you ask for
it, and Anthropic gets only what is found then:

    gptexit convert EXPORT --to sqlite -o archive
    gptexit mcp --install claude-desktop --write archive"""

_WHOLE = "`gptexit convert EXPORT --to markdown` writes an archive for yourself, with all of it."

_ESTIMATE = """\
“Reported” is what others say, and Anthropic does not. Tokens are estimated, on the high side: the
tokenizer of Claude is not published."""
