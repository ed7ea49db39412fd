"""Drawings and tables of the look back, as HTML. All colours come from `static/look-back.css`.

A drawing is an inline SVG with a title for screen readers; a mark in it has a title that a browser
shows under the pointer. Whatever is drawn stands in a table too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from gptexit.text.dates import day as in_words
from gptexit.text.terminal import count

WIDTH = 750
"""Of every drawing, in units of its own: it is as wide as the page."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CONTROLS = {code: "\ufffd" for code in range(32) if chr(code) not in "\n\t"}
_CELL, _GAP, _LEFT, _TOP = 11, 2, 48, 20


class Html(str):
    """HTML that is put into a page as it is; any other string is escaped."""

    __slots__ = ()


Cell = str | int


def text(value: str) -> str:
    """Escape a string from outside; leave HTML as it is."""
    return value if isinstance(value, Html) else escape(value.translate(_CONTROLS))


def table(caption: str, heads: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Html:
    """Return a table. The first cell of a row names it; numbers stand at the right."""
    first = next(iter(rows := [*rows]), ())
    sides = [' class="r"' if isinstance(cell, int) else "" for cell in first] or [""] * len(heads)
    head = "".join(
        f'<th scope="col"{side}>{_cell(name)}</th>' for name, side in zip(heads, sides, strict=True)
    )
    body = "".join(f"<tr>{_row(row, sides)}</tr>\n" for row in rows)
    return Html(
        f'<div class="table"><table>\n<caption>{text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def _row(row: Sequence[Cell], sides: Sequence[str]) -> str:
    name, *cells = (f"{side}>{_cell(cell)}" for cell, side in zip(row, sides, strict=True))
    return f'<th scope="row"{name}</th>' + "".join(f"<td{cell}</td>" for cell in cells)


def _cell(value: Cell) -> str:
    return f"{value:,}" if isinstance(value, int) else text(value)


def folded(table: Html, summary: str = "As a table") -> Html:
    """Fold a table away. It may be wide, so keys can scroll it."""
    focusable = table.replace('class="table"', 'class="table" tabindex="0"', 1)
    return Html(
        f'<details class="as-table"><summary>{text(summary)}</summary>\n{focusable}</details>\n'
    )


def figure(name: str, kind: str, title: str, height: int, marks: Iterable[str]) -> Html:
    """Return a drawing. `name`: unique in the page; `kind`: a class; `title`: what it shows."""
    return Html(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="look-{name}">\n<title id="look-{name}">{text(title)}</title>\n'
        f"{''.join(marks)}</svg>\n"
    )


def levels(counts: Iterable[int]) -> list[int]:
    """Return up to three limits that part the counts above 0 into groups of about one size.

    Each is the highest count of a group; the highest of all is the end of the last group.
    """
    known = sorted(filter(None, counts))
    if not known:
        return []
    return sorted({known[len(known) * part // 4] for part in (1, 2, 3)} - {known[-1]})


def _level(group: int, limits: Sequence[int]) -> int:
    """Return the colour of a group of counts: the last has the darkest, 4; 0 is for no messages."""
    return group and group + 3 - len(limits)


def _square(x: int, y: int, width: int, height: int, number: int, limits: list[int]) -> str:
    """Begin a mark whose colour tells a count."""
    level = _level(number and 1 + bisect_left(limits, number), limits)
    return f'<rect class="cal l{level}" x="{x}" y="{y}" width="{width}" height="{height}" rx="2"'


def calendar(year: int, days: Mapping[date, int], limits: list[int]) -> Html:
    """Draw the messages of each day of a year: a column for a week, which begins on Monday."""
    first = date(year, 1, 1)
    marks = []
    for row in (0, 2, 4):
        y = _TOP + row * (_CELL + _GAP) + _CELL - 2
        marks.append(f'<text x="0" y="{y}">{WEEKDAYS[row][:3]}</text>\n')
    for number in range(366 if date(year, 12, 31).timetuple().tm_yday == 366 else 365):
        day = first + timedelta(number)
        week = (number + first.weekday()) // 7
        x = _LEFT + week * (_CELL + _GAP)
        y = _TOP + day.weekday() * (_CELL + _GAP)
        messages = days.get(day, 0)
        if day.day == 1:
            month = in_words(day).split()[1][:3]
            marks.append(
                f'<text x="{x + (_CELL + _GAP) * (day.weekday() > 0)}" y="12">{month}</text>\n'
            )
        mark = _square(x, y, _CELL, _CELL, messages, limits)
        if messages:
            title = f"{in_words(day)}: {count(messages, 'message')}"
            marks.append(f"{mark}><title>{title}</title></rect>\n")
        else:
            marks.append(f"{mark}/>\n")
    total = sum(days.values())
    title = f"Messages by day in {year}: {count(total, 'message')} on {count(len(days), 'day')}"
    height = _TOP + 7 * (_CELL + _GAP)
    return figure(f"days-{year}", "calendar", title, height, marks)


def week(grid: Sequence[Sequence[int]]) -> Html:
    """Draw messages by weekday (a row) and hour (a column)."""
    limits = levels(number for row in grid for number in row)
    width, height = (WIDTH - _LEFT) // 24, 22
    marks = [
        f'<text x="{_LEFT + hour * width}" y="12">{hour}:00</text>\n' for hour in range(0, 24, 3)
    ]
    for weekday, row in enumerate(grid):
        y = _TOP + weekday * height
        marks.append(f'<text x="0" y="{y + 14}">{WEEKDAYS[weekday][:3]}</text>\n')
        for hour, number in enumerate(row):
            mark = _square(_LEFT + hour * width, y, width - _GAP, height - _GAP, number, limits)
            title = f"{WEEKDAYS[weekday]}s, {span(hour)}: {count(number, 'message')}"
            marks.append(f"{mark}><title>{title}</title></rect>\n" if number else f"{mark}/>\n")
    return figure("week", "week", "Messages by weekday and hour", _TOP + 7 * height, marks)


def span(hour: int) -> str:
    """Name an hour of the day: `21:00 to 22:00`."""
    return f"{hour}:00 to {hour + 1}:00"


def scale(limits: Sequence[int], highest: int, label: str) -> Html:
    """Return what the colours of a drawing mean: of what the `label` says."""
    starts = [1, *(limit + 1 for limit in limits)]
    spans = [(0, 0), *zip(starts, [*limits, highest], strict=True)]
    items = "".join(
        f"<li>{swatch(f'cal l{_level(group, limits)}')} "
        f"{f'{low:,}' if low == high else f'{low:,} to {high:,}'}</li>"
        for group, (low, high) in enumerate(spans)
    )
    return Html(f'<ul class="scale" aria-label="{text(label)}">{items}</ul>\n')


def swatch(kind: str) -> Html:
    """Return a small square in the colour of a class."""
    return Html(
        f'<svg class="swatch" viewBox="0 0 11 11" aria-hidden="true">'
        f'<rect class="{kind}" width="11" height="11" rx="2"/></svg>'
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a bar chart: its title, and a number for each piece, from below to above."""

    month: str
    """`2026-07`."""
    title: str
    numbers: Sequence[int]


_HIGH, _FOOT, _AXIS = 150, 34, 52


def columns(name: str, title: str, kinds: Sequence[str], columns: Sequence[Column]) -> Html:
    """Draw a column for each month. `kinds`: the class of each piece of a column."""
    highest = max((sum(column.numbers) for column in columns), default=0)
    steps = ticks(highest)
    top = max(steps[-1], highest)
    pitch = min((WIDTH - _AXIS) / max(len(columns), 1), 48.0)
    bar = round(pitch * 0.74, 2)
    marks = []
    for step in steps:
        y = round(_TOP + _HIGH * (1 - step / top), 1)
        marks.append(f'<line class="grid" x1="{_AXIS}" x2="{WIDTH}" y1="{y:g}" y2="{y:g}"/>\n')
        marks.append(f'<text class="axis" x="{_AXIS - 8}" y="{y + 4:g}">{short(step)}</text>\n')
    for number, column in enumerate(columns):
        x, y = round(_AXIS + number * pitch + (pitch - bar) / 2, 2), float(_TOP + _HIGH)
        bars = []
        for kind, value in zip(kinds, column.numbers, strict=True):
            height = _HIGH * value / top
            y -= height
            if value:
                bars.append(
                    f'<rect class="bar {kind}" x="{x:g}" y="{round(y, 2):g}" width="{bar:g}" '
                    f'height="{round(height, 2):g}"/>'
                )
        if bars:
            marks.append(f"<g><title>{text(column.title)}</title>{''.join(bars)}</g>\n")
    marks += _months([column.month for column in columns], pitch)
    return figure(name, "columns", title, _TOP + _HIGH + _FOOT, marks)


def _months(months: Sequence[str], pitch: float) -> Iterable[str]:
    """Write years below the columns, and months where there is room."""
    last = -99.0
    for number, month in enumerate(months):
        x = _AXIS + number * pitch
        if pitch >= 34:
            name = in_words(date.fromisoformat(f"{month}-01")).split()[1][:3]
            middle, y = round(x + pitch / 2, 2), _TOP + _HIGH + 14
            yield f'<text class="month" x="{middle:g}" y="{y}">{name}</text>\n'
        january = int(month[5:]) == 1
        # The first label gives way to that of the January behind it.
        room = number or len(months) <= 13 - int(month[5:]) or (13 - int(month[5:])) * pitch >= 44
        if (january or number == 0) and room and x - last >= 44:
            last = x
            y = _TOP + _HIGH + (29 if pitch >= 34 else 15)
            yield f'<text x="{round(x, 2):g}" y="{y}">{month[:4]}</text>\n'


def ticks(highest: int) -> list[int]:
    """Return about four round numbers from 0 up to the highest of a chart."""
    step = 1
    while step * 4 < highest:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return [*range(0, highest + 1, step)] if highest else [0, 1]


def short(number: int) -> str:
    """Return a round number in few signs: `1,500` as `1.5k`."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return str(number)


def share(number: int, highest: int) -> Html:
    """Draw a bar beside a number in a table, as long as its share of the highest one."""
    width = max(1, round(120 * number / max(highest, 1)))
    return Html(
        f'<svg class="share" viewBox="0 0 120 8" aria-hidden="true">'
        f'<rect class="bar you" width="{width}" height="8" rx="2"/></svg>'
    )
