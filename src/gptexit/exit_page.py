"""Make START-HERE.md, the first page of an exit, and its answer, which the terminal gives too.

The words of the page are in templates/exit; its facts are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gptexit import __version__
from gptexit.archive.description import Incomplete
from gptexit.codes import Lost
from gptexit.errors import Exit
from gptexit.inspection.run import as_markdown
from gptexit.report import age
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.text.terminal import command_line, count
from gptexit.verification.result import Result, UnknownForm


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that a person may move to, and the format that it takes."""

    format: str
    place: str
    """The file to open first, below the folder of that format."""
    title: str
    """Its name in a sentence, after “to move to”."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def here(self) -> str:
        """The path of that file in an exit."""
        return f"{self.format}/{self.place}"


DESTINATIONS = {
    "chatgpt-text": Destination(
        "chatgpt-text", "HOW-TO-IMPORT.md", "a program that imports text alone"
    ),
    "claude": Destination("claude", "START-HERE.md", "Claude"),
    "claude-api": Destination("claude-api", "conversations.jsonl", "Claude's API"),
    "enex": Destination("enex", "HOW-TO-IMPORT.md", "Evernote, Joplin or Apple Notes"),
    "gemini": Destination("gemini", "START-HERE.md", "Gemini"),
    "gemini-api": Destination("gemini-api", "conversations.jsonl", "the Gemini API"),
    "jan": Destination("jan", "HOW-TO-IMPORT.md", "Jan"),
    "librechat": Destination("chatgpt", "chatgpt-export.zip", "LibreChat", {"fit": "librechat"}),
    "llama-cpp": Destination("llama-cpp", "HOW-TO-IMPORT.md", "llama.cpp"),
    "lm-studio": Destination("lm-studio", "HOW-TO-IMPORT.md", "LM Studio"),
    "llm": Destination("llm", "HOW-TO-USE.md", "the command llm"),
    "mcp": Destination("sqlite", "chatgpt.sqlite", "an assistant that searches"),
    "messages": Destination("messages", "messages.jsonl", "a program that trains models"),
    "open-webui": Destination("open-webui", "HOW-TO-IMPORT.md", "Open WebUI"),
    "pam": Destination("pam", "memory-store.json", "a program that reads Portable AI Memory"),
    "sharegpt": Destination("sharegpt", "sharegpt.jsonl", "a program that takes ShareGPT's form"),
    "sillytavern": Destination("sillytavern", "HOW-TO-IMPORT.md", "SillyTavern"),
}
"""By the name that `--for` takes, in alphabetical order. templates/exit/places.md.j2 and next.md.j2
say more of those that need it."""

PAGE, WEB_PAGE = "START-HERE.md", "START-HERE.html"
LISTED = 20
"""Missing files and unreadable parts that the page lists; the report has them all."""
QUESTION = "Do I have everything, and may I cancel now?"
_NOT_YET = "Not yet: do not cancel."
_BESIDE = (
    "You gave only a part of the export, and another part is in the same folder: run the command "
    "that takes them all."
)
_ELSEWHERE = frozenset(
    {Lost.TOO_LARGE, Lost.LARGER_THAN_READ, Lost.OUR_FAULT, Lost.ENDED_PROCESSES}
)
"""Losses that another download does not mend."""
THIS_PAGE = "this page"
"""The words by which START-HERE names itself."""
_KINDS = {
    "content type": "a message",
    "part": "a part",
    "marker": "a mark",
    "container": "a frame",
    "reference": "a reference",
}
"""Words of the page for an unknown form, by the words of the verification."""
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,200}\Z")
_CHAT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
"""The id of a conversation that has a page in ChatGPT."""
_BOX = re.compile(r"^- \[([^\[\]\n])\] \*\*(.+?)\*\*", re.M)
"""A box of a checklist: its mark and its title."""


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """The answer to QUESTION."""

    sentence: str
    """Begins with “Yes” or “Not yet”."""
    advice: str
    exit_code: Exit = Exit.COMPLETE

    @property
    def is_yes(self) -> bool:
        """Whether nothing keeps the person from canceling."""
        return self.sentence.startswith("Yes")

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}"


def answer(
    report: dict[str, Any],
    checked: Result,
    page: str = PAGE,
    incomplete: Incomplete | None = None,
    together: str = "",
) -> CancelAnswer:
    """Answer QUESTION from the report of a conversion and the verification of what it wrote.

    `page`: the name of the page that says more. `incomplete`: an export of an earlier run that was
    not whole, and that this one does not replace. `together`: the command with the parts of this
    export that lie beside it.
    """
    if together and not checked.problems:
        return CancelAnswer(_NOT_YET, _BESIDE, Exit.INCOMPLETE)
    if hindrance := _hindrance(report, checked, page):
        return CancelAnswer(_NOT_YET, hindrance, Exit.INCOMPLETE)
    if incomplete:
        return CancelAnswer(_NOT_YET, again(incomplete), Exit.INCOMPLETE)
    if checked.unknown_messages:
        messages = count(checked.unknown_messages, "message")
        return CancelAnswer(
            "Yes, but look at some messages first.",
            f"Every word of the export is in this folder. But {messages} may not look as in "
            f"ChatGPT, because gptexit does not know their form. {_begun(page)} lists them: "
            "compare them with ChatGPT before you cancel.",
            Exit.UNKNOWN_FORM,
        )
    if not report["read"]["messages"]:
        lacks = "messages" if checked.compared else "conversations"
        return CancelAnswer(
            _NOT_YET,
            f"The export has no {lacks}. Check that it is of the right account, and ask ChatGPT "
            "for a new one.",
            Exit.INCOMPLETE,
        )
    missing = report["assets"]["mentioned"] - report["assets"]["found"]
    advice = f"Before you cancel, go through what {page} lists: some things are in no export."
    if missing or checked.lacking:
        mentioned = f"{count(missing, 'file')} that your conversations mention"
        files = mentioned if missing else "some files"
        advice = (
            f"But {files} {'is' if missing == 1 else 'are'} not in the export. Before you cancel, "
            f"save those that matter to you by hand, and go through what {page} lists."
        )
    if checked.less:
        notes = len({problem.file for problem in checked.less})
        less = count(notes, "note has", "notes have")
        advice = f"As you accepted, {less} less than ChatGPT; jsonl has the rest. {advice}"
    return CancelAnswer("Yes, you have all that OpenAI gave you.", advice)


def _begun(page: str) -> str:
    """Return the name of a page as the beginning of a sentence."""
    return page[0].upper() + page[1:]


def again(incomplete: Incomplete) -> str:
    """Say what to do about an export that was not whole."""
    day = incomplete.made[:10]
    dated = f" of {day}" if day else ""
    return (
        f"{line(incomplete.name)}{dated}, which you gave before, is damaged or only a part of an "
        "export, and nothing newer has replaced it. Download all of it again, or ask ChatGPT for a "
        "new export, and run the same command with that."
    )


def is_incomplete(report: dict[str, Any], checked: Result) -> bool:
    """Tell whether the export of a run was not whole."""
    read = report["complete"] and checked.whole_export and not report["source"]["missing_files"]
    return not read or checked.one_file


def _hindrance(report: dict[str, Any], checked: Result, page: str) -> str | None:
    """Say why something of the export is not in the folder, and what to do about it."""
    if checked.problems:
        return (
            "Part of the export is missing or wrong in this folder. Run the same command again. "
            f"If that does not help, report what {page} lists."
        )
    if report["source"]["missing_files"]:
        return (
            "You gave only a part of the export. Download again every ZIP that the e-mail of "
            "OpenAI leads to, and give them all in one command."
        )
    if checked.one_file and checked.compared:
        return (
            "You gave one file out of the export. Your pictures and documents, and maybe more "
            "conversations, are in the ZIP that OpenAI sent: run the same command with that ZIP."
        )
    if report["complete"] and checked.whole_export:
        return None
    lost = [*report["read"]["unreadable"], *report["assets"]["not_copied"]]
    if lost and all(loss["code"] in _ELSEWHERE for loss in lost):
        return (
            f"{count(len(lost), 'part')} of the export could not be converted. {_begun(page)} "
            "lists what, and why: save it by hand in ChatGPT before you cancel."
        )
    return (
        "Part of the export is damaged or cannot be read. Download again what the e-mail of OpenAI "
        f"leads to, and run the same command with it. {_begun(page)} lists what is lost; if "
        "that does not help, save it by hand in ChatGPT."
    )


@dataclass(frozen=True, slots=True)
class Stale:
    """A pack of an earlier run that does not have what is new in this export."""

    name: str
    """The key in DESTINATIONS."""
    command: str
    """Renews it."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The arguments that the commands on the page have, as a shell takes them."""

    export: str = "EXPORT"
    folder: str = "chatgpt-exit"

    @classmethod
    def of(cls, sources: Sequence[Any], out: Any) -> Commands:
        """Quote the paths of the export and of the folder, as they were given."""
        # In Markdown, a command with a backtick would end before its end.
        words = [command_line(sources), command_line([out])]
        return cls(*words) if "`" not in "".join(words) else cls()

    def exit(self, *options: str) -> str:
        """Return the command that makes this exit again, with `options` added."""
        words = ["gptexit exit", self.export, "-o", self.folder, command_line(options)]
        return " ".join(filter(None, words))


