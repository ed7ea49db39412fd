"""A conversation as the body of a page: an article for each message, other versions in place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from html import escape
from typing import NamedTuple

from gptexit.codes import HIDDEN_VALUES, TOOLS, Hidden
from gptexit.model import Conversation, Message, Part
from gptexit.selection import current_branch
from gptexit.text.dates import shown as day_and_clock
from gptexit.writers.html.figures import is_talk
from gptexit.writers.html.parts import Shown, fold, html_of, is_picture, line, source_of
from gptexit.writers.parts import (
    MEDIA,
    assets_of,
    document_key,
    is_wanted,
    takes_recap,
    with_recap,
)

_SPEAKERS = {"user": "You", "assistant": "ChatGPT", "tool": "ChatGPT", "system": "System"}
_CLASSES = {"user": "user", "assistant": "answer", "tool": "answer"}
_RATED = {"up": "good", "down": "bad"}
_ROLES = {"user": "u", "answer": "a"}
_HIDDEN = {HIDDEN_VALUES[Hidden.CONTEXT]: "Context that ChatGPT adds by itself"}
"""The line above a message that ChatGPT hid, by the reason."""
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,200}\Z")
_DEEPEST = 24
"""Versions within versions, at most: browsers stop at some hundred elements in one another."""


@dataclass(frozen=True, slots=True)
class Style:
    """The user's options for a page."""

    include: frozenset[str]
    every_branch: bool
    zone: tzinfo | None
    coloured: bool


class Said(NamedTuple):
    """The words of a message, to be searched."""

    anchor: str
    role: str
    """`u` for the user, `a` for an answer, `t` for a tool or the system."""
    text: str


@dataclass(slots=True)
class Article:
    """A message that the page shows."""

    message: Message
    inner: str
    kind: str
    """The class of its element."""
    anchor: str = ""
    above: int | None = None
    """The number of the article that it answers."""
    below: list[int] = field(default_factory=list)
    version: tuple[int, int] = (1, 1)
    """Its place among its siblings, and how many these are."""

    @property
    def is_hidden(self) -> bool:
        """Whether ChatGPT hid it. It is then no version of anything, and nothing is below it."""
        return self.message["hidden"] is not None and self.kind != "tool"


@dataclass(slots=True)
class Page:
    """The articles of a page, and its counts."""

    articles: list[Article] = field(default_factory=list)
    chosen: set[int] = field(default_factory=set)
    """The numbers of the articles of the current branch."""
    beside: dict[int | None, list[int]] = field(default_factory=dict)
    """The numbers of hidden articles by that of the article which they follow; None: by none."""
    hidden: Counter[Hidden] = field(default_factory=Counter)

    @property
    def shown(self) -> list[Message]:
        """The messages of the page."""
        return [article.message for article in self.articles]

    @property
    def seen(self) -> Iterator[Article]:
        """The articles that ChatGPT did not hide."""
        return (article for article in self.articles if not article.is_hidden)

    @property
    def models(self) -> list[str]:
        """The models that answered, in the order of their first answer."""
        answers = (article.message for article in self.seen if article.kind == "answer")
        return list(dict.fromkeys(message["model"] for message in answers if message["model"]))

    @property
    def talk(self) -> int:
        """How many messages the user and the model wrote, without reasoning and tools."""
        return sum(is_talk(article.message) for article in self.seen)

    @property
    def current_talk(self) -> int:
        """How many of them are on the current branch."""
        return sum(is_talk(self.articles[number].message) for number in self.chosen)

    def said(self) -> Iterator[Said]:
        """Yield the words of each message that was not hidden, in the order of the page."""
        for number in self.order():
            article = self.articles[number]
            if article.is_hidden:
                continue
            words = "\n\n".join(filter(None, map(source_of, article.message["parts"])))
            if words:
                yield Said(article.anchor, _ROLES.get(article.kind, "t"), words)

    def order(self) -> Iterator[int]:
        """Yield the numbers of the articles in the order of the page."""
        return (step for step in _steps(self) if isinstance(step, int))

    def html(self, zone: tzinfo | None) -> str:
        """Return the articles."""
        return "".join(
            step if isinstance(step, str) else _element(self, step, zone) for step in _steps(self)
        )


