"""Turn a reference of an export into a source, and a source into a Markdown link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from gptexit.chatgpt import take
from gptexit.model import Cited, Raw

_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid", re.IGNORECASE)
_PLAIN_URL = re.compile(r"[A-Za-z0-9%/:=&?~#+!$,;@*._\[\]'-]+")
_SPECIAL = re.compile(r"[\\\[\]|`*<]")
# A link or picture in the `alt` of a reference, which is Markdown. Its title may hold escapes.
_LINK = re.compile(r"!?\[((?:[^\[\]\\]|\\.){0,500})\]\((https?://[^\s()]{1,4000}(?:\([^\s()]*\))?)")


def cited(item: Raw) -> Cited:
    """Return the source that a reference item, search entry or citation metadata describes."""
    title = item.get("title")
    if not title or not isinstance(title, str):
        title = take.string(item.get("name")) or take.string(item.get("attribution"))
    return {
        "title": title,
        "url": clean_url(item.get("url")) or clean_url(item.get("cloud_doc_url")),
    }


def results_of(metadata: Raw) -> list[Cited]:
    """Return the results of a search that a message's metadata holds."""
    return [
        cited(entry)
        for group in take.objects(metadata.get("search_result_groups"))
        for entry in take.objects(group.get("entries"))
    ]


def clean_url(value: object) -> str | None:
    """Return a web address without its tracking parameters; None for anything else."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return None
    if "?" not in value:
        return value
    try:
        parts = urlsplit(value)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return value
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(pair[0])]
    if len(kept) == len(pairs):
        return value
    return urlunsplit(parts._replace(query=urlencode(kept)))


def link(source: Cited) -> str:
    """Return a source as a Markdown link; its title alone if it has no address."""
    label = plain(source["title"] or source["url"] or "source")
    url = source["url"]
    if url is None:
        return label
    if not _PLAIN_URL.fullmatch(url):
        url = quote(url, safe="%/:=&?~#+!$,;@*-._[]'")
    return f"[{label}]({url})"


def plain(words: str) -> str:
    """Return `words` on one line, with each special character of Markdown escaped."""
    words = " ".join(words.split())
    return _SPECIAL.sub(r"\\\g<0>", words) if _SPECIAL.search(words) else words


def links_in(markdown: object) -> Iterator[Cited]:
    """Yield the links and pictures of a reference's `alt`, each as a source."""
    if not isinstance(markdown, str) or "](" not in markdown:
        return
    for match in _LINK.finditer(markdown):
        title = re.sub(r"\\(.)", r"\1", match[1]).strip()
        yield {"title": title or None, "url": clean_url(match[2])}
