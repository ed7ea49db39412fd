"""`gptexit search`."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict
from datetime import tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import orjson
from click.core import ParameterSource

from gptexit.archive.manifest import entries
from gptexit.cli.options import timezone
from gptexit.cli.outputs import PATH
from gptexit.cli.usage import NamedChoice
from gptexit.errors import Exit, GptexitError
from gptexit.library import (
    Hit,
    Library,
    Page,
    Place,
    Query,
    Said,
    Snippet,
    Span,
    marked,
    open_library,
    plain,
)
from gptexit.library.connection import unreadable
from gptexit.library.search import ROLES
from gptexit.text.dates import beginning, clock, day, ending, moment
from gptexit.text.terminal import columns, command_line, count, harmless, printable

_SPEAKERS = {"user": "You", "assistant": "ChatGPT", "tool": "Tool", "system": "System"}
_UNTITLED = "Untitled"
_INDENT = "   "
_MOST = 3
"""Lines of a passage."""


def hit_lines(hit: Hit, number: int, way: str, width: int, zone: tzinfo | None) -> list[str]:
    """Lay out a hit; `way` is the path or the command that opens it."""
    when = moment(hit.date, zone)
    about = [day(when)] if when else []
    about += [_SPEAKERS.get(hit.role, hit.role)] if hit.role else []
    about += [printable(hit.project, 30)] if hit.project else []
    about += [count(hit.hits, "hit")] if hit.hits > 1 else []
    head = f"{number}. "
    title = printable(hit.title or _UNTITLED, width - len(head))
    passage = _passage(hit.snippet, width - len(_INDENT))
    if hit.hits and hit.place == 0:  # the title itself is what was found
        lines = [head + (passage[0] if passage else title)]
        passage = []
    else:
        lines = [head + click.style(title, bold=True)]
    lines += [_INDENT + click.style(" · ".join(about), dim=True)] if about else []
    lines += [_INDENT + line for line in passage]
    lines.append(_INDENT + click.style(printable(way), fg="cyan"))
    return lines


def _passage(snippet: Snippet, width: int) -> list[str]:
    """Lay out a passage in lines of that width, with the words that were searched for in color."""
    cells = _cells(snippet)
    lines: list[str] = []
    while cells and len(lines) < _MOST:
        taken = _fitting(cells, width)
        lines.append(_styled(cells[:taken]).rstrip())
        cells = cells[taken:]
    return lines


_Cell = tuple[str, bool]
"""A character, and whether it belongs to a word that was searched for."""


def _cells(snippet: Snippet) -> list[_Cell]:
    """Split into characters that can be shown, with at most one space between words."""
    cells: list[_Cell] = []
    for text, hit in snippet:
        for character in harmless(text):
            space = character.isspace()
            if not space or (cells and cells[-1][0] != " "):
                cells.append((" " if space else character, hit and not space))
    return cells


def _fitting(cells: list[_Cell], width: int) -> int:
    """Count the cells that a line takes. It ends at a space, or at a letter that is two wide."""
    used = last = 0
    for at, (character, _) in enumerate(cells):
        wide = columns(character)
        used += wide
        if used > width and character != " ":
            return last or max(at, 1)
        if character == " " or wide == 2:
            last = at + 1
    return len(cells)


def _styled(cells: list[_Cell]) -> str:
    text = ""
    for hit, run in groupby(cells, key=lambda cell: cell[1]):
        piece = "".join(character for character, _ in run)
        text += click.style(piece, fg="yellow", bold=True) if hit else piece
    return text


def conversation_lines(span: Span, zone: tzinfo | None, *, title: bool) -> list[str]:
    """Lay out a piece of a conversation, with its title above the first piece."""
    lines = [click.style(printable(span.title or _UNTITLED), bold=True), ""] if title else []
    for said in span.messages:
        if said.begins == 0:
            lines += [click.style(_speaker(said, zone), fg="cyan"), ""]
        lines += [harmless(said.text), ""]
    return lines


def _speaker(said: Said, zone: tzinfo | None) -> str:
    words = _SPEAKERS.get(said.role, printable(said.role))
    if when := moment(said.created, zone):
        words += f", {day(when)}, {clock(when)}"
    return words + (f" ({printable(said.hidden)})" if said.hidden else "")


_WIDEST = 100
"""Columns of a line at most, however wide the terminal is."""
_NOTHING = "Nothing found. Try fewer words, or the beginning of one: data*"


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("archive", type=PATH)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--since", metavar="DATE", help="Written on DATE or later: 2025-03-14, 2025-03, 2025."
)
@click.option("--until", metavar="DATE", help="Written on DATE or earlier.")
@click.option("--project", metavar="NAME", help="In this project: its name or id.")
@click.option("--model", metavar="NAME", help="In a conversation in which this model answered.")
@click.option(
    "--role",
    type=NamedChoice(ROLES, "side"),
    help="Written by you (user), by ChatGPT (assistant), by a tool or by the system.",
)
@click.option(
    "--id",
    "conversation",
    metavar="ID",
    help="In this conversation; each message that fits is listed.",
)
@click.option(
    "--hidden", is_flag=True, help="Also reasoning, and what tools were asked and answered."
)
@click.option(
    "--order",
    type=NamedChoice(["best", "newest", "oldest"], "order"),
    default="best",
    show_default=True,
    help="What comes first.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Conversations to list.",
)
@click.option("--offset", type=click.IntRange(0), default=0, help="How many results to skip.")
@click.option("--read", "reading", metavar="ID", help="Print this conversation instead.")
@click.option(
    "--from", "place", type=click.IntRange(0), default=0, help="With --read: from this place on."
)
@timezone("dates")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def search(ctx: click.Context, /, archive: str, words: tuple[str, ...], **given: Any) -> None:
    """Find something in what `gptexit convert --to sqlite` wrote.

    ARCHIVE is the database or the folder that holds it. All WORDS have to be in a message or a
    title; -WORD may not be; WORD* is a beginning; "TWO WORDS" in quotation marks are a phrase.
    If nothing has all WORDS, what has most of them is listed.
    Without WORDS, the conversations that the options allow are listed, the newest first.

    \b
    gptexit search chatgpt-archive postgres "order form" --since 2025-03
    gptexit search chatgpt-archive --read 6f2d1c3a
    """
    if archive == "-h":  # among the words, -h is one that may not be there
        click.echo(ctx.get_help())
        return
    wrong = next((word for word in words if word.startswith("--")), None)
    if wrong:
        raise click.NoSuchOption(wrong, ctx=ctx)
    _need_sense(ctx, words, given)
    archive, words = _in_order(archive, words)
    try:
        with open_library(archive) as library:
            if given["reading"] is not None:
                _read(library, given)
                return
            query = _query(words, given)
            page = library.search(query)
            if given["as_json"]:
                click.echo(orjson.dumps(_as_json(page), option=orjson.OPT_INDENT_2))
            else:
                _print(library, archive, query, page, given)
    except GptexitError:
        raise
    except (sqlite3.DatabaseError, TypeError, ValueError) as error:  # values of odd types
        click.echo(f"Error: {unreadable(Path(archive), error)}", err=True)
        ctx.exit(Exit.USAGE)
    ctx.exit(Exit.COMPLETE if page.hits else Exit.NOTHING_FOUND)


_TYPED = ParameterSource.COMMANDLINE
_OF_A_SEARCH = (
    *("since", "until", "project", "model", "role", "conversation"),
    *("order", "limit", "offset"),
)
"""Options that choose among hits."""


def _need_sense(ctx: click.Context, words: tuple[str, ...], given: dict[str, Any]) -> None:
    """Raise UsageError where an option would do nothing."""
    if given["reading"] is None:
        if given["place"]:
            raise click.UsageError("--from goes with --read ID: add it.")
        return
    typed = [name for name in _OF_A_SEARCH if ctx.get_parameter_source(name) is _TYPED]
    other = typed[0] if typed else None
    if other or words:
        what = f"--{'id' if other == 'conversation' else other}" if other else "a search"
        raise click.UsageError(
            f"--read prints one conversation, so {what} changes nothing: leave it out."
        )


def _in_order(archive: str, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return archive and words, also if the archive comes last."""
    if not words or Path(archive).exists() or not Path(words[-1]).exists():
        return archive, words
    ordered = words[-1], (archive, *words[:-1])
    command = command_line(["gptexit", "search", ordered[0], *ordered[1]])
    click.echo(f"The archive comes first, so gptexit runs: {command}", err=True)
    return ordered


