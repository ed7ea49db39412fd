"""`gptexit memory`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from gptexit.cli import options, outputs, streams
from gptexit.cli.progress import kind_of, opened, progress_bar
from gptexit.cli.summary import complain, lost, not_given, unreadable, write_report
from gptexit.cli.usage import NamedChoice
from gptexit.errors import CannotRedact, Exit, NotAnAnswer, RedactionFailed
from gptexit.extras import need
from gptexit.memories.assistants import ASSISTANTS
from gptexit.memories.model import Memory
from gptexit.memories.own_list import PROMPT, OwnList, open_own_list
from gptexit.memories.text import memory_text, tally, why_more, write_page
from gptexit.remembering import gather, write_store
from gptexit.source import Source, need_outside, open_source
from gptexit.text.terminal import count, export_words
from gptexit.writers.base import NOTHING, SECRETS

_PAM = "pam"
_OUT = {"page": "memory.md", "json": "memory.json", "pam": "chatgpt-memory"}
"""The default of `-o` for each kind of output."""
_JSON = re.compile(rb'\{\n  "entries": \[.*\n  "own_list_entries": ', re.DOTALL)
"""The beginning and the end of each JSON file of this command."""


@click.command()
@options.sources
@click.option(
    "--for",
    "form",
    type=NamedChoice([*ASSISTANTS, _PAM], "place"),
    default="text",
    show_default=True,
    help="Where it goes: a page to paste for one assistant, or for any (text); or a Portable AI "
    "Memory store (pam), for programs.",
)
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE",
    type=outputs.PATH,
    help="The file to write, `-` for standard output; for pam a folder. [default: memory.md, "
    "memory.json, or chatgpt-memory]",
)
@click.option(
    "--from-file",
    "answer",
    metavar="FILE",
    type=outputs.PATH,
    help="ChatGPT's own list of what it remembers, as it answered; it is merged in.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, for scripts.")
@click.option("--conversations", is_flag=True, help="For pam: the conversations too.")
@click.option(
    "--redact",
    type=NamedChoice([SECRETS, NOTHING]),
    help="For a page: replace API keys, tokens and passwords by marks. [default: secrets, where "
    "gptexit[redact] is installed]",
)
@options.timezone("the dates")
@options.quiet
@options.reading
@click.pass_context
def memory(ctx: click.Context, /, sources: tuple[str, ...], **given: Any) -> None:
    """Write down what ChatGPT remembered of you, for your next assistant.

    What ChatGPT noted, what it was told to forget or correct, and your custom instructions: from
    the conversations, by rules, in its own words, each with its date and the conversation that it
    comes from. Nothing leaves this machine.

    \b
    gptexit memory chatgpt-export.zip --for claude
    gptexit memory older-export.zip newer-export.zip --from-file answer.txt
    """
    kind = "pam" if given["form"] == _PAM else "json" if given["as_json"] else "page"
    out = given["out"] or _OUT[kind]
    _need_sense(kind, out, sources, given)
    answer = _answer(given["answer"])
    progress_kind = kind_of(given, quiet=given["quiet"])
    with (
        opened(
            lambda: open_source(sources, streams.stdin(), allow_large=given["allow_large"]),
            progress_kind,
        ) as export,
        progress_bar(export, progress_kind) as progress,
    ):
        if kind == "pam":
            remembered = write_store(
                export, Path(out), answer.entries, progress, all_of=given["conversations"]
            )
        else:
            remembered = gather(export, answer.entries, progress)
    written, searched = out, []
    if kind == "json":
        write_report(out, remembered.as_json())
    elif kind == "page":
        paths = export_words(() if "-" in sources else sources)
        text = memory_text(remembered, given["form"], given["zone"], paths)
        page, sentence = _redacted(text, given)
        searched = [sentence]
        if out == "-":
            click.echo(page, nl=False)
        else:
            written = str(write_page(Path(out), page))
    losses = [lost(loss.as_json()) for loss in export.losses]
    complain([*unreadable(losses), *not_given(export.missing)])
    if not given["quiet"]:
        lines = [*_summary(export, remembered, answer), *searched]
        if out not in (written, "-"):
            lines.append(f"{out} stays as it is: gptexit did not write it, or you changed it.")
        if out != "-":
            lines.append(f"Wrote {written}.")
        click.echo("\n".join(lines), err=out == "-")
    ctx.exit(Exit.INCOMPLETE if export.losses or export.missing else Exit.COMPLETE)


def _need_sense(kind: str, out: str, sources: tuple[str, ...], given: dict[str, Any]) -> None:
    """Raise an error where an option would do nothing, a place is of no use, or packages lack."""
    if given["as_json"] and kind == "pam":
        raise click.UsageError("--for pam is JSON already; leave out --json.")
    if given["conversations"] and kind != "pam":
        raise click.UsageError("--conversations goes with --for pam.")
    if kind == "pam" and out == "-":
        raise click.UsageError("--for pam writes a folder: give one with -o.")
    if given["redact"] and kind != "page":
        raise click.UsageError("--redact is for a page: leave it out, or --json, or --for pam.")
    if given["zone"] and kind != "page":
        raise click.UsageError("--timezone is for a page: JSON has its times in UTC.")
    if kind == "pam":
        outputs.need_folder(out, "--output")
        need_outside(sources, [Path(out)])
    else:
        read = sources if given["out"] else ()
        outputs.need_file(out, "--output", read, _JSON if kind == "json" else None)
    if given["redact"] == SECRETS:
        need("redact")


def _answer(path: str | None) -> OwnList:
    """Read ChatGPT's own list from a file. Raise BadParameter."""
    try:
        return OwnList() if path is None else open_own_list(Path(path))
    except (NotAnAnswer, FileNotFoundError, IsADirectoryError) as error:
        sentence = str(error) if isinstance(error, NotAnAnswer) else f"there is no file {path}."
        raise click.BadParameter(sentence, param_hint="--from-file") from error


