"""Found secrets: their marks, their other occurrences, and the account of them all."""

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
    """How sure `kind` is: from 0, a token known by its form, to 4, a value behind a name."""
    kind: str

    def within(self, text: str) -> str:
        """Return the secret itself."""
        return text[self.start : self.end]


def united(found: Iterable[Secret]) -> list[Secret]:
    """Sort the spans. Join those that overlap into one, with the surest kind among them."""
    result: list[Secret] = []
    for secret in sorted(set(found)):
        if result and secret.start < result[-1].end:
            last = result[-1]
            rank, kind = min((last.rank, last.kind), (secret.rank, secret.kind))
            result[-1] = Secret(last.start, max(last.end, secret.end), rank, kind)
        else:
            result.append(secret)
    return result


MARK = re.compile(r"\[redacted: ([A-Za-z0-9][A-Za-z0-9 ]{0,48}[A-Za-z0-9])\]")
"""A mark; group 1 is the kind."""
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")


def mark(kind: str) -> str:
    """Return the mark for a kind of secret."""
    words = _NO_WORD.sub(" ", kind).strip()[:50].strip()
    return f"[redacted: {words if len(words) > 1 else 'secret'}]"


def marked(text: str, spans: list[Secret]) -> str:
    """Put a mark in place of each of `spans`, which are in order and do not overlap."""
    pieces = []
    at = 0
    for span in spans:
        pieces += [text[at : span.start], mark(span.kind)]
        at = span.end
    return "".join([*pieces, text[at:]])


def blanked(text: str) -> str:
    """Put spaces in place of the marks of `text`, at the same length, so that none is searched."""
    if "[redacted: " not in text:
        return text
    return MARK.sub(lambda found: " " * len(found[0]), text)


def for_file_names(text: str) -> str:
    """Write the marks of `text` as file names may have them: `redacted-AWS-access-key`."""
    return MARK.sub(lambda found: "redacted-" + found[1].replace(" ", "-"), text)


LEAST = 8
"""Characters of the shortest secret that is looked for elsewhere."""
_MARKED = re.compile(r"\d|[^\w\s]|[a-z][A-Z]")
"""A sign that a value is no ordinary word."""
_FEW = 200
"""Spellings that are looked for one by one, which is faster than to compile a set of them."""


class Known:
    """The secrets of a conversation, to be found wherever they occur in it."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, str]] = {}
        self._recent: list[str] = []
        self._sets: list[tuple[int, regex.Pattern[str]]] = []
        """Compiled sets with the number of spellings in each, from large to small. Two of one size
        are joined, so that each spelling is compiled only a few times."""

    def add(self, text: str, found: Iterable[Secret]) -> None:
        """Add the secrets of `text` but for words: a password `monkey` may be none elsewhere."""
        for secret in found:
            value = secret.within(text)
            if len(value) < LEAST or not (_MARKED.search(value) or is_scrambled(value)):
                continue
            for spelled in spellings(value):
                known = self._kinds.get(spelled)
                if known is None:
                    self._recent.append(spelled)
                if known is None or (secret.rank, secret.kind) < known:
                    self._kinds[spelled] = (secret.rank, secret.kind)
        if len(self._recent) > _FEW:
            self._compile()

    def within(self, text: str) -> list[Secret]:
        """Find them in `text`."""
        if not self._kinds:
            return []
        text = blanked(text)
        spans = [
            (start, start + len(spelled))
            for spelled in self._recent
            for start in places(spelled, text)
        ]
        for _, pattern in self._sets:
            spans += [found.span() for found in pattern.finditer(text)]
        return [Secret(start, end, *self._kinds[text[start:end]]) for start, end in spans]

    def _compile(self) -> None:
        words, self._recent = self._recent, []
        while self._sets and self._sets[-1][0] <= len(words):
            _, pattern = self._sets.pop()
            words += pattern.named_lists["known"]
        self._sets.append((len(words), regex.compile(r"\L<known>", known=words)))


def places(word: str, text: str) -> Iterator[int]:
    """Yield each offset at which `word` is in `text`."""
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + len(word))


def spellings(value: str) -> set[str]:
    """Spell `value` as in a URL, in JSON, and in JSON inside JSON."""
    found = {value}
    try:
        found |= {quote(value), quote(value, safe=""), quote_plus(value)}
        found |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), url) for url in found}
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
    """A kind of secret that was replaced in a message, in details, or in a file."""

    kind: str
    conversation: str | None
    """The conversation's id; None for a file that no conversation mentions."""
    title: str | None
    message: str | None
    """The message's id; None for a title, the details of a conversation, and a file."""
    date: str | None
    """The message's, in RFC 3339."""
    place: str
    """`title`, `text`, `details`, `file name`, or the name of a file."""


class Findings:
    """All findings of a run, in a temporary file, so that memory does not grow with them."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.listed: list[Finding] = []
        self.messages = 0
        """Messages with a mark."""
        self.conversations = 0
        self.unsearched = 0
        """Files that were copied without a search: pictures, PDFs, ZIPs."""
        self._rows = tempfile.SpooledTemporaryFile(_CHUNK)  # noqa: SIM115 - for as long as this

    def take(self, rows: Iterable[Finding], title: str | None) -> None:
        """Add the findings of one conversation, whose redacted title is `title`."""
        messages = set()
        for row in rows:
            finding = replace(row, title=title)
            self.kinds[finding.kind] += 1
            if len(self.listed) < LISTED:
                self.listed.append(finding)
            self._rows.write(_row(asdict(finding).values()))
            messages.add(finding.message)
        self.conversations += bool(messages)
        self.messages += len(messages - {None})

    def table(self) -> Iterator[bytes]:
        """Yield `redacted.csv`, in pieces."""
        yield _row(_COLUMNS)
        self._rows.seek(0)
        while piece := self._rows.read(_CHUNK):
            yield piece

    def as_json(self) -> dict[str, Any]:
        """Return the account as `schemas/report.schema.json` describes it."""
        return {
            "secrets": self.kinds.total(),
            "kinds": dict(sorted(self.kinds.items())),
            "conversations": self.conversations,
            "messages": self.messages,
            "unsearched": self.unsearched,
            "found": list(map(asdict, self.listed)),
        }


def _row(values: Iterable[str | None]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(cell, values))
    return out.getvalue().encode("utf-8", "replace")
