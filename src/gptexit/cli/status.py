"""`gptexit status`."""

from __future__ import annotations

from pathlib import Path

import click

from gptexit.archive.checked import PART
from gptexit.archive_status import EXIT, SEVERAL, Newer, Status, status_of
from gptexit.cli.summary import listed, write_report
from gptexit.text.terminal import count, harmless, size

_VERDICTS = {
    "complete": "complete",
    "complete except": "complete, with exceptions that verify named",
    "complete but": "complete, but some of it is in a form that gptexit does not know",
    "as written": "every file was as it was written",
    "not complete": "not complete",
    PART: "do not cancel ChatGPT yet, the export was not whole",
}
"""Words for each verdict of `verify`."""


def _day(time: str) -> str:
    return time[:10]


def _what(status: Status) -> list[str]:
    """Say what the folder is, and what is in it."""
    kinds = {
        EXIT: "is what `gptexit exit` wrote",
        SEVERAL: f"holds archives of {count(len(status.parts), 'format')}",
    }
    words = f"{status.path} {kinds.get(status.kind, f'is an archive of the format {status.kind}')}"
    if status.conversations is not None:
        words += f", with {count(status.conversations, 'conversation')}"
    lines = [f"{words}. It was written by gptexit {status.version or 'of an unknown version'}."]
    for part in status.parts:
        name = "in the folder itself" if part.path == "." else part.path
        lines.append(f"  {name}: {count(part.files, 'file')}, {size(part.size)}")
    return lines


def _newer(newer: Newer) -> str:
    return f"{_day(newer.made)}  {', '.join(newer.paths)}"


def as_text(status: Status) -> str:
    """Return a status in plain words."""
    lines = _what(status)
    exports = [f"{it.name}" + (f" ({_day(it.made)})" if it.made else "") for it in status.exports]
    lines += listed("Made from:", exports)
    if status.checked:
        against = status.checked.source or "its own list of files"
        found = PART if status.incomplete else status.checked.verdict
        verdict = _VERDICTS.get(found, found)
        lines.append(f"Last checked on {_day(status.checked.time)} with {against}: {verdict}.")
    else:
        lines.append("Not checked since it was last written.")
    lines += listed(f"Changed since it was written ({status.changed_files:,}):", status.changed)
    lines += listed(f"Moved, renamed or gone ({status.gone_files:,}):", status.gone)
    lines += listed("Newer exports on this machine:", list(map(_newer, status.newer)))
    lines.append("")
    for step in status.next:
        lines += [step.why, *([f"  {step.command}"] if step.command else [])]
    return harmless("\n".join(lines))


@click.command()
@click.argument("archive", metavar="ARCHIVE")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_context
def status(ctx: click.Context, /, archive: str, as_json: bool) -> None:
    """Say what an archive is, and what to do with it next.

    Says what it was made from, when it was last checked, what you changed in it, and whether a
    newer export lies beside it or in your folder for downloads. Nothing is written.

    \b
    gptexit status chatgpt-exit
    """
    found = status_of(Path(archive))
    if as_json:
        write_report("-", found.as_json())
    else:
        click.echo(as_text(found))
