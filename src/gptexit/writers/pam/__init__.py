"""Portable AI Memory 1.0: a store of memories, and the conversations that they come from."""

from __future__ import annotations

from gptexit.writers.base import CommonOptions, Format, Group, Writer, WriterSetting


def _writer(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.pam.writer import Pam

    return Pam(options, setting.catalog)


FORMAT = Format(
    "pam",
    "Portable AI Memory: memories and conversations, for programs.",
    Group.PROGRAMS,
    _writer,
    ignores=("include",),
)
