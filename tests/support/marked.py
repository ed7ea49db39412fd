"""Strategies for conversations of every generation whose answers are full of ChatGPT's markers.

A drawn conversation says what must hold of whatever is made of it: which words each message still
shows, which sources it lists, what must never be seen, and what a person typed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from support.build import ROOT, Raw, add, conversation, message
from support.markers import (
    BROKEN,
    CONTAINERS,
    KINDS,
    ODD_REFERENCES,
    PLACES,
    TYPED,
    Piece,
    Words,
    marker,
    page_of,
)


@dataclass
class Said:
    """A message, and what must hold of it."""

    role: str
    words: list[str] = field(default_factory=list)
    """Are shown, in every format."""
    once: list[str] = field(default_factory=list)
    """Are shown exactly once."""
    sources: list[tuple[str, str]] = field(default_factory=list)
    """Title or address of each is shown, in formats that have sources."""
    never: list[str] = field(default_factory=list)
    """Words that the export hides."""
    typed: list[str] = field(default_factory=list)
    """What a person typed, to be shown as it is."""


@dataclass
class Marked:
    """A raw conversation, and what must hold of each of its messages."""

    raw: Raw
    said: list[Said]

    def of(self, name: str) -> list[Any]:
        """Give what all messages have under a name, in one list."""
        return [item for said in self.said for item in getattr(said, name)]


@dataclass
class Answer:
    """A text, its references, and what must hold of them."""

    text: str
    references: list[Any]
    said: Said


@st.composite
def answers(draw: st.DrawFn, words: Words, *, slim: bool, kinds: Any = None) -> Answer:
    """An answer of a few blocks, with a marker in each."""
    names = st.sampled_from(sorted(kinds or KINDS))
    blocks, pieces, said = [], [], Said("assistant")
    sound = draw(st.integers(0, 3)) > 0
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(sorted(PLACES)))
        template = PLACES[place]
        used = [KINDS[draw(names)](words) for number in range(2) if f"{{{number}}}" in template]
        for number, piece in enumerate(used):
            pieces += [(piece, place)] * template.count(f"{{{number}}}")
        blocks.append(_filled(template, [piece.marker for piece in used], words, said))
    for container in draw(st.lists(st.sampled_from(CONTAINERS), max_size=1)):
        blocks.append(_filled(container, [], words, said))
    broken = draw(st.booleans())
    if broken:
        blocks.append(draw(st.sampled_from(BROKEN)))
        blocks.append(_filled("{w}", [], words, said))
    text = "\n\n".join(blocks)
    references = _references(text, pieces, slim=slim)
    if not sound:
        references = draw(st.permutations(references))[: draw(st.integers(0, len(references)))]
        references += draw(st.lists(st.sampled_from(ODD_REFERENCES), max_size=2))
    for piece, place in pieces:
        said.words += piece.words
        if sound and not broken and place not in ("code", "fence"):
            said.words += piece.explained
            said.sources += [piece.source] if piece.source else []
    return Answer(text, references, said)


def _filled(template: str, markers: list[str], words: Words, said: Said) -> str:
    made = template.replace("{{", "{").replace("}}", "}")
    for number, mark in enumerate(markers):
        made = made.replace(f"{{{number}}}", mark)
    while "{w}" in made:
        said.words.append(words())
        made = made.replace("{w}", said.words[-1], 1)
    return made


def _references(text: str, pieces: list[tuple[Piece, str]], *, slim: bool) -> list[Any]:
    """The references in the order of their markers; in a full export each says where it stands."""
    found, at = [], 0
    for piece, _ in pieces:
        start = text.find(piece.marker, at)
        at = start + len(piece.marker)
        if piece.reference is None:
            if slim:  # what nobody knows pairs with something nobody knows
                found.append({"type": "hologram", "alt": None})
        elif slim:
            found.append(piece.reference)
        else:
            places: Raw = {"matched_text": piece.marker, "start_idx": start, "end_idx": at}
            found.append({**piece.reference, **places})
    return found


def typed() -> st.SearchStrategy[str]:
    """What a person typed: words, and what looks like mechanics."""
    return st.lists(st.sampled_from(TYPED), min_size=1, max_size=4).map(
        lambda pieces: f"So {' or '.join(pieces)} it is"
    )


def _report(words: Words, said: Said) -> Raw:
    page = page_of(words)
    said.once.append(words())
    mark = marker("cite", f"turn0search{page['refs'][0]['ref_index']}")
    said.sources.append((page["title"], page["url"]))
    reference = {"type": "grouped_webpages", "matched_text": mark, "items": [page], "alt": None}
    return {
        "id": f"report-{words.number()}",
        "author": {"role": "assistant"},
        "content": {"content_type": "text", "parts": [f"# Report\n\n{said.once[-1]} {mark}"]},
        "metadata": {"content_references": [reference]},
    }


@st.composite
def _research(draw: st.DrawFn, words: Words) -> list[tuple[Raw, Said]]:
    """Hosts of a report of deep research, one or two."""
    said = Said("assistant")
    state = {"status": "completed", "plan": {}, "report_message": _report(words, said)}
    waiting = {"status": "waiting_for_user_response_on_plan"}
    flags = {"is_visually_hidden_from_conversation": True} if draw(st.booleans()) else {}
    hosts = []
    for place in draw(
        st.lists(st.sampled_from(["widget", "venus", "text"]), min_size=1, max_size=2)
    ):
        if place == "text":
            told = f"The latest state of the widget is: {json.dumps(state)}"
            hosts.append(message("tool", told, name="api_tool.widget_state"))
            continue
        kit: Raw = {"tool_response_metadata": {"venus_widget_state": waiting}}
        if place == "widget":
            kit["widget_state"] = json.dumps(state)
        else:
            kit["tool_response_metadata"]["venus_widget_state"] = state
        metadata = {"chatgpt_sdk": kit, **flags}
        hosts.append(message("tool", "started", name="api_tool.call_tool", metadata=metadata))
    return [(hosts[0], said), *((host, Said("tool")) for host in hosts[1:])]


@st.composite
def _turns(draw: st.DrawFn, words: Words) -> list[tuple[Raw, Said]]:
    """One turn of a full conversation, after the user's question."""
    shape = draw(
        st.sampled_from(
            ["answer", "weight", "hidden", "tool", "image", "canvas", "cut", "research", "empty"]
        )
    )
    if shape in ("answer", "weight"):
        made = draw(answers(words, slim=False))
        rest: Raw = {"weight": 0.0} if shape == "weight" else {}
        metadata = {"content_references": made.references, "model_slug": "gpt-5"}
        return [(message("assistant", made.text, metadata=metadata, **rest), made.said)]
    if shape == "hidden":
        word = words()
        flag = draw(st.sampled_from(["is_visually_hidden_from_conversation", "is_visually_hidden"]))
        return [
            (message("assistant", word, metadata={flag: True}), Said("assistant", never=[word]))
        ]
    if shape == "tool":
        call, reply = words(), words()
        return [
            (message("assistant", call, recipient="web.run"), Said("assistant", never=[call])),
            (message("tool", reply, name="web.run", weight=0.0), Said("tool")),
        ]
    if shape == "image":
        title = words()
        pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_77aa"}
        content = {"content_type": "multimodal_text", "parts": [pointer]}
        shown = message(
            "tool", content, name="t2uay3k.sj1i4kz", weight=0.0, metadata={"image_gen_title": title}
        )
        return [(shown, Said("tool"))]
    if shape in ("canvas", "cut"):
        name, first, last = words(), words(), words()
        document = {
            "name": name,
            "type": "document",
            "content": f"# {first}\n\n{last}\n\nEnd \u2013",
        }
        text = json.dumps(document)
        if shape == "cut":
            text = text[: text.index("End") + draw(st.integers(0, 8))]
        return [
            (
                message("assistant", text, recipient="canmore.create_textdoc"),
                Said("assistant", [first, last]),
            )
        ]
    if shape == "research":
        return draw(_research(words))
    return [(message("assistant", ""), Said("assistant"))]


