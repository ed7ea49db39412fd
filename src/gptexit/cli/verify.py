"""`gptexit verify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gptexit.archive.description import record_of
from gptexit.cli import options, outputs, streams
from gptexit.cli.progress import kind_of, opened, progress_bar
from gptexit.cli.summary import listed, write_reports
from gptexit.errors import Exit
from gptexit.files.disk import HOUSE
from gptexit.proof import accept
from gptexit.proof import verify as verify_archive
from gptexit.readers.chatgpt.containers.own_files import inner_archives
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.text.terminal import command_line, count, printable
from gptexit.verification.comparison import READERS
from gptexit.verification.result import Checked, Problem, Result, Verdict
from gptexit.writers.registry import FORMATS

_NAMED = 10
"""Exports that are named, at most."""
EXITS = {
    "complete": Exit.COMPLETE,
    "complete except": Exit.COMPLETE,
    "as written": Exit.COMPLETE,
    "complete but": Exit.UNKNOWN_FORM,
    "not complete": Exit.INCOMPLETE,
}
"""The exit code of each verdict."""


def verdict(result: Result) -> str:
    """Sum up a verification in plain words."""
    return "\n".join(findings(result, _SENTENCES[result.verdict](result)))


def findings(result: Result, sentence: str = "") -> list[str]:
    """Say what was compared and what is not right.

    `sentence`: the verdict, with which the losses of the export are listed; "" without both.
    """
    lines = [
        _checked(archive, result)
        for archive in result.archives
        if archive.files or archive.format != "account"
    ]
    lines += _yours(result)
    for archive in result.archives:
        others = [
            f"{other.file}: “{other.title or other.conversation}”" for other in archive.elsewhere
        ]
        number = count(len(others), "more conversation")
        lines += listed(f"{number} of your selection in the other ZIPs of this archive:", others)
    if result.problems:
        lines += listed(_not_complete(result), list(map(_shown, result.problems)))
        if any(problem.what == "is gone" for problem in result.problems):
            lines.append(
                "To bring back what is gone: gptexit convert EXPORT -o ARCHIVE, or copy it from "
                "your second copy."
            )
    elif sentence:
        lines.append(sentence)
    lines += _unknown(result)
    if not sentence:
        return lines
    unread = [f"{where}: {reason}" for where, reason in sorted(result.unread.items())]
    lines += listed("Could not be read in the export, now or when it was converted:", unread)
    if result.lacking and (result.problems or result.unknown_messages):
        lines.append(f"The export itself lacks {_joined(result.lacking)}.")
    if others := [printable(name, 60) for name in result.not_given[:_NAMED]]:
        lines.append(
            f"This archive was made from {_joined(others)} too. Some of this may be there alone: "
            "give all its exports to gptexit verify, in one command."
        )
    return lines


def _yours(result: Result) -> list[str]:
    """List what a person moved and changed, apart from what is damaged."""
    moved = [f"{file.file} (now: {file.now})" for file in result.moved]
    lines = listed(f"You moved {count(len(moved), 'file')}:", moved)
    edited = count(len(result.edited), "file")
    lines += listed(f"You changed {edited}; nothing was lost by it:", result.edited)
    accepted = count(len(result.accepted), "file")
    lines += listed(f"You changed {accepted}, and accepted that:", result.accepted)
    notes = count(
        len({problem.file for problem in result.less}), "note that holds", "notes that hold"
    )
    head = f"You changed {notes} less than the export, as you accepted:"
    lines += listed(head, list(map(_shown, result.less)))
    changed = count(len(result.changed), "file")
    if result.source is None:
        lines += listed(f"You changed {changed}, or something else did:", result.changed)
        lines += [_WHAT_TO_DO] if result.changed else []
    else:
        head = f"You changed {changed} that cannot be compared with this export:"
        lines += listed(head, result.changed)
    return lines


_WHAT_TO_DO = (
    "If you changed them yourself, say so: gptexit verify --accept ARCHIVE\n"
    "If not, bring them back from your second copy. To see whether they still hold everything: "
    "gptexit verify EXPORT ARCHIVE"
)


def _checked(archive: Checked, result: Result) -> str:
    name = archive.path if archive.path != "." else archive.format or "archive"
    conversations, assets = archive.conversations, archive.assets
    words = f"{name}: {count(archive.files, 'file') if archive.files else 'no files'}"
    if archive.of_earlier and result.source is not None:
        return f"{words} checked for changes; it is of an earlier export."
    if result.source is None or not (conversations or assets):
        return f"{words} checked for changes since they were written."
    if conversations:
        seen = "visible message" if archive.format == "markdown" else "message"
        words += f", {count(conversations, 'conversation')}, {count(archive.messages, seen)}"
        words += f", {count(assets, 'attachment')}" if assets else ""
    words += f" compared with {result.source}."
    if archive.redacted:
        words += f" In {count(archive.redacted, 'message')} a secret is replaced by a mark."
    if archive.left_out:
        left_out = count(archive.left_out, "conversation")
        words += f" {left_out} left out, as you asked when it was made."
    if archive.older:
        words += f" {count(archive.older, 'conversation')} of older exports kept."
    return words


def _as_written(result: Result) -> str:
    formats = {archive.format for archive in result.archives} & set(FORMATS)
    these = " of this format" if len(formats) == 1 else " of these formats" if formats else ""
    return (
        f"{_every(result)} file is as it was written. What is in files{these} cannot be compared "
        f"with the export; gptexit can do that for {_joined(list(READERS))}."
    )


def _every(result: Result) -> str:
    return "Every other" if result.edited or result.moved or result.accepted else "Every"


def _complete(result: Result) -> str:
    """Say what is complete: the whole export, or the part that the archives should hold."""
    if result.source is None:
        return f"Complete: {_every(result).lower()} file is as it was written"
    if any(archive.elsewhere for archive in result.archives):
        return "Complete for the selection: this ZIP has its part of it"
    if any(archive.left_out for archive in result.archives):
        return "Complete for the selection: all that you asked for is there"
    if {archive.format for archive in result.archives if archive.conversations} == {"gemini"}:
        return "Complete for the selection: all its conversations, with the files that they show"
    return "Complete: all that the export holds is in the archive"


def _complete_except(result: Result) -> str:
    words = _complete(result)
    selected = "selection" in words
    exceptions = []
    if result.accepted and result.source is None:
        exceptions.append(f"{count(len(result.accepted), 'note')} that you changed and accepted")
    if result.less:
        notes = len({problem.file for problem in result.less})
        less = count(notes, "note that holds", "notes that hold")
        exceptions.append(f"{less} less than the export, as you accepted")
    if result.source is None and result.unread:
        return (
            f"{_every(result)} file is as it was written. But the export was not whole when it was "
            "converted: "
            f"{count(len(result.unread), 'part')} could not be read."
        )
    if not result.whole_export:
        lacking = result.lacking or ["files that cannot be read"]
        but = f", except for {'; and for '.join(exceptions)}" if exceptions else ""
        asked = " and that you asked for" if selected else ""
        return (
            f"All that could be read{asked} is in the archive{but}. "
            f"But the export is not whole, it lacks {_joined(lacking)}: download it again, "
            "with all its ZIPs, and convert it again."
        )
    if result.lacking:
        exceptions.append(f"what the export itself lacks: {_joined(result.lacking)}")
    if result.unread:
        parts = count(len(result.unread), "part")
        exceptions.append(f"what could not be read or converted: {parts}")
    words = words if selected or result.source is None else "Complete"
    return f"{words}, except for {'; and for '.join(exceptions)}."


def _unknown(result: Result) -> list[str]:
    """List the messages in an unknown form; if the verdict is about problems, with a heading."""
    lines = []
    for form in result.unknown:
        where = f"message {form.message}" if form.message else "all of it"
        lines.append(f"conversation “{form.title or form.conversation}”, {where}: {form.what}")
    messages = _are(result.unknown_messages, "message")
    return listed(f"{messages} in a form that gptexit does not know:", lines)


def _are(number: int, thing: str) -> str:
    return f"{count(number, thing)} {'is' if number == 1 else 'are'}"


def _not_complete(result: Result) -> str:
    if not result.problems:
        return f"Not complete: {_are(len(result.changed), 'file')} changed, as listed above."
    return f"Not complete: {_are(len(result.problems), 'thing')} wrong:"


_SENTENCES: dict[Verdict, Callable[[Result], str]] = {
    "complete": lambda result: f"{_complete(result)}.",
    "complete except": _complete_except,
    "complete but": lambda result: (
        f"Complete, but look at {count(result.unknown_messages, 'message')} in ChatGPT."
    ),
    "as written": _as_written,
    "not complete": _not_complete,
}
"""The sentence of each verdict."""


def _joined(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]


def _shown(problem: Problem) -> str:
    name = problem.title or problem.conversation
    about = f"conversation “{name}”"
    if problem.file is None:
        return f"{about} {problem.what}" if name else problem.what
    words = f"{problem.file}: {problem.what}"
    return f"{words} ({about})" if problem.title or problem.conversation else words


@click.command()
@click.argument(
    "paths",
    metavar="[SOURCE...] ARCHIVE",
    nargs=-1,
    required=True,
    type=outputs.PATH,
    is_eager=True,
)
@outputs.out_file(
    "--report",
    metavar="FILE.json",
    help="Write the result as JSON to a file; `-` prints it.",
    ours=outputs.REPORT,
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Nothing but the exit code.")
@click.option(
    "--accept",
    is_flag=True,
    help="Record that the notes that you changed are yours, so that they do not count as damage.",
)
@options.jobs
@options.reading
@click.pass_context
def verify(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Prove that an archive holds what an export holds.

    Reads the export again and the archive as files, and compares: each conversation, each
    message's text, each file byte for byte. With ARCHIVE alone, says whether a byte of it has
    changed since it was written. ARCHIVE may also be one ZIP that `--to chatgpt` wrote.

    \b
    gptexit verify chatgpt-export.zip chatgpt-archive
    gptexit verify chatgpt-archive
    gptexit verify --accept chatgpt-archive
    """
    as_json, quiet = given["as_json"] or given["report"] == "-", given["quiet"]
    kind = kind_of(given, quiet=quiet or as_json)
    if quiet:
        streams.hush()
    *sources, archive = _in_order(paths)
    if given["accept"]:
        accept(Path(archive))
    if sources:
        with (
            opened(
                lambda: open_export(sources, careful=True, allow_large=given["allow_large"]),
                kind,
            ) as export,
            progress_bar(export, kind) as progress,
        ):
            result = verify_archive(Path(archive), export, progress, jobs=given["jobs"])
    else:
        with progress_bar(None, kind, what="Checking"):
            result = verify_archive(Path(archive))
    write_reports(given, result.as_json())
    if not (quiet or as_json):
        click.echo(verdict(result))
    ctx.exit(EXITS[result.verdict])


def _is_archive(path: Path) -> bool:
    return (path / HOUSE).exists() or bool(inner_archives(path))


def _in_order(paths: tuple[str, ...]) -> list[str]:
    """Return sources and archive in their order, also if the archive comes first."""
    first, last = Path(paths[0]), Path(paths[-1])
    if len(paths) < 2 or _is_archive(last) or not last.exists():
        return list(paths)
    # The format chatgpt is read as an export too.
    if not _is_archive(first) or record_of(first).get("format") == "chatgpt":
        return list(paths)
    ordered = [*paths[1:], paths[0]]
    command = command_line(["gptexit", "verify", *ordered])
    click.echo(f"The archive comes last, so gptexit runs: {command}", err=True)
    return ordered
