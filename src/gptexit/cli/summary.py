"""What a run shows a person: its progress, and at its end what came of it."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from gptexit.cli.outputs import is_stream
from gptexit.codes import Repair, sentences
from gptexit.errors import Closed
from gptexit.files.disk import free_at, write_all, write_whole
from gptexit.report import age, failed
from gptexit.text.terminal import count, printable, size
from gptexit.writers.base import NOTHING, SECRETS
from gptexit.writers.registry import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gptexit.readers.chatgpt.export_set import ExportSet
    from gptexit.source import Source

LISTED = 10
"""Names of missing or unreadable things that are printed; the report has them all."""
_KINDS = 5
"""Kinds of secrets that the summary names."""


def summary(report: dict[str, Any], repeated: Callable[[list[str], str], str]) -> str:
    """Return what a run did in plain words, from its report, without what went wrong.

    `repeated`: makes the command that keeps what such options show in the archive of a folder.
    """
    dry = any(target["planned"] for target in report["targets"])
    lines = ["A dry run: nothing is written."] if dry else []
    lines += [_read(report), *_exports(report), *filter(None, [age(report)])]
    lines += map(_written, report["targets"])
    lines += [*_redacted(report), *not_selected(report["selected"]["left_out"])]
    lines += _showed_more(report, repeated)
    for part in (_moved, _edited, _earlier, _missing, _passed_over, _repaired):
        lines += part(report)
    lines += ["gptexit read all that the export holds."] if report["complete"] else []
    return "\n".join(lines)


def troubles(report: dict[str, Any], named: str = "--report FILE") -> list[str]:
    """Return what went wrong, also for `--quiet`; `named`: what has all of it."""
    files, refused = report["source"]["missing_files"], report["assets"]["refused"]
    lines = not_given(files)
    if files:
        lines.append("  A large export comes as several ZIPs: give them all in one command.")
    lines += unreadable(map(lost, report["read"]["unreadable"]))
    if refused:
        lines.append(f"Could not be copied: {count(refused, 'file')}.")
    if not report["complete"]:
        lines.append(f"Part of the export was not written. {named} lists all of it.")
    return lines


def not_given(files: list[str]) -> list[str]:
    """Name the files that the export's own list has and that were not given."""
    head = f"The export's own list names {count(len(files), 'file')} that you did not give:"
    return listed(head, files)


def lost(loss: Mapping[str, str]) -> str:
    """Say what could not be read, and why."""
    return f"{loss['where']}: {loss['reason']}"


def unreadable(parts: Iterable[str]) -> list[str]:
    """Name the parts of a source that could not be read."""
    parts = list(parts)
    return listed(f"Could not be read ({len(parts):,}):", parts)


def write_output(path: str, data: bytes | str) -> None:
    """Write a file, whole or not at all; `-` is standard output. Raises OSError.

    A pipe and a device are written to as they are.
    """
    content = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    if path == "-":
        click.echo(data, nl=False)
    elif is_stream(Path(path)):
        with Path(path).open("ab", buffering=0) as stream:
            try:
                write_all(stream, content)
            except OSError as error:
                error.filename = path
                raise
    else:
        write_whole(Path(path), content)


def write_report(path: str, report: dict[str, Any]) -> None:
    """Write a report as JSON, as `write_output` does."""
    write_output(path, as_json(report))


def as_json(report: Any) -> bytes:
    """Return a report as lines of JSON; names of files in it may be no UTF-8."""
    try:
        return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        text = json.dumps(report, ensure_ascii=False, indent=2)
        return f"{text}\n".encode("utf-8", "replace")


@contextmanager
def reported(path: str | None, sources: Sequence[str]) -> Iterator[None]:
    """Write a report to `path`, if one is wanted, also of a run that an error ends.

    The error goes on. A run that comes to its end writes its own report.
    """
    started = datetime.now(UTC)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if path and not isinstance(error, Closed | click.exceptions.Exit):
            from gptexit.cli.endings import ending

            label = ", ".join(map(printable, sources))
            with suppress(OSError):  # the error of the run counts
                write_report(path, failed(label, *ending(error), started))
        raise


def named_report(given: Mapping[str, Any]) -> str:
    """Name the report of a run, or the option that writes one."""
    if given["as_json"] or given["report"] == "-":
        return "The report"
    return printable(given["report"] or "--report FILE")


