"""What tools said and did: memory, canvas, code, images, searches.

A call is a message of the assistant to a tool (`recipient`); a reply is a message of the tool
(`author.name`). One small function a tool, in two tables of patterns. Tools see a `State` that
runs down each branch, since an update of a canvas document means the document of its own branch.

What a tool said is hidden where it only speaks to the model: the results of a search, the JSON of a
canvas or of a connector, the words around an image. Pictures, quoted passages, the output of code
and reasoning are shown, and so are the words of a tool that is not known.

Slim exports (since mid-2026) hold no tool messages; everything here then has nothing to do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from gptexit.chatgpt import take
from gptexit.codes import HIDDEN_VALUES, Hidden, Oddity
from gptexit.model import Cited, CodeBlock, Part, Quote, Raw, Search, Thought
from gptexit.readers.chatgpt.normalize import canvas
from gptexit.readers.chatgpt.normalize.canvas import read_object
from gptexit.readers.chatgpt.normalize.links import cited


@dataclass(frozen=True, slots=True)
class State:
    """What a branch remembers for the tools further down. Never changed, only replaced."""

    canvases: dict[str, canvas.Canvas] = field(default_factory=dict)
    latest: str | None = None
    """The key in `canvases` of the document touched last."""
    prompt: str | None = None
    """What the image that comes next was asked to show."""


@dataclass(slots=True)
class ToolTurn:
    """One message, as the tools see it."""

    parts: list[Part]
    metadata: Raw
    state: State
    parent: str | None = None
    """The id of the message above."""
    typed: bool = False
    """True for a message of the user."""
    replies: list[Raw] = field(default_factory=list)
    """The metadata of the messages below this one."""
    found: Counter[Oddity] = field(default_factory=Counter)
    hidden: str | None = None
    kind: str | None = None
    """The message's content type."""
    name: str | None = None
    """The tool that speaks, in a reply."""

    @property
    def words(self) -> str:
        """The text or code of the message."""
        return "".join(part["text"] for part in self.parts if part["type"] in ("text", "code"))


CALL = HIDDEN_VALUES[Hidden.TOOL_CALL]
REPLY = HIDDEN_VALUES[Hidden.TOOL_RESULT]


def _remember(turn: ToolTurn) -> None:
    words = turn.words
    if words:
        turn.parts = [{"type": "memory", "text": words, "snapshot": False}]


def _python(turn: ToolTurn) -> None:
    for part in turn.parts:
        if part["type"] == "code" and part["language"] is None:
            part["language"] = "python"
    turn.parts = [
        _as_code(part["text"], "python") if part["type"] == "text" else part for part in turn.parts
    ]


def _as_code(words: str, language: str | None) -> CodeBlock:
    return {"type": "code", "language": language, "text": words}


def _shell(turn: ToolTurn) -> None:
    arguments = canvas.payload(turn.words) or {}
    command = arguments.get("cmd")
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        # ["bash", "-lc", "the script"] says no more than the script
        turn.parts = [_as_code(command[-1] if len(command) == 3 else " ".join(command), "bash")]


def _canvas_id(turn: ToolTurn) -> str | None:
    for metadata in (*turn.replies, turn.metadata):
        found = take.string(take.mapping(metadata.get("canvas")).get("textdoc_id"))
        if found:
            return found
    return None


def _create(turn: ToolTurn) -> None:
    words = turn.words
    read = read_object(words)
    made = canvas.create(read.value, _canvas_id(turn)) if read else None
    if made is None:
        _not_replayed(turn, [] if read else None)
        return
    if read and not read.whole:
        turn.found[Oddity.CANVAS_INTERRUPTED] += 1
    _keep(turn, made)


def _not_replayed(turn: ToolTurn, parts: list[Part] | None) -> None:
    """Count a canvas call, and show `parts` in place of its JSON; None where it is no JSON."""
    turn.found[Oddity.CANVAS_CALL] += 1
    if parts is not None:
        turn.parts = parts


def _update(turn: ToolTurn) -> None:
    state = turn.state
    wanted = _canvas_id(turn)
    key = wanted if wanted in state.canvases else (None if wanted else state.latest)
    before = state.canvases.get(key) if key else None
    read = read_object(turn.words)
    # Half a replacement would take text away that the user did not see go.
    after = canvas.update(before, read.value) if before and read and read.whole else None
    if after is None:
        _not_replayed(turn, canvas.replacements(before, read.value) if read else None)
        return
    _keep(turn, after)


def _keep(turn: ToolTurn, made: canvas.Canvas) -> None:
    key = made.id or made.title or ""
    turn.state = replace(turn.state, canvases={**turn.state.canvases, key: made}, latest=key)
    turn.parts = [made.part()]


def _comment(turn: ToolTurn) -> None:
    arguments = canvas.payload(turn.words)
    if arguments is None:
        _not_replayed(turn, None)
        return
    turn.parts = canvas.comments(arguments)
    if not turn.parts:
        _not_replayed(turn, [])


def _draw(turn: ToolTurn) -> None:
    words = turn.words
    prompt = take.string((canvas.payload(words) or {}).get("prompt")) or words.strip()
    turn.state = replace(turn.state, prompt=prompt or None)
    turn.hidden = CALL


def _drawn(turn: ToolTurn) -> None:
    """Images get their prompt; the words around them instruct the model, not the user."""
    images = [part for part in turn.parts if part["type"] == "image"]
    if not images:
        turn.hidden = REPLY
        return
    for image in images:
        image["prompt"] = image["prompt"] or turn.state.prompt
    turn.parts = list(images)
    turn.state = replace(turn.state, prompt=None)


