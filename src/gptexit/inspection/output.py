"""Print an inspection for a person: plain words and tables that fit 80 columns."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from gptexit import __version__
from gptexit.inspection.attachments import Missing
from gptexit.inspection.drift import MOST as MOST_DRIFT
from gptexit.inspection.run import GENERATIONS, Inspection, drift_json
from gptexit.text import dates
from gptexit.text.terminal import cell, columns, count, printable, size

WIDTH = 80
_LABEL = 15
TOP = 10
"""Rows of a table that may be long; the JSON has them all."""
_BY = {
    "name": "by the name of the file",
    "request": "the day on which you asked for it",
    "zip": "by the dates in the ZIP",
    "files": "by the dates of the files; it may be older",
}
_LAYOUTS = {
    "single": "conversations in one file",
    "sharded": "conversations in files of up to a hundred",
    "both": "conversations in one file and in files of a hundred",
}
_ATTACHMENTS = {
    "none": "no attachments",
    "named": "attachments under names of their own",
    "dat": "attachments called by their ids, their names in a list",
}

COLUMNS = ("name", "kind", "date", "conversation", "title", "url", "id")
"""The columns of the list of missing files."""

_COMMAND = re.compile("`[^`]*`")

Found = dict[str, Any]
"""An inspection, or a part of it, as JSON."""
Row = tuple[str, ...]


def table(found: Found, export: str = "EXPORT") -> str:
    """Return the whole inspection, from its JSON.

    `export`: the paths of the export, as a command takes them.
    """
    messages = found["messages"]
    contents = sorted(messages["content_types"].items(), key=lambda pair: (-pair[1], pair[0]))
    years = [
        (row["year"], f"{row['conversations']:,}", f"{row['messages']:,}")
        for row in found["period"]["years"]
    ]
    models = [(row["name"], f"{row['messages']:,}") for row in messages["models"]]
    blocks = [
        _head(found),
        _columns(("Begun in", "conversations", "messages"), years),
        _columns(("Model", "messages"), models),
        _columns(("Content", "messages"), [(name, f"{number:,}") for name, number in contents]),
        _attachments(found, export),
        _lacks(found),
        drift_lines(found["drift"]),
        _absent(found, export),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _head(found: Found) -> list[str]:
    form, conversations = found["format"], found["conversations"]
    rows = [
        ("Export", found["source"]["label"]),
        ("Format", GENERATIONS[form["generation"]] + ": " + "; ".join(_format(form))),
        *(("Made", _made(export, len(form["made"]) > 1)) for export in form["made"]),
        ("Conversations", _conversations(conversations)),
        ("Messages", _messages(found["messages"])),
        ("Period", _period(found["period"])),
        ("Projects", _named(conversations["projects"])),
        ("Custom GPTs", _named(conversations["custom_gpts"])),
        ("Versions", _branches(conversations)),
        ("Shared links", f"{conversations['shared_links']:,}"),
    ]
    return [line for label, words in rows for line in _row(label, words)]


def _row(label: str, words: str) -> list[str]:
    room = WIDTH - _LABEL
    lines = _wrapped(printable(words), room) or [""]
    return [f"{label if number == 0 else '':{_LABEL}}{line}" for number, line in enumerate(lines)]


def _wrapped(words: str, room: int) -> list[str]:
    """Return lines of at most `room` columns, of which wide letters take two."""
    if columns(words) != len(words):
        return [printable(words, room)]
    return textwrap.wrap(words, room, break_on_hyphens=False)


def _format(form: Found) -> Iterator[str]:
    full, slim = form["messages"]["full"], form["messages"]["slim"]
    if slim and full:
        yield f"{count(full, 'conversation')} with what tools were asked and answered"
        yield f"{slim:,} without it"
    elif slim:
        yield "without what tools were asked and answered"
    elif full:
        yield "with what tools were asked and answered"
    yield _LAYOUTS[form["layout"]]
    yield _ATTACHMENTS[form["attachments"]]


def _made(export: Found, several: bool) -> str:
    source = f"{export['source']}: " if several else ""
    if export["time"] is None:
        return f"{source}unknown"
    return f"{source}{day(export['time'])} ({_BY[export['by']]})"


def day(time: str) -> str:
    """Return `2026-08-31T12:00:00Z` as `31 August 2026`."""
    return dates.day(datetime.fromisoformat(time))


def _conversations(conversations: Found) -> str:
    parts = [f"{conversations['total']:,}"]
    for key in ("archived", "starred", "empty", "duplicates"):
        if conversations[key]:
            words = "older or equal copies left out" if key == "duplicates" else key
            parts.append(f"{conversations[key]:,} {words}")
    return ", ".join(parts)


def _messages(messages: Found) -> str:
    roles = dict(messages["roles"])
    parts = [
        f"{roles.pop(role):,} {words}"
        for role, words in (
            ("user", "of yours"),
            ("assistant", "of ChatGPT"),
            ("tool", "of tools"),
            ("system", "of the system"),
        )
        if role in roles
    ]
    if roles:
        parts.append(f"{sum(roles.values()):,} of others")
    return f"{messages['total']:,}" + (f": {', '.join(parts)}" if parts else "")


def _period(period: Found) -> str:
    if period["first"] is None:
        return "unknown"
    return f"{day(period['first'])} to {day(period['last'])}"


def _named(rows: list[Found]) -> str:
    if not rows:
        return "0"
    return f"{len(rows):,}, in {count(sum(row['conversations'] for row in rows), 'conversation')}"


def _branches(conversations: Found) -> str:
    if not conversations["branched"]:
        return "none"
    branched = count(conversations["branched"], "conversation")
    places = count(conversations["branchings"], "place")
    return f"{branched} with edited or repeated messages, at {places}"


def _attachments(found: Found, export: str) -> list[str]:
    files = found["attachments"]
    head = ("Attachments", "mentioned", "in the export", "missing", "size")
    rows = [
        (
            name,
            f"{kind['mentioned']:,}",
            f"{kind['found']:,}",
            f"{kind['mentioned'] - kind['found']:,}",
            size(kind["bytes"]),
        )
        for name, kind in files["kinds"].items()
        if kind["mentioned"]
    ]
    total = (f"{files[key]:,}" for key in ("mentioned", "found", "missing"))
    lines = _columns(head, [*rows, ("all", *total, size(files["bytes"]))])
    others = files["unmentioned"]
    if others["files"]:
        lines += _wrapped(
            f"The export also holds {count(others['files'], 'file')} ({size(others['bytes'])}) "
            "that no conversation mentions.",
            WIDTH,
        )
    if files["missing"]:
        lines += _with_command(
            "`gptexit inspect EXPORT --attachments missing` lists the missing ones, with their "
            "conversations.",
            export,
        )
    return lines


def _lacks(found: Found) -> list[str]:
    lines: list[str] = []
    files, parts = found["source"]["missing_files"], found["unreadable"]
    if files:
        lines += _wrapped(
            f"OpenAI's own list names {count(len(files), 'file')} that you did not give. A "
            "large export comes as several ZIPs: give them all in one command.",
            WIDTH,
        )
        lines += _items(files)
    if parts:
        lines += _wrapped(f"{count(len(parts), 'part')} cannot be read.", WIDTH)
    return lines or ["All that the export holds can be read."]


def _items(names: Iterable[str]) -> list[str]:
    listed = list(names)
    lines = []
    for name in listed[:TOP]:
        for number, line in enumerate(_wrapped(printable(name), WIDTH - 4)):
            lines.append(f"{'    ' if number else '  '}{line}")
    rest = len(listed) - TOP
    return [*lines, f"  … and {rest:,} more; --json has them all"] if rest > 0 else lines


def drift_lines(drift: Found) -> list[str]:
    """Return the unknown names as lines; nothing of the user's is in them."""
    if not drift["found"]:
        return ["This version of gptexit knows everything that is in it."]
    rows = [
        (
            f"{row['kind']} {row['name']}",
            f"{row['count']:,}",
            f"conversation {row['first']['conversation']:,}" if row["first"] else "",
        )
        for row in drift["found"]
    ]
    lines = _wrapped(
        "This version of gptexit does not know the following. Nothing of it is lost. Please report "
        "it: `--drift-report FILE` writes a report without a word of yours.",
        WIDTH,
    )
    lines += ["", *_columns(("Unknown", "times", "first in"), rows)]
    if drift["others"]:
        lines.append(f"… and {drift['others']:,} more, of other kinds than the first {MOST_DRIFT}")
    return lines


