"""The Markdown archive.

    index.md
    2025/2025-03-01-postgres-or-sqlite-for-a-small-shop.md
    assets/2025/order-form-3f9a.png

Other folders than those of years: see `layout`. A note's name is its day and its title when it was
first seen, and stays.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import tzinfo

from gptexit.catalog import Catalog, readable
from gptexit.holding import Holding
from gptexit.model import Asset, Conversation, Gone, Named
from gptexit.names.names import names_in
from gptexit.targets.attachments import copy_of
from gptexit.targets.base import SECRETS, Copy, File, Options, Rendered
from gptexit.targets.markdown.body import Body, Style, body
from gptexit.targets.markdown.frontmatter import Value, front_matter
from gptexit.targets.markdown.index import index
from gptexit.targets.markdown.layout import YEAR, Folders
from gptexit.targets.markdown.moments import moment
from gptexit.targets.markdown.parts import Note
from gptexit.targets.markdown.protect import encoded, line

UNTITLED = "Untitled"


_NOTHING = {
    "chat": "*Nothing was said here.*",
    "codex": "*Nothing was said here.*",
    "group": "*The export holds no messages of this group chat.*",
}
"""What stands in place of messages, by the kind of the conversation."""


class Markdown:
    """The target. The current branch unless `--branches all`."""

    def __init__(self, options: Options, catalog: Catalog) -> None:
        self._catalog = catalog
        self._zone: tzinfo | None = options.timezone
        self._style = Style(options.include, options.branches == "all", self._zone)
        self._keep_images = options.web_images == "keep"
        self._unshown = 0
        self._folders = Folders(options.layout or YEAR, catalog)
        # What goes to somebody else has the names that its conversations have, without secrets.
        known = {} if options.redact == SECRETS else options.names.all()
        self._names: dict[str, str] = known

    def render(self, conversation: Conversation) -> Rendered:
        """The note, and the assets that it shows."""
        key = f"conversation/{conversation['id']}"
        begun = moment(conversation["created"], self._zone)
        year = str(begun.year) if begun else "undated"
        title = conversation["title"] or UNTITLED
        dated = f"{begun.year}-{begun.month:02}-{begun.day:02}-" if begun else ""
        folder = self._folders.of(conversation, year)
        path = self._catalog.name(
            key, folder, dated + (readable(title) or UNTITLED.lower()), ending=".md"
        )
        done = Rendered()
        used: dict[str, Copy] = {}
        linker = self._linker(conversation, path, self._folders.assets(folder), used)
        note = Note(linker, keep_images=self._keep_images)
        made = body(conversation, note, self._style)
        blocks = [
            front_matter(self._properties(conversation, made, used)),
            f"# {line(title)}",
            *(made.blocks or [_NOTHING.get(conversation["source"]["kind"], _NOTHING["chat"])]),
        ]
        if note.footnotes.numbers:
            blocks.append(note.footnotes.block())
        blocks[-1] += "\n"
        text = "\n\n".join(blocks)
        about = {
            "title": " ".join(title.split()) or UNTITLED,
            "created": begun.isoformat() if begun else None,
            "project": conversation["project"]["id"] if conversation["project"] else None,
        }
        self._names.update(names_in(conversation))
        holding = Holding(conversation, made.shown, sorted(used), made.messages)
        done.files.append(File(path, encoded(text), key, about=about, holding=holding))
        done.copies += used.values()
        done.messages = made.messages
        done.hidden = made.hidden
        self._unshown += _unshown(conversation, used)
        return done

    def restart(self) -> None:
        """It keeps nothing but the names in the catalog, which stay."""
        self._unshown = 0

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Files that no note shows, under their own names, in a folder of their own."""
        self._unshown = 0
        return Rendered(copies=[self._other(asset, asset["member"] or "") for asset in assets])

    def _other(self, asset: Asset, member: str) -> Copy:
        return copy_of(asset, member, "assets/other", self._catalog, f"member/{member}")

    def finish(self) -> Rendered:
        """The index of everything that the archive holds, of this run and earlier ones."""
        unshown = Counter({"file of a message that is not shown": self._unshown})
        page = File("index.md", encoded(index(self._catalog, self._names)), "index")
        return Rendered(files=[page], not_kept=+unshown)

    def _linker(
        self, conversation: Conversation, path: str, into: str, used: dict[str, Copy]
    ) -> Callable[[str], tuple[str, str | None]]:
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        folder = posixpath.dirname(path)

        def link(asset_id: str) -> tuple[str, str | None]:
            asset = assets.get(asset_id)
            if asset is None:
                asset = _by_name(assets, asset_id)
            if asset is None:
                return asset_id, None
            member = asset["member"]
            if member is None:
                return asset["name"] or asset_id, None
            copy = used.get(asset["id"])
            copy = copy or copy_of(asset, member, into, self._catalog)
            used[asset["id"]] = copy
            name = asset["name"] or posixpath.basename(copy.path)
            return name, posixpath.relpath(copy.path, folder)

        return link

    def _properties(
        self, conversation: Conversation, made: Body, used: dict[str, Copy]
    ) -> dict[str, Value]:
        each = conversation
        kind = each["source"]["kind"]
        return {
            "title": each["title"] or UNTITLED,
            "id": each["id"],
            "created": _to_the_second(each["created"]),
            "updated": _to_the_second(each["updated"]),
            "model": _model(each),
            "models": made.models if len(made.models) > 1 else None,
            "kind": kind if kind != "chat" else None,
            "url": each["source"]["url"],
            "source": each["source"]["url"],
            **_named("project", each["project"]),
            **_named("gpt", each["assistant"]),
            "archived": each["archived"] or None,
            "starred": each["starred"] or None,
            "gone": _gone(each["source"]["gone"]),
            "messages": made.messages,
            "attachments": len(used) or None,
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
    named = [each["model"] for each in conversation["messages"] if each["model"]]
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


def _unshown(conversation: Conversation, used: dict[str, Copy]) -> int:
    """How many assets there are that no shown message links to."""
    return sum(
        1 for each in conversation["assets"] if not each["missing"] and each["id"] not in used
    )