def _query(words: tuple[str, ...], given: dict[str, Any]) -> Query:
    """Make the query from the command line. Raises BadDate."""
    zone, since, until = given["zone"], given["since"], given["until"]
    same = ("project", "model", "role", "conversation", "hidden", "order", "limit", "offset")
    return Query(
        " ".join(map(_phrase, words)),
        since=beginning(since, zone) if since else None,
        until=ending(until, zone) if until else None,
        grouped=given["conversation"] is None,
        **{name: given[name] for name in same},
    )


def _phrase(word: str) -> str:
    """Put the quotation marks of a phrase back, which the shell took away."""
    return f'"{word}"' if " " in word.strip() and '"' not in word else word


def _as_json(page: Page) -> dict[str, Any]:
    hits = [
        {**asdict(hit), "snippet": plain(hit.snippet), "marked": marked(hit.snippet)}
        for hit in page.hits
    ]
    return {**asdict(page), "hits": hits}


def _print(library: Library, archive: str, query: Query, page: Page, given: dict[str, Any]) -> None:
    if not page.hits:
        click.echo(_NOTHING if page.messages == 0 else "There are no more results.")
        return
    if page.partial:
        some, all_ = page.partial
        click.echo(f"No message has all {all_} words. Each of these has at least {some}.\n")
    notes = notes_of(library.path, {hit.conversation for hit in page.hits})
    width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    for number, hit in enumerate(page.hits, query.offset + 1):
        note = notes.get(hit.conversation)
        way = str(note) if note else _command(library, archive, hit.conversation, hit.place)
        click.echo("\n".join(hit_lines(hit, number, way, width, given["zone"])) + "\n")
    hits = f", {count(page.messages, 'hit')}" if page.messages else ""
    more = f" Go on with --offset {page.next}." if page.next is not None else ""
    click.echo(f"{count(page.conversations, 'conversation')}{hits}.{more}")


