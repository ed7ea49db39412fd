"""Answer a command line that is not right: what is wrong in a sentence, and what may be meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from gptexit.text.terminal import command_line, printable

_MEANT = {
    **dict.fromkeys(("md", "mdown", "obsidian", "logseq", "notes", "vault", "joplin"), "markdown"),
    **dict.fromkeys(("json", "ndjson", "jsonlines", "neutral"), "jsonl"),
    **dict.fromkeys(("db", "sql", "sqlite3", "database", "datasette"), "sqlite"),
    **dict.fromkeys(("openwebui", "webui", "owui", "ollama"), "open-webui"),
    **dict.fromkeys(("anthropic", "claude-ai", "claude-desktop"), "claude"),
    **dict.fromkeys(("google", "bard", "aistudio"), "gemini"),
    **dict.fromkeys(("openai", "gpt", "zip"), "chatgpt"),
    **dict.fromkeys(("export", "import", "extract", "unzip", "transform"), "convert"),
    **dict.fromkeys(("leave", "quit", "backup", "all"), "exit"),
    **dict.fromkeys(("find", "grep", "query"), "search"),
    **dict.fromkeys(("check", "proof", "prove", "compare"), "verify"),
    **dict.fromkeys(("info", "stats", "show", "list", "ls"), "inspect"),
    **dict.fromkeys(("memories", "remember"), "memory"),
    **dict.fromkeys(("upload", "send", "sync"), "push"),
    **dict.fromkeys(("server", "serve"), "mcp"),
    **dict.fromkeys(("--format", "--formats", "-f", "-t"), "--to"),
    **dict.fromkeys(("--out", "--dir", "--folder", "--dest", "--directory", "-d"), "--output"),
    **dict.fromkeys(("--from", "--after", "--start"), "--since"),
    **dict.fromkeys(("--before", "--end"), "--until"),
    **dict.fromkeys(("--silent", "-s"), "--quiet"),
    **dict.fromkeys(("--dryrun", "-n", "--simulate", "--preview"), "--dry-run"),
    **dict.fromkeys(("--destination", "--place", "--to"), "--for"),
    **dict.fromkeys(("--threads", "--workers", "-j"), "--jobs"),
}
"""By a word that people type, the format, command or option that gptexit has for it."""
_NEAREST = {
    "notion": ("markdown", "Notion imports Markdown files"),
    "evernote": ("markdown", "Evernote cannot import conversations itself"),
    "onenote": ("markdown", "OneNote takes pasted text"),
    **dict.fromkeys(("htm", "website", "browser"), ("html", "its pages open in a browser")),
    **dict.fromkeys(
        ("txt", "text", "plain", "rtf", "org", "rst"), ("markdown", "it is plain text")
    ),
    **dict.fromkeys(
        ("pdf", "epub", "docx", "word", "odt"), ("markdown", "pandoc converts it to that")
    ),
    **dict.fromkeys(("csv", "excel", "xlsx", "tsv"), ("sqlite", "sqlite3 turns it into tables")),
    **dict.fromkeys(
        ("copilot", "grok", "mistral", "lechat", "perplexity", "deepseek", "llama"),
        ("markdown", "any assistant reads it"),
    ),
}
"""By a format that gptexit does not write, the one that comes nearest, and why."""
_EXAMPLE = re.compile(r"^\s*(gptexit .+)$", re.MULTILINE)
_DASHES = "-‐‑‒–—―−﹘﹣－"
"""The hyphen, and signs that a word processor or a keyboard puts in its place."""
_SHOWN = 40
"""Characters of a wrong word that a sentence shows."""


class NamedChoice(click.Choice):  # type: ignore[type-arg]  # not generic before click 8.4
    """A choice that says what may be meant by another word.

    `what`: one of the choices, as a noun; `anyway`: formats that need not be chosen.
    """

    def __init__(
        self, choices: Iterable[str], what: str = "value", anyway: Sequence[str] = ()
    ) -> None:
        super().__init__(list(choices))
        self.what = what
        self.anyway = anyway

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value. Raises BadParameter."""
        word = str(value).casefold()
        format = _MEANT.get(word, _NEAREST.get(word, (word,))[0])
        if format in self.anyway:
            why = f", and {_NEAREST[word][1]}" if word in _NEAREST else ""
            self.fail(f"{format} is written anyway{why}: leave {value!r} out.", param, ctx)
        known = {str(choice).casefold(): str(choice) for choice in self.choices}
        several = [part.strip() for part in word.split(",")]
        if param and param.multiple and several[1:] and known.keys() >= set(several):
            each = " ".join(f"{_named(param)} {known[part]}" for part in several)
            self.fail(f"give each {self.what} by itself: {each}", param, ctx)
        if word not in known:
            self.fail(unknown(str(value), self.choices, self.what), param, ctx)
        return known[word]


def unknown(word: str, known: Iterable[str], what: str) -> str:
    """Say that `word` is none of the words `known`, and which of them may be meant."""
    known = list(known)
    head = f"there is no {what} “{printable(word, _SHOWN)}”"
    if meant := _meant(word, known):
        return f"{head}; did you mean {meant}?"
    nearest, why = _NEAREST.get(word.casefold(), ("", ""))
    if nearest in known:
        return f"{head}; the nearest is {nearest}: {why}."
    return f"{head}; choose one of {', '.join(known)}."


