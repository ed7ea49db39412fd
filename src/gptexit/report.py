"""Report one run: what came in, what went out, and what could not be kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from gptexit import __version__
from gptexit.archive.files import Rendered, Tally
from gptexit.chatgpt.names import key_in_export
from gptexit.codes import Hidden, NotKept, as_text
from gptexit.model import Conversation
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.merge.exports import shown
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.source import Source
from gptexit.text.dates import day
from gptexit.writers.base import NOTHING

if TYPE_CHECKING:
    from gptexit.redact.occurrences import Findings

VERSION = 2
"""The number that a report carries as `version`."""
LISTED = 10_000
"""Missing assets that a report lists; the others are only counted."""


@dataclass(slots=True)
class Written:
    """Counts of one format."""

    format: str
    out: str
    redact: str = NOTHING
    """`secrets` if they were taken out, else `nothing`."""
    conversations: int = 0
    messages: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Conversations that the run selects and this format leaves out, by option."""
    files: Counter[str] = field(default_factory=Counter)
    """By `archive.files.Outcome`."""
    bytes: int = 0
    hidden: Counter[Hidden] = field(default_factory=Counter)
    not_kept: Counter[NotKept] = field(default_factory=Counter)
    edited: list[str] = field(default_factory=list)
    earlier: Tally = field(default_factory=Tally)
    planned: dict[str, Any] | None = None
    """Of a dry run: what would be written; see `archive.folder.Archive.planned`."""

    def add(self, rendered: Rendered) -> None:
        """Count a conversation, or the end of a run, as the writer rendered it."""
        self.messages += rendered.messages
        self.hidden += rendered.hidden
        self.not_kept += rendered.not_kept


@dataclass(slots=True)
class RunReport:
    """The report. Its lists are bounded, or as long as the list of the source's faults."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    conversations: int = 0
    messages: int = 0
    selected: int = 0
    selected_messages: int = 0
    nodes: Counter[str] = field(default_factory=Counter)
    """Conversations with messages, by `source.nodes`: `full` or `slim`."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Conversations by `source.kind`: `chat`, `codex` or `group`."""
    left_out: Counter[str] = field(default_factory=Counter)
    met: ReadStats = field(default_factory=ReadStats)
    unreadable: list[Loss] = field(default_factory=list)
    """Conversations that could not be converted, beside the export's losses."""
    unwritten: list[Loss] = field(default_factory=list)
    """Assets of the export that could not be copied."""
    targets: list[Written] = field(default_factory=list)
    redacted: Findings | None = None
    """None if nothing was looked for."""
    missing: list[dict[str, str | None]] = field(default_factory=list)
    missing_count: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    """`conversations` and `messages` that the newest of several exports lacks."""
    earliest: str = ""
    """The earliest time at which a conversation was begun."""
    latest: str = ""
    """The latest time at which a conversation was changed."""
    _seen: set[str] = field(default_factory=set)
    """Keys of the assets that the selected conversations mention."""

    def read(self, conversation: Conversation, messages: int) -> None:
        """Count a conversation that came in; `messages`: how many it has."""
        self.conversations += 1
        self.messages += messages
        self.kinds[conversation["source"]["kind"]] += 1
        if begun := conversation["created"]:
            self.earliest = min(self.earliest or begun, begun)
        self.latest = max(self.latest, conversation["updated"] or "")
        if messages:
            self.nodes[conversation["source"]["nodes"]] += 1
        gone = conversation["source"]["gone"]
        if gone:
            self.gone["conversations"] += gone["conversation"]
            self.gone["messages"] += len(gone["messages"])

    def select(self, conversation: Conversation, messages: int) -> None:
        """Count a selected conversation and its assets; `messages`: how many it has."""
        self.selected += 1
        self.selected_messages += messages
        for asset in conversation["assets"]:
            key = key_in_export(asset["id"], conversation["id"])
            if key in self._seen:
                continue
            self._seen.add(key)
            if asset["missing"]:
                self.missing_count += 1
                if len(self.missing) < LISTED:
                    place = {"conversation": conversation["id"], "title": conversation["title"]}
                    self.missing.append({"id": asset["id"], "name": asset["name"], **place})

    def _newest(self) -> str | None:
        """Return when a conversation was changed last; None if that is not known, or to come."""
        return self.latest if "" < self.latest < _time(datetime.now(UTC)) else None

    def complete(self, export: Source) -> bool:
        """Tell whether everything that the source holds was read and written."""
        return not (export.losses or export.missing or self.unreadable or self.unwritten)

    def selects_nothing(self) -> bool:
        """Tell whether the export has conversations, and the selection matches none of them."""
        return bool(self.conversations) and not self.selected and bool(self.left_out)

    def lost(self, export: Source) -> list[dict[str, str]]:
        """Return what of the source, but for assets, could not be read: `where` and `reason`."""
        absent = "the export's own list names it, but you did not give it"
        lost = [(loss.where, loss.reason) for loss in (*export.losses, *self.unreadable)]
        lost += [(name, absent) for name in export.missing]
        return [{"where": where, "reason": reason} for where, reason in lost]

    def report(self, export: Source, exit_code: int) -> dict[str, Any]:
        """Return the report as data, as `schemas/report.schema.json` describes it."""
        finished = datetime.now(UTC)
        return {
            "version": VERSION,
            "tool": {"name": "gptexit", "version": __version__},
            "started": _time(self.started),
            "finished": _time(finished),
            "seconds": round((finished - self.started).total_seconds(), 3),
            "source": {
                "label": export.label,
                "files": list(export.conversation_files),
                "bytes": export.bytes_total,
                "missing_files": list(export.missing),
                "passed_over": [file.as_json() for file in getattr(export, "passed", ())[:LISTED]],
                "exports": _exports(export),
                "made": _made(export),
            },
            "read": {
                "conversations": self.conversations,
                "messages": self.messages,
                "newest": self._newest(),
                "nodes": {form: self.nodes[form] for form in ("full", "slim")},
                "kinds": {kind: self.kinds[kind] for kind in ("chat", "codex", "group")},
                "duplicates": export.duplicates,
                "gone": {kind: self.gone[kind] for kind in ("conversations", "messages")},
                "differing": _differing(export),
                "unreadable": [loss.as_json() for loss in (*export.losses, *self.unreadable)],
                "repairs": as_text(export.repairs),
                "oddities": as_text(self.met.oddities),
                "unknown": dict(sorted(self.met.unknown.items())),
            },
            "selected": {
                "conversations": self.selected,
                "messages": self.selected_messages,
                "left_out": dict(sorted(self.left_out.items())),
                "nothing_from": self._span() if self.selects_nothing() else None,
            },
            "assets": {
                "mentioned": len(self._seen),
                "found": len(self._seen) - self.missing_count,
                "missing": self.missing,
                "refused": len(self.unwritten),
                "not_copied": [loss.as_json() for loss in self.unwritten[:LISTED]],
            },
            "targets": [_written(target) for target in self.targets],
            "redacted": self.redacted.as_json() if self.redacted else None,
            "account": None,
            "verification": None,
            "error": None,
            "exit_code": exit_code,
            "complete": self.complete(export),
        }

    def _span(self) -> dict[str, str | None]:
        """Return when the first conversation was begun, and when the last one was changed."""
        return {"first": self.earliest or None, "last": self.latest or None}


