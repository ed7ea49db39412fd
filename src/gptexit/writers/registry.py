"""Every format that gptexit writes. A new one is a module beside this one and a line here."""

from __future__ import annotations

from gptexit.writers import chat, chatgpt, enex, html, jsonl, markdown, packs, pam, sqlite
from gptexit.writers.base import Format, OptionSpec

FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        markdown.FORMAT,
        html.FORMAT,
        jsonl.FORMAT,
        sqlite.FORMAT,
        enex.FORMAT,
        chat.OPEN_WEBUI,
        chatgpt.FORMAT,
        chatgpt.TEXT,
        packs.CLAUDE,
        chat.CLAUDE_API,
        packs.GEMINI,
        chat.GEMINI_API,
        chat.LIBRECHAT,
        chat.JAN,
        chat.LLAMA_CPP,
        chat.SILLYTAVERN,
        chat.LM_STUDIO,
        chat.LLM,
        pam.FORMAT,
        chat.MESSAGES,
        chat.SHAREGPT,
    )
}
"""By name."""


def own_options() -> dict[str, tuple[OptionSpec, list[Format]]]:
    """Return the options that not every format has, each with the formats that have it."""
    found: dict[str, tuple[OptionSpec, list[Format]]] = {}
    for format in FORMATS.values():
        for name, spec in format.options.own().items():
            found.setdefault(name, (spec, []))[1].append(format)
    return found
