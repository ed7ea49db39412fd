"""The look back: what the whole archive adds up to, as the contents of `<main id="look-back">`.

It works without scripts. Each drawing has its numbers in a table beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from gptexit.names import SHOWN_OF_ID
from gptexit.text.dates import day as in_words
from gptexit.text.terminal import count
from gptexit.writers.html import charts
from gptexit.writers.html.charts import Cell, Html, text
from gptexit.writers.html.figures import OTHER, UNNAMED
from gptexit.writers.html.totals import Chat, Names, Totals, add, longest_streak

_USED = 10
"""How many projects and custom GPTs are listed."""
_COLOURED = 9
"""How many models have a colour of their own in the chart."""


class Link(NamedTuple):
    """A page that the look back leads to."""

    address: str
    words: str


class LookBack:
    """Adds conversations, and draws the page at the end."""

    def __init__(self) -> None:
        self._totals = Totals()

    def add(self, figures: Any, about: Mapping[str, str | None]) -> None:
        """Add a conversation.

        `figures`: as `figures_of` returns them. `about`: what the manifest says of it.

        Raise ValueError if `figures` are damaged.
        """
        self._totals.add(figures, about)

    def html(
        self,
        names: Mapping[str, str] | None = None,
        beside: Sequence[Link] = (),
        zone: str | None = None,
    ) -> str:
        """Return the page.

        `names`: of projects and custom GPTs, by their ids. `beside`: pages that are in no list of
        the scripts. `zone`: the name of the time zone; None for that of the machine.
        """
        names = names or {}
        return "".join(
            (
                self._head(beside),
                self._numbers(),
                self._firsts(),
                self._calendars(),
                self._hours(),
                self._months(),
                self._models_over_time(),
                self._conversation_list(),
                self._used(self._totals.gpts, "Custom GPTs", "Custom GPT", names),
                self._used(self._totals.projects, "Projects", "Project", names),
                self._languages(),
                self._missing(),
                self._notes(zone),
            )
        )

    def _head(self, beside: Sequence[Link]) -> str:
        known = sorted(self._totals.days)
        title, facts = "Your conversations with ChatGPT", []
        if known:
            first, last = date.fromisoformat(known[0]), date.fromisoformat(known[-1])
            title = f"{how_long(first, last)} with ChatGPT"
            facts = [in_words(first) if first == last else f"{in_words(first)} to {in_words(last)}"]
        missing = self._totals.files["missing"]
        if missing:
            facts.append(f'<a href="#look-missing">what is missing ({count(missing, "file")})</a>')
        facts += [f'<a href="{text(link.address)}">{text(link.words)}</a>' for link in beside]
        return (
            f'<header class="head"><h1>{title}</h1>\n<p class="facts">{" · ".join(facts)}</p>\n'
            '<button class="hide-titles" type="button" hidden>Hide titles</button></header>\n'
        )

    def _numbers(self) -> str:
        totals = list(self._totals.lost)
        for counts in self._totals.days.values():
            add(totals, counts)
        numbers = (
            (self._totals.conversations, "conversation", "conversations"),
            (totals[0] + totals[1], "message", "messages"),
            (totals[2], "word of yours", "words of yours"),
            (
                self._totals.files["pictures"] + self._totals.files["files"],
                "picture or file",
                "pictures and files",
            ),
        )
        items = "".join(
            f"<div><dt>{one if number == 1 else many}</dt><dd>{number:,}</dd></div>\n"
            for number, one, many in numbers
        )
        return f'<dl class="numbers">\n{items}</dl>\n'

    def _firsts(self) -> str:
        facts: list[tuple[str, str, str]] = []
        if self._totals.first:
            when = in_words(date.fromisoformat(self._totals.first.created[:10]))
            facts.append(("First conversation", _link(self._totals.first), when))
        if self._totals.days:
            start, days = longest_streak(sorted(map(date.fromisoformat, self._totals.days)))
            end = start + timedelta(days - 1)
            span = in_words(start) + (f" to {in_words(end)}" if days > 1 else "")
            facts.append(("Longest streak", count(days, "day"), span))
            most, busiest = max(
                (counts[0] + counts[1], -date.fromisoformat(day).toordinal())
                for day, counts in self._totals.days.items()
            )
            day = in_words(date.fromordinal(-busiest))
            facts.append(("Busiest day", day, count(most, "message")))
            _, weekday, hour = max(
                (number, -weekday, -hour)
                for weekday, row in enumerate(self._totals.week)
                for hour, number in enumerate(row)
            )
            when = f"{charts.WEEKDAYS[-weekday]}s, {charts.span(-hour)}"
            number = self._totals.week[-weekday][-hour]
            facts.append(("Busiest hour of the week", when, count(number, "message")))
        items = "".join(
            f"<div><dt>{name}</dt><dd>{value} <small>{more}</small></dd></div>\n"
            for name, value, more in facts
        )
        return f'<dl class="firsts">\n{items}</dl>\n' if facts else ""

    def _calendars(self) -> str:
        by_year: dict[int, dict[date, int]] = defaultdict(dict)
        for key, counts in sorted(self._totals.days.items()):
            by_year[int(key[:4])][date.fromisoformat(key)] = counts[0] + counts[1]
        numbers = [number for days in by_year.values() for number in days.values()]
        limits = charts.levels(numbers)
        blocks = []
        for year, days in sorted(by_year.items(), reverse=True):
            rows: list[list[Cell]] = []
            for day in days:
                yours, theirs, *_ = self._totals.days[day.isoformat()]
                rows.append([day.isoformat(), yours, theirs, yours + theirs])
            heads = ("Day", "Yours", "ChatGPT’s", "Messages")
            table = charts.table(f"Messages by day in {year}", heads, rows)
            said = f"{count(sum(days.values()), 'message')} on {count(len(days), 'day')}"
            blocks += [
                f"<h3>{year} <small>{said}</small></h3>\n",
                charts.calendar(year, days, limits),
                charts.folded(table),
            ]
        return (
            _section(
                "days", "Days", charts.scale(limits, max(numbers), "Messages in a day"), *blocks
            )
            if blocks
            else ""
        )

    def _hours(self) -> str:
        if not self._totals.days:
            return ""
        rows: list[list[Cell]] = [
            [charts.span(hour), *numbers, sum(numbers)]
            for hour, numbers in enumerate(zip(*self._totals.week, strict=True))
        ]
        rows.append(["all hours", *(totals := [*map(sum, self._totals.week)]), sum(totals)])
        heads = ("Hour", *charts.WEEKDAYS, "Week")
        table = charts.table("Messages by hour and weekday", heads, rows)
        numbers = [number for row in self._totals.week for number in row]
        scale = charts.scale(
            charts.levels(numbers), max(numbers), "Messages in an hour of the week"
        )
        drawn = charts.week(self._totals.week)
        return _section("hours", "Hours", scale, drawn, charts.folded(table))

    def _months(self) -> str:
        months: dict[str, list[int]] = {month: [0] * 4 for month in self._all_months()}
        for day, counts in self._totals.days.items():
            add(months[day[:7]], counts)
        blocks: list[str] = []
        for what, at in (("messages", 0), ("words", 2)) if months else ():
            parts = [(month, counts[at], counts[at + 1]) for month, counts in months.items()]
            columns = [
                charts.Column(
                    month,
                    f"{_month(month)}: {yours:,} {what} of yours, {theirs:,} of ChatGPT’s",
                    (yours, theirs),
                )
                for month, yours, theirs in parts
            ]
            title = f"{what.capitalize()} by month, yours and ChatGPT’s"
            rows: list[list[Cell]] = [
                [_month(month), yours, theirs, yours + theirs] for month, yours, theirs in parts
            ]
            table = charts.table(title, ("Month", "Yours", "ChatGPT’s", "Together"), rows)
            blocks += [
                f"<h3>{what.capitalize()}</h3>\n",
                f'<p class="legend">{charts.swatch("bar you")} yours '
                f"{charts.swatch('bar model')} ChatGPT’s</p>\n",
                charts.columns(f"{what}-by-month", title, ("you", "model"), columns),
                charts.folded(table),
            ]
        return _section("months", "Months", *blocks) if blocks else ""

    def _all_months(self) -> list[str]:
        """Return every month from the first to the last."""
        if not self._totals.days:
            return []
        first, last = (
            (int(day[:4]), int(day[5:7]))
            for day in (min(self._totals.days), max(self._totals.days))
        )
        return [
            f"{number // 12}-{number % 12 + 1:02}"
            for number in range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1])
        ]

    def _models_over_time(self) -> str:
        ranked = self._totals.models.ranked()
        if self._totals.models.others:
            ranked.append((f"{OTHER} models", self._totals.models.others))
        if not ranked:
            return ""
        own, rest = ranked[:_COLOURED], ranked[_COLOURED:]
        months = self._all_months()
        columns = []
        for month in months:
            numbers = [counts[month] for _, counts in own]
            numbers.append(sum(counts[month] for _, counts in rest))
            said = [f"{name} {number:,}" for (name, _), number in zip(own, numbers, strict=False)]
            said += [f"other models {numbers[-1]:,}"] if rest else []
            wanted = [words for words, number in zip(said, numbers, strict=False) if number]
            columns.append(charts.Column(month, f"{_month(month)}: {', '.join(wanted)}", numbers))
        kinds = [f"m{number}" for number in range(len(own))] + [f"m{_COLOURED}"]
        rows: list[list[Cell]] = []
        for number, (name, counts) in enumerate(ranked):
            dated = sorted(filter(None, counts)) or [""]
            mark = charts.swatch(f"bar m{min(number, _COLOURED)}")
            span = (_month(dated[0]), _month(dated[-1]))
            rows.append([Html(f"{mark} {text(name)}"), counts.total(), *span])
        by_month: list[list[Cell]] = [
            [_month(month) or "without a date", name, counts[month]]
            for month in (*months, "")
            for name, counts in ranked
            if counts[month]
        ]
        return _section(
            "models",
            "Models",
            charts.columns("models-by-month", "Answers by month and model", kinds, columns)
            if months
            else "",
            charts.table("Answers of each model", ("Model", "Answers", "From", "To"), rows),
            charts.folded(
                charts.table("Answers by month and model", ("Month", "Model", "Answers"), by_month)
            ),
        )

    def _conversation_list(self) -> str:
        if not self._totals.longest:
            return ""
        highest = self._totals.longest[0].number
        rows: list[list[Cell]] = [
            [_link(chat), chat.number, charts.share(chat.number, highest), _day(chat.created)]
            for chat in self._totals.longest
        ]
        heads = ("Conversation", "Messages", _SHARE, "Begun")
        table = charts.table("Conversations with the most messages", heads, rows)
        return _section("longest", "Longest conversations", table)

    def _used(self, used: Names, title: str, one: str, names: Mapping[str, str]) -> str:
        ranked = used.ranked("messages")
        if not ranked:
            return ""
        highest = ranked[0][1]["messages"]
        rows: list[list[Cell]] = [
            [
                _title(names.get(own_id) or f"{one} {own_id[-SHOWN_OF_ID:]}"),
                counts["messages"],
                charts.share(counts["messages"], highest),
                counts["conversations"],
            ]
            for own_id, counts in ranked[:_USED]
        ]
        table = charts.table(
            f"{title} with the most messages", (one, "Messages", _SHARE, "Conversations"), rows
        )
        left = len(ranked) - _USED
        more = f'<p class="more">And {count(left, "other")}.</p>\n' if left > 0 else ""
        if any(own_id not in names for own_id, _ in ranked[:_USED]):
            more += f'<p class="more">{_NAMELESS}</p>\n'
        return _section(title.lower().replace(" ", "-"), title, table, more)

    def _languages(self) -> str:
        ranked = [(name, counts.total()) for name, counts in self._totals.code.ranked()]
        others = self._totals.code.others.total()
        ranked += [("more languages", others)] if others else []
        if not ranked:
            return ""
        named = {OTHER: "another language", UNNAMED: "no language named"}
        highest = max(number for _, number in ranked)
        rows: list[list[Cell]] = [
            [named.get(name, name), number, charts.share(number, highest)]
            for name, number in ranked
        ]
        table = charts.table("Pieces of code by language", ("Language", "Pieces", _SHARE), rows)
        return _section("code", "Languages of code", table)

    def _missing(self) -> str:
        if not self._totals.lacking:
            return ""
        rows: list[list[Cell]] = [
            [_link(chat), chat.number, _day(chat.created)] for chat in self._totals.lacking
        ]
        table = charts.table(
            "Conversations with missing files", ("Conversation", "Files", "Begun"), rows
        )
        left = self._totals.lacking_count - len(self._totals.lacking)
        return _section(
            "missing",
            "What is missing",
            f"<p>Conversations mention {count(self._totals.files['missing'], 'file')} that the "
            "export does not hold. Their pages say where.</p>\n",
            table,
            f'<p class="more">And {count(left, "more conversation")}.</p>\n' if left else "",
        )

    def _notes(self, zone: str | None) -> str:
        lost = [
            *([count(self._totals.undated, "conversation")] if self._totals.undated else []),
            *(
                [count(self._totals.lost[0] + self._totals.lost[1], "message")]
                if any(self._totals.lost)
                else []
            ),
        ]
        dateless = (
            f"<li>Without a date, or with one from before ChatGPT: {' and '.join(lost)}. They "
            "count in the numbers at the top, and in no figure by time.</li>\n"
            if lost
            else ""
        )
        where = f"the time zone {text(zone)}" if zone else _MACHINE
        return f"{_NOTES[0]}<li>Days and hours are those of {where}.</li>\n{dateless}{_NOTES[1]}"


_SHARE = Html('<span class="unseen">Share</span>')
_MACHINE = "the time zone of the machine on which the archive was made"
_NAMELESS = "The export has no names of these; the end of the id stands for those without one."
_NOTES = (
    '<details class="counting"><summary>How this is counted</summary>\n<ul>\n'
    "<li>Messages are what you and ChatGPT wrote, in every version of a conversation that the "
    "pages show. Reasoning is not counted, nor what tools were asked and answered.</li>\n"
    "<li>Your words are what you typed or said, and ChatGPT’s the texts of its answers. A word is "
    "what stands between spaces and has a letter or a digit in it. In scripts that set no spaces, "
    "such as Chinese, Japanese and Thai, two characters count as one word.</li>\n"
    "<li>Answers are ChatGPT’s messages of which the export names the model.</li>\n"
    "<li>A file counts once in each conversation that shows it.</li>\n"
    "<li>START-HERE counts more: all messages of the export, also those that ChatGPT never "
    "showed.</li>\n",
    "</ul></details>\n",
)


def _title(title: str) -> Html:
    return Html(f'<span class="title-of" dir="auto">{text(title) or "Untitled"}</span>')


def _link(chat: Chat) -> Html:
    """Return the title of a conversation, as a link to its page."""
    return Html(f'<a href="{text(quote(chat.path))}">{_title(chat.title)}</a>')


def _section(name: str, title: str, *blocks: str) -> str:
    return (
        f'<section class="look" aria-labelledby="look-{name}">\n'
        f'<h2 id="look-{name}">{title}</h2>\n'
        f"{''.join(blocks)}</section>\n"
    )


def _day(created: str) -> str:
    return in_words(date.fromisoformat(created[:10])) if created else ""


def _month(month: str) -> str:
    """Name a month: `May 2024`."""
    return in_words(date.fromisoformat(f"{month}-01")).partition(" ")[2] if month else ""


_UP_TO_TWELVE = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)


def how_long(first: date, last: date) -> str:
    """Say the time from one day to another in words: `Three years and four months`."""
    days = (last - first).days + 1
    years, months = divmod(round(days / 30.436875), 12)
    parts = [(days, "day")] if days < 60 else [(years, "year"), (months, "month")]
    words = " and ".join(
        f"{_UP_TO_TWELVE[number] if number < len(_UP_TO_TWELVE) else number} "
        f"{unit}{'' if number == 1 else 's'}"
        for number, unit in parts
        if number
    )
    return words[0].upper() + words[1:]