def warn_of_small_disk(export: Source | ExportSet, out: str | Path, formats: Sequence[str]) -> None:
    """Say before the work that the disk cannot hold what `formats` write, if that is certain."""
    from gptexit.conversion import bytes_needed  # its imports are slow

    free = free_at(out)
    if free is None or out == "-":
        return
    if needed := bytes_needed(export, out, formats, free):
        complain(
            [
                f"Warning: the disk of {printable(str(out))} has {size(free)} left, and this "
                f"export needs at least {size(needed)} there. Make room, or choose a folder on "
                "another disk with -o."
            ]
        )


def write_reports(given: Mapping[str, Any], report: dict[str, Any]) -> None:
    """Write what `--report` and `--json` ask for."""
    if given["report"] not in (None, "-"):
        write_report(given["report"], report)
    if given["as_json"] or given["report"] == "-":
        write_report("-", report)


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
        words += f" Merged {count(read['duplicates'], 'more copy', 'more copies')} of them."
    return words


def _exports(report: dict[str, Any]) -> list[str]:
    """Say what came from which of several merged exports."""
    exports = report["source"]["exports"]
    lines = [f"Merged {len(exports)} exports, the oldest first:"] if exports else []
    lines += map(_brought, exports)
    gone, differing = report["read"]["gone"], report["read"]["differing"]
    if gone["conversations"] or gone["messages"]:
        words = [count(gone["conversations"], "conversation")] if gone["conversations"] else []
        of = " of others" if words else ""
        words += [f"{count(gone['messages'], 'message')}{of}"] if gone["messages"] else []
        lines.append(
            f"No longer in {exports[-1]['label']}: {' and '.join(words)}; kept, and marked as gone."
        )
    if differing:
        messages = count(len(differing), "message has", "messages have")
        lines.append(
            f"{messages} another text in a later export. The later text is used; jsonl has both."
        )
    return lines


def _brought(export: dict[str, Any]) -> str:
    made = f" ({export['made'][:10]})" if export["made"] else ""
    return (
        f"  {export['label']}{made}: {count(export['conversations'], 'conversation')}. Only there: "
        f"{count(export['conversations_only'], 'conversation')}, "
        f"{count(export['messages_only'], 'message')}."
    )


def planned(format: str, out: str, conversations: int | None, plan: Mapping[str, Any]) -> str:
    """Say what a dry run would have written in one format."""
    new, changed, same = plan["new"], plan["changed"], plan["unchanged"]
    what = "" if conversations is None else f"{count(conversations, 'conversation')} as "
    files = [f"{count(new, 'new file')}"] if new or not changed else []
    files += [f"{count(changed, 'changed file')}"] if changed else []
    about = "" if plan["exact"] else "about "
    others = f"; {same:,} unchanged" if same else ""
    others += f"; {count(plan['removed'], 'file')} removed" if plan["removed"] else ""
    return (
        f"Would write {what}{format} to {out}: {' and '.join(files)}, {about}{size(plan['bytes'])}"
        f"{others}."
    )


def _written(target: dict[str, Any]) -> str:
    if target["planned"]:
        return planned(target["format"], target["out"], target["conversations"], target["planned"])
    where = "standard output" if target["out"] == "-" else target["out"]
    conversations = count(target["conversations"], "conversation")
    words = f"Wrote {conversations} as {target['format']} to {where}"
    new, same = target["files_written"], target["files_unchanged"]
    if target["format"] != "jsonl" or same:
        words += f": {count(new, 'file')}"
        words += f" written, {same:,} unchanged" if same else ""
    left_out = sum(target["left_out"].values())
    if left_out:
        words += f"; {count(left_out, 'conversation')} left out, as you asked"
    if target["redact"] == NOTHING and FORMATS[target["format"]].for_others:
        words += "; passwords and keys are in it, as you asked"
    return f"{words}."


def _redacted(report: dict[str, Any]) -> list[str]:
    """Say what was taken out, and where nothing could be looked for."""
    without = [target for target in report["targets"] if target["redact"] == SECRETS]
    lines = [_taken_out(report["redacted"], without)] if without else []
    if report["redacted"] and report["redacted"]["unsearched"]:
        files = count(report["redacted"]["unsearched"], "file")
        lines.append(
            f"gptexit did not look for secrets in {files}, such as pictures, PDFs, Office files "
            "and "
            "ZIPs."
        )
    return lines


