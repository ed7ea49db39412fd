"""Inspect an export: its form, its conversations in one pass, and its other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import ijson

from gptexit import __version__
from gptexit.chatgpt.names import CONVERSATIONS, KIND, LIBRARY, NAMES, file_id
from gptexit.codes import Lost
from gptexit.files.background import collector_off
from gptexit.inspection.attachments import Attachments
from gptexit.inspection.drift import MEMBERS, Drift
from gptexit.inspection.survey import Survey
from gptexit.readers.chatgpt.containers.layout import KNOWN as SIDE_FILES
from gptexit.readers.chatgpt.containers.layout import MORE
from gptexit.readers.chatgpt.export_set import AnotherCopy, ExportSet
from gptexit.readers.chatgpt.normalize.conversation import Account
from gptexit.templates import render, table

VERSION = 1
"""The number that an inspection carries as `version`."""
SHARED = "shared_conversations.json"
_OF_2023 = {
    *("chat.html", "conversations.json", "message_feedback.json", "model_comparisons.json"),
    *("shared_conversations.json", "user.json"),
}
"""The files of an export of 2023; later ones have more."""
_LATER = datetime(2024, 1, 15, tzinfo=UTC)
_SLIM = datetime(2026, 6, 15, tzinfo=UTC)
"""No slim export is known to be older."""
GENERATIONS = {
    "classic": "classic, of 2023",
    "full": "full, of 2024 to early 2026",
    "sharded": "full and in several files, of early 2026",
    "dat": "full, with .dat files, of May and June 2026",
    "slim": "slim, since mid-2026",
    "unknown": "unknown: no conversation has a message",
}
"""Every generation, and when exports had that form."""
Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""


@dataclass(frozen=True, slots=True)
class ExportForm:
    """The form of an export."""

    generation: str
    """A key of `absences.GENERATIONS`."""
    layout: str
    """`single`, `sharded`, or `both` if several exports were given."""
    full: int
    slim: int
    """Conversations whose messages are full or slim."""
    attachments: str
    """`none`, `named` (files under names of their own) or `dat`."""


def form(export: ExportSet, full: int, slim: int) -> ExportForm:
    """Return the form of `export`.

    `full` and `slim`: the numbers of its conversations with full and slim messages.
    """
    files = [path for path in export.conversation_files if path.rsplit("/", 1)[-1] not in MORE]
    matches = [CONVERSATIONS.search(path) for path in files]
    numbered = sum(1 for match in matches if match and match[1])
    layout = "sharded" if numbered == len(matches) else "both" if numbered else "single"
    sides = {name.split(" (", 1)[0] for name in export.files.side_files()}
    has_assets = next(export.files.assets(), None) is not None
    attachments = "dat" if sides & {LIBRARY, NAMES} else "named" if has_assets else "none"
    dates = [edition.made for edition in export.editions if edition.made]
    # Dates of files may be those of a copy.
    later = any(date.moment > _LATER for date in dates if date.by != "files")
    generation = "full"
    if not full and not slim:
        generation = "unknown"
    elif slim > full or (slim and any(date.moment > _SLIM for date in dates)):
        generation = "slim"
    elif attachments == "dat":
        generation = "dat"
    elif layout != "single":
        generation = "sharded"
    elif attachments == "none" and sides <= _OF_2023 and not later:
        generation = "classic"
    return ExportForm(generation, layout, full, slim, attachments)


@dataclass(slots=True)
class Inspection:
    """The result of an inspection."""

    export: ExportSet
    survey: Survey
    form: ExportForm
    shared: int
    """Links that the user shared."""
    unmentioned: tuple[int, int]
    """Files that no conversation mentions, and their bytes."""

    @property
    def complete(self) -> bool:
        """Whether all could be read, and nothing lacks that the export's own list names."""
        return not (self.export.losses or self.export.missing or self.survey.faults)

    def as_json(self) -> dict[str, Any]:
        """Return the inspection in the form of `schemas/inspection.schema.json`."""
        export, survey = self.export, self.survey
        files, patterns = survey.attachments, survey.patterns
        return {
            "version": VERSION,
            "tool": {"name": "gptexit", "version": __version__},
            "source": {
                "label": export.label,
                "files": list(export.conversation_files),
                "bytes": export.bytes_total,
                "missing_files": list(export.missing),
            },
            "format": {
                "generation": self.form.generation,
                "layout": self.form.layout,
                "messages": {"full": self.form.full, "slim": self.form.slim},
                "attachments": self.form.attachments,
                "made": [
                    {
                        "source": edition.label,
                        "time": edition.made and f"{edition.made.moment:%Y-%m-%dT%H:%M:%SZ}",
                        "by": edition.made and edition.made.by,
                    }
                    for edition in export.editions
                ],
            },
            "conversations": {
                "total": survey.conversations,
                "empty": survey.empty,
                "archived": survey.archived,
                "starred": survey.starred,
                "branched": survey.branched,
                "branchings": survey.branchings,
                "duplicates": export.duplicates,
                "shared_links": self.shared,
                "projects": _ranked(survey.projects, "id", "conversations"),
                "custom_gpts": _ranked(survey.gpts, "id", "conversations"),
            },
            "messages": {
                "total": survey.messages,
                "roles": dict(sorted(patterns.roles.items())),
                "content_types": dict(sorted(patterns.content_types.items())),
                "models": _ranked(patterns.models, "name", "messages"),
            },
            "period": {
                "first": survey.lifetime.first,
                "last": survey.lifetime.last,
                "years": [
                    {"year": year, "conversations": conversations, "messages": messages}
                    for year, (conversations, messages) in sorted(survey.years.items())
                ],
            },
            "attachments": {
                "mentioned": files.mentioned,
                "found": files.found,
                "missing": files.mentioned - files.found,
                "bytes": sum(kind.bytes for kind in files.kinds.values()),
                "kinds": {name: asdict(kind) for name, kind in files.kinds.items()},
                "unmentioned": {"files": self.unmentioned[0], "bytes": self.unmentioned[1]},
            },
            "unreadable": [
                *({"where": loss.where, "reason": loss.reason} for loss in export.losses),
                *({"where": where, "reason": reason} for where, reason in survey.faults),
            ],
            "drift": drift_json(survey.drift),
            "absent": [
                {"what": absence.what, "how": absence.how}
                for absence in absences(self.form.generation)
            ],
            "complete": self.complete,
        }


