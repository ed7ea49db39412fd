"""Read the calls and replies of tools: memory, canvas, code, images, searches.

A call is a message of the assistant to a tool (`recipient`); a reply is a message of the tool
(`author.name`). Two tables of patterns name one small function for each tool. A `State` is passed
down each branch, since an update of a canvas document means the document of its own branch.

A reply is hidden if it only addresses the model: the results of a search, the JSON of a canvas or
connector, the words around an image. Pictures, quoted passages, the output of code and reasoning
are shown, and so are the words of an unknown tool.

Slim exports (since mid-2026) hold no tool messages.
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
from gptexit.model import CodeBlock, Part, Raw, Thought
from gptexit.readers.chatgpt.normalize import canvas
from gptexit.readers.chatgpt.normalize.links import results_of

_CALL = HIDDEN_VALUES[Hidden.TOOL_CALL]
_REPLY = HIDDEN_VALUES[Hidden.TOOL_RESULT]
_QUERY = re.compile(r"""(?:search|msearch)\(\s*(?:\[\s*)?["']((?:[^"'\\]|\\.){1,500})["']""")
# The words of image tools around their images, whatever the name of the tool.
_FILLER = re.compile(r"do not say or show ANYTHING|\bdisplayed \d+ images?\.|\AProcessing image\b")
_LONGEST_NAME = 64
"""Characters of a tool's name that are matched; no pattern needs more."""


@dataclass(frozen=True, slots=True)
class State:
    """What a branch remembers for the tools further down; immutable."""

    canvases: dict[str, canvas.Canvas] = field(default_factory=dict)
    latest: str | None = None
    """The key in `canvases` of the document that was made or changed last."""
    prompt: str | None = None
    """The prompt of the next image."""


START = State()
"""The state of a branch at its root: it remembers nothing."""


@dataclass(slots=True)
class ToolTurn:
    """One message, as the functions of the tools read and change it."""

    parts: list[Part]
    metadata: Raw
    state: State
    parent: str | None = None
    """The id of the message above."""
    role: str = "unknown"
    typed: bool = False
    """True for a message of the user."""
    name: str | None = None
    """The author's name: in a reply, that of the tool."""
    to: str | None = None
    """The recipient, if it is not everyone: in a call, the tool."""
    key: str = ""
    """The id of the message."""
    replies: Callable[[str], list[Raw]] = lambda key: []
    """Returns the metadata of the messages below one, by its id."""
    oddities: Counter[Oddity] = field(default_factory=Counter)
    hidden: str | None = None
    kind: str | None = None
    """The content type of a reply."""

    @property
    def words(self) -> str:
        """The text or code of the message."""
        return "".join(part["text"] for part in self.parts if part["type"] in ("text", "code"))


def _remember(turn: ToolTurn) -> None:
    words = turn.words
    if words:
        turn.parts = [{"type": "memory", "text": words, "snapshot": False}]


def _python(turn: ToolTurn) -> None:
    for part in turn.parts:
        if part["type"] == "code" and part["language"] is None:
            part["language"] = "python"
    turn.parts = [
        _code(part["text"], "python") if part["type"] == "text" else part for part in turn.parts
    ]


def _code(words: str, language: str) -> CodeBlock:
    return {"type": "code", "language": language, "text": words}


def _shell(turn: ToolTurn) -> None:
    arguments = canvas.payload(turn.words) or {}
    command = arguments.get("cmd")
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        # ["bash", "-lc", "the script"] says no more than the script
        turn.parts = [_code(command[-1] if len(command) == 3 else " ".join(command), "bash")]


def _canvas_id(turn: ToolTurn) -> str | None:
    for metadata in (*turn.replies(turn.key), turn.metadata):
        textdoc_id = take.string(take.mapping(metadata.get("canvas")).get("textdoc_id"))
        if textdoc_id:
            return textdoc_id
    return None


def _create(turn: ToolTurn) -> None:
    read = canvas.read_object(turn.words)
    document = canvas.create(read.value, _canvas_id(turn)) if read else None
    if document is None:
        _not_replayed(turn, [] if read else None)
        return
    if read and not read.whole:
        turn.oddities[Oddity.CANVAS_INTERRUPTED] += 1
    _keep(turn, document)


def _not_replayed(turn: ToolTurn, parts: list[Part] | None) -> None:
    """Count a canvas call; show `parts` in place of its JSON, or its words if `parts` is None."""
    turn.oddities[Oddity.CANVAS_CALL] += 1
    if parts is not None:
        turn.parts = parts


def _update(turn: ToolTurn) -> None:
    state = turn.state
    wanted = _canvas_id(turn)
    key = wanted if wanted in state.canvases else (None if wanted else state.latest)
    before = state.canvases.get(key) if key else None
    read = canvas.read_object(turn.words)
    # Half a replacement would remove text that the user did not see removed.
    after = canvas.update(before, read.value) if before and read and read.whole else None
    if after is None:
        _not_replayed(turn, canvas.replacements(before, read.value) if read else None)
    else:
        _keep(turn, after)


def _keep(turn: ToolTurn, document: canvas.Canvas) -> None:
    key = document.id or document.title or ""
    turn.state = replace(turn.state, canvases={**turn.state.canvases, key: document}, latest=key)
    turn.parts = [document.part()]


def _comment(turn: ToolTurn) -> None:
    arguments = canvas.payload(turn.words)
    parts = None if arguments is None else canvas.comments(arguments)
    if parts:
        turn.parts = parts
    else:
        _not_replayed(turn, parts)


def _draw(turn: ToolTurn) -> None:
    words = turn.words
    prompt = take.string((canvas.payload(words) or {}).get("prompt")) or words.strip()
    turn.state = replace(turn.state, prompt=prompt or None)
    turn.hidden = _CALL


def _drawn(turn: ToolTurn) -> None:
    """Give images their prompt; the words around them are for the model."""
    images = [part for part in turn.parts if part["type"] == "image"]
    if not images:
        turn.hidden = _REPLY
        return
    for image in images:
        image["prompt"] = image["prompt"] or turn.state.prompt
    turn.parts = list(images)
    turn.state = replace(turn.state, prompt=None)


def _search(turn: ToolTurn) -> None:
    turn.hidden = _CALL
    queries = _queries(turn)
    if queries:
        turn.parts = [*turn.parts, {"type": "search", "queries": queries, "results": []}]


def _queries(turn: ToolTurn) -> list[str]:
    """Return the queries of a call, from its metadata or from the call itself."""
    arguments = canvas.payload(turn.words) or {}
    entries = take.objects(turn.metadata.get("search_queries"))
    entries += take.objects(arguments.get("search_query"))
    listed = arguments.get("queries")
    values: list[Any] = [entry.get("q") for entry in entries]
    values += listed if isinstance(listed, list) else []
    values += [arguments.get("query"), arguments.get("q")]
    queries = dict.fromkeys(query for query in values if isinstance(query, str) and query)
    return list(queries) or _QUERY.findall(turn.words)


def _reasoned(turn: ToolTurn) -> None:
    """Read a thought of o1, o3 and the pro models, which is the reply of a tool."""
    metadata = turn.metadata
    words = turn.words.strip()
    title = take.string(metadata.get("finished_text")) or take.string(metadata.get("initial_text"))
    seconds = take.number(metadata.get("finished_duration_sec"))
    turn.parts = [part for part in turn.parts if part["type"] not in ("text", "code")]
    if words or metadata.get("finished_text"):
        thoughts: list[Thought] = [{"summary": "", "content": words}] if words else []
        turn.parts.insert(
            0, {"type": "reasoning", "summary": title, "thoughts": thoughts, "seconds": seconds}
        )


def _results(turn: ToolTurn) -> None:
    """Read the results of a search, which are for the model; a passage that it quotes is shown."""
    if turn.kind == "tether_quote":
        return
    turn.hidden = _REPLY
    results = results_of(turn.metadata)
    if results:
        turn.parts = [{"type": "search", "queries": [], "results": results}, *turn.parts]


def _for_the_model(turn: ToolTurn) -> None:
    """Hide words to the model alone, such as the JSON with the id of a canvas document."""
    output = ("image", "audio", "video", "file", "output")
    if turn.kind != "tether_quote" and not any(part["type"] in output for part in turn.parts):
        turn.hidden = _REPLY


def _unknown(turn: ToolTurn) -> None:
    """Read the reply of an unknown tool: show its words as a quote, but not its JSON."""
    if any(part["type"] not in ("text", "code", "error") for part in turn.parts):
        return
    words = turn.words.strip()
    if words[:1] in ("", "{", "[") or _FILLER.search(words):
        turn.hidden = _REPLY
    else:
        turn.parts = [{"type": "quote", "text": words, "title": turn.name, "url": None}]


Table = list[tuple[re.Pattern[str], Callable[[ToolTurn], None]]]

CALLS: Table = [
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

REPLIES: Table = [
    (re.compile(pattern), function)
    for pattern, function in (
        # The user sees the output of code.
        (r"python(_user_visible)?$", lambda turn: None),
        (r"container\.", lambda turn: None),
        (r"a8km123\b", _reasoned),
        (r"(dalle|t2uay3k|image_?gen)\b", _drawn),
        (r"(web|browser|mtbrowser|file_search|myfiles_browser)\b", _results),
        (r"(bio|canmore|api_tool|research_kickoff_tool|n7jupd|computer)\b", _for_the_model),
    )
]
"""Tools that answer, by author name."""


@lru_cache(512)
def _function(name: str, replies: bool) -> Callable[[ToolTurn], None] | None:
    table = REPLIES if replies else CALLS
    return next((function for pattern, function in table if pattern.match(name)), None)


def call(recipient: str, turn: ToolTurn) -> None:
    """Read a call of the tool `recipient` into `turn`."""
    function = _function(recipient[:_LONGEST_NAME], False)
    if function is None:
        turn.hidden = _CALL
    else:
        function(turn)


def reply(turn: ToolTurn) -> None:
    """Read a reply of the tool `turn.name`."""
    function = _function((turn.name or "")[:_LONGEST_NAME], True)
    (function or (_unknown if turn.to is None else _for_the_model))(turn)
