"""Pages of an HTML archive are read back: a page written by hand, and each fault in it.

The page is written by hand, so that nothing of the writer judges itself.
"""

from __future__ import annotations

import base64
import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.html_page import HtmlPage, Unreadable
from gptexit.verification.result import Result
from support.archives.laid import KEY, put
from support.build import add, chain, conversation, message
from support.waiting import at_most

PICTURE = b"\x89PNG\r\n\x1a\n and pixels"
OTHER = b"\x89PNG\r\n\x1a\n and others"
ASSET = "file_00000000000001a2b3c4d5e6f7a8b9c0"
POINTER = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{ASSET}"}
PAGE = "2025/2025-02-19-kiln.html"
LIST, TEXTS, INDEX = "data/list-2025.js", "data/texts/1.js", "data/words/0.js"

ANSWER = """\
1. Dry the clay for **two** days.
2. Heat it:

```python
if heat < 900:  # 1. slowly
    wait(5)
```

- [x] open the lid
- use $x^2$ & [a table](https://example.org/heat "Table")

| cone | degrees |
|---|--:|
| 06 | 999&deg; |"""


def raw() -> dict[str, Any]:
    mapping = chain(
        message("user", "How hot is\na <kiln>?", create_time=1_740_000_000.0),
        message("assistant", ANSWER, create_time=1_740_000_060.0),
        message("user", "Draw it.", create_time=1_740_000_120.0),
        message(
            "tool",
            {"content_type": "multimodal_text", "parts": [POINTER]},
            name="image_gen.text2im",
            create_time=1_740_000_180.0,
        ),
        message("assistant", "It glows.", create_time=1_740_000_240.0),
    )
    add(mapping, "m6", "m1", message("assistant", "Very hot.", create_time=1_740_000_300.0))
    return conversation(mapping, title="Kiln", current_node="m5", create_time=1_740_000_000.0)


HEAD = """<!doctype html>
<html lang="en" data-root="../">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'">
<title>Kiln</title>
<link rel="stylesheet" href="../static/archive.css">
<script src="../static/archive.js" defer></script>
</head>
"""
HTML = (
    HEAD
    + """<body data-chat="1">
<a class="skip" href="#chat">Skip to the conversation</a>
<nav class="home" aria-label="Archive"><a href="../index.html">ChatGPT archive</a></nav>
<main id="chat" tabindex="-1">
<header class="head"><h1>Kiln</h1><p class="facts">19 February 2025 · 6 messages</p></header>
<article class="message user" id="m-m1" data-id="m1" data-parent="" aria-label="You, 21:20">
<p class="by"><span class="who">You</span> <a class="when" href="#m-m1">\
<time datetime="2025-02-19T21:20:00Z">19 February 2025, 21:20</time></a></p>
<div class="typed" dir="auto">How hot is
a &lt;kiln&gt;?</div>
</article>
<article class="message answer" id="m-m2" data-id="m2" data-parent="m-m1" data-version="1/2" \
aria-label="ChatGPT">
<p class="by"><span class="who">ChatGPT</span> <span class="model">gpt-4o</span> \
<a class="when" href="#m-m2">\
<time datetime="2025-02-19T21:21:00Z">19 February 2025, 21:21</time></a></p>
<div class="prose" dir="auto"><ol>
<li>Dry the clay for <strong>two</strong> days.</li>
<li>Heat it:</li>
</ol>
<div class="code"><p class="language">python</p><pre><code>\
<span class="k">if</span> heat <span class="o">&lt;</span> 900:  <span class="c1"># 1. slowly</span>
    wait(5)
</code></pre></div>
<ul>
<li>☑ open the lid</li>
<li>use <math display="inline"><semantics><msup><mi>x</mi><mn>2</mn></msup>\
<annotation encoding="application/x-tex">x^2</annotation></semantics></math> &amp; \
<a href="https://example.org/heat" title="Table" target="_blank" rel="noreferrer noopener">a table\
</a></li>
</ul>
<div class="table"><table><thead><tr><th>cone</th><th class="r">degrees</th></tr></thead><tbody>
<tr><td>06</td><td class="r">999°</td></tr></tbody></table></div>
</div>
</article>
<details class="versions"><summary>1 other version from here</summary>
<section class="version" aria-label="Version 2 of 2">
<article class="message answer" id="m-m6" data-id="m6" data-parent="m-m1" data-version="2/2" \
aria-label="ChatGPT">
<p class="by"><span class="who">ChatGPT</span> <a class="when" href="#m-m6">\
<time datetime="2025-02-19T21:25:00Z">19 February 2025, 21:25</time></a></p>
<div class="prose" dir="auto"><p>Very hot.</p>
</div>
</article>
</section>
</details>
<article class="message user" id="m-m3" data-id="m3" data-parent="m-m2" aria-label="You">
<p class="by"><span class="who">You</span> <a class="when" href="#m-m3">\
<time datetime="2025-02-19T21:22:00Z">19 February 2025, 21:22</time></a></p>
<div class="typed" dir="auto">Draw it.</div>
</article>
<article class="message answer" id="m-m4" data-id="m4" data-parent="m-m3" aria-label="ChatGPT">
<p class="by"><span class="who">ChatGPT</span> <a class="when" href="#m-m4">\
<time datetime="2025-02-19T21:23:00Z">19 February 2025, 21:23</time></a></p>
<figure class="picture"><a href="../assets/kiln.png"><img src="../assets/kiln.png" alt="kiln.png" \
loading="lazy" decoding="async"></a></figure>
</article>
<article class="message answer" id="m-m5" data-id="m5" data-parent="m-m4" aria-label="ChatGPT">
<p class="by"><span class="who">ChatGPT</span> <a class="when" href="#m-m5">\
<time datetime="2025-02-19T21:24:00Z">19 February 2025, 21:24</time></a></p>
<div class="prose" dir="auto"><p>It glows.</p>
</div>
</article>
</main>
</body>
</html>
"""
)
SEARCHED = [
    ["m-m1", "u", "How hot is\na <kiln>?"],
    ["m-m2", "a", ANSWER],
    ["m-m6", "a", "Very hot."],
    ["m-m3", "u", "Draw it."],
    ["m-m5", "a", "It glows."],
]
ROW = [1, PAGE, "Kiln", "2025-02-19T21:20", None, None, "", ["gpt-4o"], 6]
_WORDS = """
    how hot is a kiln 1 dry the clay for two days 2 heat it python if 900 slowly wait 5 x open lid
    use table https example org cone degrees 06 999 deg very draw glows
"""
WORDS = _WORDS.split()
PLAIN = '<body data-chat=""><main id="list"><a href="../{}">Kiln</a></main></body></html>\n'


