"""What a faulty writer might do to the pages of an HTML archive, and to its lists and texts."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.archives.one_file import FOREIGN, OTHERS, Change, Fault, changed, one_match

_ARTICLE = r'<article class="message[^"]*" id="(m-[^"]*)"(?s:.*?)</article>\n'
_WORDS = "data/words/*.js"
_SAID = r"<p>([A-Z][^<>\n&]{15,})</p>"
"""A paragraph of plain words."""


def _changed(where: str, change: Change) -> Fault:
    return changed(lambda root: root.glob(where), change)


def _one(
    pattern: str,
    replace: Callable[[re.Match[str], random.Random], str],
    where: str = "[2u]*/*.html",
) -> Fault:
    """One match of a pattern in one file becomes something else."""
    return _changed(where, one_match(pattern, replace))


def _becomes(words: str) -> Callable[[re.Match[str], random.Random], str]:
    """Put words in the place of a match; `{0}` stands for it, `{1}` for its first group."""
    return lambda found, rng: words.format(found[0], *found.groups())


def _swapped(text: str, rng: random.Random) -> str | None:
    """Exchange two messages that follow each other."""
    pairs = list(re.finditer(rf"({_ARTICLE})({_ARTICLE})", text))
    if not pairs:
        return None
    pair = rng.choice(pairs)
    return text[: pair.start()] + pair[3] + pair[1] + text[pair.end() :]


def _other_picture(text: str, rng: random.Random) -> str | None:
    """Show one picture of a page in the place of another one."""
    sources = list(dict.fromkeys(re.findall(r'<img src="([^"]*)"', text)))
    if len(sources) < 2:
        return None
    first, second = rng.sample(sources, 2)
    return text.replace(first, second)


def _other_parent(text: str, rng: random.Random) -> str | None:
    """Let a message answer the first of its page, if it does not."""
    anchors = re.findall(_ARTICLE, text)
    found = [
        match
        for match in re.finditer(r'data-parent="([^"]+)"', text)
        if anchors and match[1] != anchors[0]
    ]
    if not found:
        return None
    match = rng.choice(found)
    return f'{text[: match.start()]}data-parent="{anchors[0]}"{text[match.end() :]}'


def _lost_link(text: str, rng: random.Random) -> str | None:
    """Take out a link to a file that nothing else in the page leads to."""
    found = re.findall(r'<p class="file">(<a href="[^"]*">)', text)
    alone = [link for link in found if text.count(link) == 1]
    return text.replace(rng.choice(alone), "<a>") if alone else None


def _text(change: Callable[[list[Any], random.Random], None]) -> Fault:
    """Change what the search reads of one conversation."""

    def one(text: str, rng: random.Random) -> str | None:
        head, sign, rest = text.partition(",")
        value = json.loads(rest.rstrip().rstrip(";").removesuffix(")"))
        listed = json.loads(zlib.decompress(base64.b64decode(value["t"]), -15))
        if not any(len(it[2]) > 20 for it in listed if it[1] in "ua" and it[2][:1].isalpha()):
            return None
        change(listed, rng)
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(json.dumps(listed).encode()) + packer.flush()
        return f"{head}{sign}{json.dumps(value | {'t': base64.b64encode(data).decode()})})"

    return _changed("data/texts/*.js", one)


def _longest(listed: list[Any]) -> list[Any]:
    said = [entry for entry in listed if entry[1] in "ua" and entry[2][:1].isalpha()]
    longest: list[Any] = max(said, key=lambda entry: len(entry[2]))
    return longest


def _lost_text(listed: list[Any], rng: random.Random) -> None:
    listed.remove(_longest(listed))


def _cut_text(listed: list[Any], rng: random.Random) -> None:
    longest = _longest(listed)
    longest[2] = longest[2][: len(longest[2]) // 2]


def _other_role(listed: list[Any], rng: random.Random) -> None:
    entry = next(entry for entry in listed if entry[1] in "ua")
    entry[1] = "ua"["ua".index(entry[1]) - 1]


def _gone(where: str) -> Fault:
    def fault(root: Path, rng: random.Random) -> bool:
        rng.choice(sorted(root.glob(where))).unlink()
        return True

    return fault


PAGES: dict[str, Fault] = {
    "page gone": _gone("[2u]*/*.html"),
    "page cut": _one(r"</article>\n(?s:.*)\Z", lambda found, rng: ""),
    "message lost": _one(_ARTICLE, lambda found, rng: ""),
    "message twice": _one(_ARTICLE, _becomes("{0}{0}")),
    "messages swapped": _changed("[2u]*/*.html", _swapped),
    "words changed": _one(_SAID, lambda found, rng: f"<p>{found[1][:10]}x{found[1][11:]}</p>"),
    "words lost": _one(_SAID, lambda found, rng: f"<p>{found[1][:10]}</p>"),
    "paragraph lost": _one(_SAID, lambda found, rng: ""),
    "paragraph twice": _one(_SAID, _becomes("{0}\n{0}")),
    "foreign words": _one(_SAID, _becomes("<p>{1} " + FOREIGN + "</p>")),
    "foreign message": _one(
        _ARTICLE,
        lambda found, rng: found[0] + re.sub(r'(-id="|"m-)', r"\1x", found[0]),
    ),
    "words outside of messages": _one(r"</main>", _becomes(f"<p>{FOREIGN}</p></main>")),
    "author swapped": _one(
        r'class="message (user|answer)"',
        lambda found, rng: f'class="message {"user" if found[1] == "answer" else "answer"}"',
    ),
    "name swapped": _one(
        r'<span class="who">(You|ChatGPT)<',
        lambda found, rng: f'<span class="who">{OTHERS[found[1]]}<',
    ),
    "picture swapped": _changed("[2u]*/*.html", _other_picture),
    "picture lost": _one(r'<figure class="picture">(?s:.*?)</figure>', lambda found, rng: ""),
    "picture only linked": _one(r'<img src="([^"]*)"[^>]*>', _becomes("picture")),
    "link to a file lost": _changed("[2u]*/*.html", _lost_link),
    "link lost": _one(
        r'<a href="https://(?!chatgpt|pictures|images)[^"]*"[^>]*>([^<]*)</a>(?s:.*)\Z',
        lambda found, rng: re.sub(
            f'<a href="{re.escape(found[0].split(chr(34))[1])}"[^>]*>', "<a>", found[0]
        ),
    ),
    "another address": _one(
        r'<a href="https://(?!chatgpt)[^"]*"', _becomes('<a href="https://zebras.example.net"')
    ),
    "title changed": _one(r"<h1>[^<]+", _becomes("<h1>Zebras")),
    "title of the tab changed": _one(r"<title>[^<]+", _becomes("<title>Zebras")),
    "date changed": _one(
        r'class="facts">\d{1,2} (?=[A-Z])',
        lambda found, rng: f'class="facts">{int(found[0][14:]) % 28 + 1} ',
    ),
    "time changed": _one(
        r'datetime="([^"]*T\d\d:)(\d\d)',
        lambda found, rng: f'datetime="{found[1]}{(int(found[2]) + 7) % 60:02}',
    ),
    "time that is read changed": _one(
        r", \d\d:(\d\d)</time>",
        lambda found, rng: f"{found[0][:5]}{(int(found[1]) + 7) % 60:02}</time>",
    ),
    "another parent": _changed("[2u]*/*.html", _other_parent),
    "hidden message": _one(
        r'class="message (user|answer)"', _becomes('class="message {1} hidden"')
    ),
    "hidden by an attribute": _one(_SAID, _becomes("<p hidden>{1}</p>")),
    "hidden by a class": _one(_SAID, _becomes('<p class="gone">{1}</p>')),
    "hidden by a style": _one(_SAID, _becomes('<p style="display: none">{1}</p>')),
    "comment": _one(_SAID, _becomes("<!-- {1} -->")),
    "script": _one(r"</main>", _becomes("<script>alert(1)</script></main>")),
    "script of somebody": _one(
        r"</head>", _becomes('<script src="https://e.org/x.js"></script>{0}')
    ),
    "handler": _one(r"<p>", _becomes('<p onclick="alert(1)">')),
    "frame": _one(r"</main>", _becomes('<iframe src="https://e.org"></iframe></main>')),
    "object": _one(r"</main>", _becomes('<object data="x.svg"></object></main>')),
    "refresh": _one(r"<title>", _becomes('<meta http-equiv="refresh" content="0"><title>')),
    "address that runs": _one(r'<a href="https?:[^"]*"', _becomes('<a href="javascript:alert(1)"')),
    "weaker policy": _one(r"default-src 'none'", _becomes("default-src *")),
    "entry of the list lost": _one(r"\n\[\d+,[^\n]*", lambda found, rng: "", "data/list-2*.js"),
    "entry of the list twice": _one(
        r"\n\[\d+,[^\n]*[^,\n](?=,\n)", _becomes("{0},{0}"), "data/list-2*.js"
    ),
    "title of the list changed": _one(r'html","', _becomes("{0}Zebras"), "data/list-2*.js"),
    "date of the list changed": _one(
        r'"(\d{4})-\d\d-\d\dT', _becomes('"{1}-01-01T'), "data/list-2*.js"
    ),
    "list that the index lacks": _one(
        r'"lists":\["\d{4}"', _becomes('"lists":["1999"'), "data/index.js"
    ),
    "link of the plain list lost": _one(
        r'<a href="\.\./[2u][^"]*"', _becomes("<a"), "list/2*.html"
    ),
    "data that runs": _one(r"\)\s*\Z", _becomes(");alert(1)"), "data/*.js"),
    "texts gone": _gone("data/texts/*"),
    "text of the search lost": _text(_lost_text),
    "text of the search cut": _text(_cut_text),
    "author of the search": _text(_other_role),
    "piece of the word index gone": _gone("data/words/*"),
    "word of the index lost": _one(r' [^ !"]+![^ "]*(?=[ "])', lambda found, rng: "", _WORDS),
    "word of the index changed": _one(r"(?<= )[a-y]+(?=!)", _becomes("z{0}"), _WORDS),
    "conversation lost from a word": _one(
        r'(![^ !"]{4}(?:[^ !"]{2})*)[^ !"]{2}(?=[ !"])', _becomes("{1}"), _WORDS
    ),
}
