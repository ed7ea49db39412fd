"""A judge of the pages of an HTML archive: each element and attribute must be a known one."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
_BLOCKS = "main nav header article section details summary div p h1 h2 h3 h4 h5 h6 ul ol li"
_INLINE = "a span time sup strong em del code br button"
_OTHERS = "html head body meta title link script pre hr blockquote table thead tbody tr th td"
_MEDIA = "figure figcaption img audio video"
_MATH = (
    "math semantics annotation mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup "
    "munder mover munderover mtable mtr mtd mstyle mpadded mphantom menclose mfenced merror "
    "mmultiscripts"
)
_LOOK_BACK = "svg g line rect text caption dl dt dd small"
TAGS = set(" ".join((_LOOK_BACK, _BLOCKS, _INLINE, _OTHERS, _MEDIA, _MATH)).split())
_PLAIN = (
    "class id dir lang title aria-label datetime start width height alt loading decoding controls "
    "preload tabindex charset name content rel target data-root data-chat data-id data-parent "
    "data-version data-document data-number http-equiv defer type hidden "
    "aria-labelledby aria-hidden role viewbox scope x y x1 x2 y1 y2 rx"
)
ATTRIBUTES = set(_PLAIN.split())
ADDRESSES = ("http://", "https://", "mailto:")
_OURS = re.compile(r"\.\./|#|(?:list|static|undated|\d{4})/|index\.html")
"""The beginnings of addresses within the archive."""


class Judge(HTMLParser):
    """Reads a page; `faults` names what must not be in one."""

    def __init__(self, *, fragment: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self._in_math = 0
        self._fragment = fragment

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or (tag == "script" and not self._is_ours(dict(attrs))):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1] in ("title", "annotation")):
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.faults.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"<![{data}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data}")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name == "id":
            self.ids.append(value)
        if name in ("href", "src"):
            self.links.append(value)
            loads = name == "src" or tag == "link"
            ours = _OURS.match(value) is not None
            if not ours and (loads or not value.lower().startswith(ADDRESSES)):
                self.faults.append(f"{tag} {name}={value}")
        elif (
            (name not in ATTRIBUTES and "math" not in self.open and tag != "math")
            or name.startswith("on")
            or name in ("style", "href")
        ):
            self.faults.append(f"{tag} {name}={value}")

    @staticmethod
    def _is_ours(attrs: dict[str, str | None]) -> bool:
        src = attrs.get("src") or ""
        return src.removeprefix("../").startswith("static/") and ".." not in src[3:]


def judged(html: str) -> Judge:
    """Read HTML to its end."""
    judge = Judge()
    judge.feed(html)
    judge.close()
    judge.faults += [f"never closed: {tag}" for tag in judge.open]
    judge.faults += [f"id twice: {one}" for one in {*judge.ids} if judge.ids.count(one) > 1]
    return judge
