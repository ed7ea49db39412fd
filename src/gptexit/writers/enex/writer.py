"""Writes notes into files that Evernote, Joplin and Apple Notes import.

    notebooks/chatgpt.enex
    notebooks/bakery.enex
    files/long-recording-0d1c.mp4
    HOW-TO-IMPORT.md

A file is XML: `en-export`, a `note` for each conversation with its ENML and its files in base64.
Its form is http://xml.evernote.com/pub/evernote-export4.dtd. The apps make a notebook of each file,
named after it.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gptexit import __version__
from gptexit.archive.files import File, Read, Rendered, read_up_to
from gptexit.archive.manifest import Catalog
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation
from gptexit.writers.base import CommonOptions, Unmentioned, on_branches, title_of
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import turns_of
from gptexit.writers.enex.enml import text
from gptexit.writers.enex.note import NoteBody
from gptexit.writers.how_to import how_to
from gptexit.writers.steps import Sketch, Stepped

MAIN = "ChatGPT"
"""The notebook of conversations without a project."""
LARGEST = 100 << 20
"""Bytes of a file. The apps read all of it before they show anything."""
NOTE = 24 << 20
"""Bytes of the files of one note. Evernote takes notes of 25 MB without a subscription."""
NOTEBOOKS = 60
"""Notebooks at most: all their files are open at once. Further projects have a tag only."""
LONGEST_TITLE, LONGEST_TAG = 255, 100
"""Characters, as Evernote's `Limits.thrift` has them."""
PIECE = 3 << 18
"""Bytes that become base64 at once; a multiple of three."""
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export4.dtd">\n'
    f'<en-export application="gptexit" version="{text(__version__)}">\n'
)
_END = "</en-export>\n"
_NOTE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd">\n'
)


@dataclass(slots=True)
class _Notebook:
    """The files of one notebook, of which the last one grows."""

    key: str
    name: str
    path: str = ""
    number: int = 0
    size: int = 0


@dataclass(slots=True)
class _Resource:
    """A file within a note."""

    digest: str
    """MD5, by which the note refers to it."""
    data: bytes
    media_type: str
    name: str


@dataclass(slots=True)
class _Resources:
    """The files of one note."""

    read: Read
    by_id: dict[str, _Resource] = field(default_factory=dict)
    left: int = NOTE

    def attach(self, asset: Asset) -> str | None:
        """Take a file in. Return the element that shows it, None if it is too large."""
        resource = self.by_id.get(asset["id"]) or self._taken(asset)
        if resource is None:
            return None
        kind = text(resource.media_type)
        return f'<en-media type="{kind}" hash="{resource.digest}"/>'

    def _taken(self, asset: Asset) -> _Resource | None:
        member, size = asset["member"], asset["size"]
        if member is None or (size is not None and size > self.left):
            return None
        data = read_up_to(self.read, member, self.left)
        if not data:
            return None
        self.left -= len(data)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        media_type = asset["media_type"] or "application/octet-stream"
        resource = _Resource(digest, data, media_type, asset["name"] or asset["id"])
        self.by_id[asset["id"]] = resource
        return resource

    def once(self) -> list[_Resource]:
        """Return the files, each of the same bytes once."""
        return [*{resource.digest: resource for resource in self.by_id.values()}.values()]


