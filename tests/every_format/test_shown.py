"""What ChatGPT showed is shown, and none of its mechanics, in every format for people."""

from __future__ import annotations

import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.registry import FORMATS
from support import lm_studio
from support.exports import leaves
from support.html_archive import articles_of
from support.marked import Marked, marked_conversations
from support.markers import MECHANICS

pytestmark = pytest.mark.slow

FOR_PEOPLE = (
    "markdown",
    "html",
    "open-webui",
    "librechat",
    "jan",
    "llama-cpp",
    "lm-studio",
    "llm",
    "sqlite",
    "claude",
    "gemini",
    "chatgpt-text",
    "messages",
    "sharegpt",
    "sillytavern",
    "enex",
)
WITH_SOURCES = (
    "markdown",
    "open-webui",
    "librechat",
    "jan",
    "llama-cpp",
    "lm-studio",
    "llm",
    "chatgpt-text",
    "messages",
    "sharegpt",
    "sillytavern",
    "enex",
)
OWN = re.compile("[\ue200-\ue2ff]")
"""Characters that ChatGPT marks places in a text with."""
IDS = re.compile(r"turn\d+(?:search|news|image|product|finance|forecast|business|file|hologram)")
EMPTIED = re.compile(r"(?!\[ \] \w)\\?[(\[（]\s*(?:,\s*)*\\?[)\]）](?!\()|【\s*】")
"""Brackets around nothing; `[ ] word` is a box to tick, and `[](` begins a link."""
HEADING = re.compile(r"^## (You|ChatGPT|Tool)\b[^\n]*$", re.M)

formats = pytest.mark.parametrize("name", FOR_PEOPLE)
Spoken = list[tuple[str, str, str]]
"""For each message: role, text, and text with the sources and cards beside it."""


def spoken(name: str, raw: Any) -> Spoken:
    """Give what each message of a conversation says in a format."""
    setting = WriterSetting(Catalog(), lambda member: io.BytesIO(b""))
    # Pages hold what tools were asked too, folded.
    include = frozenset({"reasoning"}) if name == "html" else None
    target = FORMATS[name].make(Options(timezone=UTC, include=include), setting)
    done = target.render(read_conversation(deepcopy(raw), Account(), ReadStats()))
    end = target.finish()
    files = [(file.path, file.data) for file in (*done.files, *done.more, *end.files, *end.more)]
    return list(_SPOKEN[name](files))


def _notes(files: Any, folder: str = "") -> Iterator[tuple[str, str, str]]:
    for path, data in files:
        if path.startswith(folder) and path.endswith(".md"):
            pieces = HEADING.split(data.decode())
            for heading, text in zip(pieces[1::2], pieces[2::2], strict=True):
                said, notes, listed = text.partition("\n[^1]: ")  # at the end of the note
                yield ("user" if heading == "You" else "assistant"), said, said
                yield "assistant", notes + listed, notes + listed


def _claude(files: Any) -> Iterator[tuple[str, str, str]]:
    return _notes([file for file in files if re.match(r"recent/\d", file[0])])


def _gemini(files: Any) -> Iterator[tuple[str, str, str]]:
    return _notes(files, "sources/")


def _open_webui(files: Any) -> Iterator[tuple[str, str, str]]:
    [chat] = json.loads(b"".join(data for path, data in files if path.startswith("import-")))
    for message in chat["chat"]["history"]["messages"].values():
        yield message["role"], message["content"], "\n".join(leaves(message))


def _librechat(files: Any) -> Iterator[tuple[str, str, str]]:
    [chat] = [json.loads(data) for path, data in files if path.endswith(".json")]
    for message in chat["messages"]:
        text = "\n".join(leaves([message.get("text"), message.get("content")]))
        yield ("user" if message["isCreatedByUser"] else "assistant"), text, text


def _chatgpt_text(files: Any) -> Iterator[tuple[str, str, str]]:
    [chat] = json.loads(b"".join(data for path, data in files if path == "conversations.json"))
    for node in chat["mapping"].values():
        if said := node["message"]:
            [text] = said["content"]["parts"]
            yield said["author"]["role"], text, text


def _jan(files: Any) -> Iterator[tuple[str, str, str]]:
    [lines] = [data for path, data in files if path.endswith(".jsonl")]
    for message in map(json.loads, lines.splitlines()):
        text = "\n".join(part["text"]["value"] for part in message["content"] if "text" in part)
        yield message["role"], text, text


def _sillytavern(files: Any) -> Iterator[tuple[str, str, str]]:
    """Every version of every message, once."""
    seen = set()
    for data in (data for path, data in files if path.startswith("chats/")):
        for line in data.split(b"\n")[1:-1]:
            message = json.loads(line)
            role = "user" if message["is_user"] else "assistant"
            alone = [{"send_date": message["send_date"], "extra": message["extra"]}]
            about = message.get("swipe_info", alone)
            for text, told in zip(message.get("swipes", [message["mes"]]), about, strict=True):
                whole = "\n".join(leaves([text, told["extra"].get("reasoning")]))
                if (role, whole, told["send_date"]) not in seen:
                    seen.add((role, whole, told["send_date"]))
                    yield role, whole, whole


