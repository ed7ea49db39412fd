"""The chats, as ZIPs in ChatGPT's layout: `upload/1-of-3.zip`.

How many there are is known at the end, so each ZIP gets its name then.
"""

from __future__ import annotations

from dataclasses import replace

from gptexit.model import Conversation
from gptexit.writers.base import File, Options, Rendered
from gptexit.writers.chatgpt.writer import ChatGPT

FOLDER = "upload"


class GeminiUploads:
    """Lets the chatgpt target do the work."""

    def __init__(self, options: Options) -> None:
        self._chats = ChatGPT(options, _working_name)
        self._ends: list[File] = []

    def restart(self) -> None:
        """Begin again with the first ZIP."""
        self._chats.restart()
        self._ends.clear()

    def add(self, conversation: Conversation) -> tuple[Rendered, int]:
        """What has to be written for a conversation, and the number of its ZIP."""
        done = self._chats.render(conversation)
        return self._held_back(done), len(self._ends) + 1

    def finish(self) -> tuple[Rendered, list[str]]:
        """The end of the last ZIP, and every ZIP's name, in order."""
        done = self._held_back(self._chats.finish())
        names = [name_of(number, len(self._ends)) for number in range(1, len(self._ends) + 1)]
        done.files += [
            replace(end, place=name) for end, name in zip(self._ends, names, strict=True)
        ]
        return done, names

    def _held_back(self, done: Rendered) -> Rendered:
        """The same without the ends of ZIPs, which come when their names are known."""
        self._ends += [file for file in done.files if file.path.endswith(".zip")]
        done.files = [file for file in done.files if not file.path.endswith(".zip")]
        return done


def _working_name(number: int) -> str:
    return f"{FOLDER}/{number}.zip"


def name_of(number: int, of: int) -> str:
    """The path of a ZIP of so many, so that a list by name is in order."""
    width = len(str(of))
    return f"{FOLDER}/{number:0{width}}-of-{of}.zip"
