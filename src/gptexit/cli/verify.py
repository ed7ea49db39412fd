"""`gptexit verify`."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from gptexit.cli import streams
from gptexit.cli.options import allow_large_option, no_progress_option
from gptexit.cli.summary import listed, progress_bar
from gptexit.errors import Exit
from gptexit.proof import verify as verify_archive
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.text.terminal import count
from gptexit.verification.result import Checked, Problem, Result
from gptexit.verification.run import READERS
from gptexit.writers.registry import FORMATS

EXITS = {
    "complete": Exit.COMPLETE,
    "complete except": Exit.COMPLETE,
    "as written": Exit.COMPLETE,
    "complete but": Exit.UNKNOWN_FORM,
    "not complete": Exit.INCOMPLETE,
}
"""The exit code of each verdict."""


def verdict(result: Result) -> str:
    """The end of a verification in plain words."""
    lines = [_checked(each, result) for each in result.archives]
    if result.edited:
        lines.append(f"You added to {count(len(result.edited), 'file')}; nothing was lost by it:")
        lines += listed(result.edited)
    for each in result.archives:
        lines += _elsewhere(each)
    lines.append(_SENTENCES[result.verdict](result))
    lines += listed([_shown(each) for each in result.problems])
    lines += _unknown(result)
    lines += _unread(result)
    if result.lacking and (result.problems or result.unknown_messages):
        lines.append(f"The export itself lacks {_joined(result.lacking)}.")
    return "\n".join(lines)


def _checked(each: Checked, result: Result) -> str:
    name = each.path if each.path != "." else each.format or "archive"
    words = f"{name}: {count(each.files, 'file')}"
    if result.source is None or not (each.conversations or each.assets):
        return f"{words} compared with the archive's manifest."
    if each.conversations:
        words += f", {count(each.conversations, 'conversation')}"
        words += f", {count(each.messages, 'message')}"
        words += f", {count(each.assets, 'attachment')}" if each.assets else ""
    words += f" compared with {result.source}."
    if each.redacted:
        words += f" In {count(each.redacted, 'message')} a mark stands for what was redacted."
    if each.left_out:
        words += f" {count(each.left_out, 'conversation')} left out by the archive's options."
    if each.older:
        words += f" {count(each.older, 'conversation')} kept that this export does not have."
    return words


def _elsewhere(each: Checked) -> list[str]:
    """Which conversations of the selection a ZIP leaves to the others."""
    others = each.elsewhere
    if not others:
        return []
    head = f"{count(len(others), 'more conversation')} of the selection in its other ZIPs:"
    return [head, *listed([f"{it.file}: “{it.title or it.conversation}”" for it in others])]


def _complete(result: Result) -> str:
    return f"{_complete_for(result)}."


def _as_written(result: Result) -> str:
    formats = {each.format for each in result.archives} & set(FORMATS)
    return (
        "Every file is as it was written. What is in them is not compared with the export"
        f"{f' in {_these(formats)}' if formats else ''}; it is in {_joined(list(READERS))}."
    )


def _these(formats: set[str]) -> str:
    return "this format" if len(formats) == 1 else "these formats"


def _complete_for(result: Result) -> str:
    """What it is complete for: the whole export, or what its archives were asked to hold."""
    if result.source is None:
        return "Complete: every file is as it was written"
    if any(each.elsewhere for each in result.archives):
        return "Complete for the selection: this ZIP holds its part of it in full"
    if any(each.left_out for each in result.archives):
        return "Complete for the selection: all that it takes from the export is there"
    if {each.format for each in result.archives if each.conversations} == {"gemini"}:
        return "Complete for the selection: all its conversations, with the files that they show"
    return "Complete: all that the export holds is in the archive"


def _complete_except(result: Result) -> str:
    lacking = []
    if result.lacking:
        lacking.append(f"what the export itself lacks: {_joined(result.lacking)}")
    if result.unread and not any("cannot be read" in each for each in result.lacking):
        found = count(len(result.unread), "thing")
        lacking.append(f"what could not be read of the export: {found}")
    words = _complete_for(result)
    words = words if "selection" in words or result.source is None else "Complete"
    return f"{words}, except for {'; and for '.join(lacking)}."


def _unread(result: Result) -> list[str]:
    """What could not be read, each by its place; beside another verdict, a sentence before."""
    if not result.unread:
        return []
    shown = [f"{where}: {reason}" for where, reason in sorted(result.unread.items())]
    return ["Could not be read of the export, now or when it was converted:", *listed(shown)]


def _complete_but(result: Result) -> str:
    found = count(result.unknown_messages, "message")
    return f"Complete, but for {found} in a form that gptexit does not know:"


def _unknown(result: Result) -> list[str]:
    """Which messages those are; beside problems, a sentence before them."""
    if not result.unknown_messages:
        return []
    shown = []
    for each in result.unknown:
        where = f"message {each.message}" if each.message else "all of it"
        shown.append(f"conversation “{each.title or each.conversation}”, {where}: {each.what}")
    found = result.unknown_messages
    are = "is" if found == 1 else "are"
    head = f"{count(found, 'message')} {are} in a form that gptexit does not know:"
    return [*([head] if result.problems else []), *listed(shown)]


def _not_complete(result: Result) -> str:
    found = len(result.problems)
    return f"Not complete: {count(found, 'thing')} {'is' if found == 1 else 'are'} not right:"


_SENTENCES = {
    "complete": _complete,
    "complete except": _complete_except,
    "complete but": _complete_but,
    "as written": _as_written,
    "not complete": _not_complete,
}


def _joined(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]


def _shown(problem: Problem) -> str:
    about = f"conversation “{problem.title or problem.conversation}”"
    if problem.file is None:
        return f"{about} {problem.what}"
    words = f"{problem.file}: {problem.what}"
    return f"{words} ({about})" if problem.conversation else words


@click.command()
@click.argument("paths", metavar="[SOURCE...] ARCHIVE", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@click.option("--quiet", is_flag=True, help="Nothing but the exit code.")
@allow_large_option
@no_progress_option
@click.pass_context
def verify(
    ctx: click.Context,
    paths: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    allow_large: bool,
    no_progress: bool,
) -> None:
    """Prove that an archive holds what an export holds.

    Reads the export again and the archive as files, and compares: each conversation, each
    message's text, each file byte for byte. With ARCHIVE alone, says whether a byte of it has
    changed since it was written. ARCHIVE may also be one ZIP that `--to chatgpt` wrote.

    \b
    gptexit verify chatgpt-export.zip chatgpt-archive
    gptexit verify chatgpt-archive
    """
    *sources, archive = paths
    if quiet:
        streams.hush()
    result = _result(
        sources, Path(archive), allow_large=allow_large, hush=quiet or no_progress or as_json
    )
    if as_json:
        click.echo(orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2))
    elif not quiet:
        click.echo(verdict(result))
    ctx.exit(EXITS[result.verdict])


def _result(sources: list[str], archive: Path, *, allow_large: bool, hush: bool) -> Result:
    if not sources:
        return verify_archive(archive)
    with (
        open_export(sources, careful=True, allow_large=allow_large) as export,
        progress_bar(export, off=hush) as progress,
    ):
        return verify_archive(archive, export, progress)
