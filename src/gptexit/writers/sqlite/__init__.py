"""The format `sqlite`: conversations as rows of a database."""

from __future__ import annotations

from gptexit.writers.base import CommonOptions, Format, Group, SinkKind, Writer, WriterSetting


def _writer(options: CommonOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.sqlite.writer import Sqlite

    return Sqlite(options)


FORMAT = Format(
    "sqlite",
    "An SQLite database with full-text search.",
    Group.PROGRAMS,
    _writer,
    sink=SinkKind.DATABASE,
    ignores=("include",),
)