def _llama_cpp(files: Any) -> Iterator[tuple[str, str, str]]:
    (lines,) = [data.splitlines() for path, data in files if path.endswith(".jsonl")]
    for record in map(json.loads, lines[2:]):
        message = record["message"]
        text = "\n".join(leaves([message["content"], message.get("toolCalls")]))
        yield message["role"], text, f"{message.get('reasoningContent', '')}\n{text}"


def _lm_studio(files: Any) -> Iterator[tuple[str, str, str]]:
    """The first chat, and of the others what they do not repeat. The same may be asked twice."""
    told: Counter[str] = Counter()
    for path, data in files:
        chat: Counter[str] = Counter()
        for message in json.loads(data)["messages"] if path.endswith(".conversation.json") else ():
            for version in message["versions"]:
                key = json.dumps(version)
                chat[key] += 1
                if chat[key] > told[key]:
                    text = "\n".join(lm_studio.said(version))
                    yield version["role"], text, text
        told |= chat


def _html(files: Any) -> Iterator[tuple[str, str, str]]:
    pages = (data.decode() for path, data in files if path.startswith(("20", "undated/")))
    for page in pages:
        for article in articles_of(page):
            text = "".join(article.text)
            role = "user" if article.kind == "user" else "assistant"
            yield role, text, f"{text}\n{''.join(article.notes)}"
        addresses = "\n".join(map(html.unescape, re.findall(r'href="(http[^"]*)"', page)))
        yield "assistant", "", addresses


def _llm(files: Any) -> Iterator[tuple[str, str, str]]:
    for message in json.loads(files[0][1])["messages"]:
        text = "\n".join([*message["reasoning"], message["text"]])
        yield message["role"], text, text


def _sqlite(files: Any) -> Iterator[tuple[str, str, str]]:
    """The column `text` of the messages that are not hidden; see database/schema.py."""
    for row in json.loads(files[0][1])["messages"]:
        role, hidden, text = row[3], row[8], row[11]
        if hidden is None:
            yield role, text, text


def _messages(files: Any) -> Iterator[tuple[str, str, str]]:
    """The line of the version that was seen last, which is the first."""
    for said in json.loads(files[0][1].partition(b"\n")[0])["messages"]:
        yield said["role"], said["content"], said["content"]


def _sharegpt(files: Any) -> Iterator[tuple[str, str, str]]:
    names = {"human": "user", "gpt": "assistant"}
    for said in json.loads(files[0][1].partition(b"\n")[0])["conversations"]:
        yield names.get(said["from"], said["from"]), said["value"], said["value"]


def _enex(files: Any) -> Iterator[tuple[str, str, str]]:
    """What stands below each heading of the note, and the addresses of its links."""
    data = b"".join(data for path, data in files if path.endswith(".enex"))
    note = etree.fromstring(etree.fromstring(data).findtext("note/content").encode())
    for element in note.iter("br", "li", "td", "th", "div", "p"):
        element.tail = f"\n{element.tail or ''}"
    role, said = "", [""]
    for element in note:
        if element.tag == "h2" and element.text in ("You", "ChatGPT"):
            yield role, said[0], "\n".join(said)
            role, said = ("user" if element.text == "You" else "assistant"), [""]
        else:
            said[0] += f"{''.join(element.itertext())}\n"
            said += (link.get("href") for link in element.iter("a"))
    yield role, said[0], "\n".join(said)


_SPOKEN = {
    "sharegpt": _sharegpt,
    "enex": _enex,
    "markdown": lambda files: _notes(files, "20"),
    "html": _html,
    "open-webui": _open_webui,
    "librechat": _librechat,
    "llm": _llm,
    "chatgpt-text": _chatgpt_text,
    "jan": _jan,
    "sillytavern": _sillytavern,
    "llama-cpp": _llama_cpp,
    "lm-studio": _lm_studio,
    "sqlite": _sqlite,
    "claude": _claude,
    "gemini": _gemini,
    "messages": _messages,
}


def plain(text: str) -> str:
    """A text without what a format adds to show it as it is: escapes and line breaks."""
    return " ".join(html.unescape(text).replace("\\", "").split())


@formats
@settings(max_examples=60)
@given(marked_conversations())
def test_what_chatgpt_showed_is_shown_and_nothing_else(name: str, marked: Marked) -> None:
    """Drawing and rendering take the time, so all that must hold is asked of one rendering."""
    said = spoken(name, marked.raw)
    text = "\n".join(words for role, words, _ in said if role != "user")
    more = "\n".join(beside for role, _, beside in said if role != "user")

    assert not OWN.findall(more), "a character of a marker"
    assert not [piece for piece in MECHANICS if piece in text], "mechanics"
    assert not IDS.findall(text), "an id"
    assert not EMPTIED.findall(text), "an emptied bracket"
    assert [word for word in (*marked.of("words"), *marked.of("once")) if word not in more] == []
    assert [more.count(word) for word in marked.of("once")] == [1] * len(marked.of("once"))
    assert [word for word in marked.of("never") if word in more] == []
    if name in WITH_SOURCES:
        unlisted = [pair for pair in marked.of("sources") if not any(one in more for one in pair)]
        assert unlisted == []
    rest = plain(" ".join(words for role, words, _ in said if role == "user"))
    for wanted in (plain(typed) for typed in marked.of("typed")):
        before, found, rest = rest.partition(wanted)
        assert found, f"what a person typed: {before}"
