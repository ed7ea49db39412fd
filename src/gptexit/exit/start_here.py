"""The facts of START-HERE.md, whose words are in templates/exit: what was read and what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gptexit import __version__
from gptexit.exit.destinations import DESTINATIONS
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.verification.result import Result

LISTED = 20
"""Missing files and unreadable parts that are listed; the report has them all."""


def start_here(
    report: dict[str, Any],
    checked: Result,
    kept: list[str],
    absent: str,
    going_to: Sequence[str] = (),
) -> str:
    """The page. `absent`: what no export holds, as Markdown."""
    source, read, assets = report["source"], report["read"], report["assets"]
    whole = report["complete"] or checked.problems
    return render(
        "exit/START-HERE.md.j2",
        version=__version__,
        source=line(source["label"]),
        answer=checked.verdict if whole else "incomplete",
        conversations=read["conversations"],
        messages=read["messages"],
        files=_files(assets, checked),
        exports=[line(export["label"]) for export in source["exports"]],
        gone=read["gone"],
        listed=LISTED,
        problems=[
            f"{line(problem.file or problem.title or problem.conversation or '')}: "
            f"{line(problem.what)}"
            for problem in checked.problems
        ],
        unknown=_unknown(checked),
        unknown_messages=checked.unknown_messages,
        not_given=[line(name) for name in source["missing_files"]],
        unreadable=_reasons((part["where"], part["reason"]) for part in read["unreadable"]),
        not_copied=_reasons(
            {file["where"]: file["reason"] for file in assets["not_copied"]}.items()
        ),
        missing=[
            {
                "name": line(asset["name"] or asset["id"]),
                "title": line(asset["title"]) if asset["title"] else None,
            }
            for asset in assets["missing"]
        ],
        account=kept,
        absent=absent,
        going_to=[
            {"name": name, "here": f"{DESTINATIONS[name].format}/{DESTINATIONS[name].place}"}
            for name in going_to
        ],
    )


def _files(assets: dict[str, Any], checked: Result) -> dict[str, Any]:
    """Return how many files there are, and what became of those that the export holds."""
    found = assets["found"]
    lost = len({file["where"] for file in assets["not_copied"]}) if found else 0
    return {
        "mentioned": assets["mentioned"],
        "found": found,
        "lost": lost,
        "copied": bool(found) and not lost and not checked.problems,
    }


def _unknown(checked: Result) -> list[str]:
    """Return each form that gptexit does not know once for each title that it is under."""
    shown = (
        f"{line(message.title or message.conversation)}: {line(message.what)}"
        for message in checked.unknown
    )
    return list(dict.fromkeys(shown))


def _reasons(lost: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{line(where)}: {line(reason)}" for where, reason in lost]
