"""A note before its files have their places: what can be said of a conversation on its own.

Names in an archive depend on what the archive has already, so they are given in order, by one
process (see `writer`). All else is rendered here, by a function without a memory, which may run in
any process. Where a note will name or link to a file, a mark stands for it.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex

from gptexit.archive.files import Copy
from gptexit.archive.note_contents import shown_by
from gptexit.codes import as_text
from gptexit.model import Asset, Conversation, Gone, Named
from gptexit.text.markdown import line
from gptexit.writers.base import Draft
from gptexit.writers.markdown.body import Body, Style, Value, body, front_matter
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.markdown.parts import Note

UNTITLED = "Untitled"
_NOTHING = {
    "chat": "*Nothing was said here.*",
    "codex": "*Nothing was said here.*",
    "group": "*The export holds no messages of this group chat.*",
}
"""What stands in place of messages, by the kind of the conversation."""


@dataclass(frozen=True, slots=True)
class NoteDrafter:
    """Makes drafts; it can be pickled."""

    style: Style
    keep_images: bool
    mark: str = field(default_factory=lambda: f"x{token_hex(12)}")
    """The beginning of each mark: letters and digits alone, which nobody can have guessed."""

    def __call__(self, conversation: Conversation) -> Draft:
        """Render a conversation as far as it can be without knowing an archive."""
        used: dict[str, int] = {}
        note = Note(self._linker(conversation, used), keep_images=self.keep_images)
        made = body(conversation, note, self.style)
        blocks = [
            front_matter(_properties(conversation, made, len(used))),
            f"# {line(conversation['title'] or UNTITLED)}",
            *(made.blocks or [_NOTHING.get(conversation["source"]["kind"], _NOTHING["chat"])]),
        ]
        if note.footnotes.numbers:
            blocks.append(note.footnotes.block())
        blocks[-1] += "\n"
        shown = shown_by(conversation, made.shown, sorted(used), made.messages)
        return {
            "data": encoded("\n\n".join(blocks)),
            "used": list(used),  # ids of assets, in the order of their first link
            "digest": shown.digest,
            "held": shown.held,
            "messages": shown.messages,
            "hidden": as_text(made.hidden),
            "unshown": _unshown(conversation, used),
        }

    def with_files(self, draft: Draft, copies: list[Copy], folder: str) -> bytes:
        """Return the note's bytes with `copies`, one for each of the `used`, in their places.

        `folder`: the one that the note is in, relative to the archive.
        """
        data: bytes = draft["data"]
        for number, copy in enumerate(copies):
            path = posixpath.relpath(copy.path, folder)
            name = line(posixpath.basename(copy.path))
            data = data.replace(self._path(number).encode(), path.encode("utf-8", "replace"))
            data = data.replace(self._name(number).encode(), name.encode("utf-8", "replace"))
        return data

    def _path(self, number: int) -> str:
        return f"{self.mark}p{number}z"

    def _name(self, number: int) -> str:
        return f"{self.mark}n{number}z"

    def _linker(
        self, conversation: Conversation, used: dict[str, int]
    ) -> Callable[[str], tuple[str, str | None]]:
        assets = {asset["id"]: asset for asset in conversation["assets"]}

        def link(asset_id: str) -> tuple[str, str | None]:
            asset = assets.get(asset_id)
            if asset is None:
                asset = _by_name(assets, asset_id)
            if asset is None:
                return asset_id, None
            if asset["member"] is None:
                return asset["name"] or asset_id, None
            number = used.setdefault(asset["id"], len(used))
            return asset["name"] or self._name(number), self._path(number)

        return link


def _properties(conversation: Conversation, made: Body, attachments: int) -> dict[str, Value]:
    kind = conversation["source"]["kind"]
    return {
        "title": conversation["title"] or UNTITLED,
        "id": conversation["id"],
        "created": _to_the_second(conversation["created"]),
        "updated": _to_the_second(conversation["updated"]),
        "model": _model(conversation),
        "models": made.models if len(made.models) > 1 else None,
        "kind": kind if kind != "chat" else None,
        "url": conversation["source"]["url"],
        "source": conversation["source"]["url"],
        **_named("project", conversation["project"]),
        **_named("gpt", conversation["assistant"]),
        "archived": conversation["archived"] or None,
        "starred": conversation["starred"] or None,
        "gone": _gone(conversation["source"]["gone"]),
        "messages": made.messages,
        "attachments": attachments or None,
        "tags": ["chatgpt"] if kind == "chat" else ["chatgpt", kind],
    }


def _named(key: str, thing: Named | None) -> dict[str, Value]:
    """Return the properties of a project or custom GPT: its name and its id, else the id alone."""
    if thing is None:
        return {}
    return {key: thing["name"], f"{key}_id": thing["id"]} if thing["name"] else {key: thing["id"]}


def _by_name(assets: dict[str, Asset], asset_id: str) -> Asset | None:
    """The asset of a link such as `sandbox:/mnt/data/table.csv`, by its name."""
    name = asset_id.rpartition("/")[2]
    return next((asset for asset in assets.values() if asset["name"] == name), None)


def _model(conversation: Conversation) -> str | None:
    """The model that wrote the most answers, else the conversation's own."""
    named = [message["model"] for message in conversation["messages"] if message["model"]]
    if not named:
        return conversation["model"]
    return named[0] if len(set(named)) == 1 else Counter(named).most_common(1)[0][0]


def _gone(gone: Gone | None) -> str | None:
    """What the newest export no longer has of the conversation, in words."""
    if gone is None:
        return None
    number = len(gone["messages"])
    return "conversation" if gone["conversation"] else f"{number} message{'s'[: number != 1]}"


def _to_the_second(time: str | None) -> str | None:
    return time[:19] + "Z" if time else None


def _unshown(conversation: Conversation, used: dict[str, int]) -> int:
    """How many assets there are that no shown message links to."""
    return sum(
        1 for asset in conversation["assets"] if not asset["missing"] and asset["id"] not in used
    )
