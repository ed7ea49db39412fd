"""Markdown as HTML from pyromark's events: what `pyromark.html` gives, but raw HTML is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any
from urllib.parse import quote

Code = Callable[[str | None, str], str]
_UNESCAPED = "!#$%&'()*+,-./:;=?@_~"
_BREAK = re.compile(r"<br ?/?>\Z")
_FLAT = {
    "Emphasis": ("<em>", "</em>"),
    "Strong": ("<strong>", "</strong>"),
    "Strikethrough": ("<del>", "</del>"),
    "Item": ("\n<li>", "</li>\n"),
    "Paragraph": ("\n<p>", "</p>\n"),
    "HtmlBlock": ('\n<p class="raw">', "</p>\n"),
    "TableHead": ("<thead><tr>", "</tr></thead><tbody>\n"),
    "TableRow": ("<tr>", "</tr>\n"),
    "Table": ("<table>", "</tbody></table>\n"),
    "BlockQuote": ("\n<blockquote>\n", "</blockquote>\n"),
}
"""The opening and closing of elements. A line end in front stands if none is there yet."""


def rendered(events: Iterable[Any], code: Code) -> str:
    """Return the HTML of `events`; `code` makes a block of code."""
    out = _Out(code)
    for event in events:
        if isinstance(event, str):
            out.write(_MARKS[event])
        else:
            for name, value in event.items():
                _EVENTS[name](out, value)
    return "".join(out.pieces)


class _Out:
    """The HTML so far, and where in a table or a block of code it is."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.pieces: list[str] = []
        self.new_line = True
        self.aligned: tuple[str, ...] = ()
        self.cell = 0
        self.tag = "td"
        self.block: tuple[str | None, list[str]] | None = None
        """The language and the text of the block of code that is open."""
        self.alt: list[str] | None = None
        """The words of the picture that is open."""
        self.images = 0
        self.open: list[str] = []
        """The closings of links and pictures that are open."""

    def write(self, html: str) -> None:
        """Add HTML."""
        if html[:1] == "\n" and html != "\n" and self.new_line:
            html = html[1:]
        if html:
            self.pieces.append(html)
            self.new_line = html[-1] == "\n"


def _text(out: _Out, text: str) -> None:
    if out.block is not None:
        out.block[1].append(text)
    elif out.alt is not None:
        out.alt.append(text)
    elif text:
        out.pieces.append(escape(text, quote=False))
        out.new_line = text[-1] == "\n"


def _raw(out: _Out, text: str) -> None:
    if out.alt is None and _BREAK.match(text):
        out.write("<br />")
    else:
        _text(out, text)


def _inline_code(out: _Out, text: str) -> None:
    if out.alt is not None:
        out.alt.append(text)
    else:
        out.write(f"<code>{escape(text, quote=False)}</code>")


def _task(out: _Out, done: bool) -> None:
    checked = ' checked=""' if done else ""
    out.write(f'<input disabled="" type="checkbox"{checked}/>\n')


def _parted(tag: Any) -> tuple[str, Any]:
    """Return the name of a tag, and what it has besides."""
    return (tag, None) if isinstance(tag, str) else next(iter(tag.items()))


def _start(out: _Out, tag: Any) -> None:
    name, value = _parted(tag)
    if name == "Image":
        out.images += 1
        if out.images == 1:
            out.alt = []
            title = _title(value)
            out.open.append(f'<img src="{_address(value["dest_url"])}" alt="\0"{title} />')
    elif out.alt is not None:
        pass
    elif name == "Link":
        email = value["link_type"] == "Email"
        address = ("mailto:" if email else "") + _address(value["dest_url"])
        out.write(f'<a href="{address}"{_title(value)}>')
    elif name == "Heading":
        out.write(f"\n<{value['level'].lower()}>")
    elif name == "List":
        number = "" if value in (None, 1) else f' start="{value}"'
        out.write("\n<ul>\n" if value is None else f"\n<ol{number}>\n")
    elif name == "CodeBlock":
        fenced = value.get("Fenced") if isinstance(value, dict) else None
        out.block = (next(iter((fenced or "").split()), None), [])
    elif name == "TableCell":
        align = out.aligned[out.cell] if out.cell < len(out.aligned) else "None"
        style = "" if align == "None" else f' style="text-align: {align.lower()}"'
        out.write(f"<{out.tag}{style}>")
    else:
        if name == "Table":
            out.aligned = value
        elif name in ("TableHead", "TableRow"):
            out.cell, out.tag = 0, "th" if name == "TableHead" else "td"
        out.write(_FLAT[name][0])


def _end(out: _Out, tag: Any) -> None:
    name, value = _parted(tag)
    if name == "Image":
        out.images -= 1
        if not out.images:
            alt, out.alt = "".join(out.alt or ()), None
            out.write(out.open.pop().replace("\0", escape(alt)))
    elif out.alt is not None:
        pass
    elif name == "Link":
        out.write("</a>")
    elif name == "Heading":
        out.write(f"</{value.lower()}>\n")
    elif name == "List":
        out.write("</ol>\n" if value else "</ul>\n")
    elif name == "CodeBlock":
        language, pieces = out.block or (None, [])
        out.block = None
        out.write(out.code(language, "".join(pieces)))
    elif name == "TableCell":
        out.write(f"</{out.tag}>")
        out.cell += 1
    else:
        out.write(_FLAT[name][1])


def _title(link: Any) -> str:
    return f' title="{escape(link["title"])}"' if link["title"] else ""


def _address(url: str) -> str:
    address = quote(url, safe=_UNESCAPED)
    return address.replace("&", "&amp;").replace("'", "&#x27;")


_MARKS = {"SoftBreak": "\n", "HardBreak": "<br />\n", "Rule": "\n<hr />\n"}
_EVENTS: dict[str, Callable[[_Out, Any], None]] = {
    "Start": _start,
    "End": _end,
    "Text": _text,
    "Code": _inline_code,
    "Html": _raw,
    "InlineHtml": _raw,
    "TaskListMarker": _task,
}