def _search(turn: ToolTurn) -> None:
    turn.hidden = CALL
    queries = _queries(turn)
    if queries:
        turn.parts = [*turn.parts, _searched(queries, [])]


_QUERY = re.compile(r"""(?:search|msearch)\(\s*(?:\[\s*)?["']((?:[^"'\\]|\\.){1,500})["']""")


def _queries(turn: ToolTurn) -> list[str]:
    """The queries of a call, from its metadata or from the call itself."""
    told = take.objects(turn.metadata.get("search_queries"))
    arguments = canvas.payload(turn.words) or {}
    listed = arguments.get("queries")
    found: list[Any] = [each.get("q") for each in told]
    found += [each.get("q") for each in take.objects(arguments.get("search_query"))]
    found += listed if isinstance(listed, list) else []
    found += [arguments.get("query"), arguments.get("q")]
    queries = dict.fromkeys(query for query in found if isinstance(query, str) and query)
    return list(queries) or _QUERY.findall(turn.words)


def _searched(queries: list[str], results: list[Cited]) -> Search:
    return {"type": "search", "queries": queries, "results": results}


def _reasoned(turn: ToolTurn) -> None:
    """A thought of o1, o3 and the pro models, which comes as the reply of a tool."""
    told = turn.metadata
    words = turn.words.strip()
    title = take.string(told.get("finished_text")) or take.string(told.get("initial_text"))
    seconds = take.number(told.get("finished_duration_sec"))
    others = [part for part in turn.parts if part["type"] not in ("text", "code")]
    turn.parts = others
    if words or told.get("finished_text"):
        thoughts: list[Thought] = [{"summary": "", "content": words}] if words else []
        turn.parts = [
            {"type": "reasoning", "summary": title, "thoughts": thoughts, "seconds": seconds},
            *others,
        ]


def _results(turn: ToolTurn) -> None:
    """What a search found is for the model; a passage that it quotes is shown."""
    if turn.kind == "tether_quote":
        return
    turn.hidden = REPLY
    results = [
        cited(entry)
        for group in take.objects(turn.metadata.get("search_result_groups"))
        for entry in take.objects(group.get("entries"))
    ]
    if results:
        turn.parts = [_searched([], results), *turn.parts]


def _shown(turn: ToolTurn) -> None:
    """Execution output is part of the conversation as the user sees it."""


def _for_the_model(turn: ToolTurn) -> None:
    """Words of a tool to the model alone, such as the JSON with the id of a canvas document."""
    if turn.kind == "tether_quote" or any(part["type"] in _SEEN for part in turn.parts):
        return
    turn.hidden = REPLY


_SEEN = ("image", "audio", "video", "file", "output")


# What image tools say around their images, whatever the tool is called.
_FILLER = re.compile(r"do not say or show ANYTHING|\bdisplayed \d+ images?\.|\AProcessing image\b")


def _unknown(turn: ToolTurn) -> None:
    """The reply of a tool that is not known: its words are shown as its own, its JSON is not."""
    if any(part["type"] in _SEEN for part in turn.parts):
        return
    words = turn.words.strip()
    if all(part["type"] in ("text", "code", "error") for part in turn.parts):
        if words[:1] in ("", "{", "[") or _FILLER.search(words):
            turn.hidden = REPLY
        else:
            quote: Quote = {"type": "quote", "text": words, "title": turn.name, "url": None}
            turn.parts = [quote]


CALLS: list[tuple[re.Pattern[str], Callable[[ToolTurn], None]]] = [
    (re.compile(pattern), function)
    for pattern, function in (
        (r"bio$", _remember),
        (r"python(_user_visible)?$", _python),
        (r"container\.exec$", _shell),
        (r"canmore\.create_textdoc$", _create),
        (r"canmore\.update_textdoc$", _update),
        (r"canmore\.comment_textdoc$", _comment),
        (r"(dalle|t2uay3k|image_?gen)\b", _draw),
        (r"(web|browser|mtbrowser|file_search|myfiles_browser)\b", _search),
    )
]
"""Tools that the assistant calls, by recipient."""

REPLIES: list[tuple[re.Pattern[str], Callable[[ToolTurn], None]]] = [
    (re.compile(pattern), function)
    for pattern, function in (
        (r"python(_user_visible)?$", _shown),
        (r"container\.", _shown),
        (r"a8km123\b", _reasoned),
        (r"(dalle|t2uay3k|image_?gen)\b", _drawn),
        (r"(web|browser|mtbrowser|file_search|myfiles_browser)\b", _results),
        (r"(bio|canmore|api_tool|research_kickoff_tool|n7jupd|computer)\b", _for_the_model),
    )
]
"""Tools that answer, by author name."""


Reads = Callable[[ToolTurn], None]
_LONGEST_NAME = 64
"""Characters of a tool's name that are looked at; no pattern above tells more apart."""


@lru_cache(256)
def _call_of(recipient: str) -> Reads | None:
    return next((function for pattern, function in CALLS if pattern.match(recipient)), None)


@lru_cache(256)
def _reply_of(name: str) -> Reads | None:
    return next((function for pattern, function in REPLIES if pattern.match(name)), None)


def call(recipient: str, turn: ToolTurn) -> None:
    """Read a call of the tool `recipient` into `turn`."""
    function = _call_of(recipient[:_LONGEST_NAME])
    if function is None:
        turn.hidden = CALL
    else:
        function(turn)


def reply(name: str, turn: ToolTurn, *, to_everyone: bool = True) -> None:
    """Read a reply of the tool `name` into `turn`; `to_everyone`: and not to the model alone."""
    turn.name = name or None
    function = _reply_of(name[:_LONGEST_NAME]) or (_unknown if to_everyone else _for_the_model)
    function(turn)
