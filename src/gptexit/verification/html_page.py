"""Read a page of an HTML archive by the standard library: its articles, their words and links.

Only the elements, attributes and classes that a page needs are known. Any other is named: it may
hide words, run something or load it. Text in an element that may be hidden is not read at all, so
what stood in it is missed.

The parser of the standard library takes long for some texts that are no HTML. So a page is handed
to it only if each `<` begins a tag that is closed before the next one, as in every page of gptexit.
No recursion: the elements around a place are a list.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

from gptexit.verification.raw import names

_BEGIN = "<!doctype html>"
_ODD = re.compile(r"<(?!/?[A-Za-z])|<[^<>]*(?:<|\Z)")
"""Where a page is no row of texts and whole tags."""
_VOID = names("br hr img input link meta wbr")
"""Elements without an end."""
_MATH = names(
    """
    math semantics annotation mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup
    munder mover munderover mmultiscripts mprescripts none mtable mtr mtd mlabeledtr mstyle mpadded
    mphantom menclose merror mfenced
    """
)
_INLINE = names(
    """
    a b code del em i img input label math s small span strong sub sup time u wbr
    """
) | (_MATH - {"annotation"})
"""Elements within a line."""
_TAGS = (
    _VOID
    | _INLINE
    | _MATH
    | names(
        """
        article audio blockquote body dd details div dl dt figcaption figure footer h1 h2 h3
        h4 h5 h6 head header html li main nav ol p pre script section summary table tbody td tfoot
        th thead title tr ul video
        """
    )
)
_DRAWN = names(
    "button caption circle desc g line noscript path polygon polyline rect svg text tspan"
)
"""Elements that only pages without messages have."""
_ATTRIBUTES = names(
    """
    alt charset checked class colspan content controls datetime decoding defer dir disabled height
    href http-equiv id lang loading name open preload rel role rowspan src start tabindex target
    title type
    value width
    """
)
_WITHOUT_MESSAGES = names("hidden scope")
"""Attributes that only pages without messages have."""
_LOADS = names("href src style xlink:href actiontype hidden formaction")
"""Attributes that no formula and no drawing needs."""
_POLICY = names("base-uri default-src form-action img-src media-src script-src style-src")
"""Directives of a page's policy, each of which allows the files of the archive or nothing."""
_LEADS_TO = re.compile(
    r"(?:(?i:https?://|mailto:)|(?![A-Za-z][A-Za-z0-9+.-]*:|[/\\])[^\0-\x1f]*\Z)"
)
"""Addresses that a link may have: of the web, of a person, of a file beside the page."""
_STAYS_HERE = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:|[/\\])[^\0-\x1f]+\Z")
_TOKEN = re.compile(r"[a-z][a-z0-9]{0,2}\Z")
"""The class of a token of code."""
_CLASSES = names(
    """
    answer aside box by c canvas cite code earlier facts failure feedback figure file fold head
    hidden home host language line links memory message missing model note output passage
    picture placed player prompt prose r raw reasoning search size skip sources system table
    task tex title tool typed unknown user version versions when who
    """
)

# What the elements around a text say of it.
_HIDDEN, _ASIDE, _OWN, _CODE, _VERSION, _GLYPHS, _FRAME = (1 << number for number in range(7))
_TITLE, _HEADING, _FACTS, _WHO, _WHEN, _BY = (1 << number for number in range(7, 13))
_OF_CLASS = {
    "by": _BY,
    "who": _WHO,
    "when": _WHEN,
    "facts": _FACTS,
    "language": _ASIDE,
    "cite": _ASIDE,
    "typed": _OWN,
    "prose": _OWN,
    "code": _OWN,
    "table": _OWN,
    "version": _VERSION,
    "skip": _FRAME,
}
_OF_TAG = {"title": _TITLE, "h1": _HEADING, "math": _GLYPHS, "pre": _CODE, "code": _CODE}
_FRAMES = names("nav header summary")
"""Elements outside of the messages that hold words of the page itself."""
BETWEEN = "\ufdd5"
"""Stands between two elements of one line; Unicode keeps it free for such uses."""


class Unreadable(ValueError):
    """A page is not of the form in which gptexit writes pages."""


@dataclass(slots=True)
class Article:
    """One message of a page."""

    key: str | None
    """The id of the message."""
    anchor: str | None
    parent: str
    """The anchor of the message above it; an empty string if there is none."""
    classes: frozenset[str]
    version: str
    """Its place among the answers to the same message, such as `2/3`; empty if it is alone."""
    label: str
    aside: bool
    """Whether it is on another branch than the current one."""
    who: str = ""
    when: str = ""
    stamp: str | None = None
    """When it was made, as programs read it."""
    texts: list[str] = field(default_factory=list)
    """Pieces of its text; BETWEEN and line breaks stand where elements begin and end."""
    own: list[str] = field(default_factory=list)
    """Pieces of those that were said, and not added by what shows them."""
    beside: list[str] = field(default_factory=list)
    """Texts that stand beside it: names of languages, marks of sources, titles of pictures."""
    links: list[str] = field(default_factory=list)
    """Addresses that it leads to."""
    media: list[str] = field(default_factory=list)
    """Addresses of the files that it shows or plays."""

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self.texts)


