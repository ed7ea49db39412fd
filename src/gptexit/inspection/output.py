"""An inspection for a person: plain words and tables that fit 80 columns."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from gptexit import __version__
from gptexit.inspection.absences import GENERATIONS
from gptexit.inspection.attachments import Missing
from gptexit.inspection.drift import MOST as MOST_DRIFT
from gptexit.inspection.run import Inspection, drift_json
from gptexit.text.terminal import cell, columns, count, printable

WIDTH = 80
_LABEL = 15
TOP = 10
"""Rows of a table that may be long; the JSON has them all."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_BY = {
    "name": "by the name of the file",
    "request": "the day that it was asked for",
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

Found = dict[str, Any]
Row = tuple[str, ...]


def table(found: Found) -> str:
    """The whole inspection, from its JSON."""
    blocks = [
        _head(found),
        _years(found),
        _counts("Model", "messages", found["messages"]["models"], "name"),
        _contents(found),
        _attachments(found),
        _lacks(found),
        drift_lines(found["drift"]),
        _absent(found),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _head(found: Found) -> list[str]:
    form, talks, told = found["format"], found["conversations"], found["messages"]
    rows = [
        ("Export", found["source"]["label"]),
        ("Format", GENERATIONS[form["generation"]] + ": " + "; ".join(_format(form))),
        *(("Made", _made(each, len(form["made"]) > 1)) for each in form["made"]),
        ("Conversations", _talks(talks)),
        ("Messages", _messages(told)),
        ("Period", _period(found["period"])),
        ("Projects", _named(talks["projects"])),
        ("Custom GPTs", _named(talks["custom_gpts"])),
        ("Branches", _branches(talks)),
        ("Shared links", f"{talks['shared_links']:,}"),
    ]
    return [line for label, words in rows for line in _row(label, words)]


def _row(label: str, words: str) -> list[str]:
    room = WIDTH - _LABEL
    lines = _wrapped(printable(words), room) or [""]
    return [f"{label if number == 0 else '':{_LABEL}}{line}" for number, line in enumerate(lines)]


def _wrapped(words: str, room: int) -> list[str]:
    """Lines of at most `room` columns; a letter of two columns counts as such."""
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


def _made(each: Found, several: bool) -> str:
    source = f"{each['source']}: " if several else ""
    if each["time"] is None:
        return f"{source}nothing tells when"
    return f"{source}{day(each['time'])} ({_BY[each['by']]})"


def day(time: str) -> str:
    """`2026-08-31T12:00:00Z` as `31 August 2026`."""
    moment = datetime.fromisoformat(time)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _talks(talks: Found) -> str:
    parts = [f"{talks['total']:,}"]
    for key, words in (
        ("archived", "archived"),
        ("starred", "starred"),
        ("empty", "empty"),
        ("duplicates", "older or equal copies left out"),
    ):
        if talks[key]:
            parts.append(f"{talks[key]:,} {words}")
    return ", ".join(parts)


def _messages(told: Found) -> str:
    roles = dict(told["roles"])
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
    return f"{told['total']:,}" + (f": {', '.join(parts)}" if parts else "")


def _period(period: Found) -> str:
    if period["first"] is None:
        return "no conversation tells its time"
    return f"{day(period['first'])} to {day(period['last'])}"


def _named(rows: list[Found]) -> str:
    if not rows:
        return "0"
    return f"{len(rows):,}, in {count(sum(row['conversations'] for row in rows), 'conversation')}"


def _branches(talks: Found) -> str:
    if not talks["branched"]:
        return "none"
    places = count(talks["branchings"], "place")
    return (
        f"{count(talks['branched'], 'conversation')} with edited or repeated messages, at {places}"
    )


def _years(found: Found) -> list[str]:
    rows = [
        (row["year"], f"{row['conversations']:,}", f"{row['messages']:,}")
        for row in found["period"]["years"]
    ]
    return _columns(("Begun in", "conversations", "messages"), rows)


def _counts(title: str, unit: str, rows: list[Found], name: str) -> list[str]:
    shown = [(row[name], f"{row[unit]:,}") for row in rows]
    return _columns((title, unit), shown)


def _contents(found: Found) -> list[str]:
    counts = found["messages"]["content_types"].items()
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return _columns(("Content", "messages"), [(name, f"{count:,}") for name, count in ordered])


def _attachments(found: Found) -> list[str]:
    files = found["attachments"]
    head = ("Attachments", "mentioned", "in the export", "missing", "size")
    rows = [
        (
            name,
            f"{each['mentioned']:,}",
            f"{each['found']:,}",
            f"{each['mentioned'] - each['found']:,}",
            size(each["bytes"]),
        )
        for name, each in files["kinds"].items()
        if each["mentioned"]
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
        lines += _wrapped(
            f"`gptexit inspect {_quoted(found['source']['label'])} --attachments missing` lists "
            "the missing ones, with their conversations.",
            WIDTH,
        )
    return lines


def _quoted(label: str) -> str:
    return label if label.replace(".", "").replace("-", "").isalnum() else "SOURCE"


def _lacks(found: Found) -> list[str]:
    lines: list[str] = []
    files, parts = found["source"]["missing_files"], found["unreadable"]
    if files:
        lines += _wrapped(
            f"OpenAI's own list names {count(len(files), 'file')} that you did not give. An "
            "export of several parts needs all of them: give every ZIP in one command.",
            WIDTH,
        )
        lines += _items(files)
    if parts:
        lines += _wrapped(f"{count(len(parts), 'part')} cannot be read.", WIDTH)
    return lines or ["All that the export holds can be read."]


def _items(names: Iterable[str]) -> list[str]:
    listed = list(names)
    shown = [line for each in listed[:TOP] for line in _item(each)]
    rest = len(listed) - TOP
    return [*shown, f"  … and {rest:,} more; --json has them all"] if rest > 0 else shown


def _item(name: str) -> list[str]:
    return [
        f"{'  ' if number == 0 else '    '}{line}"
        for number, line in enumerate(_wrapped(printable(name), WIDTH - 4))
    ]


def drift_lines(drift: Found) -> list[str]:
    """What was met and is not known; nothing of the user's is in it."""
    if not drift["found"]:
        return ["Nothing in it is unknown to this version of gptexit."]
    rows = [
        (f"{each['kind']} {each['name']}", f"{each['count']:,}", _first(each["first"]))
        for each in drift["found"]
    ]
    lines = _wrapped(
        "This version of gptexit does not know the following. None of it is lost; please report "
        "it with what `--drift-report FILE` writes, in which there is no word of yours.",
        WIDTH,
    )
    lines += ["", *_columns(("Unknown", "times", "first in"), rows)]
    if drift["others"]:
        lines.append(f"… and {drift['others']:,} times something else, beyond {MOST_DRIFT} kinds")
    return lines


def _first(first: Found | None) -> str:
    return f"conversation {first['conversation']:,}" if first else ""


def _absent(found: Found) -> list[str]:
    lines = ["What OpenAI puts into no export of this kind, and how to get it:"]
    for each in found["absent"]:
        lines += ["", *textwrap.wrap(f"- {each['what']}", WIDTH, subsequent_indent="  ")]
        if each["how"]:
            lines += textwrap.wrap(each["how"], WIDTH, initial_indent="  ", subsequent_indent="  ")
    return lines


def size(number: int) -> str:
    """Bytes in decimal units: `1.2 MB`."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def _columns(head: Row, rows: Sequence[Row]) -> list[str]:
    """A table whose first column has the room that the others leave; nothing without rows."""
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
    """The report; see `drift` for what may stand in it."""
    form = found.form
    made = sorted(f"{each.made.moment:%Y-%m}" for each in found.export.editions if each.made)
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
        return "\n".join([*lines, "Nothing unknown was met.", ""])
    lines += ["| unknown | name | times | first in |", "|---|---|---:|---|"]
    for each in drift["found"]:
        first = each["first"]
        where = f"conversation {first['conversation']}, {first['file']}" if first else ""
        name = each["name"] if each["name"].startswith("(") else f"`{each['name']}`"
        lines.append(f"| {each['kind']} | {name} | {each['count']} | {where} |")
    if drift["others"]:
        lines.append(f"| others, beyond the room of this list | | {drift['others']} | |")
    return "\n".join([*lines, ""])


COLUMNS = ("name", "kind", "date", "conversation", "title", "url", "id")


def as_text(rows: Iterable[Missing]) -> Iterator[str]:
    """Two or three lines for each file."""
    for each in rows:
        after = f" ({each.kind}{f', {day(each.date)}' if each.date else ''})"
        yield f"{printable(each.name or each.id, WIDTH - len(after))}{after}\n"
        yield f"  in “{printable(each.title or '', WIDTH - 8) or 'Untitled'}”\n"
        if url := _url(each):
            yield f"  {url}\n"


def as_csv(rows: Iterable[Missing]) -> Iterator[str]:
    """A line for the names of the columns, then one for each file."""
    yield _csv_line(COLUMNS)
    for each in rows:
        yield _csv_line(
            (
                *(each.name or "", each.kind, each.date or "", each.conversation or ""),
                *(each.title or "", _url(each), each.id),
            )
        )


FORMATS = {"text": as_text, "csv": as_csv}


def _url(each: Missing) -> str:
    if not each.conversation:
        return ""
    return printable(f"https://chatgpt.com/c/{each.conversation}")


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cell(printable(text)) for text in cells)
    return line.getvalue()