def drift_json(drift: Drift) -> dict[str, Any]:
    """Return the unknown names in the form of `schemas/inspection.schema.json`."""
    return {
        "found": [
            {
                "kind": stranger.kind,
                "name": stranger.name,
                "count": stranger.count,
                "first": (first := stranger.first)
                and {"conversation": first.conversation, "file": first.file},
            }
            for stranger in drift.strangers()
        ],
        "others": drift.others,
    }


def inspect(export: ExportSet, progress: Progress | None = None) -> Inspection:
    """Inspect `export`. Raises NotAnExport if it holds no conversation that can be read."""
    # Opening each of thousands of files would take longer than all the rest.
    account = Account(partial(export.lookup, sniff=False), export.library)
    with collector_off():
        while True:
            try:
                survey = _pass(export, account, progress)
                break
            except AnotherCopy:
                export.settle()
    shared = _shared(export)
    unmentioned = _unmentioned(export, survey)
    for name in export.files.side_files():
        base = name.rsplit("/", 1)[-1].split(" (", 1)[0]
        if base not in SIDE_FILES and not MEMBERS.search(name):
            survey.drift.add("side file", base)
    return Inspection(export, survey, form(export, survey.full, survey.slim), shared, unmentioned)


def _pass(export: ExportSet, account: Account, progress: Progress | None) -> Survey:
    survey = Survey(account, Attachments(export.lookup))
    add = survey.add
    for where, raw in export.conversations():
        if KIND in raw:  # a task of Codex or a group chat: the figures are those of chats
            continue
        try:
            add(raw, where)
        except Exception as error:  # a fault of ours must not cost the user the rest
            survey.faults.append(
                (where, f"gptexit failed on it ({type(error).__name__}): please report this")
            )
        if progress:
            progress(survey.conversations, export.bytes_read)
    survey.finish()
    return survey


def _shared(export: ExportSet) -> int:
    """Count the links in each `shared_conversations.json`, equal ones once."""
    links: set[str] = set()
    for name in export.files.side_files():
        stream = export.files.side_file(name) if name.startswith(SHARED) else None
        if stream is None:
            continue
        with stream:
            try:
                for row in ijson.items(stream, "item"):
                    key = row.get("id") if isinstance(row, dict) else None
                    if isinstance(key, str):
                        links.add(key)
            except (ijson.JSONError, OSError, ValueError):
                export.lose(name, Lost.LINKS_CUT.say())
    return len(links)


def _unmentioned(export: ExportSet, survey: Survey) -> tuple[int, int]:
    """Count the files that no conversation mentions; those that are no assets at all are drift."""
    files = size = 0
    strange: Counter[str] = Counter()
    for name, count in survey.attachments.unmentioned(export):
        files += 1
        size += count
        base = name.rsplit("/", 1)[-1]
        if not file_id(base).startswith(("file-", "file_")) and not MEMBERS.search(name):
            stem, dot, tail = base.rpartition(".")
            strange[f".{tail.lower()}" if stem and dot and len(tail) <= 5 else "(no ending)"] += 1
    for ending, times in strange.items():
        survey.drift.add("file", ending.removeprefix("."), times)
    return files, size


def _ranked(counts: Counter[str], name: str, what: str) -> list[dict[str, Any]]:
    """Return the counts as rows, the largest first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{name: key, what: count} for key, count in ordered]


class Absence(NamedTuple):
    """Something that an export does not hold."""

    what: str
    how: str | None = None
    """How to get it, if there is a way."""
    since: str | None = None
    """The generation that left it out, a key of `GENERATIONS`; None for every one."""
    until: str | None = None
    """The generation that was the last to leave it out."""


@lru_cache(maxsize=1)
def all_absences() -> tuple[Absence, ...]:
    """Return what any export lacks, in the order in which to look at it."""
    return tuple(Absence(**absence) for absence in table("inspect/absences.toml")["absences"])


def absences(generation: str) -> list[Absence]:
    """Return what an export of that generation does not hold."""
    return [
        absence
        for absence in all_absences()
        if absence.since in (None, generation) and absence.until in (None, generation)
    ]


def as_markdown(generation: str, export: str = "EXPORT") -> str:
    """Return the absences of a generation as a list in Markdown.

    `export`: the paths of the export, as a command takes them.
    """
    page = render("inspect/absences.md.j2", absences=absences(generation), export=export)
    return page.removesuffix("\n")