def page_of(
    conversation: Conversation, link: Callable[[str], tuple[str, str | None]], style: Style
) -> Page:
    """Make the page of a conversation. `link`: see `parts.Shown`."""
    page = Page()
    branch = {message["id"] for message in current_branch(conversation)}
    messages = [
        message
        for message in conversation["messages"]
        if _is_on_branch(message, branch, style, page)
        and is_wanted(message, style.include, page.hidden)
    ]
    above = _nearest(conversation["messages"], {message["id"] for message in messages})
    recaps = _recaps(messages, above)
    pictures = {asset["id"] for asset in conversation["assets"] if is_picture(asset)}
    shown = Shown(link, style.coloured, _last_versions(messages), pictures=pictures)
    anchors = _anchors(messages)
    numbers: dict[str, int] = {}
    for message, anchor in zip(messages, anchors, strict=True):
        shown.anchor, shown.files, shown.sources = anchor, assets_of(message), {}
        inner = _inner(message, shown, recaps, style, page)
        if not inner:
            continue
        number = len(page.articles)
        article = Article(message, inner, _kind(message), anchor)
        page.articles.append(article)
        if article.is_hidden:
            continue
        numbers[message["id"]] = number
        if message["id"] in branch:
            page.chosen.add(number)
    _join(page, _nearest(conversation["messages"], numbers.keys()), numbers)
    return page


def _is_on_branch(message: Message, branch: set[str], style: Style, page: Page) -> bool:
    if style.every_branch or message["id"] in branch:
        return True
    page.hidden[Hidden.OTHER_BRANCH] += 1
    return False


def _nearest(messages: Sequence[Message], among: Iterable[str]) -> dict[str, str | None]:
    """Return for each message the nearest one above it that is `among` some, by their ids."""
    wanted = set(among)
    nearest: dict[str, str | None] = {}
    for message in messages:
        parent = message["parent"]
        nearest[message["id"]] = parent if parent in wanted else nearest.get(parent or "")
    return nearest


def _join(page: Page, above: dict[str, str | None], numbers: dict[str, int]) -> None:
    """Join the articles to a tree, and number versions."""
    first: list[int] = []
    for number, article in enumerate(page.articles):
        parent = above[article.message["id"]]
        article.above = None if parent is None else numbers[parent]
        if article.is_hidden:
            page.beside.setdefault(article.above, []).append(number)
        elif article.above is None:
            first.append(number)
        else:
            page.articles[article.above].below.append(number)
    for siblings in (first, *(article.below for article in page.articles)):
        for place, number in enumerate(siblings, 1):
            page.articles[number].version = (place, len(siblings))


def _anchors(messages: Sequence[Message]) -> list[str]:
    """Return an `id` for each message, which no other element of the page has."""
    anchors: list[str] = []
    seen: set[str] = set()
    for number, message in enumerate(messages, 1):
        anchor = f"m-{message['id']}" if _PLAIN_ID.match(message["id"]) else f"m-{number}"
        while anchor in seen:
            anchor += "-x"
        seen.add(anchor)
        anchors.append(anchor)
    return anchors


def _kind(message: Message) -> str:
    return "tool" if message["hidden"] in TOOLS else _CLASSES.get(message["role"], "system")


def _last_versions(messages: Iterable[Message]) -> dict[str, int]:
    last: dict[str, int] = {}
    for message in messages:
        for part in message["parts"]:
            if part["type"] == "document":
                key = document_key(part)
                last[key] = max(last.get(key, 0), part["version"])
    return last


def _recaps(messages: Sequence[Message], above: dict[str, str | None]) -> dict[str, Message | None]:
    """Find the messages that sum up the reasoning before them.

    Return, by the id of that reasoning, the recap; and None for each recap that is so found.
    """
    found: dict[str, Message | None] = {}
    by_id = {message["id"]: message for message in messages}
    for message in messages:
        parts = message["parts"]
        if not any(part["type"] == "reasoning" and not part["thoughts"] for part in parts):
            continue
        before = by_id.get(above[message["id"]] or "")
        if before is None or before["id"] in found:
            continue
        if any(part["type"] == "reasoning" and takes_recap(part) for part in before["parts"]):
            found[before["id"]] = message
            found[message["id"]] = None
    return found


def _inner(
    message: Message, shown: Shown, recaps: dict[str, Message | None], style: Style, page: Page
) -> str:
    """Return the parts of a message as HTML, empty if there is nothing to show."""
    shown.answer, shown.level = message["role"] != "user", 1
    folds = message["hidden"] in TOOLS
    pieces: list[str] = []
    folded: list[str] = []
    for part in message["parts"]:
        one = part
        if one["type"] == "reasoning":
            if "reasoning" not in style.include:
                page.hidden[Hidden.REASONING] += 1
                continue
            if recaps and message["id"] in recaps:
                recap = recaps[message["id"]]
                if recap is None and not one["thoughts"]:
                    continue
                if recap is not None and takes_recap(one):
                    one = _summed_up(one, recap)
        html = html_of(one, shown)
        if folds and one["type"] not in MEDIA and not html.startswith("<details"):
            folded.append(html)
        else:
            pieces.append(html)
    if folds and any(folded):
        kind, words = _tool(message)
        pieces.insert(0, fold(kind, words, "".join(folded)))
    if shown.sources:
        pieces.append(shown.source_list())
    return "".join(pieces)