def start_here(
    report: dict[str, Any],
    checked: Result,
    kept: list[str],
    generation: str,
    going_to: Sequence[str] = (),
    stale: Sequence[Stale] = (),
    commands: Commands | None = None,
    incomplete: Incomplete | None = None,
    together: str = "",
    *,
    pages: bool = True,
    name: str = PAGE,
    places: Mapping[str, Mapping[str, str]] | None = None,
    lists: Sequence[str] = (),
) -> str:
    """Return START-HERE.md: the answer, what to do, what is lost, what is where.

    `kept`: names of the account files. `generation`: the form of the export, which decides what it
    cannot hold; "" to leave that out. `incomplete` and `together`: as `answer` takes them. `pages`:
    whether the exit has pages for the browser. `name`: the name of the page, PAGE, or WEB_PAGE for
    the text of START-HERE.html. `places`: by such a name, the paths of conversations by their ids.
    `lists`: paths of the archive's lists of what no conversation shows.
    """
    here = (places or {}).get(name, {})
    commands = commands or Commands()
    source, read, assets = report["source"], report["read"], report["assets"]
    found = assets["found"]
    not_copied = {file["where"]: file["reason"] for file in assets["not_copied"]}
    lost = len(not_copied) if found else 0
    return render(
        "exit/START-HERE.md.j2",
        version=__version__,
        pages=pages,
        source=line(source["label"]),
        question=QUESTION,
        answer=answer(report, checked, THIS_PAGE, incomplete, together),
        in_browser=name == WEB_PAGE,
        together=together,
        age=age(report),
        conversations=read["conversations"],
        messages=read["messages"],
        files={
            "mentioned": assets["mentioned"],
            "found": found,
            "lost": lost,
            "copied": bool(found) and not lost and not checked.problems,
        },
        exports=[line(export["label"]) for export in source["exports"]],
        gone=read["gone"],
        listed=LISTED,
        problems=_reasons(
            (problem.file or problem.title or problem.conversation or "", problem.what)
            for problem in checked.problems
        ),
        unknown=unknown_forms(checked.unknown, here),
        unknown_messages=checked.unknown_messages,
        not_given=[line(name) for name in source["missing_files"]],
        unreadable=_reasons(
            {part["where"]: part["reason"] for part in read["unreadable"]}.items()
            or (() if checked.whole_export else checked.unread.items())
        ),
        not_copied=_reasons(not_copied.items()),
        missing=[
            {
                "name": line(asset["name"] or asset["id"]),
                "place": _linked(asset["title"], asset["conversation"] or "", here),
            }
            for asset in assets["missing"]
        ],
        account=kept,
        lists=lists,
        absent=as_markdown(generation, commands.export) if generation else "",
        going_to=[
            {"name": name, "here": DESTINATIONS[name].here, "title": DESTINATIONS[name].title}
            for name in going_to
        ],
        others=[name for name in DESTINATIONS if name not in ("claude", "mcp")],
        stale=[{"here": DESTINATIONS[pack.name].here, "command": pack.command} for pack in stale],
        export=commands.export,
        folder=commands.folder,
        again=commands.exit(),
    )


