"""The Markdown archive.

    index.md
    2025/2025-03-01-postgres-or-sqlite-for-a-small-shop.md
    assets/2025/order-form-3f9a.png

Other folders than those of years: see `Folders`. A note is named by its day and its first title,
and keeps that name.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import tzinfo

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.archive.note_contents import NoteContents, Shown
from gptexit.codes import Hidden, NotKept, from_text
from gptexit.model import Asset, Conversation
from gptexit.names import names_in
from gptexit.text.dates import moment
from gptexit.writers.base import SECRETS, Draft, copy_of
from gptexit.writers.markdown import YEAR, MarkdownOptions
from gptexit.writers.markdown.body import Style
from gptexit.writers.markdown.draft import UNTITLED, NoteDrafter
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.markdown.index import Folders, index


class Markdown:
    """The writer. It takes the current branch unless `--branches all`."""

    def __init__(self, options: MarkdownOptions, catalog: Catalog) -> None:
        self._catalog = catalog
        self._zone: tzinfo | None = options.timezone
        style = Style(options.include, options.branches == "all", self._zone)
        self.drafter = NoteDrafter(style, options.web_images == "keep")
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
        begun = moment(conversation["created"], self._zone)
        year = str(begun.year) if begun else "undated"
        title = conversation["title"] or UNTITLED
        dated = f"{begun.year}-{begun.month:02}-{begun.day:02}-" if begun else ""
        folder = self._folders.of(conversation, year)
        path = self._catalog.name(
            key, folder, dated + (readable(title) or UNTITLED.lower()), ending=".md"
        )
        copies = self._copies(conversation, draft["used"], self._folders.assets(folder))
        about = {
            "title": " ".join(title.split()) or UNTITLED,
            "created": begun.isoformat() if begun else None,
            "project": conversation["project"]["id"] if conversation["project"] else None,
        }
        self._names.update(names_in(conversation))
        self._unshown += draft["unshown"]
        data = self.drafter.with_files(draft, copies, posixpath.dirname(path))
        shown = Shown(draft["digest"], draft["held"], draft["messages"])
        holding = NoteContents(conversation, shown, sorted(draft["used"]), whole)
        return Rendered(
            files=[File(path, data, key, about=about, holding=holding)],
            copies=copies,
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
        )

    def _copies(self, conversation: Conversation, used: list[str], into: str) -> list[Copy]:
        """Return a copy for each of the assets `used` (their ids)."""
        if not used:
            return []
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        wanted = (assets[asset_id] for asset_id in used)
        return [copy_of(asset, asset["member"] or "", into, self._catalog) for asset in wanted]

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Copy files that no note shows into a folder of their own."""
        self._unshown = 0
        members = [(asset, asset["member"] or "") for asset in assets]
        copies = [
            copy_of(asset, member, "assets/other", self._catalog, f"member/{member}")
            for asset, member in members
        ]
        return Rendered(copies=copies)

    def finish(self) -> Rendered:
        """Write the index of the whole archive, of this run and earlier ones."""
        unshown = Counter({NotKept.FILE_UNSHOWN: self._unshown})
        page = File("index.md", encoded(index(self._catalog, self._names)), "index")
        return Rendered(files=[page], not_kept=+unshown)