class HtmlPage(HTMLParser):
    """A page that was read; raises Unreadable if it is not whole."""

    def __init__(self, text: str, *, says: bool = True) -> None:
        """`says`: whether it is the page of a conversation, with known classes alone."""
        super().__init__(convert_charrefs=True)
        self._says = says
        self.articles: list[Article] = []
        self.title = ""
        self.heading = ""
        self.facts = ""
        self.number = ""
        """The number of its conversation."""
        self.faults: dict[str, None] = {}
        """A sentence for each thing that no page has."""
        self.ids: Counter[str] = Counter()
        self.loads: list[str] = []
        """Addresses of scripts and style sheets."""
        self.links: list[str] = []
        """All addresses of links and of files that are shown."""
        self.policy = False
        self._loose: list[str] = []
        """Text outside of messages."""
        self._frame: list[str] = []
        self._around: list[tuple[str, int, Article | None]] = []
        self._glyphs: list[str] = []
        self._source: list[str] = []
        if not text.startswith(_BEGIN) or (odd := _ODD.search(text, len(_BEGIN))):
            at = odd.start() if text.startswith(_BEGIN) and odd else 0
            raise Unreadable(f"line {text.count(chr(10), 0, at) + 1}")
        self._at = 0
        self._all = text[len(_BEGIN) :]
        self.feed(self._all)
        self.close()
        if self._around or not self.ids:
            raise Unreadable("its end")

    @cached_property
    def loose(self) -> str:
        """The text outside of messages that is none of the page itself."""
        return "".join(self._loose)

    @cached_property
    def text(self) -> str:
        """All text of the page."""
        texts = [article.text for article in self.articles]
        return "\n".join([self.heading, *self._frame, self.loose, *texts])

    @property
    def beside(self) -> str:
        """What stands beside the texts of all messages."""
        return "\n".join(text for article in self.articles for text in article.beside)

    def updatepos(self, i: int, j: int) -> int:
        """Note how far the page was read; lines are counted only for `getpos`."""
        self._at = j
        return j

    def getpos(self) -> tuple[int, int]:
        """Return the line that is read, and 0, since nobody asks for the place in it."""
        at = len(self._all) - len(self.rawdata) + self._at
        return self._all.count("\n", 0, at) + 1, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
        given = {name: value or "" for name, value in reversed(attrs)}
        _, above, article = self._around[-1] if self._around else ("", 0, None)
        flags = above | _OF_TAG.get(tag, 0)
        if tag == "annotation":
            flags = flags & ~_GLYPHS if given.get("encoding") == "application/x-tex" else flags
        classes = given.get("class", "").split()
        if article is None and (tag in _FRAMES or "missing" in classes):
            flags |= _FRAME
        for name in classes:
            flags |= _OF_CLASS.get(name, 0)
        flags |= self._look_at(tag, given, classes)
        if len(given) < len(attrs):
            self._blame(f"an attribute twice in <{tag}>")
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "article":
            if article is not None:
                self._blame("a message within another one")
            article = self._open(given, classes, flags)
        if tag == "body":
            self.number = given.get("data-chat", "")
        if article is not None:
            _separate(article, tag, above)
            self._part(article, tag, given, flags)
        if tag not in _VOID:
            self._around.append((tag, flags, article))

    def _part(self, article: Article, tag: str, given: dict[str, str], flags: int) -> None:
        """Add what an element itself says in a message."""
        if flags & _HIDDEN:
            return
        article.beside += [given[name] for name in ("alt", "title") if given.get(name)]
        if tag == "time":
            if flags & _BY:
                article.stamp = given.get("datetime")
        elif tag == "a" and "href" in given:
            article.links.append(given["href"])
        elif "src" in given:
            article.media.append(given["src"])

    def _open(self, given: dict[str, str], classes: list[str], flags: int) -> Article:
        article = Article(
            given.get("data-id"),
            given.get("id"),
            given.get("data-parent", ""),
            frozenset(classes),
            given.get("data-version", ""),
            given.get("aria-label", ""),
            aside=bool(flags & _VERSION),
        )
        self.articles.append(article)
        return article

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter and leave an element; outside of formulas, a browser would only enter it."""
        self.handle_starttag(tag, attrs)
        if tag in _MATH or tag in _DRAWN:
            self.handle_endtag(tag)
        elif tag not in _VOID:
            raise Unreadable(f"line {self.getpos()[0]}")

    def handle_endtag(self, tag: str) -> None:
        """Leave an element. Raises Unreadable if another one is open."""
        if not self._around or self._around[-1][0] != tag:
            raise Unreadable(f"line {self.getpos()[0]}")
        _, _, article = self._around.pop()
        if article is not None and self._around:
            _separate(article, tag, self._around[-1][1])
        if tag == "math":
            self._compare_formula()

    def handle_data(self, data: str) -> None:
        """Add a text to what the elements around it say."""
        tag, flags, article = self._around[-1] if self._around else ("", 0, None)
        if flags & _HIDDEN:
            return
        if article is not None:
            self._say(article, tag, flags, data)
        elif flags & _TITLE:
            self.title += data
        elif flags & _HEADING:
            self.heading += data
        elif flags & (_FRAME | _FACTS):
            self.facts += data if flags & _FACTS else ""
            self._frame.append(data)
        else:
            self._loose.append(data)

    def _say(self, article: Article, tag: str, flags: int, data: str) -> None:
        """Add a text to a message."""
        if flags & _GLYPHS:
            self._glyphs.append(data)
        elif flags & (_BY | _ASIDE):
            article.who += data if flags & _WHO else ""
            article.when += data if flags & _WHEN else ""
            article.beside.append(data)
        else:
            article.texts.append(data)
            if flags & _OWN:
                article.own.append(data)
            if tag == "annotation":
                self._source.append(data)

    def _compare_formula(self) -> None:
        """Look for signs in a formula that its source does not have."""
        signs, source = (
            Counter(sign for sign in "".join(texts) if sign.isascii() and sign.isalnum())
            for texts in (self._glyphs, self._source)
        )
        if more := signs - source:
            shown = "".join(self._glyphs).strip()[:40]
            self.faults[f"a formula shows other signs than its source ({min(more)}): {shown}"] = (
                None
            )
        self._glyphs, self._source = [], []

    def _blame(self, what: str) -> None:
        self.faults[f"has what no page of gptexit has: {what}"] = None

    def _look_at(self, tag: str, given: dict[str, str], classes: list[str]) -> int:
        """Name what is unknown in an element; return _HIDDEN if it may hide its text."""
        unknown = [f"<{tag[:40]}>"] if not self._knows(tag) else []
        free = frozenset() if self._says else _WITHOUT_MESSAGES
        unknown += [
            f"the attribute {name[:40]}"
            for name in given
            if name not in free and not _is_known(tag, name)
        ]
        if self._says and given.get("aria-hidden") == "true" and tag != "math":
            unknown.append("the attribute aria-hidden")
        if self._says:
            unknown += [
                f"the class {name[:40]}"
                for name in classes
                if name not in _CLASSES and not (tag == "span" and _TOKEN.match(name))
            ]
        for what in unknown:
            self._blame(what)
        for name in ("href", "src"):
            if name in given:
                self._address(tag, given[name])
        if tag in ("script", "link"):
            self._loaded(tag, given)
        elif tag == "meta":
            self._meta(given)
        elif tag == "input" and given.get("type") != "checkbox":
            self._blame("a field to fill in")
        return _HIDDEN if unknown else 0

    def _knows(self, tag: str) -> bool:
        return tag in _TAGS or (tag in _DRAWN and not self._says)

    def _address(self, tag: str, address: str) -> None:
        """Keep an address; name it if it may run something or load it from elsewhere."""
        allowed = _LEADS_TO if tag == "a" else _STAYS_HERE
        if not allowed.match(address):
            self._blame(f"the address {address[:80]} in <{tag}>")
        elif tag not in ("script", "link"):
            self.links.append(address)

    def _loaded(self, tag: str, given: dict[str, str]) -> None:
        name = "src" if tag == "script" else "href"
        if name not in given or (tag == "link" and given.get("rel") not in ("stylesheet", "icon")):
            self._blame(f"<{tag}> without a file of the archive")
        self.loads.append(given.get(name, ""))

    def _meta(self, given: dict[str, str]) -> None:
        kind = given.get("http-equiv")
        if kind is None:
            return
        if kind.lower() != "content-security-policy":
            self._blame(f"<meta http-equiv={kind[:40]}>")
            return
        rules = [rule.split() for rule in given.get("content", "").split(";") if rule.strip()]
        known = all(rule[0] in _POLICY and {*rule[1:]} <= {"'self'", "'none'"} for rule in rules)
        self.policy = known and ["default-src", "'none'"] in rules
        if not known:
            self._blame("a policy that allows more than the files of the archive")


def _is_known(tag: str, name: str) -> bool:
    """Tell whether an element may have an attribute."""
    if tag in _MATH or tag in _DRAWN:
        return not name.startswith("on") and name not in _LOADS
    return name in _ATTRIBUTES or name.startswith(("data-", "aria-"))


def _separate(article: Article, tag: str, flags: int) -> None:
    """Mark in the text of a message that an element begins or ends."""
    if tag not in _INLINE:
        article.texts.append("\n")
        article.own.append("\n")
    elif not flags & _CODE:
        article.texts.append(BETWEEN)
