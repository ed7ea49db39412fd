"""The other places where a secret that was found stands, and how it may be spelled there."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

import regex

from gptexit.redact.false_positives import is_scrambled
from gptexit.text.terminal import cell


@dataclass(frozen=True, slots=True, order=True)
class Secret:
    """A span of a text, in code points. It does not hold the secret itself."""

    start: int
    end: int
    rank: int
    """How well `kind` is known: 0 for a token by its form, 4 by a name before it."""
    kind: str

    def within(self, text: str) -> str:
        """The secret itself."""
        return text[self.start : self.end]


def united(found: Iterable[Secret]) -> list[Secret]:
    """The spans in order, those that overlap as one of the best known kind."""
    result: list[Secret] = []
    for each in sorted(set(found)):
        if result and each.start < result[-1].end:
            last = result[-1]
            rank, kind = min((last.rank, last.kind), (each.rank, each.kind))
            result[-1] = Secret(last.start, max(last.end, each.end), rank, kind)
        else:
            result.append(each)
    return result


MARK = re.compile(r"\[redacted: ([A-Za-z0-9][A-Za-z0-9 ]{0,48}[A-Za-z0-9])\]")
"""A mark; group 1 is the kind."""
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")


def mark(kind: str) -> str:
    """The mark for a kind of secret."""
    words = _NO_WORD.sub(" ", kind).strip()[:50].strip()
    return f"[redacted: {words if len(words) > 1 else 'secret'}]"


def blanked(text: str) -> str:
    """`text` with spaces in place of its marks, of the same length: there is nothing in them."""
    if "[redacted: " not in text:
        return text
    return MARK.sub(lambda found: " " * len(found[0]), text)


def for_file_names(text: str) -> str:
    """`text` with its marks as a file name may have them: `redacted-AWS-access-key`."""
    return MARK.sub(lambda found: "redacted-" + found[1].replace(" ", "-"), text)


LEAST = 8
"""Characters of a secret that is looked for elsewhere."""
_MARKED = re.compile(r"\d|[^\w\s]|[a-z][A-Z]")
"""What tells a secret from a word."""


_FEW = 200
"""Spellings that are looked for one by one, which is faster than to compile a set of them."""


class Known:
    """The secrets of a conversation, to be found wherever they stand in it."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, str]] = {}
        self._recent: list[str] = []
        self._sets: list[tuple[int, regex.Pattern[str]]] = []
        """Compiled sets with the number of spellings in each, from large to small.

        Two of the same size become one, so that no spelling is compiled often however many there
        are.
        """

    def add(self, text: str, found: Iterable[Secret]) -> None:
        """Take in what was found in `text`.

        What could be an ordinary word stays where it stands as a password: `monkey` may be one,
        and a talk about monkeys is none.
        """
        for each in found:
            value = each.within(text)
            if len(value) < LEAST or not (_MARKED.search(value) or is_scrambled(value)):
                continue
            for spelled in spellings(value):
                known = self._kinds.get(spelled)
                if known is None:
                    self._recent.append(spelled)
                if known is None or (each.rank, each.kind) < known:
                    self._kinds[spelled] = (each.rank, each.kind)
        if len(self._recent) > _FEW:
            self._compile()

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def within(self, text: str) -> list[Secret]:
        """Where they stand in `text`."""
        if not self._kinds:
            return []
        text = blanked(text)
        spans = [span for spelled in self._recent for span in _places(spelled, text)]
        for _, pattern in self._sets:
            spans += [found.span() for found in pattern.finditer(text)]
        return [Secret(start, end, *self._kinds[text[start:end]]) for start, end in spans]

    def _compile(self) -> None:
        words, self._recent = self._recent, []
        while self._sets and self._sets[-1][0] <= len(words):
            _, pattern = self._sets.pop()
            words += pattern.named_lists["known"]
        self._sets.append((len(words), regex.compile(r"\L<known>", known=words)))


def _places(word: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(word)
    while start >= 0:
        yield start, start + len(word)
        start = text.find(word, start + len(word))


def spellings(value: str) -> set[str]:
    """`value` as it stands in a URL, in JSON, and in JSON inside JSON."""
    found = {value}
    try:
        found |= {quote(value), quote(value, safe=""), quote_plus(value)}
        found |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), each) for each in found}
    except UnicodeEncodeError:
        pass  # half of a surrogate pair: no URL holds it
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        found |= {once, twice, once.replace("/", r"\/")}
    return found


LISTED = 10_000
"""Findings that a report lists; `redacted.csv` has them all."""
_CHUNK = 1 << 20
_COLUMNS = ("kind", "conversation_id", "conversation", "message_id", "date", "place")


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret that was replaced, once for each place."""

    kind: str
    conversation: str | None
    """Its id; None for a file that no conversation mentions."""
    title: str | None
    message: str | None
    """The id of the message; None for what belongs to the whole conversation."""
    date: str | None
    """Of the message, in RFC 3339."""
    place: str
    """`title`, `text`, `details`, `file name`, or the name of a file."""


class Findings:
    """All of a run. Rows wait in a temporary file, so that memory does not grow with them."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.listed: list[Finding] = []
        self.messages = 0
        """Messages in which something was replaced."""
        self.conversations = 0
        self.unsearched = 0
        """Files that were taken along and in which nothing can be found: pictures, PDFs, ZIPs."""
        self._rows = tempfile.SpooledTemporaryFile(_CHUNK)  # noqa: SIM115 - for as long as this

    def take(self, rows: Iterable[Finding], title: str | None) -> None:
        """Note what was found in one conversation, whose title is `title` by now."""
        told = set()
        for row in rows:
            finding = replace(row, title=title)
            self.kinds[finding.kind] += 1
            if len(self.listed) < LISTED:
                self.listed.append(finding)
            self._rows.write(_row(asdict(finding).values()))
            told.add(finding.message)
        self.conversations += bool(told)
        self.messages += len(told - {None})

    def table(self) -> Iterator[bytes]:
        """`redacted.csv`, in pieces."""
        yield _row(_COLUMNS)
        self._rows.seek(0)
        while piece := self._rows.read(_CHUNK):
            yield piece

    def as_json(self) -> dict[str, Any]:
        """As `schemas/report.schema.json` describes it."""
        return {
            "secrets": self.kinds.total(),
            "kinds": dict(sorted(self.kinds.items())),
            "conversations": self.conversations,
            "messages": self.messages,
            "unsearched": self.unsearched,
            "found": [asdict(each) for each in self.listed],
        }


def _row(values: Iterable[str | None]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(cell, values))
    return out.getvalue().encode("utf-8", "replace")
