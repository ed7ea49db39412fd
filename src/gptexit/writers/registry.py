"""Every format that gptexit writes. A new one is a module beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gptexit.archive.files import Read
from gptexit.archive.manifest import Catalog
from gptexit.selection import Selection
from gptexit.writers.base import NOTHING, SECRETS, Options, Target

LAYOUTS = ("classic", "2026")
"""Of an export in ChatGPT's own form."""
API = "api"
"""The form that became formats of their own: `claude` with it is `claude-api`."""


@dataclass(frozen=True, slots=True)
class Format:
    """A line of the table. `make` imports the target only when it is asked for."""

    name: str
    what: str
    """One sentence for a person."""
    make: Callable[[Options, Catalog, Read], Target]
    one_file: bool = False
    """Whether it is a single file, which can go to standard output."""
    forms: tuple[str, ...] = ()
    """The values of `--form` that it takes."""
    zipped: bool = False
    """Whether its files are ZIPs."""
    database: bool = False
    """Whether it is a database; `render` gives rows."""
    pack: bool = False
    """Whether it is made to be given to another company: secrets are redacted unless asked not."""


def _markdown(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.markdown.writer import Markdown

    return Markdown(options, catalog)


def _jsonl(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.jsonl import Jsonl

    return Jsonl(options)


def _open_webui(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.open_webui import OpenWebUI

    return OpenWebUI(options, catalog, read)


def _librechat(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.librechat import LibreChat

    return LibreChat(options, catalog)


def _chatgpt(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.chatgpt.writer import ChatGPT

    return ChatGPT(options)


def _sqlite(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.sqlite import Sqlite

    return Sqlite(options)


def _gemini_api(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.chat.api_requests import GeminiApi

    return GeminiApi(options)


def _gemini(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.packs.gemini import Gemini

    return Gemini(options)


def _pam(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.pam.writer import Pam

    return Pam(options, catalog)


def _claude_api(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.chat.api_requests import ClaudeApi

    return ClaudeApi(options)


def _claude(options: Options, catalog: Catalog, read: Read) -> Target:
    from gptexit.writers.packs.claude import Claude

    return Claude(options, catalog)


FORMATS = {
    each.name: each
    for each in (
        Format("markdown", "A folder of notes, one a conversation, with their files.", _markdown),
        Format("jsonl", "Neutral JSON, one conversation a line; holds everything.", _jsonl, True),
        Format("sqlite", "An SQLite database with full-text search.", _sqlite, database=True),
        Format("open-webui", "Files for Open WebUI's own import of chats.", _open_webui),
        Format(
            "chatgpt",
            "ChatGPT's own export again: repaired, split.",
            _chatgpt,
            forms=LAYOUTS,
            zipped=True,
        ),
        Format(
            "claude",
            "A pack for Claude: memory, files for projects.",
            _claude,
            pack=True,
        ),
        Format(
            "claude-api",
            "Requests to Claude's API, one conversation a line, for scripts.",
            _claude_api,
            one_file=True,
            pack=True,
        ),
        Format(
            "gemini",
            "A pack for Gemini: chats, sources, memory.",
            _gemini,
            forms=LAYOUTS,
            zipped=True,
            pack=True,
        ),
        Format(
            "gemini-api",
            "Requests to the Gemini API, one conversation a line, for scripts.",
            _gemini_api,
            one_file=True,
            pack=True,
        ),
        Format("librechat", "LibreChat's own JSON, a file a conversation.", _librechat),
        Format("pam", "Portable AI Memory: memories and conversations, for programs.", _pam),
    )
}
"""By name."""


def resolved(name: str, options: Options) -> tuple[str, Options]:
    """Return the format and options that are meant, where a format has got a name of its own since.

    `claude` and `gemini` with the form `api` are the formats `claude-api` and `gemini-api`.
    """
    if options.form == API and f"{name}-{API}" in FORMATS:
        return f"{name}-{API}", replace(options, form=None)
    return name, options


def redact_of(name: str, options: Options) -> str:
    """What is redacted in a format: what was asked for, else secrets in packs alone."""
    known = FORMATS.get(name)
    return options.redact or (SECRETS if known and known.pack else NOTHING)


def choices(format_name: str, options: Options, selection: Selection) -> dict[str, Any]:
    """The part of a record that is known before the run: what was asked for."""
    return {
        "format": format_name,
        "options": {
            "branches": options.branches,
            "include": sorted(options.include),
            "timezone": str(options.timezone) if options.timezone else None,
            "form": options.form,
            "web_images": options.web_images,
            "redact": redact_of(format_name, options),
            "layout": options.layout,
        },
        "selection": selection.as_json(),
    }
