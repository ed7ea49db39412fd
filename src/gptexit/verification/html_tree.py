"""Compare the order of the messages of a page, their authors and times, with a conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownConversation
from gptexit.verification.html_page import Article, HtmlPage
from gptexit.verification.raw import mended, moment

_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f]")
_PLACE = re.compile(r"(\d{1,6})/(\d{1,6})\Z")
_READ = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4}), (\d\d):(\d\d)\Z")
"""A time as a person reads it."""
_HOUR = 3_600
_OFFSETS = range(-12 * _HOUR, 14 * _HOUR + 1, _HOUR // 4)
"""Seconds by which time zones differ from UTC."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_CLASSES = {
    "user": {"user"},
    "assistant": {"answer", "tool"},
    "tool": {"answer", "tool"},
}
"""The classes that the article of an author may have; that of any other is "system"."""
_AUTHORS = {"user", "answer", "tool", "system"}


def spelled(text: str) -> str:
    """Return an id as a page holds it."""
    return _CONTROL.sub("\ufffd", mended(text))


@dataclass
class HeldPage:
    """A page, and the conversation that it has to show."""

    path: str
    page: HtmlPage
    source: SourceConversation
    seen: ShownConversation
    zone: str | None
    """The time zone of the archive, if it tells."""
    articles: dict[str, Article]
    """By the ids of their messages, the first of each."""
    names: dict[str, str]
    """The id of each message of the source as a page holds it."""
    ours: bool
    """Whether no person changed it."""
    later: bool
    """Whether the conversation was changed after this export."""
    kept: bool
    """Whether it may hold more than this export, since it was made of another one too."""
    foreign: bool
    """True if it may have words, messages and addresses of an export that is not at hand."""
    others: list[HeldPage] = field(default_factory=list)
    """The pages beside it, of which an older one may hold what it lacks."""

    def holder(self, name: str) -> tuple[HeldPage, Article] | None:
        """Return the article of a message with its page: this one, or one beside it."""
        for page in (self, *self.others):
            if name in page.articles:
                return page, page.articles[name]
        return None

    def strange(self) -> Iterator[str]:
        """Yield a sentence for what the page holds and the export does not."""
        known = set(self.names.values())
        loose = self.page.loose.strip()
        if loose and self.ours:
            yield f"holds words outside of its messages: {loose[:40]}"
        for article in self.page.articles:
            name = article.key or ""
            if name not in known and self.ours and not self.foreign and article.text.strip():
                yield f"holds a message that the export does not have: {name or article.label}"

    def misplaced(self) -> Iterator[str]:
        """Yield a sentence for each message with another author, time or place than in the export.

        Messages whose ids a page spells alike cannot be told apart.
        """
        source, page = self.source, self.page
        by_name: dict[str, list[str]] = {}
        for key, name in self.names.items():
            by_name.setdefault(name, []).append(key)
        counted = Counter(article.key for article in page.articles)
        yield from (
            f"holds message {name} twice"
            for name, times in counted.items()
            if name is not None and times > max(1, len(by_name.get(name, ())))
        )
        anchors = {article.anchor: article.key for article in page.articles if article.anchor}
        above = {
            article.key: anchors.get(article.parent) for article in page.articles if article.key
        }
        answered = source.nearest(above)
        wanted = [self._above(hidden=hidden) for hidden in (True, False)]
        seen = {shown.id for shown in [*self.seen.current, *self.seen.others]}
        for article in page.articles:
            name = article.key or ""
            if article.parent and article.parent not in anchors:
                yield f"message {name} answers one that is not in the page"
            if len(alike := by_name.get(name, [])) != 1:
                continue
            [key] = alike
            if key in seen and "hidden" in article.classes:
                yield f"message {name} is marked as hidden, but it was not"
            yield from self._misattributed(key, article)
            if answered[name] not in [tree[key] for tree in wanted]:
                yield f"message {name} answers another one"
        yield from self._misordered(by_name)
        yield from self._miscounted()

    def _misattributed(self, key: str, article: Article) -> Iterator[str]:
        """Compare author and time of a message."""
        role, name = self.source.role(key), article.key
        classes = _CLASSES.get(role or "", {"system"})
        users = "user" in article.classes
        if role is not None and not (
            article.classes & _AUTHORS <= classes and article.classes & classes
        ):
            yield f"message {name} has another author"
        elif (article.who == "You") != users or not article.label.startswith(article.who):
            yield f"message {name} is below the wrong name: {article.who}"
        raw = self.source.message(key).get("create_time")
        time = moment(raw)
        if (article.stamp is not None and raw is None) or (
            time is not None and not self._is_timed(article, time)
        ):
            yield f"message {name} has another time: {article.when or 'none'}"

    def _is_timed(self, article: Article, time: float) -> bool:
        """Tell whether the times of a message, for programs and for a person, are `time`."""
        stamp = moment(article.stamp)
        if stamp is None or abs(stamp - time) > 1:
            return False
        if when := self._local(stamp):
            return article.when.strip() == f"{_day_of(when)}, {when:%H:%M}"
        offset = _offset(article)
        return offset is not None and any(abs(offset - it) <= _HOUR for it in self.offsets)

    @cached_property
    def offsets(self) -> list[int]:
        """The seconds by which the times that a person reads differ from UTC, by the page itself.

        The most frequent one, and those at most an hour from it, as clocks change. Without any, all
        that there are in the world.
        """
        counted = Counter(map(_offset, self.page.articles))
        known = [it for it, _ in counted.most_common() if it is not None]
        return [it for it in known if abs(it - known[0]) <= _HOUR] or [*_OFFSETS]

    def _local(self, time: float) -> datetime | None:
        """Return a time in the zone of the archive; None if this machine cannot tell."""
        try:
            return datetime.fromtimestamp(time, ZoneInfo(self.zone)) if self.zone else None
        except (KeyError, ValueError, OverflowError, OSError, TypeError):
            return None

    def _locals(self, time: float) -> list[datetime]:
        """Return what a time may be in the zone of the archive."""
        if when := self._local(time):
            return [when]
        spans = {offset + more for offset in self.offsets for more in (-_HOUR, 0, _HOUR)}
        return [datetime.fromtimestamp(time, UTC) + timedelta(seconds=span) for span in spans]

    def is_day(self, written: str | None, time: float | None) -> bool:
        """Tell whether a day, as a person reads it, is that of a time; None if there is none."""
        if written is None or time is None:
            return written is None and time is None
        return written in map(_day_of, self._locals(time))

    def is_dated(self, written: str | None, time: float | None) -> bool:
        """Tell whether a date as lists have it is that of a time; None if there is none."""
        if written is None or time is None:
            return written is None and time is None
        return written in (f"{when:%Y-%m-%dT%H:%M}" for when in self._locals(time))

    def _misordered(self, by_name: Mapping[str, list[str]]) -> Iterator[str]:
        """Compare the branch that a page shows first with the one that ChatGPT shows.

        Where ChatGPT opens at a message that is hidden, a page goes on with one that is not; where
        that message has answers, which is rare, with these.
        """
        if self.kept:
            return
        path = {key: number for number, key in enumerate(self.source.path)}
        shown: list[tuple[Article, str]] = []
        opens_at = self.source.opens_at
        below: set[str | None] = {opens_at}
        for article in self.page.articles:
            alike = by_name.get(article.key or "", [])
            if len(alike) != 1:
                continue
            if self.source.answers[alike[0]] in below:
                below.add(alike[0])
            if "hidden" not in article.classes:
                shown.append((article, alike[0]))
        ends_hidden = all(key != opens_at for _, key in shown)
        forks = {article.parent for article, key in shown if key in path}
        last = -1
        for article, key in shown:
            number = path.get(key)
            goes_on = ends_hidden or key in below
            free = number is None and goes_on and article.parent not in forks
            if opens_at is not None and not free and article.aside == (number is not None):
                yield f"message {article.key} is shown on another branch than in ChatGPT"
            elif not article.aside and number is not None:
                if number < last:
                    yield f"message {article.key} comes before the one that it answers"
                last = max(last, number)

    def _miscounted(self) -> Iterator[str]:
        """Compare the numbers of versions with the articles that answer the same message."""
        places: dict[str, list[str]] = {}
        for article in self.page.articles:
            if "hidden" in article.classes:
                continue
            places.setdefault(article.parent, []).append(article.version)
        for versions in places.values():
            if versions == [""]:
                continue
            found = [place for place in map(_PLACE.match, versions) if place]
            numbers = sorted(int(place[1]) for place in found)
            totals = {int(place[2]) for place in found}
            if numbers != list(range(1, len(versions) + 1)) or totals != {len(versions)}:
                counted = ", ".join(version or "none" for version in versions[:5])
                yield f"counts the versions of a message wrong: {counted}"

    def _above(self, *, hidden: bool) -> dict[str, str | None]:
        """Return for each message the id, in the page, of the nearest above it with an article.

        `hidden`: whether an article counts that is marked as hidden.
        """
        answers: dict[str, Any] = self.source.answers
        has = {
            key
            for key, name in self.names.items()
            if name in self.articles and (hidden or "hidden" not in self.articles[name].classes)
        }
        nearest: dict[str, str | None] = {}
        for start, answered in answers.items():
            trail, at = [], answered
            while at is not None and at not in has:
                if at in nearest:
                    at = nearest[at]
                    break
                trail.append(at)
                at = answers[at]
            nearest |= dict.fromkeys(trail, at)
            nearest[start] = at
        return {key: None if at is None else self.names[at] for key, at in nearest.items()}


def _offset(article: Article) -> int | None:
    """Return the seconds by which the time that a person reads differs from UTC."""
    stamp, read = moment(article.stamp), _READ.match(article.when.strip())
    if stamp is None or read is None or read[2] not in _MONTHS:
        return None
    day, year, hour, minute = (int(read[number]) for number in (1, 3, 4, 5))
    try:
        when = datetime(year, _MONTHS.index(read[2]) + 1, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    offset = round(when.timestamp()) - int(stamp) // 60 * 60
    return offset if offset in _OFFSETS else None


def _day_of(when: datetime) -> str:
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
