"""ChatGPT's own export again: selected, repaired, merged, split below a size."""

from __future__ import annotations

from dataclasses import dataclass

from gptexit.writers.base import (
    CommonOptions,
    Format,
    Group,
    SinkKind,
    Writer,
    WriterSetting,
    option,
)

LAYOUTS = ("classic", "2026")


def _size(words: str) -> int:
    from gptexit.writers.chatgpt.zip_volume import size_of

    return size_of(words)


@dataclass(frozen=True, slots=True)
class ZipOptions(CommonOptions):
    """The options of ZIPs in ChatGPT's own form."""

    form: str | None = option(
        None,
        "The form that most programs read, or that of 2026. [default: classic]",
        choices=LAYOUTS,
        recorded=True,
    )
    max_size: int | None = option(
        None,
        "How large a ZIP may be, unpacked, before a new one begins. [default: 5GB]",
        metavar="SIZE",
        parse=_size,
    )


@dataclass(frozen=True, slots=True)
class ChatGPTOptions(ZipOptions):
    """The options of an export for other programs."""

    fit: str | None = option(
        None, "Write only what this program reads, within its limits.", choices=("librechat",)
    )


def _writer(options: ChatGPTOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chatgpt.writer import ChatGPT

    return ChatGPT(options)


FORMAT = Format(
    "chatgpt",
    "ChatGPT's own export again: repaired, split.",
    Group.ARCHIVES,
    _writer,
    ChatGPTOptions,
    SinkKind.ZIPS,
    ignores=("include",),
)


def _text_writer(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.chatgpt.text_only import ChatGPTText

    return ChatGPTText(options)


TEXT = Format(
    "chatgpt-text",
    "ChatGPT's own export with text alone, for programs that stop at anything else.",
    Group.APPS,
    _text_writer,
    sink=SinkKind.ZIPS,
)