@dataclass(frozen=True, slots=True)
class _Unread:
    """A source of which nothing was read, as far as a report asks."""

    label: str
    conversation_files: tuple[str, ...] = ()
    bytes_total: None = None
    missing: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    duplicates: int = 0
    repairs: Counter[Any] = field(default_factory=Counter)
    union: None = None
    editions: tuple[()] = ()


def failed(label: str, sentence: str, exit_code: int, started: datetime) -> dict[str, Any]:
    """Return the report of a run that an error ended before its end: nothing is counted in it.

    `label`: what was to be read; `sentence`: that of the error.
    """
    source = cast(Source, _Unread(label))
    report = RunReport(started).report(source, exit_code)
    return {**report, "error": sentence, "complete": False}


def age(report: dict[str, Any]) -> str:
    """Say of when the export is, and that later words are not in it; "" if nothing tells."""
    made, newest = report["source"]["made"], report["read"]["newest"]
    known = []
    if made and made["by"] in _MADE:
        known.append(f"The export {_MADE[made['by']]} {_day(made['time'])}")
    if newest:
        what = "the last change in it" if known else "The last change in the export"
        known.append(f"{what} is of {_day(newest)}")
    return f"{', and '.join(known)}. What you wrote later is not in it." if known else ""


_MADE = {
    "name": "was made on",
    "request": "was asked for on",
    "zip": "was made, by the dates in the ZIP, on",
}
"""Words for the signs of `merge.exports.ExportDate`, without the one that says little."""


def _day(time: str) -> str:
    return day(datetime.fromisoformat(time))


def _made(export: Source) -> dict[str, str] | None:
    """Return when the newest export was made, and the sign that says so."""
    made = export.editions[-1].made if export.editions else None
    return {"time": _time(made.moment), "by": made.by} if made else None


def _exports(export: Source) -> list[dict[str, Any]]:
    """Return what each of several exports brought."""
    if export.union is None:
        return []
    return [
        {"label": edition.label, "made": shown(edition), **asdict(share)}
        for edition, share in zip(export.editions, export.union.shares, strict=True)
    ]


def _differing(export: Source) -> list[dict[str, str]]:
    return [
        {
            "conversation": message.conversation,
            "message": message.message,
            "export": export.editions[message.export].label,
        }
        for message in (export.union.differing if export.union else ())
    ]


def _written(target: Written) -> dict[str, Any]:
    return {
        "format": target.format,
        "out": target.out,
        "redact": target.redact,
        "conversations": target.conversations,
        "messages": target.messages,
        "left_out": dict(sorted(target.left_out.items())),
        "files_written": target.files["written"],
        "files_unchanged": target.files["unchanged"] + target.files["kept"],
        "files_kept": target.files["edited"],
        "bytes": target.bytes,
        "hidden": as_text(target.hidden),
        "not_kept": as_text(target.not_kept),
        "edited": target.edited,
        "earlier": {
            "notes_kept": sorted(set(target.earlier.kept)),
            "notes_beside": sorted(set(target.earlier.beside)),
            "notes_anew": target.earlier.anew,
            "conversations_merged": target.earlier.merged,
            "conversations_stayed": target.earlier.stayed,
            "files_healed": sorted(set(target.earlier.healed)),
            "files_restored": sorted(set(target.earlier.restored)),
            "new_texts": dict(sorted(target.earlier.new_texts.items())),
            "moved": dict(sorted(target.earlier.moved.items())),
            "options": target.earlier.options,
        },
        "planned": target.planned,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
