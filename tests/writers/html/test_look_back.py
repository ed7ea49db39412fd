"""The look back of the HTML archive: its figures are those of the export, in words and drawings."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gptexit
from gptexit.model import Conversation, Message
from gptexit.text.dates import moment
from gptexit.writers.html.charts import Column, columns, levels, scale, ticks
from gptexit.writers.html.figures import (
    Figures,
    fences_in,
    figures_of,
    language_of,
    words_in,
)
from gptexit.writers.html.look_back import LookBack, how_long
from gptexit.writers.html.totals import longest_streak
from gptexit.writers.parts import is_wanted
from support.exports import FIXTURES, ROOT, SINGLES
from support.looking import Page, number

FIGURES = json.loads((ROOT / "fixtures/figures.json").read_text("utf-8"))
LISBON = ZoneInfo("Europe/Lisbon")
NEWFOUNDLAND = ZoneInfo("America/St_Johns")
"""Half an hour beside the others."""

About = dict[str, str | None]
Stated = Mapping[str, Any]


def chats(path: Path) -> Iterable[Conversation]:
    """The chats of an export, without group chats and tasks of Codex."""
    with gptexit.open(path) as export:
        yield from (chat for chat in export if chat["source"]["kind"] == "chat")


def shown(conversation: Conversation) -> list[Message]:
    """The messages that a page shows."""
    wanted = ("reasoning", "tools")
    return [
        message for message in conversation["messages"] if is_wanted(message, wanted, Counter())
    ]


def about(conversation: Conversation, zone: tzinfo) -> About:
    """What the manifest says of a conversation."""
    begun = moment(conversation["created"], zone)
    return {
        "title": conversation["title"],
        "created": begun.isoformat() if begun else None,
        "path": f"2026/{conversation['id']}.html",
        "project": conversation["project"]["id"] if conversation["project"] else None,
        "gpt": conversation["assistant"]["id"] if conversation["assistant"] else None,
    }


def look_back(conversations: Iterable[Conversation], zone: tzinfo = UTC) -> Page:
    """The look back at some conversations, as it is read."""
    made = LookBack()
    for conversation in conversations:
        figures = figures_of(conversation, shown(conversation), zone)
        made.add(orjson.loads(orjson.dumps(figures)), about(conversation, zone))
    return Page(made.html())


@pytest.mark.parametrize("path", [*FIXTURES, SINGLES], ids=lambda path: path.name)
def test_the_figures_are_those_that_the_generator_states(path: Path) -> None:
    page = look_back(chats(path))
    stated = FIGURES[path.name]
    assert_stated(page, stated["look_back"], stated["conversations"])
    missing = [*stated["missing_assets"], *stated["sandbox_files"]]
    pictures = [asset for asset in stated["assets"] if asset["conversation"]]
    label = "picture or file" if len(pictures) == 1 else "pictures and files"
    assert page.numbers[label] == len(pictures)
    rows = page.tables.get("Conversations with missing files", [])
    assert sum(number(row[1]) for row in rows) == len(missing)
    assert len(rows) == len({file["conversation"] for file in missing})


@pytest.mark.slow
@pytest.mark.parametrize("style", ["fat", "slim"])
def test_the_figures_of_a_generated_export_are_those_that_the_generator_states(
    tmp_path: Path, style: str
) -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "fixtures/generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    tally, path = generate.Tally(), tmp_path / "export.zip"
    done = generate.generate(path, 3_000_000, 7, style=style, assets=9, tally=tally)
    page = look_back(chats(path))
    assert_stated(page, tally.figures(), done["conversations"])
    assert page.numbers["pictures and files"] == 9
    assert page.tables["Pieces of code by language"]
    assert page.tables["Custom GPTs with the most messages"]


def assert_stated(page: Page, stated: Stated, conversations: int) -> None:
    """Compare every figure of a look back with what is stated."""
    hours: dict[str, list[int]] = stated["hours"]
    totals = [sum(counts) for counts in zip(*hours.values(), strict=True)]
    assert page.numbers["conversations"] == conversations
    assert page.numbers["messages"] == totals[0] + totals[1]
    assert page.numbers["words of yours"] == totals[2]
    days: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    months: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    week: Counter[tuple[int, int]] = Counter()
    for hour, counts in hours.items():
        if hour:
            days[hour[:10]] = list(map(sum, zip(days[hour[:10]], counts, strict=True)))
            months[hour[:7]] = list(map(sum, zip(months[hour[:7]], counts, strict=True)))
            week[date.fromisoformat(hour[:10]).weekday(), int(hour[11:])] += counts[0] + counts[1]
    assert by_day(page) == {day: counts[:2] for day, counts in days.items()}
    assert by_hour(page) == week
    assert by_month(page, "Messages") == {month: counts[:2] for month, counts in months.items()}
    written = {month: counts[2:] for month, counts in months.items() if any(counts[2:])}
    assert by_month(page, "Words") == written
    models = {name: sum(answers.values()) for name, answers in stated["models"].items()}
    assert {row[0]: number(row[1]) for row in page.tables["Answers of each model"]} == models
    said = {(row[0], row[1]): number(row[2]) for row in page.tables["Answers by month and model"]}
    assert said == {
        (named(month), name): count
        for name, answers in stated["models"].items()
        for month, count in answers.items()
    }
    names = {"no language named": "", "another language": "other"}
    rows = page.tables.get("Pieces of code by language", [])
    assert {names.get(row[0], row[0]): number(row[1]) for row in rows} == stated["code"]
    rows = page.tables["Conversations with the most messages"]
    longest = [number(row[1]) for row in rows]
    assert longest == [count for count, _ in stated["longest"] if count]
    rest = {row[0] for row in rows if number(row[1]) > longest[-1]}
    assert rest == {
        title or "Untitled" for count, title in stated["longest"] if count > longest[-1]
    }
    for title, is_project in (("Custom GPTs", False), ("Projects", True)):
        rows = page.tables.get(f"{title} with the most messages", [])
        wanted = sorted(
            (-messages, f"{title[:-1]} {own_id[-6:]}", chats)
            for own_id, (chats, messages) in stated["templates"].items()
            if own_id.startswith("g-p-") is is_project
        )[:10]
        used = [(-number(row[1]), row[0], number(row[3])) for row in rows]
        assert sorted(used) == sorted(wanted)


def by_day(page: Page) -> dict[str, list[int]]:
    """Messages of the user and of ChatGPT in the tables of the years."""
    years = [rows for name, rows in page.tables.items() if name.startswith("Messages by day")]
    found = {row[0]: [number(row[1]), number(row[2])] for rows in years for row in rows}
    assert all(number(row[3]) == number(row[1]) + number(row[2]) for rows in years for row in rows)
    return found


def by_hour(page: Page) -> Counter[tuple[int, int]]:
    """Messages by weekday and hour, of which the sums are right."""
    *rows, sums = page.tables["Messages by hour and weekday"]
    numbers = [list(map(number, row[1:])) for row in rows]
    assert len(rows) == 24
    assert [sum(column) for column in zip(*numbers, strict=True)] == list(map(number, sums[1:]))
    assert all(sum(row[:7]) == row[7] for row in numbers)
    return +Counter({(day, hour): row[day] for hour, row in enumerate(numbers) for day in range(7)})


def by_month(page: Page, what: str) -> dict[str, list[int]]:
    """What is written by the user and by ChatGPT in the months that have any."""
    rows = page.tables.get(f"{what} by month, yours and ChatGPT’s", [])
    found = {datetime.strptime(row[0], "%B %Y").strftime("%Y-%m"): row[1:] for row in rows}
    numbers = {month: list(map(number, row)) for month, row in found.items()}
    assert all(row[2] == row[0] + row[1] for row in numbers.values())
    return {month: row[:2] for month, row in numbers.items() if any(row)}


def named(month: str) -> str:
    return f"{date.fromisoformat(month + '-01'):%B %Y}" if month else "without a date"


@pytest.mark.parametrize("zone", [LISBON, NEWFOUNDLAND], ids=str)
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_recount_of_the_neutral_archive_in_local_time_finds_the_same(
    path: Path, zone: ZoneInfo
) -> None:
    days: Counter[str] = Counter()
    week: Counter[tuple[int, int]] = Counter()
    with gptexit.open(path) as export:
        conversations = [json.loads(orjson.dumps(conversation)) for conversation in export]
    for conversation in conversations:
        for message in conversation["messages"]:
            kinds = {part["type"] for part in message["parts"]}
            time = message["created"] or ""
            if (
                message["role"] in ("user", "assistant")
                and message["hidden"] not in ("tool call", "tool result", "marked as hidden")
                and message["hidden"] not in ("system message", "context")
                and kinds - {"reasoning"}
                and "2022-11-30" <= time < "2100"
            ):
                local = datetime.fromisoformat(time).astimezone(zone)
                days[local.strftime("%Y-%m-%d")] += 1
                week[local.weekday(), local.hour] += 1
    page = look_back(conversations, zone)
    assert {day: sum(counts) for day, counts in by_day(page).items()} == days
    assert by_hour(page) == week
    assert page.numbers["conversations"] == len(conversations)


HOURS = st.one_of(
    st.just(""),
    st.datetimes(datetime(2024, 11, 1), datetime(2025, 12, 31)).map(
        lambda time: time.isoformat()[:13]
    ),
)
COUNTS = st.lists(st.integers(0, 2_000), min_size=4, max_size=4)
NAMES = st.text(max_size=6) | st.sampled_from(["gpt-4o", "gpt-5", "o3", "<b>", "Python", "other"])
MONTHS = st.sampled_from(["", "2024-11", "2024-12", "2025-12"])


@st.composite
def chats_with_figures(draw: st.DrawFn) -> tuple[Figures, About]:
    figures: Figures = {
        "hours": draw(st.dictionaries(HOURS, COUNTS, max_size=4)),
        "models": draw(
            st.dictionaries(NAMES, st.dictionaries(MONTHS, st.integers(1, 99)), max_size=3)
        ),
        "code": draw(st.dictionaries(NAMES, st.integers(1, 99), max_size=3)),
        "pictures": draw(st.integers(0, 9)),
        "files": draw(st.integers(0, 9)),
        "missing": draw(st.integers(0, 2)),
    }
    said: About = {
        "title": draw(st.none() | NAMES),
        "created": draw(st.none() | st.just("1970-01-01T00:00:00") | HOURS),
        "path": f"2026/{draw(st.integers(0, 10**9))}.html",
        "project": draw(st.none() | NAMES),
        "gpt": draw(st.none() | NAMES),
    }
    return figures, said


def html_of(added: Iterable[tuple[Figures, About]], names: Mapping[str, str] | None = None) -> str:
    made = LookBack()
    for figures, said in added:
        made.add(figures, said)
    return made.html(names)


@given(st.lists(chats_with_figures(), max_size=14), st.randoms())
def test_the_order_of_the_conversations_does_not_matter(
    added: list[tuple[Figures, About]], random: Any
) -> None:
    html = html_of(added)
    other = list(added)
    random.shuffle(other)
    assert html_of(other) == html


@given(st.lists(chats_with_figures(), max_size=6))
def test_what_is_drawn_is_what_the_tables_say(added: list[tuple[Figures, About]]) -> None:
    page = Page(html_of(added))
    for what in ("messages", "words"):
        rows = page.tables.get(f"{what.capitalize()} by month, yours and ChatGPT’s", [])
        wanted = {"bar you": 1, "bar model": 2}
        columns = [[number(row[place]) for row in rows] for place in wanted.values()]
        for kind, column in zip(wanted, columns, strict=True):
            assert_heights(page.drawings[f"look-{what}-by-month"], kind, column, columns)
    assert_columns_of_models(page)
    assert_colours(page)


def assert_heights(
    marks: list[dict[str, Any]], kind: str, column: list[int], columns: list[list[int]]
) -> None:
    """The bars of a kind are as high as the numbers of a column of the table, and in its order."""
    bars = [mark for mark in marks if mark["class"] == kind]
    assert [float(bar["x"]) for bar in bars] == sorted(float(bar["x"]) for bar in bars)
    highest = max(map(sum, zip(*columns, strict=True)), default=0)
    heights = [150 * value / highest for value in column if value]
    assert [float(bar["height"]) for bar in bars] == pytest.approx(heights, abs=0.01)


def assert_columns_of_models(page: Page) -> None:
    """The bars of a model's colour are as high as its answers, of a month after the other."""
    names = [row[0] for row in page.tables.get("Answers of each model", [])]
    marks = page.drawings["look-models-by-month"]
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for month, name, count in page.tables.get("Answers by month and model", []):
        if month != "without a date":
            when = datetime.strptime(month, "%B %Y").strftime("%Y-%m")
            answers[when][f"bar m{min(names.index(name), 9)}"] += number(count)
    months = [month for month in sorted(answers) if marks]
    highest = max((sum(counts.values()) for counts in answers.values()), default=0)
    for kind in {mark["class"] for mark in marks}:
        heights = [150 * answers[month][kind] / highest for month in months if answers[month][kind]]
        found = [float(mark["height"]) for mark in marks if mark["class"] == kind]
        assert found == pytest.approx(heights, abs=0.01)


