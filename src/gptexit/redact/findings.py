"""What was found and where: never the secret, nor a part of it, nor a digest that tells it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from gptexit.text.terminal import cell

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
