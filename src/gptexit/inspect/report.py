"""What gptexit does not know of an export, as Markdown for a bug report.

Nothing of the user's may stand in it: no title, no name, no id, no count of conversations, and of
the sources neither name nor time of day.
"""

from __future__ import annotations

from gptexit import __version__
from gptexit.inspect.inspection import Inspection, drift_json


def drift_report(found: Inspection) -> str:
    """The report; see `drift` for what may stand in it."""
    form = found.form
    made = sorted(f"{each.made.moment:%Y-%m}" for each in found.export.editions if each.made)
    messages = "slim" if form.slim and not form.full else "full" if not form.slim else "both"
    lines = [
        "## Drift",
        "",
        f"- gptexit {__version__}",
        f"- format: {form.generation}, layout {form.layout}, messages {messages}, attachments "
        f"{form.attachments}",
        f"- made: {', '.join(made) or 'unknown'}",
        "",
    ]
    drift = drift_json(found.survey.drift)
    if not drift["found"]:
        return "\n".join([*lines, "Nothing unknown was met.", ""])
    lines += ["| unknown | name | times | first in |", "|---|---|---:|---|"]
    for each in drift["found"]:
        first = each["first"]
        where = f"conversation {first['conversation']}, {first['file']}" if first else ""
        name = each["name"] if each["name"].startswith("(") else f"`{each['name']}`"
        lines.append(f"| {each['kind']} | {name} | {each['count']} | {where} |")
    if drift["others"]:
        lines.append(f"| others, beyond the room of this list | | {drift['others']} | |")
    return "\n".join([*lines, ""])