def piece(name: str, value: Any) -> bytes:
    return f'archive.piece("{name}", {json.dumps(value)});\n'.encode()


def texts(listed: Any) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(json.dumps(listed).encode()) + packer.flush()
    return piece("text-1", {"t": base64.b64encode(data).decode(), "f": {}})


def index(words: list[str], entry: str = "###+") -> bytes:
    """A piece of the word index: each word in the first block, in conversation 1 at level 0."""
    return piece("words-0", " ".join(f"{word}!{entry}" for word in sorted(words)))


def directory(chats: int = 1, pieces: str = "0") -> bytes:
    about = {"chats": chats, "lists": ["2025"], "words": {"pieces": [pieces]}}
    return piece("index", about)


def lay(root: Path, page: str = HTML, files: dict[str, bytes] | None = None) -> Path:
    """Write an HTML archive of one conversation."""
    written = {
        PAGE: (f"conversation/{KEY}", page.encode()),
        "assets/kiln.png": (f"asset/{ASSET}", PICTURE),
        "assets/other.png": ("asset/file-other", OTHER),
        "static/archive.css": ("page/css", b"main { margin: auto }\n"),
        "static/archive.js": ("page/js", b"'use strict'\n"),
        "index.html": ("page/index", (HEAD + PLAIN.format("list/2025.html")).encode()),
        "list/2025.html": ("page/list", (HEAD + PLAIN.format(PAGE)).encode()),
        "data/index.js": ("data/index", directory()),
        INDEX: ("data/words", index(WORDS)),
        LIST: ("data/list", piece("list-2025", [ROW])),
        TEXTS: ("data/text-1", texts(SEARCHED)),
    }
    for path, data in (files or {}).items():
        written[path] = (written[path][0], data)
    first = HEAD.replace("../", "") + PLAIN.format("list/2025.html").replace("../", "")
    written["index.html"] = ("page/index", first.encode())
    return put(root, written, "html", {"include": ["reasoning"], "timezone": "UTC"})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    with zipfile.ZipFile(path, "w") as export:
        export.writestr("conversations.json", json.dumps([raw()]))
        export.writestr(f"{ASSET}-1111.png", PICTURE)
        export.writestr("file-other-1111.png", OTHER)
    return path