def _reasons(lost: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{line(where)}: {line(reason)}" for where, reason in lost]


def unknown_forms(forms: Iterable[UnknownForm], places: Mapping[str, str]) -> list[str]:
    """Return a line for each unknown form of a conversation, with a link to its first message."""
    first: dict[tuple[str, str], UnknownForm] = {}
    for form in forms:
        first.setdefault((form.conversation, form.what), form)
    return [
        f"{_linked(form.title, form.conversation, places, form.message or '')}: {_kind(form.what)}"
        for form in first.values()
    ]


def _kind(what: str) -> str:
    """Say what is unknown, in plain words."""
    for begin, thing in _KINDS.items():
        if what.startswith(f"{begin} "):
            return f"{thing} of the kind “{line(what.removeprefix(begin))}”"
    return line(what)


def _linked(
    title: str | None, conversation: str, places: Mapping[str, str], message: str = ""
) -> str:
    """Return the title of a conversation with links to its page here and to that of ChatGPT."""
    words, path = line(title) if title else "Untitled", places.get(conversation)
    if path is None:
        words = f"“{words}”"
    else:
        at = f"#m-{message}" if _PLAIN_ID.match(message) and path.endswith(".html") else ""
        words = f"[{words}]({quote(path)}{at})"
    if not _CHAT.match(conversation):
        return words
    return f"{words} ([in ChatGPT](https://chatgpt.com/c/{conversation}))"


def marks(page: str) -> dict[str, str]:
    """Return the mark in each box of a page that is not empty, by the title of the box."""
    return {title: mark for mark, title in _BOX.findall(page) if not mark.isspace()}


def with_marks(page: str, known: Mapping[str, str]) -> str:
    """Put marks into the boxes with these titles; all other boxes become empty."""
    return _BOX.sub(lambda box: f"- [{known.get(box[2], ' ')}] **{box[2]}**", page)
