"""Text as what was said: it is shown in a note whose structure it cannot change.

The judge is a Markdown parser that gptexit does not use. A note ends with a sentence of ours; as
long as that is a paragraph of its own, nothing before it was left open.
"""

from __future__ import annotations

import random
import re
from datetime import UTC
from typing import Any

import yaml

from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import (
    Account,
    AssetInfo,
    ReadStats,
    read_conversation,
)
from gptexit.text.markdown import line
from gptexit.writers.base import WriterSetting
from gptexit.writers.markdown.embed import fenced, protect, quoted
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message
from support.commonmark import COMMONMARK, PIECES, shape

OPTIONS = {
    "branches": "all",
    "include": frozenset({"hidden", "reasoning", "tools"}),
    "timezone": UTC,
}
LAST = "The end of it."
_SPEAKER = re.compile(
    r"(?:You|ChatGPT(?: \(.*\))?|System|Tool.*)(?:, 19 February 2025)?(?:, \d\d:\d\d)?"
)


def check(data: bytes) -> None:
    """Raise AssertionError where a text changes what is around it."""
    if len(data) < 2:
        return
    text = data[1:].decode("utf-8", "replace")
    kind = data[0] % (len(_KINDS) + 1)
    if kind == len(_KINDS):
        _blocks(text)
        return
    pieces = text.split("\ufffd") or [""]
    messages = [_KINDS[(kind + number) % len(_KINDS)](each) for number, each in enumerate(pieces)]
    _note(messages, pieces[0])


def _blocks(text: str) -> None:
    for headings in (False, True):
        assert shape(protect(text, headings=headings)) == (["h2", "h2"], [])
    for block in (fenced(text, text), quoted(fenced(text, text))):
        assert shape(block) == (["h2", "h2"], [])
    shown = line(text)
    assert "\n" not in shown
    children = COMMONMARK.parseInline(shown)[0].children or []
    wanted = " ".join(text.replace("\x00", "\ufffd").split())
    assert "".join(child.content for child in children) == wanted


def _html(token: Any) -> list[str]:
    found = [token.content] if token.type == "html_block" else []
    children = token.children or []
    inline = [child.content for child in children if child.type == "html_inline"]
    return [*found, *(each for each in inline if each != "<br>")]


def _note(messages: list[dict[str, Any]], title: str) -> None:
    raw = conversation(chain(*messages, message("user", LAST)), title=title)
    facts = AssetInfo("a.png", title, "image/png", 3)
    found = read_conversation(raw, Account(lambda key: facts), ReadStats())
    writer = FORMATS["markdown"].make(OPTIONS, WriterSetting(Catalog(), None))
    note = writer.render(found).files[0].data.decode()
    front, _, rest = note.removeprefix("---\n").partition("\n---\n")
    assert yaml.safe_load(front)["title"] == (title or "Untitled")
    tokens = COMMONMARK.parse(rest)
    assert not [each for token in tokens for each in _html(token)]
    headings = [
        (token.tag, tokens[number + 1].content)
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2")
    ]
    assert [tag for tag, _ in headings].count("h1") == 1, headings
    assert headings[0][0] == "h1"
    for _, words in headings[1:]:
        assert _SPEAKER.fullmatch(words), words
    paragraphs = [
        tokens[number + 1].content
        for number, token in enumerate(tokens)
        if token.type == "paragraph_open" and token.level == 0
    ]
    assert LAST in paragraphs, "something before the last message was left open"


def _of(role: str, **rest: Any) -> Any:
    return lambda text: message(role, text, **rest)


def _content(role: str, kind: str, *keys: str, **rest: Any) -> Any:
    def make(text: str) -> dict[str, Any]:
        return message(role, {"content_type": kind, **dict.fromkeys(keys, text)}, **rest)

    return make


def _cited(text: str) -> dict[str, Any]:
    matched, _, words = text.partition(" ")
    reference = {"matched_text": matched, "title": words, "url": f"https://x.example/{words}"}
    return message("assistant", text, metadata={"content_references": [reference]})


def _thought(text: str) -> dict[str, Any]:
    content = {"content_type": "thoughts", "thoughts": [{"summary": text, "content": text}]}
    return message("assistant", content)


def _canvas(text: str) -> dict[str, Any]:
    return message("assistant", f':::writing{{variant="email" subject="{text}"}}\n{text}\n:::\n')


def _image(text: str) -> dict[str, Any]:
    image = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "sediment://file_0",
        "metadata": {"dalle": {"prompt": text}},
    }
    return message("assistant", {"content_type": "multimodal_text", "parts": [image, text]})


_KINDS = (
    _of("user"),
    _of("assistant"),
    _cited,
    _thought,
    _canvas,
    _image,
    _content("assistant", "code", "text", "language", recipient="python"),
    _content("tool", "execution_output", "text", name="python"),
    _content("tool", "tether_quote", "text", "title", "url", "domain", name="browser"),
    _content("user", "user_editable_context", "user_profile", "user_instructions"),
    _content("tool", "system_error", "name", "text", name="python"),
    _of("assistant", recipient="bio"),
    _content("assistant", "from_the_future", "text"),
    _of("system"),
)
"""What a message may be made of the text."""


def mutate(data: bytes, most: int, seed: int) -> bytes | None:
    """Another text like it, with what means something in Markdown; None for mere bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.3 or len(data) < 2:
        return None
    text = data[1:].decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, length = rng.randrange(len(text) + 1), rng.choice((0, 0, 0, 1, 5, 40))
        piece = rng.choice((*PIECES, *_MORE, text[at : at + length]))
        text = text[:at] + piece * rng.choice((1, 1, 1, 2, 9)) + text[at + length :]
    return (bytes([rng.choice((data[0], rng.randrange(256)))]) + text.encode("utf-8", "replace"))[
        :most
    ]


_MORE = (
    "\ufffd",
    ":::writing{}\n",
    ":::\n",
    LAST,
    "](",
    "![",
    "(sandbox:/mnt/data/a.png)",
    "\ufdd4",
)