def _with_command(words: str, export: str, indent: str = "") -> list[str]:
    """Wrap a text; a command to copy stays on one line, and has `export` in the place of EXPORT."""
    whole = _COMMAND.sub(lambda command: command[0].replace(" ", "\0"), words)
    lines = textwrap.wrap(
        whole.replace("EXPORT", export.replace(" ", "\0")),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]


def _absent(found: Found, export: str) -> list[str]:
    lines = ["What no export of this kind holds, and how to get it:"]
    for row in found["absent"]:
        lines += ["", *textwrap.wrap(f"- {row['what']}", WIDTH, subsequent_indent="  ")]
        if row["how"]:
            lines += _with_command(row["how"], export, "  ")
    return lines


def _columns(head: Row, rows: Sequence[Row]) -> list[str]:
    """Return a table whose first column has the room that the others leave; none without rows."""
    if not rows:
        return []
    rest = len(rows) - TOP * 2
    if rest > 0:
        rows = rows[: TOP * 2]
    widths = [max(columns(printable(row[at])) for row in (head, *rows)) for at in range(len(head))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(head) - 1))
    lines = [_line(row, widths) for row in (head, *rows)]
    return [*lines, f"… and {rest:,} more; --json has them all"] if rest > 0 else lines


def _line(row: Row, widths: list[int]) -> str:
    first = printable(row[0], widths[0])
    cells = [first + " " * (widths[0] - columns(first))]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def drift_report(found: Inspection) -> str:
    """Return the report of unknown names as Markdown; see `drift` for what may be in it."""
    form = found.form
    made = sorted(f"{it.made.moment:%Y-%m}" for it in found.export.editions if it.made)
    messages = "slim" if form.slim and not form.full else "full" if not form.slim else "both"
    lines = [
        "## Drift",
        "",
        f"- gptexit {__version__}",
        f"- format: {form.generation}, layout {form.layout}, messages {messages}, attachments "
        f"{form.attachments}",
        f"- made: {', '.join(made) or 'unknown'}",
        "",
    ]
    drift = drift_json(found.survey.drift)
    if not drift["found"]:
        return "\n".join([*lines, "gptexit knows everything in it.", ""])
    lines += ["| unknown | name | times | first in |", "|---|---|---:|---|"]
    for row in drift["found"]:
        first = row["first"]
        where = f"conversation {first['conversation']}, {first['file']}" if first else ""
        name = row["name"] if row["name"].startswith("(") else f"`{row['name']}`"
        lines.append(f"| {row['kind']} | {name} | {row['count']} | {where} |")
    if drift["others"]:
        lines.append(f"| others, more than fit into this list | | {drift['others']} | |")
    return "\n".join([*lines, ""])


def as_text(files: Iterable[Missing]) -> Iterator[str]:
    """Yield two or three lines for each file."""
    for file in files:
        after = f" ({file.kind}{f', {day(file.date)}' if file.date else ''})"
        yield f"{printable(file.name or file.id, WIDTH - len(after))}{after}\n"
        yield f"  in “{printable(file.title or '', WIDTH - 8) or 'Untitled'}”\n"
        if url := _url(file):
            yield f"  {url}\n"


def as_csv(files: Iterable[Missing]) -> Iterator[str]:
    """Yield a line for the names of the columns, then one for each file."""
    yield _csv_line(COLUMNS)
    for file in files:
        about = (file.kind, file.date, file.conversation, file.title, _url(file), file.id)
        yield _csv_line((file.name, *about))


FORMATS = {"text": as_text, "csv": as_csv}


def _url(file: Missing) -> str:
    return printable(f"https://chatgpt.com/c/{file.conversation}") if file.conversation else ""


def _csv_line(cells: Iterable[str | None]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cell(printable(text or "")) for text in cells)
    return line.getvalue()