def assert_colours(page: Page) -> None:
    """Days and hours with more messages have a stronger colour, and their titles say how many."""
    days = [mark for name, marks in page.drawings.items() if "look-days" in name for mark in marks]
    for marks in (days, page.drawings["look-week"]):
        said = sorted((said_in(mark["title"]), int(mark["class"][-1])) for mark in marks)
        assert [level for _, level in said] == sorted(level for _, level in said)
        assert all((level == 0) is (count == 0) for count, level in said)
    total = sum(map(sum, by_day(page).values())) if days else 0
    assert sum(said_in(mark["title"]) for mark in days) == total
    assert sum(said_in(mark["title"]) for mark in page.drawings["look-week"]) == total


def said_in(title: str) -> int:
    """The number of messages in the title of a mark."""
    match = re.search(r": ([\d,]+) messages?$", title)
    return number(match[1]) if match else 0


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\x00\x1b'


def test_everything_from_the_export_is_escaped_and_nothing_has_a_style() -> None:
    figures: Figures = {
        "hours": {"2025-01-02T03": [1, 1, 2, 2], "": [1, 0, 0, 0]},
        "models": {EVIL: {"2025-01": 1}},
        "code": {EVIL: 1},
        "pictures": 1,
        "files": 0,
        "missing": 1,
    }
    said: About = {
        "title": EVIL,
        "created": "2025-01-02T03:04:05+00:00",
        "path": "2025/javascript:'\"<>.html",
        "project": "p" + EVIL,
        "gpt": "named",
    }
    html = html_of([(figures, said)], {"named": "g" + EVIL})
    page = Page(html)
    readable = EVIL.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert {tag for tag, _, _ in page.attributes} <= {
        *("header", "h2", "h3", "p", "a", "span", "button", "dl", "section", "ul", "svg", "rect"),
        *("title", "line", "text", "details", "div", "th", "td"),
    }
    assert not [name for _, name, _ in page.attributes if name == "style" or name[:2] == "on"]
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", html)
    assert page.links[readable] == "2025/javascript%3A%27%22%3C%3E.html"
    assert {"g" + readable, "Project " + readable[-6:]} < set(page.titles)
    assert page.tables["Answers of each model"][0][0] == readable
    assert page.tables["Pieces of code by language"][0][0] == readable
    identifiers = [value for _, name, value in page.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    assert all(value.startswith("look-") for value in identifiers)
    labels = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert labels <= set(identifiers)


def test_many_names_take_no_more_memory_and_none_is_lost() -> None:
    empty: Figures = {
        **{"hours": {}, "models": {}, "code": {}},  # type: ignore[typeddict-item]
        **{"pictures": 0, "files": 0, "missing": 0},  # type: ignore[typeddict-item]
    }
    added: list[tuple[Figures, About]] = [
        (
            {**empty, "models": {f"m{part}": {"2025-01": 1, "": 1}}, "code": {f"c{part}": 1}},
            {"title": "t", "created": None, "path": f"{part}", "project": None, "gpt": f"g{part}"},
        )
        for part in [*range(700), *range(0, 700, 3)]
    ]
    html = html_of(added)
    assert html_of(reversed(added)) == html
    page = Page(html)
    assert len(page.tables["Answers of each model"]) == 501
    answers = sum(number(row[1]) for row in page.tables["Answers of each model"])
    assert answers == 2 * len(added)
    assert sum(number(row[1]) for row in page.tables["Pieces of code by language"]) == len(added)


def test_nothing_at_all_and_nothing_with_a_date() -> None:
    assert Page(html_of([])).numbers["conversations"] == 0
    with gptexit.open(FIXTURES[0]) as export:
        conversation = next(iter(export))
    for message in conversation["messages"]:
        message["created"] = None
    conversation["created"] = "1970-01-01T00:00:00Z"
    html = html_of([(figures_of(conversation, shown(conversation), UTC), about(conversation, UTC))])
    page = Page(html)
    assert page.numbers["conversation"] == 1
    assert page.numbers["messages"] > 1
    assert not page.drawings
    assert f"1 conversation and {page.numbers['messages']} messages. They count" in html


@pytest.mark.parametrize(
    "damage",
    [
        {"hours": {"2025-13-01T00": [1, 1, 1, 1]}},
        {"hours": {"2025-02-30T00": [1, 1, 1, 1]}},
        {"hours": {"9999-01-01T00": [1, 1, 1, 1]}},
        {"hours": {"2025-01-01T24": [1, 1, 1, 1]}},
        {"hours": {"2025-01-01T00": [1, 1, 1]}},
        {"hours": {"2025-01-01T00": [1, 1, 1, -1]}},
        {"hours": {"2025-01-01T00": [1, 1, 1, True]}},
        {"hours": []},
        {"models": {"m": {"2025": 1}}},
        {"models": {"m": 1}},
        {"code": {"c": 1.5}},
        {"missing": "1"},
        {"pictures": 1 << 80},
    ],
    ids=str,
)
def test_damaged_figures_are_refused_and_change_nothing(damage: Mapping[str, Any]) -> None:
    good: Any = {"hours": {}, "models": {}, "code": {}, "pictures": 0, "files": 0, "missing": 0}
    made, said = LookBack(), {"title": None, "created": None, "path": "x"}
    html = made.html()
    damaged: list[Any] = [{**good, **damage}, None, [], {"hours": {}}]
    for figures in damaged:
        with pytest.raises(ValueError, match=r"."):
            made.add(figures, said)
    assert made.html() == html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("It’s a well-known “fact” — 3 of 4, don't you think?", 10),
        ("| a | b |\n| --- | --- |\n- **x**: 1.5\n***", 4),
        ("我们可以。时间", 3),
        ("用Python写", 2),
        ("ภาษาไทย", 4),
        ("カタカナ と ひらがな", 5),
        ("Привет, мир! 안녕하세요 नया । पानी", 5),
        ("no-break\u00a0space and\u2028separator 🌧️ 🚲 ✅", 4),
        ("\ud83d alone", 1),
        ("\U00020000\U00020001", 1),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert words_in(text) == words


ALPHABET = "ab1 \n\t-*_.'“”–…é ßяΩ가 नम我们のカไท。，！¿½🦊\u00a0\u3000\ufeff"


@given(st.text(ALPHABET))
def test_the_fast_count_of_words_is_that_of_a_slow_one(text: str) -> None:
    joined = "我们のカไท"
    spaced = "".join(" " if sign in f"{joined}。" else sign for sign in text)
    pieces = [piece for piece in spaced.split() if any(map(str.isalnum, piece))]
    assert words_in(text) == len(pieces) + (sum(map(text.count, joined)) + 1) // 2


def test_the_languages_of_code() -> None:
    text = (
        "```python\nx\n```\n- ~~~~ {.js}\n  ```\n  ~~~~\n> ```\n> plain\n> ```\n"
        "```` C++ title=x\n```sql\n````\nInline ``` no fence ``` here\n```mermaid"
    )
    assert list(fences_in(text)) == ["python", "js", "", "C++", "mermaid"]
    assert [*map(language_of, fences_in(text))] == ["Python", "JavaScript", "", "C++", "other"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2023, 4, 14), date(2026, 8, 3), "Three years and four months"),
        (date(2023, 4, 14), date(2023, 4, 14), "One day"),
        (date(2023, 4, 14), date(2023, 5, 4), "21 days"),
        (date(2023, 4, 14), date(2024, 4, 13), "One year"),
        (date(2023, 4, 14), date(2023, 7, 13), "Three months"),
        (date(2023, 1, 1), date(2036, 2, 2), "13 years and one month"),
    ],
)
def test_how_long_it_was(first: date, last: date, words: str) -> None:
    assert how_long(first, last) == words