def _meant(word: str, known: list[str]) -> str | None:
    """Return the one of `known` that a word may stand for."""
    import difflib  # a moment that no right command line has to wait

    words = {other: name for other, name in _MEANT.items() if name in known}
    words |= {name.casefold(): name for name in known}
    folded = word.casefold().replace("_", "-")
    close = [folded] if folded in words else []
    if folded not in _NEAREST:
        close += difflib.get_close_matches(folded, words, 1, 0.8)
        close += difflib.get_close_matches(folded, map(str.casefold, known), 1, 0.6)
    return words[close[0]] if close else None


def is_path(word: str) -> bool:
    """Tell whether a word in the place of a command can only be meant as a file or a folder."""
    return "." in word.strip(".") or "/" in word or "\\" in word


def no_command(word: str, commands: Mapping[str, str]) -> str:
    """Say that there is no command `word`, and what may be meant."""
    if meant := _meant(word, list(commands)):
        return f"there is no command “{printable(word, _SHOWN)}”; did you mean gptexit {meant}?"
    return (
        f"there is no command “{printable(word, _SHOWN)}”, and no file of that name here; "
        "gptexit --help lists the commands."
    )


def with_options(ctx: click.Context, command: click.Command, words: list[str]) -> list[str]:
    """Return the words after a command that reads files; those of its help, for `help`.

    Raises UsageError for a name of an option without hyphens, or with a dash that a word processor
    made of them.
    """
    if words == ["help"] and not os.path.lexists("help"):
        return ["--help"]
    params = command.get_params(click.Context(command, parent=ctx))
    options = {word: param for param in params for word in param.opts}
    no_file = [not os.path.lexists(word) for word in words]
    mended = list(words)
    for at, word in enumerate(words):
        before = options.get(mended[at - 1]) if at else None
        if word == "--" or (isinstance(before, click.Option) and not before.is_flag):
            continue
        begins = word.lstrip(_DASHES)
        name, sign, value = begins.partition("=")
        meant = f"-{name}" if len(name) == 1 else f"--{name}"
        option = options.get(meant)
        followed = at + 1 < len(words) or not isinstance(option, click.Option) or option.is_flag
        bare = word == begins and len(name) > 1 and followed and not all(no_file)
        dashed = word[: len(word) - len(begins)].strip("-")
        single = word == f"-{begins}" and len(name) > 1
        if meant in options and no_file[at] and (bare or dashed or single):
            mended[at] = f"{meant}{sign}{value}"
    if mended == words:
        return words
    wrong = next(word for word, meant in zip(words, mended, strict=True) if word != meant)
    line = command_line(["gptexit", command.name or "", *mended])
    raise click.UsageError(
        f"“{printable(wrong, _SHOWN)}” is no file. Such an option begins with two hyphens; the "
        f"command to copy: {line}"
    )


def sentence(error: click.ClickException) -> str:
    """Return what to print for an error of the command line."""
    ctx = getattr(error, "ctx", None)
    match error:
        case click.NoSuchOption():
            return _no_option(error.option_name, ctx)
        case click.MissingParameter():
            return _missing(error, ctx)
        case click.BadParameter():
            return f"{_hint(error)}: {_number(error) or error.message}"
        case click.BadOptionUsage():
            return f"{error.option_name} needs a value after it. {_help(ctx)}"
    message = _lowered(error.format_message())
    if message.startswith("got unexpected extra argument"):
        example = _example(ctx)
        words = message.partition("(")[2].removesuffix(")").removesuffix(").")
        known = f", as in: {example}" if example else f". {_help(ctx)}"
        return f"one word too many: {words}; this command takes fewer{known}"
    return message


def _no_option(name: str, ctx: click.Context | None) -> str:
    known = [word for param in ctx.command.params for word in param.opts] if ctx else []
    meant = _meant(name, [word for word in known if word.startswith("-")])
    guess = f"; did you mean {meant}?" if meant else "."
    return f"there is no option {printable(name, _SHOWN)}{guess} {_help(ctx)}"


def _missing(error: click.MissingParameter, ctx: click.Context | None) -> str:
    example = _example(ctx)
    name = _named(error.param)
    what = "the path of the archive" if name.endswith(" ARCHIVE") else name
    return f"{what} is missing" + (f", as in: {example}" if example else f". {_help(ctx)}")


def _number(error: click.BadParameter) -> str | None:
    """Say which numbers an option takes, if it takes numbers."""
    kind = error.param.type if error.param else None
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return None
    last = f"to {kind.max:,}" if kind.max is not None else "on"
    value = error.message.partition(" is not")[0]
    return f"{value} is not taken; give a number from {kind.min} {last}."


def _hint(error: click.BadParameter) -> str:
    """Return the name of the option or argument that has a wrong value."""
    if error.param_hint is not None:
        hint = error.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    return _named(error.param)


def _named(param: click.Parameter | None) -> str:
    """Return the name of an option or argument, as a person types or reads it."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.human_readable_name if param else "something"


def _example(ctx: click.Context | None) -> str | None:
    """Return the first example in the help of a command."""
    found = _EXAMPLE.search(ctx.command.help or "") if ctx else None
    return found[1] if found else None


def _help(ctx: click.Context | None) -> str:
    return f"See {ctx.command_path if ctx else 'gptexit'} --help."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
