"""The formats of chat apps and of their APIs: turns instead of nodes, and their text."""

from __future__ import annotations

from gptexit.writers.base import CommonOptions, Format, Group, SinkKind, Writer, WriterSetting


def _open_webui(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.open_webui import OpenWebUI

    return OpenWebUI(options, setting.catalog, setting.read)


def _librechat(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.librechat import LibreChat

    return LibreChat(options, setting.catalog)


def _jan(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.jan import Jan

    return Jan(options, setting.catalog, setting.read)


def _sillytavern(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.sillytavern import SillyTavern

    return SillyTavern(options, setting.catalog)


def _llama_cpp(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.llama_cpp import LlamaCpp

    return LlamaCpp(options, setting.catalog, setting.read)


def _lm_studio(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.lm_studio import LMStudio

    return LMStudio(options, setting.catalog, setting.read)


def _llm(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.llm_logs import Llm

    return Llm(options)


def _claude_api(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chat.api_requests import ClaudeApi

    return ClaudeApi(options)


def _gemini_api(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chat.api_requests import GeminiApi

    return GeminiApi(options)


def _messages(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chat.datasets import MESSAGES, Dialogues

    return Dialogues(options, "messages.jsonl", MESSAGES)


def _sharegpt(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chat.datasets import SHAREGPT, Dialogues

    return Dialogues(options, "sharegpt.jsonl", SHAREGPT)


OPEN_WEBUI = Format("open-webui", "Files for Open WebUI's own import.", Group.APPS, _open_webui)
LIBRECHAT = Format(
    "librechat", "LibreChat's own JSON, a file a conversation.", Group.APPS, _librechat
)
JAN = Format("jan", "Threads for Jan's data folder.", Group.APPS, _jan)
SILLYTAVERN = Format(
    "sillytavern",
    "Chats and characters for SillyTavern's user folder.",
    Group.APPS,
    _sillytavern,
)
LLAMA_CPP = Format(
    "llama-cpp",
    "ZIPs for the page of llama.cpp's own server.",
    Group.APPS,
    _llama_cpp,
    sink=SinkKind.ZIPS,
)
LM_STUDIO = Format("lm-studio", "Chats for LM Studio's folder.", Group.APPS, _lm_studio)
LLM = Format(
    "llm",
    "A database of the command llm, which searches it and goes on from it.",
    Group.APPS,
    _llm,
    sink=SinkKind.LLM,
    extra="llm",
)
CLAUDE_API = Format(
    "claude-api",
    "Requests to Claude's API, one conversation a line, for scripts.",
    Group.PROGRAMS,
    _claude_api,
    sink=SinkKind.FILE,
    ignores=("branches",),
    for_others=True,
)
GEMINI_API = Format(
    "gemini-api",
    "Requests to the Gemini API, one conversation a line, for scripts.",
    Group.PROGRAMS,
    _gemini_api,
    sink=SinkKind.FILE,
    ignores=("branches",),
    for_others=True,
)
MESSAGES = Format(
    "messages",
    "Dialogues of role and content, a version a line, for datasets and fine-tuning.",
    Group.PROGRAMS,
    _messages,
    sink=SinkKind.FILE,
)
SHAREGPT = Format(
    "sharegpt",
    "The same in ShareGPT's form, for programs that ask for that.",
    Group.PROGRAMS,
    _sharegpt,
    sink=SinkKind.FILE,
)
