"""Odd names, odd ids and wide trees: each format ends soon, and what it writes can be read."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from lxml import etree

from gptexit.archive.manifest import Catalog
from gptexit.conversion import convert
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.registry import FORMATS
from support.build import ROOT, Raw, add, chain, conversation, message
from support.packing import PNG

pytestmark = pytest.mark.slow

ODD = [
    *("../../../etc/x", "..", "/abs/olute", "C:\\x", "..\\..\\x", "a/b\\c:d*e?f\"g<h>i|j"),
    *("a\x00b\x1b[31m", "a\nb", "\u2028line\u2029", "", " ", "...", "trailing. . .", "\ud800"),
    *("CON", "nul.txt", "COM\u00b9", "aux .x", "x" * 300, "\u00fc" * 300, "-rf", "~", "%2e%2e%2f"),
    *("\u202egnp.exe", "]]>", "&amp;", "<script>alert(1)</script>", "=cmd()"),
    *("Same", "same", "SAME", "Same"),
]  # fmt: skip
_DEVICE = "(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])"
BAD_ON_WINDOWS = re.compile(rf'[<>:"|?*\\\x00-\x1f]|[. ]$|^{_DEVICE}\s*(?:\.|$)', re.I)
formats = pytest.mark.parametrize("name", FORMATS)


def titled() -> tuple[list[Raw], dict[str, bytes]]:
    """Conversations with odd titles, of custom GPTs with odd ids."""
    talks = []
    for number, odd in enumerate(ODD):
        gizmo = f"g-p-{odd}" if number % 3 == 0 else f"g-{odd}" if number % 3 == 1 else None
        talks.append(_talk(number, _pair(number), title=odd, gizmo_id=gizmo))
    return talks, {}


def numbered() -> tuple[list[Raw], dict[str, bytes]]:
    """Conversations and nodes with odd ids; the question was answered twice, and one went on."""
    talks = []
    for number, odd in enumerate(dict.fromkeys(ODD)):
        mapping: Raw = {ROOT: {"id": ROOT, "message": None, "parent": None, "children": []}}
        add(mapping, f"{odd}1", ROOT, message("user", f"asked{number:03}x"))
        add(mapping, f"{odd}2", f"{odd}1", message("assistant", f"answer{number:03}x"))
        add(mapping, f"{odd}3", f"{odd}1", message("assistant", f"other{number:03}x"))
        add(mapping, f"{odd}4", f"{odd}2", message("user", f"more{number:03}x"))
        add(mapping, f"{odd}5", f"{odd}3", message("user", f"end{number:03}x"))
        talks.append(_talk(number, mapping, id=odd, conversation_id=odd))
    return talks, {}


def with_files() -> tuple[list[Raw], dict[str, bytes]]:
    """Conversations whose pictures and texts have odd names; every fourth file is missing."""
    talks: list[Raw] = []
    files: dict[str, bytes] = {}
    for number, odd in enumerate(ODD):
        picture, text = f"file-{number:022d}", f"file-{number:021d}t"
        pointer = {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"file-service://{picture}",
        }
        attached = [
            {"id": picture, "name": f"{odd}.png", "mime_type": "image/png"},
            {"id": text, "name": odd, "mime_type": "text/plain"},
        ]
        parts = {"content_type": "multimodal_text", "parts": [pointer, f"asked{number:03}x"]}
        asked = message("user", parts, metadata={"attachments": attached})
        talks.append(_talk(number, chain(asked, message("assistant", f"answer{number:03}x"))))
        if number % 4:
            files |= {f"{picture}-x.png": PNG, f"{text}-x.txt": b"some words"}
    return talks, files


def _pair(number: int) -> Raw:
    return chain(message("user", f"asked{number:03}x"), message("assistant", f"answer{number:03}x"))


def _talk(number: int, mapping: Raw, **rest: Any) -> Raw:
    key = f"{number:08d}-0000-4000-8000-000000000000"
    return conversation(mapping, **{"id": key, "conversation_id": key, **rest})


EXPORTS = (titled, numbered, with_files)


def members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of an archive, those in ZIPs too, without what gptexit keeps for itself."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        assert not path.is_symlink()
        if path.is_file() and not inside.startswith(".gptexit/"):
            yield inside, path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    for name in packed.namelist():
                        yield f"{inside}/{name}", packed.read(name)


def need_readable(path: str, data: bytes) -> None:
    """Fail if a program could not read a file of the kind that its name says."""
    if path.endswith(".json"):
        json.loads(data)
    elif path.endswith(".jsonl"):
        for line in data.decode().split("\n")[:-1]:
            json.loads(line)
    elif path.endswith(".enex"):
        for content in etree.fromstring(data).iter("content"):
            etree.fromstring(content.text.encode())


@formats
@pytest.mark.parametrize("make", EXPORTS)
def test_odd_names_stay_in_the_folder_and_all_words_are_there(
    make: Callable[[], tuple[list[Raw], dict[str, bytes]]], name: str, tmp_path: Path
) -> None:
    talks, files = make()
    source, out = tmp_path / "export.zip", tmp_path / "out/archive"
    with zipfile.ZipFile(source, "w") as packed:
        packed.writestr("conversations.json", json.dumps(talks))
        for inside, data in files.items():
            packed.writestr(inside, data)
    every = Options(redact="nothing", branches="all")
    report = convert(source, out, [name], options=every)
    assert report["complete"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["archive"]
    assert {path.name for path in tmp_path.iterdir()} == {"export.zip", "out"}

    found = dict(members(out))
    steps = {step for path in found for step in path.split("/")}
    assert [step for step in steps if BAD_ON_WINDOWS.search(step) or len(step.encode()) > 255] == []
    assert len({path.casefold() for path in found}) == len(found)
    for path, data in found.items():
        need_readable(path, data)
    words = set(re.findall(rb"(?:asked|answer|other|more|end)\d{3}x", json.dumps(talks).encode()))
    if "branches" in FORMATS[name].ignores:
        words = {word for word in words if not word.startswith((b"answer", b"more"))}
    whole = b"\n".join(found.values())
    assert sorted(word for word in words if word not in whole) == []

    again = convert(source, out, [name], options=every)
    assert again["targets"][0]["files_written"] == 0
    assert dict(members(out)) == found


def wide(number: int) -> Raw:
    """A question that was answered so many times, and asked anew as many times."""
    mapping = chain(message("user", "Why?"))
    for each in range(number):
        add(mapping, f"a{each}", "m1", message("assistant", f"Because {each}."))
        add(mapping, f"q{each}", "a0", message("user", f"And {each}?"))
    return conversation(mapping)


def deep(number: int) -> Raw:
    """A conversation of so many turns, each of which was also put in another way."""
    mapping = chain(*(message(("user", "assistant")[at % 2], f"Turn {at}") for at in range(number)))
    for at in range(1, number):
        add(mapping, f"x{at}", f"m{at}", message(("user", "assistant")[at % 2], f"Or {at}"))
    return conversation(mapping)


REPEATS = dict.fromkeys(["lm-studio", "messages", "sharegpt", "sillytavern"], 15_000_000)
"""Formats that write a message once for each branch, up to a bound; lines for what they repeat."""


@formats
@pytest.mark.parametrize("make", [wide, deep])
def test_ten_times_the_versions_take_ten_times_the_work(
    make: Callable[[int], Raw], name: str
) -> None:
    def lines(number: int) -> int:
        """Return how many lines of Python run to write a conversation of `number` versions."""
        neutral = read_conversation(make(number), Account(), ReadStats())
        setting = WriterSetting(Catalog(), lambda member: io.BytesIO(b""))
        writer = FORMATS[name].make(Options(branches="all"), setting)
        ran = 0

        def count(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal ran
            ran += event == "line"
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            for _ in writer.render(neutral).more:
                pass
        finally:
            sys.settrace(before)
        return ran

    lines(10)  # what is imported and compiled once
    repeated = REPEATS.get(name, 0) if make is deep else 0
    assert lines(2000) < 13 * lines(200) + repeated