def _redacted(page: str, given: dict[str, Any]) -> tuple[str, str]:
    """Return the page without secrets, and a line that says so. Raise as `Redactor` does."""
    if given["redact"] == NOTHING:
        return page, "gptexit did not look for keys and passwords, as you asked."
    from gptexit.redact.redactor import Redactor

    try:
        clean = Redactor().text(page, "memory")
    except RedactionFailed as error:
        raise RedactionFailed(
            "gptexit could not look for keys and passwords, so it wrote nothing.",
            "To write it without looking for them: --redact nothing.",
        ) from error
    except CannotRedact as error:
        if given["redact"] == SECRETS:
            raise
        return page, f"Not searched for keys and passwords: {error.sentence}"
    if clean == page:
        return page, "gptexit found no key or password in it."
    return clean, "A key or password was in it: a mark, [redacted: …], is in its place."


def _summary(export: Source, remembered: Memory, answer: OwnList) -> list[str]:
    """Sum up what was remembered, and how to get more."""
    read = count(remembered.conversations, "conversation")
    lines = [f"Read {read} from {export.label}.", tally(remembered)]
    marked = sum(bool(entry.marks) for entry in remembered.entries)
    if marked:
        lines.append(
            f"{count(marked, 'of them has', 'of them have')} a note on what is not certain."
        )
    if answer.entries:
        entries = count(len(answer.entries), "entry", "entries")
        left = f", without {count(answer.headings, 'heading')}" if answer.headings else ""
        lines.append(f"Merged ChatGPT's own list: {entries}{left}.")
    if why := why_more(remembered):
        lines += [
            "",
            why,
            "Before you cancel, paste this into a new chat with ChatGPT, save its answer as",
            "answer.txt, and run the same command again with --from-file answer.txt:",
            "",
            PROMPT,
            "",
        ]
    return lines
