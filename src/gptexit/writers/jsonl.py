"""jsonl: the neutral model, one conversation a line. It holds everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gptexit.archive.files import JSONL, File, Rendered
from gptexit.codes import Hidden, as_text, from_text
from gptexit.model import Asset, Conversation
from gptexit.text.json import dump_line
from gptexit.writers.base import (
    CommonOptions,
    Draft,
    Format,
    Group,
    SinkKind,
    Writer,
    WriterSetting,
    on_branches,
)


@dataclass(frozen=True, slots=True)
class LineDrafter:
    """Makes the line of a conversation."""

    branches: str | None

    def __call__(self, conversation: Conversation) -> Draft:
        """Return the line and its counts."""
        done = Rendered()
        conversation = on_branches(conversation, self.branches, done)
        return {
            "line": dump_line(conversation),
            "messages": len(conversation["messages"]),
            "hidden": as_text(done.hidden),
        }


class Jsonl:
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions) -> None:
        self.drafter = LineDrafter(options.branches)

    def render(self, conversation: Conversation) -> Rendered:
        """Write a line."""
        return self.settle(conversation, self.drafter(conversation), lambda: conversation)

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Append the line of a conversation."""
        return Rendered(
            files=[File(JSONL, draft["line"], "jsonl", append=True)],
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
        )

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: it holds no bytes of files."""
        return Rendered()

    def finish(self) -> Rendered:
        """Write an empty file if there was no conversation."""
        return Rendered(files=[File(JSONL, b"", "jsonl", append=True)])


def _writer(options: CommonOptions, setting: WriterSetting) -> Writer:
    return Jsonl(options)


FORMAT = Format(
    "jsonl",
    "Neutral JSON, one conversation a line; holds everything.",
    Group.PROGRAMS,
    _writer,
    sink=SinkKind.LINES,
    ignores=("include",),
)
