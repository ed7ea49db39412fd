"""The Markdown archive.

    index.md
    2025/2025-03-01-postgres-or-sqlite-for-a-small-shop.md
    assets/2025/order-form-3f9a.png

Other folders than those of years: see `Folders`. A note is named by its day and its first title,
and keeps that name.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from secrets import token_hex

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.archive.note_contents import NoteContents, Shown, shown_by, text_of
from gptexit.codes import Hidden, NotKept, as_text, from_text
from gptexit.model import Asset, Conversation, Gone, Named
from gptexit.names import names_in
from gptexit.text.dates import moment
from gptexit.text.markdown import line
from gptexit.text.note_links import target_of
from gptexit.writers.base import SECRETS, UNTITLED, Draft, copies_of, loose_copies, unshown
from gptexit.writers.markdown import OBSIDIAN, YEAR, MarkdownOptions
from gptexit.writers.markdown.body import Body, Note, Style, body
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.markdown.index import Folders, index

Value = str | int | bool | list[str] | None

_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
# All characters but those that YAML 1.2, section 5.1, allows unescaped, without `"` and `\`.
_UNPRINTABLE = re.compile(
    r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe"
    r"\uff00-\ufffd\U00010000-\U0010fffd]"
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def front_matter(properties: dict[str, Value]) -> str:
    """Return the block with its two `---` lines; a property without a value is left out."""
    lines = [
        f"{key}: {_scalar(value) if isinstance(value, str) else _property(value)}"
        for key, value in properties.items()
        if value is not None
    ]
    return "\n".join(["---", *lines, "---"])


def _property(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_property, value)) + "]"
    return _scalar(value or "")


def _is_time(value: str) -> bool:
    try:
        return value.endswith("Z") and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _scalar(text: str) -> str:
    """Return a string, or a time: bare if every YAML reader takes it for one, else in quotes."""
    if (_PLAIN.match(text) and text.lower() not in _WORDS) or _is_time(text):
        return text
    return '"' + _UNPRINTABLE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_NOTHING = {
    "chat": "*Nothing was said here.*",
    "codex": "*Nothing was said here.*",
    "group": "*The export holds no messages of this group chat.*",
}
"""The text of a note without messages, by the kind of the conversation."""


@dataclass(frozen=True, slots=True)
class NoteDrafter:
    """Makes the drafts of notes; it can be pickled."""

    style: Style
    keep_images: bool
    callouts: str
    mark: str = field(default_factory=lambda: f"x{token_hex(12)}")
    """The beginning of each mark: random, so that no text has it; only letters and digits."""

    def __call__(self, conversation: Conversation) -> Draft:
        """Render a conversation without the names of files."""
        used: dict[str, int] = {}
        note = Note(self._linker(conversation, used), self.keep_images, self.callouts)
        result = body(conversation, note, self.style)
        blocks = [
            front_matter(_properties(conversation, result, len(used))),
            f"# {line(conversation['title'] or UNTITLED)}",
            *(result.blocks or [_NOTHING.get(conversation["source"]["kind"], _NOTHING["chat"])]),
        ]
        if note.footnotes:
            blocks.append(note.footnote_block())
        blocks[-1] += "\n"
        shown = shown_by(conversation, result.shown, sorted(used), result.messages)
        data = encoded("\n\n".join(blocks))
        begun = moment(conversation["created"], self.style.zone)
        return {
            "begun": begun.isoformat() if begun else None,
            "data": data,
            "text": None if used else text_of(data),  # the names of files would change it
            "used": list(used),  # ids of assets, in the order of their first link
            "digest": shown.digest,
            "held": shown.held,
            "messages": shown.messages,
            "hidden": as_text(result.hidden),
            "unshown": unshown(conversation, used),
        }

    def with_files(self, draft: Draft, copies: list[Copy], folder: str) -> bytes:
        """Return the note's bytes with links to `copies`, one for each of the draft's `used`.

        `folder`: the folder of the note, relative to the archive.
        """
        data: bytes = draft["data"]
        for number, copy in enumerate(copies):
            path = target_of(posixpath.relpath(copy.path, folder))
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


def _properties(conversation: Conversation, result: Body, attachments: int) -> dict[str, Value]:
    kind = conversation["source"]["kind"]
    return {
        "title": conversation["title"] or UNTITLED,
        "id": conversation["id"],
        "created": _to_the_second(conversation["created"]),
        "updated": _to_the_second(conversation["updated"]),
        "model": _model(conversation),
        "models": result.models if len(result.models) > 1 else None,
        "kind": kind if kind != "chat" else None,
        "url": conversation["source"]["url"],
        "source": conversation["source"]["url"],
        **_named("project", conversation["project"]),
        **_named("gpt", conversation["assistant"]),
        "archived": conversation["archived"] or None,
        "starred": conversation["starred"] or None,
        "gone": _gone(conversation["source"]["gone"]),
        "messages": result.messages,
        "attachments": attachments or None,
        "tags": ["chatgpt"] if kind == "chat" else ["chatgpt", kind],
    }


def _named(key: str, named: Named | None) -> dict[str, Value]:
    """Return the properties of a project or custom GPT: its name and its id, or the id alone."""
    if named is None:
        return {}
    return {key: named["name"], f"{key}_id": named["id"]} if named["name"] else {key: named["id"]}


def _by_name(assets: dict[str, Asset], asset_id: str) -> Asset | None:
    """Find the asset of a link such as `sandbox:/mnt/data/table.csv` by its name."""
    name = asset_id.rpartition("/")[2]
    return next((asset for asset in assets.values() if asset["name"] == name), None)


_MODEL = itemgetter("model")


def _model(conversation: Conversation) -> str | None:
    """Return the model that wrote the most messages, else the conversation's own."""
    models = Counter(map(_MODEL, conversation["messages"]))
    del models[None], models[""]
    return models.most_common(1)[0][0] if models else conversation["model"]