class Enex(Stepped):
    """The writer. It takes the current branch unless `--branches all`."""

    def __init__(self, options: CommonOptions, catalog: Catalog, read: Read) -> None:
        self._branches = options.branches or "current"
        self._include = options.include
        self._timezone = options.timezone
        self._catalog = catalog
        self._read = read
        self._notebooks: dict[str, _Notebook] = {}
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the note, and name the files that are not in it."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        turns = turns_of(conversation, self._include)
        resources, beside = _Resources(self._read), Beside(self._catalog)
        body = NoteBody(conversation, turns, resources.attach, beside.place, self._timezone)
        head, tail = _note(conversation, body.whole(), done)
        beside.add_to(done)
        done.messages = turns.messages
        done.hidden += turns.hidden
        return Sketch(done, {"head": head, "held": resources.once(), "tail": tail})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the note to the notebook of the conversation's project."""
        self._unmentioned.see(conversation)
        done = sketch.done
        head, held, tail = (sketch.facts[name] for name in ("head", "held", "tail"))
        size = len(head) + len(tail) + sum(len(item.data) * 4 // 3 + 1000 for item in held)
        notebook = self._notebook(conversation)
        done.files += self._room(notebook, size)
        done.more = self._pieces(notebook, head, held, tail)
        return done

    def _notebook(self, conversation: Conversation) -> _Notebook:
        project = conversation["project"]
        key = f"notebook/{project['id']}" if project else "notebook"
        if key not in self._notebooks and len(self._notebooks) >= NOTEBOOKS:
            key = "notebook"
        if key not in self._notebooks:
            name = (_name(project) if project else "") or MAIN
            self._notebooks[key] = _Notebook(key, name if key != "notebook" else MAIN)
        return self._notebooks[key]

    def _room(self, notebook: _Notebook, size: int) -> list[File]:
        """Begin a file where there is none, or where the last one is full."""
        files = []
        if notebook.path and notebook.size + size > LARGEST:
            files.append(_end(notebook))
            notebook.path = ""
        if not notebook.path:
            notebook.number += 1
            notebook.size = 0
            number = notebook.number
            key = f"{notebook.key}/{number}"
            mark = str(number) if number > 1 else ""
            notebook.path = self._catalog.name(key, "notebooks", notebook.name, mark, ".enex")
            files.append(_piece(notebook, _HEAD.encode()))
        notebook.size += size
        return files

    def _pieces(
        self, notebook: _Notebook, head: bytes, held: list[_Resource], tail: bytes
    ) -> Iterator[File]:
        yield _piece(notebook, head)
        while held:
            resource = held.pop(0)
            yield _piece(notebook, b'<resource><data encoding="base64">')
            view = memoryview(resource.data)
            for at in range(0, len(view), PIECE):
                yield _piece(notebook, base64.b64encode(view[at : at + PIECE]) + b"\n")
            about = f"<file-name>{text(posixpath.basename(resource.name))}</file-name>"
            end = (
                f"</data><mime>{text(resource.media_type)}</mime>"
                f"<resource-attributes>{about}</resource-attributes></resource>\n"
            )
            yield _piece(notebook, end.encode())
        yield _piece(notebook, tail)

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: a file belongs to a note."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End each file, and tell how to import them."""
        files = [_end(notebook) for notebook in self._notebooks.values()]
        return Rendered(files=[*files, how_to("enex")])


def _piece(notebook: _Notebook, data: bytes, *, last: bool = False) -> File:
    key = f"{notebook.key}/{notebook.number}"
    return File(notebook.path, data, key, append=True, last=last)


def _end(notebook: _Notebook) -> File:
    return _piece(notebook, _END.encode(), last=True)


def _note(conversation: Conversation, body: str, done: Rendered) -> tuple[bytes, bytes]:
    """Return the note around its resources: what is before them, and what ends it."""
    title = title_of(conversation)
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "…"
        done.not_kept[NotKept.TITLE_CUT] += 1
    content = f"{_NOTE}<en-note>{body}</en-note>".replace("]]>", "]]]]><![CDATA[>")
    dates = [
        f"<{name}>{date}</{name}>"
        for name, date in (
            ("created", _date(conversation["created"])),
            ("updated", _date(conversation["updated"])),
        )
        if date
    ]
    url = conversation["source"]["url"]
    about = "<source-application>gptexit</source-application>"
    source = f"<source-url>{text(url)}</source-url>" if url else ""
    head = [
        f"<note><title>{text(title)}</title>",
        f"<content><![CDATA[{content}]]></content>",
        *dates,
        *(f"<tag>{text(tag)}</tag>" for tag in _tags(conversation)),
        f"<note-attributes>{source}{about}</note-attributes>\n",
    ]
    return "".join(head).encode(), b"</note>\n"


def _date(time: str | None) -> str:
    """Return a time of the model in the form of the file: `20250301T091500Z`."""
    return f"{time[:19].replace('-', '').replace(':', '')}Z" if time else ""


def _tags(conversation: Conversation) -> list[str]:
    """Return the tags of a note: what Evernote has no field for."""
    flags = [name for name in ("archived", "starred") if conversation[name]]
    named = [conversation["project"], conversation["assistant"]]
    names = [_name(owner) for owner in named if owner]
    tags = ["chatgpt", *flags, *filter(None, names)]
    return [*dict.fromkeys(tag.replace(",", " ")[:LONGEST_TAG].strip() for tag in tags)]


def _name(named: Any) -> str:
    """Return the name of a project or custom GPT, or the beginning of its id."""
    name = " ".join((named["name"] or "").split())
    kind = "project" if named["id"].startswith("g-p-") else "gpt"
    return name or f"{kind}-{named['id'].removeprefix('g-p-').removeprefix('g-')[:8]}"