def _command(library: Library, archive: str, key: str, place: int) -> str:
    words = ["gptexit", "search", archive, "--read", library.shortest(key)]
    return command_line([*words, *(["--from", str(place)] if place > 1 else [])])


def _read(library: Library, given: dict[str, Any]) -> None:
    """Print a conversation, piece by piece. Raises LookupError."""
    place: Place | None = Place(given["place"])
    first = True
    while place is not None:
        span = library.conversation(given["reading"], place, hidden=given["hidden"])
        if given["as_json"]:
            click.echo(orjson.dumps(asdict(span), option=orjson.OPT_APPEND_NEWLINE), nl=False)
        else:
            click.echo("\n".join(conversation_lines(span, given["zone"], title=first)))
        place, first = span.next, False


_ARCHIVES = (".", "../markdown", "..", "markdown")
"""Folders of a Markdown archive that belongs to a database, relative to the database's folder."""
_MANIFEST = ".gptexit/manifest.jsonl"
_KIND = "conversation/"


def notes_of(database: Path, ids: Collection[str]) -> dict[str, Path]:
    """Find the notes of those conversations in a Markdown archive beside the database, by id."""
    notes: dict[str, Path] = {}
    wanted = {_KIND + id for id in ids}
    for folder in _ARCHIVES:
        archive = database.parent / folder
        with suppress(OSError):
            for entry in entries(archive / _MANIFEST):
                note = archive / entry.path
                if entry.key in wanted and note.suffix == ".md" and note.is_file():
                    notes.setdefault(entry.key.removeprefix(_KIND), Path(os.path.normpath(note)))
    return notes
