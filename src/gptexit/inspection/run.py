"""The inspection of an export: one pass over its conversations, and a look at its other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import ijson

from gptexit import __version__
from gptexit.chatgpt.names import KIND, file_id
from gptexit.codes import Lost
from gptexit.files.background import collector_off
from gptexit.inspection.absences import ExportForm, absences, form
from gptexit.inspection.attachments import Attachments
from gptexit.inspection.drift import Drift
from gptexit.inspection.known_names import MEMBERS, SIDE_FILES
from gptexit.inspection.survey import Survey
from gptexit.readers.chatgpt.export_set import AnotherCopy, ExportSet
from gptexit.readers.chatgpt.normalize.conversation import Account

VERSION = 1
"""The number that an inspection carries as `version`."""
SHARED = "shared_conversations.json"
Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""


@dataclass(slots=True)
class Inspection:
    """What was found."""

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
        """As `schemas/inspection.schema.json` describes it."""
        export, survey = self.export, self.survey
        return {
            "version": VERSION,
            "tool": {"name": "gptexit", "version": __version__},
            "source": {
                "label": export.label,
                "files": list(export.conversation_files),
                "bytes": export.bytes_total,
                "missing_files": list(export.missing),
            },
            "format": self.form.as_json(export),
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
                "roles": dict(sorted(survey.roles.items())),
                "content_types": dict(sorted(survey.content_types.items())),
                "models": _ranked(survey.models, "name", "messages"),
            },
            "period": {
                "first": survey.first,
                "last": survey.last,
                "years": [
                    {"year": year, "conversations": found[0], "messages": found[1]}
                    for year, found in sorted(survey.years.items())
                ],
            },
            "attachments": self._attachments(),
            "unreadable": [
                *({"where": each.where, "reason": each.reason} for each in export.losses),
                *({"where": where, "reason": reason} for where, reason in survey.faults),
            ],
            "drift": drift_json(survey.drift),
            "absent": [
                {"what": each.what, "how": each.how} for each in absences(self.form.generation)
            ],
            "complete": self.complete,
        }

    def _attachments(self) -> dict[str, Any]:
        found = self.survey.attachments
        return {
            "mentioned": found.mentioned,
            "found": found.found,
            "missing": found.mentioned - found.found,
            "bytes": sum(each.bytes for each in found.kinds.values()),
            "kinds": {
                name: {"mentioned": each.mentioned, "found": each.found, "bytes": each.bytes}
                for name, each in found.kinds.items()
            },
            "unmentioned": {"files": self.unmentioned[0], "bytes": self.unmentioned[1]},
        }


def drift_json(drift: Drift) -> dict[str, Any]:
    """What was met and is not known, as data."""
    return {
        "found": [
            {
                "kind": each.kind,
                "name": each.name,
                "count": each.count,
                "first": {"conversation": each.first.conversation, "file": each.first.file}
                if each.first
                else None,
            }
            for each in drift.strangers()
        ],
        "others": drift.others,
    }


def inspect(export: ExportSet, progress: Progress | None = None) -> Inspection:
    """Inspect `export`. Raises NotAnExport where it holds no conversation that can be read."""
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
            survey.faults.append((where, f"gptexit could not handle it ({type(error).__name__})"))
        if progress:
            progress(survey.conversations, export.bytes_read)
    survey.finish()
    return survey


def _shared(export: ExportSet) -> int:
    """The links in `shared_conversations.json`, each once; several exports have one file each."""
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
    """The counts as rows, the largest first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{name: key, what: count} for key, count in ordered]
