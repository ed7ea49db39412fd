"""Notes for Evernote, Joplin and Apple Notes: the format `enex`."""

from __future__ import annotations

from gptexit.writers.base import CommonOptions, Format, Group, Writer, WriterSetting


def _writer(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.enex.writer import Enex

    return Enex(options, setting.catalog, setting.read)


FORMAT = Format(
    "enex",
    "Notes for Evernote, Joplin and Apple Notes, a file a notebook.",
    Group.NOTES,
    _writer,
    branches="current",
)
