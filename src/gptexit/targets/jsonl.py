"""jsonl: the neutral model as it is, one conversation a line. It holds everything."""

from __future__ import annotations

from collections.abc import Sequence

from gptexit.jsontext import dumps
from gptexit.model import Asset, Conversation
from gptexit.targets.base import File, Options, Rendered, on_branches

NAME = "conversations.jsonl"


class Jsonl:
    """The target. All branches unless `--branches current`."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def render(self, conversation: Conversation) -> Rendered:
        """One line."""
        done = Rendered()
        conversation = on_branches(conversation, self._options, done)
        done.messages = len(conversation["messages"])
        line = dumps(conversation) + b"\n"
        done.files.append(File(NAME, line, "jsonl", append=True))
        return done

    def restart(self) -> None:
        """It keeps nothing."""

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """It holds no file at all, and names those that conversations have."""
        return Rendered()

    def finish(self) -> Rendered:
        """An empty file where no conversation came."""
        return Rendered(files=[File(NAME, b"", "jsonl", append=True)])