@given(st.sets(st.integers(0, 40), min_size=1))
def test_the_longest_streak(numbers: set[int]) -> None:
    start = date(2024, 2, 10)
    days = [start + timedelta(number) for number in sorted(numbers)]
    first, length = longest_streak(days)
    streaks = {day: next(n for n in range(1, 50) if day + timedelta(n) not in days) for day in days}
    assert length == max(streaks.values())
    assert first == min(day for day, count in streaks.items() if count == length)


@given(st.integers(0, 10**9))
def test_an_axis_has_few_round_numbers(highest: int) -> None:
    steps: Sequence[int] = ticks(highest)
    assert 2 <= len(steps) <= 5
    assert steps[0] == 0
    assert all(re.fullmatch(r"[125]0*", str(steps[1])) for _ in steps)
    assert steps[-1] <= max(highest, 1)


@pytest.mark.parametrize(
    ("counts", "spans"),
    [
        ([2842], ["0", "1 to 2,842"]),
        ([2, 2, 2], ["0", "1 to 2"]),
        ([1, 2, 3, 4], ["0", "1 to 2", "3", "4"]),
    ],
)
def test_a_scale_has_the_counts_that_there_are_and_ends_in_the_darkest_colour(
    counts: list[int], spans: list[str]
) -> None:
    html = scale(levels(counts), max(counts), "Messages in a day")
    assert [span.strip() for span in re.findall(r"</svg>([^<]*)</li>", html)] == spans
    assert re.findall(r"cal l(\d)", html)[-1] == "4"


def test_each_year_of_the_months_is_named() -> None:
    months = [f"{2024 + (11 + n) // 12}-{(11 + n) % 12 + 1:02}" for n in range(21)]
    html = columns("m", "Messages", ("you",), [Column(month, month, (1,)) for month in months])
    assert re.findall(r">(\d{4})</text>", html) == ["2025", "2026"]