def _gone(gone: Gone | None) -> str | None:
    """Return in words what the newest export no longer has of the conversation."""
    if gone is None:
        return None
    number = len(gone["messages"])
    return "conversation" if gone["conversation"] else f"{number} message{'s'[: number != 1]}"


def _to_the_second(time: str | None) -> str | None:
    return time[:19] + "Z" if time else None


class Markdown:
    """The writer. It takes the current branch unless `--branches all`."""

    def __init__(self, options: MarkdownOptions, catalog: Catalog) -> None:
        self._catalog = catalog
        style = Style(options.include, options.branches == "all", options.timezone)
        keep_images = options.web_images == "keep"
        self.drafter = NoteDrafter(style, keep_images, options.callouts or OBSIDIAN)
        self._unshown = 0
        self._folders = Folders(options.layout or YEAR, catalog)
        # An archive without secrets has only names from its own conversations.
        known = {} if options.redact == SECRETS else options.names.all()
        self._names: dict[str, str] = known

    def render(self, conversation: Conversation) -> Rendered:
        """Write the note, and copy the assets that it shows."""
        return self.settle(conversation, self.drafter(conversation), lambda: conversation)

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Name the note of a conversation and the assets that it shows."""
        key = f"conversation/{conversation['id']}"
        begun: str | None = draft["begun"]
        year = str(int(begun[:4])) if begun else "undated"
        title = conversation["title"] or UNTITLED
        dated = f"{year}{begun[4:10]}-" if begun else ""
        folder = self._folders.of(conversation, year)
        path = self._catalog.name(
            key, folder, dated + (readable(title) or UNTITLED.lower()), ending=".md"
        )
        copies = copies_of(conversation, draft["used"], self._folders.assets(folder), self._catalog)
        data = self.drafter.with_files(draft, copies, posixpath.dirname(path))
        shown = Shown(draft["digest"], draft["held"], draft["messages"])
        holding = NoteContents(conversation, shown, sorted(draft["used"]), whole)
        about = {
            "title": " ".join(title.split()) or UNTITLED,
            "created": begun,
            "project": conversation["project"]["id"] if conversation["project"] else None,
            **holding.about(draft["text"] or text_of(data)),
        }
        self._names.update(names_in(conversation))
        self._unshown += draft["unshown"]
        return Rendered(
            files=[File(path, data, key, about=about, holding=holding)],
            copies=copies,
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
        )

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Copy files that no note shows into a folder of their own."""
        self._unshown = 0
        return Rendered(copies=loose_copies(assets, self._catalog))

    def finish(self) -> Rendered:
        """Write the index of the whole archive, of this run and earlier ones."""
        unshown = Counter({NotKept.FILE_UNSHOWN: self._unshown})
        page = File("index.md", encoded(index(self._catalog, self._names)), "index")
        return Rendered(files=[page], not_kept=+unshown)
