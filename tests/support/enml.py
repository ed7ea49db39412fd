"""The rules of ENML and of the file around it, for lxml as the judge.

Of ENML: each element and attribute was looked up in `enml2.dtd` (see `writers/enex/enml.py`), and
the notes of all samples are valid by that file itself. The rules here are stricter: lists hold
items only, tables rows, and paragraphs no blocks, as in XHTML. Of the file around it: as far as
`evernote-export4.dtd` is known; Joplin reads it (`tests/apps/test_joplin.py`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from lxml import etree

_INLINE = (
    "#PCDATA | a | b | br | code | del | em | en-media | i | s | span | strong | sub | sup | u"
)
_BLOCK = "blockquote | div | h1 | h2 | h3 | h4 | h5 | h6 | hr | ol | p | pre | table | ul"
_INLINES = re.findall(r"\w+", "a b code del em i p pre s span strong sub sup u h1 h2 h3 h4 h5 h6")
_FLOWS = ("en-note", "blockquote", "div", "li", "td", "th")
NOTE = etree.DTD(
    StringIO(
        "\n".join(
            [
                *(f"<!ELEMENT {name} ({_INLINE})*>" for name in _INLINES),
                *(f"<!ELEMENT {name} ({_INLINE} | {_BLOCK})*>" for name in _FLOWS),
                "<!ELEMENT ul (li)+><!ELEMENT ol (li)+>",
                "<!ELEMENT table (thead?, (tbody | tr*))><!ELEMENT thead (tr)+>",
                "<!ELEMENT tbody (tr)+><!ELEMENT tr (td | th)+>",
                "<!ELEMENT br EMPTY><!ELEMENT hr EMPTY><!ELEMENT en-media EMPTY>",
                "<!ATTLIST en-media type CDATA #REQUIRED hash CDATA #REQUIRED>",
                "<!ATTLIST a href CDATA #REQUIRED title CDATA #IMPLIED>",
                "<!ATTLIST ol start CDATA #IMPLIED dir CDATA #IMPLIED>",
                *(
                    f"<!ATTLIST {name} style CDATA #IMPLIED dir (ltr | rtl) #IMPLIED>"
                    for name in ("div", "span", "p", "td", "th")
                ),
                *(
                    f"<!ATTLIST {name} dir (ltr | rtl) #IMPLIED>"
                    for name in ("li", "blockquote", "table", "h1", "h2", "h3", "h4", "h5", "h6")
                ),
            ]
        )
    )
)
FILE = etree.DTD(
    StringIO(
        """
        <!ELEMENT en-export (note)*>
        <!ATTLIST en-export export-date CDATA #IMPLIED application CDATA #IMPLIED
            version CDATA #IMPLIED>
        <!ELEMENT note (title, content, created?, updated?, tag*, note-attributes?, resource*)>
        <!ELEMENT note-attributes (source-url?, source-application?)>
        <!ELEMENT resource (data, mime, resource-attributes?)>
        <!ELEMENT resource-attributes (file-name?)>
        <!ATTLIST data encoding (base64) #REQUIRED>
        """
        + "".join(
            f"<!ELEMENT {name} (#PCDATA)>"
            for name in (
                *("title", "content", "created", "updated", "tag", "source-url"),
                *("source-application", "data", "mime", "file-name"),
            )
        )
    )
)


@dataclass
class Note:
    """A note of a file."""

    title: str
    content: Any
    """The element `en-note`."""
    created: str | None
    updated: str | None
    tags: list[str]
    url: str | None
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    """By MD5: media type, name and bytes."""

    @property
    def text(self) -> str:
        return "".join(self.content.itertext())


def notes(path: Path) -> list[Note]:
    """Every note of a file. Fails where a rule is broken."""
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    root = etree.parse(str(path), parser).getroot()
    assert FILE.validate(root), FILE.error_log
    return [_note(note) for note in root]


def _note(note: Any) -> Note:
    # Without `huge_tree`: elements may not stand too deep in each other.
    content = etree.fromstring(note.findtext("content").encode())
    assert NOTE.validate(content), NOTE.error_log
    files = {}
    for resource in note.findall("resource"):
        data = base64.b64decode(resource.findtext("data"))
        name = resource.findtext("resource-attributes/file-name")
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        assert digest not in files
        files[digest] = (resource.findtext("mime"), name, data)
    shown = {media.get("hash") for media in content.iter("en-media")}
    assert shown == files.keys()
    return Note(
        note.findtext("title"),
        content,
        note.findtext("created"),
        note.findtext("updated"),
        [tag.text for tag in note.findall("tag")],
        note.findtext("note-attributes/source-url"),
        files,
    )
