"""What a run shows a person: its progress, and at its end what came of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

from gptexit.cli.options import redacted
from gptexit.codes import Repair, sentences
from gptexit.text.terminal import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gptexit.pipeline import Progress

LISTED = 10
"""Names of missing or unreadable things that are printed; the report has them all."""


def summary(report: dict[str, Any]) -> str:
    """Return what a run did in plain words, from its report, without what went wrong."""
    lines = [_read(report), *_exports(report), *map(_written, report["targets"])]
    lines += redacted(report)
    lines += _left_out(report)
    lines += _edited(report)
    lines += _earlier(report)
    lines += _missing(report)
    lines += _passed_over(report)
    lines += _repaired(report)
    lines += ["Everything that the export holds was read."] if report["complete"] else []
    return "\n".join(lines)


def troubles(report: dict[str, Any], named: str = "--report FILE") -> list[str]:
    """Return what went wrong, for standard error; `named`: what has all of it.

    It is said with `--quiet` too.
    """
    files = report["source"]["missing_files"]
    found, refused = report["read"]["unreadable"], report["assets"]["refused"]
    lines = not_given(files)
    if files:
        lines.append(
            "  An export of several parts needs all of them: give every ZIP in one command."
        )
    lines += unreadable([f"{loss['where']}: {loss['reason']}" for loss in found])
    if refused:
        lines.append(f"Could not be copied: {count(refused, 'file')}.")
    if not report["complete"]:
        lines.append(f"Part of the export is not in what was written; {named} names it all.")
    return lines


def not_given(files: list[str]) -> list[str]:
    """Return lines that name the files that the export's own list has and that were not given."""
    if not files:
        return []
    head = f"The export's own list names {count(len(files), 'file')} that you did not give:"
    return [head, *listed(files)]


def unreadable(parts: list[str]) -> list[str]:
    """Return lines that name the parts of a source which could not be read."""
    return [f"Could not be read ({len(parts):,}):", *listed(parts)] if parts else []


def complain(lines: list[str]) -> None:
    """Print what went wrong to standard error."""
    if lines:
        click.echo("\n".join(lines), err=True)


def _read(report: dict[str, Any]) -> str:
    read = report["read"]
    words = f"Read {count(read['conversations'], 'conversation')}"
    words += f" with {count(read['messages'], 'message')} from {report['source']['label']}."
    others = [
        count(read["kinds"][kind], name)
        for kind, name in (("codex", "Codex task"), ("group", "group chat"))
        if read["kinds"][kind]
    ]
    if others:
        words += f" Among them: {' and '.join(others)}."
    if read["duplicates"] and not report["source"]["exports"]:
        words += f" Merged {count(read['duplicates'], 'further copy', 'further copies')} into them."
    return words


def _exports(report: dict[str, Any]) -> list[str]:
    """What came from where, where several exports were merged."""
    lines = [_brought(export) for export in report["source"]["exports"]]
    if lines:
        lines.insert(0, f"Merged {len(lines)} exports, the oldest first:")
    gone, differing = report["read"]["gone"], report["read"]["differing"]
    if gone["conversations"] or gone["messages"]:
        newest = report["source"]["exports"][-1]["label"]
        words = f"No longer in {newest}: {count(gone['conversations'], 'conversation')}"
        words += f" and {count(gone['messages'], 'message')} of others; kept, and marked as gone."
        lines.append(words)
    if differing:
        words = f"{count(len(differing), 'message')} with another text in a later export: that one "
        lines.append(words + "counts, and jsonl has both.")
    return lines


def _brought(export: dict[str, Any]) -> str:
    made = f" ({export['made'][:10]})" if export["made"] else ""
    words = (
        f"  {export['label']}{made}: {count(export['conversations'], 'conversation')}. Only there: "
    )
    words += f"{count(export['conversations_only'], 'conversation')}, "
    return words + f"{count(export['messages_only'], 'message')}."


def _written(target: dict[str, Any]) -> str:
    where = "standard output" if target["out"] == "-" else target["out"]
    words = f"Wrote {count(target['conversations'], 'conversation')} as {target['format']}"
    words += f" to {where}"
    if target["format"] != "jsonl":
        new, same = target["files_written"], target["files_unchanged"]
        words += f": {count(new, 'file')} written, {same:,} unchanged"
    left_out = sum(target["left_out"].values())
    if left_out:
        words += f"; {count(left_out, 'conversation')} left out, as you asked"
    return f"{words}; {target['redact']} redacted."