def _taken_out(findings: dict[str, Any], without: list[dict[str, Any]]) -> str:
    formats = ", ".join(target["format"] for target in without)
    if not findings["secrets"]:
        return f"Searched for secrets in {formats}: none found."
    kinds = sorted(findings["kinds"].items(), key=lambda kind: (-kind[1], kind[0]))
    named = ", ".join(f"{number:,} × {kind}" for kind, number in kinds[:_KINDS])
    rest = f", and {len(kinds) - _KINDS:,} more kinds" if len(kinds) > _KINDS else ""
    where = next((target["out"] for target in without if target["out"] != "-"), None)
    listed = f"; {where}/redacted.csv lists them" if where else ""
    places = count(findings["conversations"], "conversation or file", "conversations or files")
    return (
        f"Redacted in {formats}: {count(findings['secrets'], 'secret')} ({named}{rest}) in "
        f"{places}{listed}."
    )


def not_selected(reasons: Mapping[str, int]) -> list[str]:
    """Say how many conversations each option left out, if any."""
    named = ", ".join(f"{number:,} by {name}" for name, number in reasons.items())
    total = count(sum(reasons.values()), "conversation")
    return [f"Not selected: {total} ({named})."] if reasons else []


def _showed_more(report: dict[str, Any], repeated: Callable[[list[str], str], str]) -> list[str]:
    """Name options of the run before that showed text which leaves an archive now."""
    return [
        f"{target['out']} was written with {' '.join(words)}; without that, its files lose text. "
        f"To keep it: {repeated(words, target['out'])}"
        for target in report["targets"]
        if (words := target["earlier"]["options"])
    ]


def _moved(report: dict[str, Any]) -> list[str]:
    moved: dict[str, str] = {}
    for target in report["targets"]:
        moved |= target["earlier"]["moved"]
    head = f"You moved {count(len(moved), 'file')}: each stays where you put it:"
    return listed(head, [f"{before} (now: {now})" for before, now in moved.items()])


def _edited(report: dict[str, Any]) -> list[str]:
    edited = []
    for target in report["targets"]:
        new_texts = target["earlier"]["new_texts"]
        for path in target["edited"]:
            edited.append(f"{path} (new: {new_texts[path]})" if path in new_texts else path)
    head = f"You changed {count(len(edited), 'file')}. What is new is in a file beside yours:"
    return listed(head, edited)


def _earlier(report: dict[str, Any]) -> list[str]:
    """Say what stayed of earlier runs, merged or not, and what was written anew."""
    lines = []
    for target in report["targets"]:
        earlier, name = target["earlier"], target["format"]
        names = ("notes_kept", "notes_beside", "files_healed", "files_restored")
        kept, beside, healed, restored = (earlier[key] for key in names)
        lines += listed(
            f"Damaged, perhaps by a power cut, and written again ({len(healed):,}):", healed
        )
        lines += listed(f"Written again, since they were gone ({len(restored):,}):", restored)
        words = count(len(kept), "note that holds", "notes that hold")
        lines += listed(f"Kept {words} more than this export:", kept)
        lines += listed(
            f"Of {count(len(beside), 'conversation')}, an older export has something that this one "
            "does not have. It is in a file beside the note:",
            beside,
        )
        if earlier["conversations_merged"]:
            number = count(earlier["conversations_merged"], "conversation")
            lines.append(f"Merged {number} in {name} with what only the archive had.")
        if earlier["conversations_stayed"]:
            number = count(earlier["conversations_stayed"], "conversation")
            lines.append(f"Kept in {name}, from before and not in this run: {number}.")
        if earlier["notes_anew"]:
            words = count(earlier["notes_anew"], "note was", "notes were")
            lines.append(f"{words} written again, as this version of gptexit writes them.")
    return lines


def _missing(report: dict[str, Any]) -> list[str]:
    missing = report["assets"]["mentioned"] - report["assets"]["found"]
    words = f"Your conversations mention {count(missing, 'file')} that the export does not have."
    return [f"{words} Each is named where it was."] if missing else []


def _passed_over(report: dict[str, Any]) -> list[str]:
    passed = report["source"]["passed_over"]
    head = f"Files that are not conversations, so gptexit did not read them ({len(passed):,}):"
    return listed(head, list(map(lost, passed)))


def _repaired(report: dict[str, Any]) -> list[str]:
    """Say which characters could not be kept: the user may know what they were."""
    repairs = report["read"]["repairs"]
    mended = "; ".join(f"{what} ({n:,})" for what, n in sentences(Repair, repairs.items()))
    return [f"Repaired while reading: {mended}"] if mended else []


def listed(head: str, names: list[str]) -> list[str]:
    """Lay out the first of `names` below `head`, and how many more there are; nothing if none."""
    shown = [f"  {printable(name)}" for name in names[:LISTED]]
    rest = [f"  … and {len(names) - LISTED:,} more"] if len(names) > LISTED else []
    return [head, *shown, *rest] if names else []