@st.composite
def full_conversations(draw: st.DrawFn) -> Marked:
    """Conversations as exports had them until mid-2026."""
    words = Words()
    mapping: Raw = {ROOT: {"id": ROOT, "message": None, "parent": None, "children": []}}
    above, said = ROOT, []
    for _ in range(draw(st.integers(1, 3))):
        question = draw(typed())
        turn = [(message("user", question), Said("user", typed=[question])), *draw(_turns(words))]
        for made, told in turn:
            key = f"m{len(mapping)}"
            add(mapping, key, above, {**made, "create_time": 1_740_000_000.0 + len(mapping)})
            above = key
            said.append(told)
    return Marked(conversation(mapping), said)


@st.composite
def slim_conversations(draw: st.DrawFn) -> Marked:
    """Conversations as exports have them since: nodes that name only their parents."""
    words = Words()
    mapping: Raw = {ROOT: {"id": ROOT, "message": None, "parent": None}}
    above, said = ROOT, []

    def hang(role: str, text: str, told: Said, **rest: Any) -> None:
        nonlocal above
        key = f"m{len(mapping)}"
        body = {
            "id": key,
            "author": {"role": role, "name": None},
            "create_time": 1_780_000_000.0 + len(mapping),
            "content": {"content_type": "text", "parts": [text]},
            **rest,
        }
        mapping[key] = {"id": key, "message": body, "parent": above}
        above = key
        said.append(told)

    for _ in range(draw(st.integers(1, 3))):
        question = draw(typed())
        hang("user", question, Said("user", typed=[question]))
        made = draw(answers(words, slim=True))
        metadata = {"content_references": made.references, "model_slug": "gpt-5-5"}
        hang("assistant", made.text, made.said, metadata=metadata)
    raw = {
        "conversation_id": "c0ffee00-0000-4000-8000-000000000002",
        "id": "c0ffee00-0000-4000-8000-000000000002",
        "title": "A title",
        "create_time": 1_780_000_000.0,
        "update_time": 1_780_000_100.0,
        "current_node": above,
        "default_model_slug": "auto",
        "mapping": mapping,
    }
    return Marked(raw, said)


def marked_conversations() -> st.SearchStrategy[Marked]:
    """Conversations of every generation."""
    return full_conversations() | slim_conversations()
