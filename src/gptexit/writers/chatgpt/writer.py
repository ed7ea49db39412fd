"""ChatGPT's own layout, as ZIPs for every program that reads ChatGPT exports.

chatgpt-export.zip
chatgpt-export-2.zip     if one would be too large
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gptexit.archive.files import Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation
from gptexit.names import names_in
from gptexit.text.json import dumps
from gptexit.writers.base import on_branches
from gptexit.writers.chatgpt import ChatGPTOptions
from gptexit.writers.chatgpt.restore import repaired
from gptexit.writers.chatgpt.zip_volume import (
    CLASSIC,
    FITS,
    FORMS,
    USUAL,
    SizeLimits,
    ZipVolume,
    rows_of,
)
from gptexit.writers.steps import Sketch, Stepped


def _name(number: int) -> str:
    tail = "" if number == 1 else f"-{number}"
    return f"chatgpt-export{tail}.zip"


class ChatGPT(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: ChatGPTOptions, name: Callable[[int], str] = _name) -> None:
        """`name`: the path of a ZIP, by its number from 1 on."""
        self._branches = options.branches
        self._name = name
        asked = (form for form in (options.form, options.fit) if form in FORMS)
        self._form = next(asked, CLASSIC) or CLASSIC
        limits = FITS.get(options.fit or "", USUAL)
        size = options.max_size or limits.size
        self._limits = SizeLimits(min(size, limits.size), limits.member, limits.members)
        if options.max_size and not options.fit:
            self._limits = SizeLimits(size, limits.member, limits.members)
        self._number = 1
        self._volume = self._begun()

    def _begun(self) -> ZipVolume:
        return ZipVolume(self._name(self._number), self._form, self._limits)

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the JSON of the conversation, and its rows in the tables."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        raw, repairs = repaired(conversation)
        done.not_kept += repairs
        done.not_kept += FORMS[self._form].fit(raw)
        done.not_kept[NotKept.GIVEN_NAME] += sum(1 for _ in names_in(conversation))
        done.not_kept = +done.not_kept
        done.messages = len(conversation["messages"])
        data = dumps(raw)
        feedback, library = rows_of(data, conversation)
        return Sketch(done, {"data": data, "feedback": feedback, "library": library})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the conversation to the open ZIP, or to the next one."""
        done, data = sketch.done, sketch.facts["data"]
        assets = [asset for asset in conversation["assets"] if asset["member"] is not None]
        if not self._volume.takes(data, assets):
            if not self._volume.is_empty:
                done.files += self._volume.end()
                self._number += 1
                self._volume = self._begun()
            if not self._volume.takes(data, assets):
                done.not_kept[NotKept.CONVERSATION_OVER_SIZE] += 1
        rows = sketch.facts["feedback"], sketch.facts["library"]
        files, copies = self._volume.add(data, assets, *rows)
        done.files += files
        done.copies += copies
        return done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Put files into the last ZIP, as far as there is room."""
        done = Rendered()
        for asset in assets:
            copy = self._volume.add_other(asset)
            if copy:
                done.copies.append(copy)
            else:
                done.not_kept[NotKept.FILE_UNMENTIONED] += 1
        return done

    def finish(self) -> Rendered:
        """End the last ZIP."""
        return Rendered(files=self._volume.end())