def _left_out(report: dict[str, Any]) -> list[str]:
    reasons = report["selected"]["left_out"]
    if not reasons:
        return []
    named = ", ".join(f"{count:,} by {name}" for name, count in reasons.items())
    return [f"Not selected: {count(sum(reasons.values()), 'conversation')} ({named})."]


def _edited(report: dict[str, Any]) -> list[str]:
    edited = [
        _with_new_text(path, target["earlier"]["new_texts"])
        for target in report["targets"]
        for path in target["edited"]
    ]
    if not edited:
        return []
    head = f"You changed {count(len(edited), 'file')}: kept as they are, the new text beside them:"
    return [head, *listed(edited)]


def _with_new_text(path: str, new_texts: dict[str, str]) -> str:
    return f"{path} (new: {new_texts[path]})" if path in new_texts else path


def _earlier(report: dict[str, Any]) -> list[str]:
    """What of earlier runs stayed since this export holds less, and what a new gptexit changed."""
    lines = []
    for target in report["targets"]:
        earlier, name = target["earlier"], target["format"]
        kept, beside = earlier["notes_kept"], earlier["notes_beside"]
        healed = earlier["files_healed"]
        if healed:
            words = f"Damaged, as by a power cut, and written again ({len(healed):,}):"
            lines += [words, *listed(healed)]
        if kept:
            words = "note that holds" if len(kept) == 1 else "notes that hold"
            lines += [f"Kept {len(kept):,} {words} more than this export:", *listed(kept)]
        if beside:
            words = f"Two exports hold different things of {count(len(beside), 'conversation')}: "
            lines += [f"{words}what the older one has is beside the note:", *listed(beside)]
        if earlier["conversations_merged"]:
            number = count(earlier["conversations_merged"], "conversation")
            words = "Merged with what the archive held and this export lacks"
            lines.append(f"{words}: {number} as {name}.")
        if earlier["conversations_stayed"]:
            number = count(earlier["conversations_stayed"], "conversation")
            lines.append(f"Kept {number} as {name} that this run did not bring.")
        if earlier["notes_anew"]:
            number = earlier["notes_anew"]
            words = "note was" if number == 1 else "notes were"
            lines.append(
                f"{number:,} {words} written anew, since this gptexit writes them differently."
            )
    return lines


def _missing(report: dict[str, Any]) -> list[str]:
    missing = report["assets"]["mentioned"] - report["assets"]["found"]
    if not missing:
        return []
    return [
        f"The export mentions {count(missing, 'file')} that it does not hold; a placeholder "
        "names each where it was."
    ]


def _passed_over(report: dict[str, Any]) -> list[str]:
    passed = report["source"]["passed_over"]
    if not passed:
        return []
    head = f"Beside the conversations, and not read as such ({len(passed):,}):"
    return [head, *listed([f"{file['where']}: {file['reason']}" for file in passed])]


def _repaired(report: dict[str, Any]) -> list[str]:
    """What of the text could not be kept as it was: the user may know what stood there."""
    repairs = report["read"]["repairs"]
    if not repairs:
        return []
    mended = "; ".join(f"{what} ({n:,})" for what, n in sentences(Repair, repairs.items()))
    return [f"Mended while reading: {mended}"]


def listed(names: list[str]) -> list[str]:
    """Lines for the first of `names`, and one for how many more there are."""
    shown = [f"  {printable(name)}" for name in names[:LISTED]]
    rest = len(names) - LISTED
    return [*shown, f"  … and {rest:,} more"] if rest > 0 else shown


class Sized(Protocol):
    """What has a length that is known, or is not."""

    @property
    def bytes_total(self) -> int | None:
        """In bytes."""


@contextmanager
def progress_bar(export: Sized, *, off: bool, what: str = "Reading") -> Iterator[Progress | None]:
    """Show a progress bar. Give what to call with the conversations and bytes read so far.

    Give None if nobody watches: standard error is no terminal, or `off` is set.
    """
    if off or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=export.bytes_total, unit="B", unit_scale=True, desc=what, leave=False) as bar:

        def show(conversations: int, bytes_read: int) -> None:
            bar.set_postfix_str(f"{conversations:,} conversations", refresh=False)
            bar.update(bytes_read - bar.n)

        yield show