def check(source: Path, root: Path) -> Result:
    with open_export([source], careful=True) as export:
        return verify(root, export)


def problems(source: Path, root: Path) -> list[str]:
    return [f"{problem.file}: {problem.what}" for problem in check(source, root).problems]


def test_a_page_that_has_all_is_complete(source: Path, tmp_path: Path) -> None:
    result = check(source, lay(tmp_path / "out"))
    assert (result.problems, result.verdict) == ([], "complete")
    [checked] = result.archives
    assert (checked.conversations, checked.messages, checked.read_back) == (1, 6, True)


FAULTS: dict[str, tuple[str, str, str]] = {
    "word lost": ("for <strong>two</strong>", "for ", "is incomplete: “twodays"),
    "word changed": ("Very hot", "Very old", "is incomplete"),
    "letter changed": ("999°", "989°", "is incomplete"),
    "word added": ("It glows.", "It softly glows.", "is incomplete"),
    "word of the conversation added": ("Very hot.", "Very hot. It glows.", "more than its own"),
    "word of nobody added": (
        "</figure>",
        "<figcaption>A zebra</figcaption></figure>",
        "a word that the export does not have: zebra",
    ),
    "paragraph twice": ("<p>It glows.</p>", "<p>It glows.</p>\n<p>It glows.</p>", "more than its"),
    "line of code lost": ("    wait(5)\n", "", "is incomplete"),
    "row lost": ('<tr><td>06</td><td class="r">999°</td></tr>', "", "is incomplete"),
    "items swapped": ("<li>Heat it:</li>\n</ol>", "</ol>", "is incomplete"),
    "formula changed": ("<mi>x</mi>", "<mi>y</mi>", "a formula shows other signs"),
    "source of a formula lost": (">x^2</annotation>", "></annotation>", "is incomplete"),
    "author swapped": (
        'class="message user" id="m-m3"',
        'class="message answer" id="m-m3"',
        "has another author",
    ),
    "name swapped": (
        '<span class="who">You</span> <a class="when" href="#m-m3">',
        '<span class="who">ChatGPT</span> <a class="when" href="#m-m3">',
        "below the wrong name",
    ),
    "time changed": ("2025-02-19T21:22:00Z", "2025-02-19T21:23:00Z", "another time"),
    "time that is read changed": ("2025, 21:22", "2025, 21:32", "another time"),
    "date changed": ('"facts">19 February', '"facts">18 February', "the date below its heading"),
    "parent changed": (
        'data-id="m3" data-parent="m-m2"',
        'data-id="m3" data-parent="m-m6"',
        "answers another one",
    ),
    "title changed": ("<h1>Kiln", "<h1>Kilt", "the heading is another"),
    "title of the tab changed": ("<title>Kiln", "<title>Kilt", "the title of the tab is another"),
    "version uncounted": ('data-version="2/2"', 'data-version="1/2"', "counts the versions"),
    "link lost": ('href="https://example.org/heat" ', "", "is incomplete: “the source"),
    "link changed": ("example.org/heat", "example.org/hoax", "the source"),
    "link of a link lost": ('title="Table"', 'title="Tab"', "is incomplete"),
    "picture swapped": ("assets/kiln.png", "assets/other.png", "no link leads to the file"),
    "picture only linked": (
        '<img src="../assets/kiln.png" alt="kiln.png" loading="lazy" decoding="async">',
        "kiln.png",
        "is not shown, only linked to",
    ),
    "link to nothing": ('href="../assets/kiln.png"', 'href="../assets/gone.png"', "does not have"),
    "place that is gone": ('href="#m-m6"', 'href="#m-m66"', "refers to a place"),
    "hidden by an attribute": ("<p>It glows", "<p hidden>It glows", "the attribute hidden"),
    "hidden by a class": ("<p>It glows", '<p class="gone">It glows', "the class gone"),
    "hidden by a style": ("<p>It glows", '<p style="color: #fff">It glows', "attribute style"),
    "hidden as a whole": ('answer" id="m-m5"', 'answer hidden" id="m-m5"', "marked as hidden"),
    "hidden in a comment": ("<p>It glows.</p>", "<!-- It glows. -->", "cannot be read"),
    "hidden in a template": (
        "<p>It glows.</p>",
        "<template><p>It glows.</p></template>",
        "<template>",
    ),
    "script": ("<p>It glows", "<script>alert(1)</script><p>It glows", "without a file"),
    "script from elsewhere": (
        "../static/archive.js",
        "https://example.org/x.js",
        "none of the archive",
    ),
    "handler": ("<p>It glows", '<p onclick="alert(1)">It glows', "the attribute onclick"),
    "frame": ("<p>It glows", '<iframe src="../index.html"></iframe><p>It glows', "<iframe>"),
    "object": ("<p>It glows", '<object data="x.svg"></object><p>It glows', "<object>"),
    "style sheet": ("<p>It glows", "<style>p { display: none }</style><p>It glows", "<style>"),
    "form": ("<p>It glows", '<form action="https://example.org"></form><p>It glows', "<form>"),
    "refresh": (
        '<meta charset="utf-8">',
        '<meta charset="utf-8"><meta http-equiv="refresh" content="0; https://example.org">',
        "http-equiv",
    ),
    "no policy": ("Content-Security-Policy", "X-Policy", "policy"),
    "weaker policy": ("script-src 'self'", "script-src 'self' 'unsafe-inline'", "policy"),
    "address that runs": ("https://example.org/heat", "javascript:alert(1)", "the address"),
    "address of the data": ("https://example.org/heat", "data:text/html,x", "the address"),
    "address of a disk": ('href="../assets/kiln.png"', 'href="file:///etc/x"', "the address"),
    "address without a scheme": ('href="../assets/kiln.png"', 'href="//example.org"', "address"),
    "picture of the web": ('src="../assets/kiln.png"', 'src="https://e.org/x.png"', "address"),
    "words outside of messages": ("</main>", "<p>It glows.</p></main>", "outside of its messages"),
    "id twice": ('id="m-m6"', 'id="m-m5"', "twice"),
    "page cut": ("</main>\n</body>\n</html>\n", "", "cannot be read"),
    "tags that do not match": ("<p>It glows.</p>", "<p>It glows.</div>", "cannot be read"),
    "other number": ('data-chat="1"', 'data-chat="2"', "search"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_page_is_named(name: str, source: Path, tmp_path: Path) -> None:
    old, new, said = FAULTS[name]
    assert old in HTML
    found = problems(source, lay(tmp_path / "out", HTML.replace(old, new)))
    assert any(said in problem for problem in found), found


def article(number: int) -> str:
    begin = HTML.rindex("<article", 0, HTML.index(f'id="m-m{number}"'))
    return HTML[begin : HTML.index("</article>\n", begin) + len("</article>\n")]


WHOLE: dict[str, tuple[Callable[[str], str], str]] = {
    "message lost": (lambda page: page.replace(article(5), ""), "is missing"),
    "message twice": (
        lambda page: page.replace(article(5), article(5) * 2),
        "holds message m5 twice",
    ),
    "message of nobody": (
        lambda page: page.replace(
            article(5), article(5) + article(5).replace("m5", "m9").replace("m-m4", "m-m5")
        ),
        "a message that the export does not have: m9",
    ),
    "messages swapped": (
        lambda page: page.replace(article(3), "").replace(article(5), article(5) + article(3)),
        "comes before the one that it answers",
    ),
    "words swapped": (
        lambda page: (
            page.replace("Draw it.", "\0")
            .replace("It glows.", "Draw it.")
            .replace("\0", "It glows.")
        ),
        "is incomplete",
    ),
    "branches swapped": (
        lambda page: (
            page.replace(article(6), "\0").replace(article(2), article(6)).replace("\0", article(2))
        ),
        "is shown on another branch",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_fault_in_the_order_is_named(name: str, source: Path, tmp_path: Path) -> None:
    change, said = WHOLE[name]
    found = problems(source, lay(tmp_path / "out", change(HTML)))
    assert any(said in problem for problem in found), found


def changed(number: int, place: int, value: Any) -> list[list[Any]]:
    return [
        [*entry[:place], value, *entry[place + 1 :]] if n == number else entry
        for n, entry in enumerate(SEARCHED)
    ]


DATA: dict[str, tuple[str, bytes, str]] = {
    "text of the search lacks": (TEXTS, texts(SEARCHED[:-1]), "is not found by the search"),
    "words of the search lack": (TEXTS, texts(changed(2, 2, "Very.")), "the search does not find"),
    "author of the search": (TEXTS, texts(changed(2, 1, "u")), "names another author"),
    "place of the search": (TEXTS, texts(changed(2, 0, "m-m9")), "names messages"),
    "texts that are none": (TEXTS, piece("text-1", {"t": "AAAA"}), "as gptexit writes it"),
    "texts that run": (TEXTS, texts(SEARCHED) + b"alert(1)", "as gptexit writes it"),
    "list lacks it": (LIST, piece("list-2025", []), "is in no list"),
    "list has it twice": (LIST, piece("list-2025", [ROW, ROW]), "lists a conversation twice"),
    "list has another title": (LIST, piece("list-2025", [[*ROW[:2], "Kilt", *ROW[3:]]]), "title"),
    "list has another date": (
        LIST,
        piece("list-2025", [[*ROW[:3], "2025-02-19T22:20", *ROW[4:]]]),
        "another date",
    ),
    "list has another number": (LIST, piece("list-2025", [[2, *ROW[1:]]]), "another number"),
    "list of another page": (
        LIST,
        piece("list-2025", [ROW, [2, "2025/x.html", *ROW[2:]]]),
        "that the archive does not have",
    ),
    "list that runs": (LIST, piece("list-2025", [ROW]) + b"alert(1)", "is not only data"),
    "index lacks the list": (
        "data/index.js",
        piece("index", {"chats": 1, "lists": []}),
        "does not name data/list-2025.js",
    ),
    "index counts wrong": (
        "data/index.js",
        directory(chats=2),
        "counts 2 conversations instead of 1",
    ),
    "index lacks a word": (INDEX, index(WORDS[:-1]), "search data is not complete: it lacks glows"),
    "index has another word": (INDEX, index([*WORDS[:-1], "glow"]), "it lacks glows"),
    "index has another page": (INDEX, index(WORDS, "####"), "search data is not complete"),
    "index is empty": (INDEX, piece("words-0", ""), "is not only data"),
    "index is none": (INDEX, index(WORDS, "#\u00e9#+"), "is not only data"),
    "index that is not looked into": (
        "data/index.js",
        directory(pieces="7a"),
        "is not where the search looks",
    ),
    "plain list lacks it": (
        "list/2025.html",
        (HEAD + PLAIN.format("index.html")).encode(),
        "is on no page of list/",
    ),
    "plain list runs": (
        "list/2025.html",
        (HEAD + PLAIN.format(PAGE).replace("<main", '<main onload="x"')).encode(),
        "the attribute onload",
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_a_fault_in_the_data_is_named(name: str, source: Path, tmp_path: Path) -> None:
    file, data, said = DATA[name]
    found = problems(source, lay(tmp_path / "out", files={file: data}))
    assert any(said in problem for problem in found), found


def test_a_damaged_picture_and_a_page_that_is_gone_are_named(source: Path, tmp_path: Path) -> None:
    root = lay(tmp_path / "out")
    (root / "assets/kiln.png").write_bytes(OTHER)
    (root / PAGE).unlink()
    found = {(problem.file, problem.what) for problem in check(source, root).problems}
    assert (PAGE, "is gone") in found
    assert ("assets/kiln.png", "is not as it was written") in found
    assert (None, "is missing from the html archive") in found


def test_a_page_that_a_person_added_to_is_no_loss(source: Path, tmp_path: Path) -> None:
    root = lay(tmp_path / "out")
    (root / PAGE).write_text(HTML.replace("<p>It glows.</p>", "<p>It glows.</p>\n<p>My zebra.</p>"))
    result = check(source, root)
    assert (result.problems, result.edited, result.verdict) == ([], [PAGE], "complete")
    assert verify(root).changed == [PAGE]
    (root / PAGE).write_text(HTML.replace("<p>It glows.</p>", "<p>My zebra.</p>"))
    assert any("is incomplete" in problem for problem in problems(source, root))
    (root / PAGE).write_text(HTML.replace("<p>It glows", '<p onclick="x()">It glows'))
    assert any("onclick" in problem for problem in problems(source, root))


@pytest.mark.parametrize(
    "text",
    [
        "<" * 300_000,
        "<a " * 200_000,
        "<!--" * 200_000,
        "<p>" * 200_000,
        "&" * 500_000,
        "</p>" * 200_000,
    ],
    ids=["signs", "tags", "comments", "elements", "references", "ends"],
)
def test_a_page_takes_time_in_proportion_to_its_size(text: str) -> None:
    with at_most(10), pytest.raises(Unreadable):
        HtmlPage("<!doctype html>" + text)