def _summed_up(part: Part, recap: Message) -> Part:
    for other in recap["parts"]:
        if other["type"] == "reasoning" and not other["thoughts"] and part["type"] == "reasoning":
            return with_recap(part, other)
    return part


def _tool(message: Message) -> tuple[str, str]:
    """Return the class and the line of what goes to a tool, or comes from one."""
    if message["role"] == "assistant":
        return "tool", f"Used {line(message['to']) or 'a tool'}"
    return "output", f"Answer of {line(message['name']) or 'a tool'}"


def _speaker(message: Message) -> str:
    if message["hidden"] in TOOLS:
        name = message["to"] if message["role"] == "assistant" else message["name"]
        return f"Tool {name}" if name else "Tool"
    return _SPEAKERS.get(message["role"], message["role"].capitalize() or "System")


def _steps(page: Page) -> Iterator[int | str]:
    """Yield the numbers of the articles, and the elements around those of other versions."""
    articles = page.articles
    first = [number for number, article in enumerate(articles) if _is_first(article)]
    # What is to come, the next one last: HTML, or an article, how deep it is in other versions, and
    # whether its siblings follow it.
    todo: list[str | tuple[int, int, bool]] = []

    def go_on(siblings: list[int], depth: int) -> None:
        if siblings:
            main = next((number for number in siblings if number in page.chosen), siblings[-1])
            todo.append((main, depth, len(siblings) > 1))

    yield from page.beside.get(None, ())
    go_on(first, 0)
    while todo:
        step = todo.pop()
        if isinstance(step, str):
            yield step
            continue
        number, depth, has_others = step
        yield number
        yield from page.beside.get(number, ())
        article = articles[number]
        go_on(article.below, depth)
        if has_others:
            siblings = first if article.above is None else articles[article.above].below
            todo += reversed([*_versions(page, siblings, number, depth + 1)])


def _is_first(article: Article) -> bool:
    return article.above is None and not article.is_hidden


def _versions(
    page: Page, siblings: list[int], main: int, depth: int
) -> Iterator[str | tuple[int, int, bool]]:
    """Yield the steps for the siblings of the article `main`."""
    others = [number for number in siblings if number != main]
    if depth > _DEEPEST:
        yield from ((number, depth, False) for number in others)
        return
    words = "1 other version" if len(others) == 1 else f"{len(others)} other versions"
    yield f'<details class="versions"><summary>{words} from here</summary>\n'
    for number in others:
        place, count = page.articles[number].version
        yield f'<section class="version" aria-label="Version {place} of {count}">\n'
        yield number, depth, False
        yield "</section>\n"
    yield "</details>\n"


def _element(page: Page, number: int, zone: tzinfo | None) -> str:
    """Return an article with the line that says who wrote it, and when."""
    article = page.articles[number]
    message, anchor = article.message, article.anchor
    who = escape(_speaker(message))
    above = None if article.above is None else page.articles[article.above]
    classes = f"message {article.kind}"
    inner = article.inner
    if article.is_hidden:
        classes += " hidden"
        inner = fold("aside", _HIDDEN.get(message["hidden"] or "", "Hidden message"), inner)
    when = day_and_clock(message["created"], zone)
    by, label = [f'<span class="who">{who}</span>'], who
    if message["model"] and article.kind == "answer":
        by.append(f'<span class="model">{line(message["model"])}</span>')
    if when:
        words = f"{when[0]}, {when[1]}"
        moment = escape((message["created"] or "")[:19])
        by.append(f'<a class="when" href="#{anchor}"><time datetime="{moment}Z">{words}</time></a>')
        label = f"{who}, {words}"
    if message["feedback"]:
        by.append(f'<span class="feedback">rated {_RATED.get(message["feedback"], "")}</span>')
    place, count = article.version
    version = f' data-version="{place}/{count}"' if count > 1 else ""
    return (
        f'<article class="{classes}" id="{anchor}" data-id="{escape(message["id"])}"'
        f' data-parent="{above.anchor if above else ""}"{version} aria-label="{label}">\n'
        f'<p class="by">{" ".join(by)}</p>\n{inner}</article>\n'
    )
