"""Codes for what is lost, mended, odd or not kept, each with its sentence for a person.

A report has the codes, so a sentence may be reworded without breaking a program that reads it.
A code never changes its meaning, and one that is no longer used is not given to something else.
`schemas/report.schema.json` and `docs/report.md` list them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self, TypeVar


class Code(StrEnum):
    """A code, which is a string, and its sentence."""

    sentence: str
    """What a person reads; with a name in braces for each detail that `say` takes."""

    def __new__(cls, code: str, sentence: str = "") -> Self:
        """Make a member of its code and its sentence."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    def say(self, **details: Any) -> Reason:
        """Return the code with its sentence, the details put in."""
        return Reason(self, self.sentence.format(**details))


class Reason(NamedTuple):
    """Why something is lost or passed over."""

    code: Code
    sentence: str


class Lost(Code):
    """Why something that the source holds could not be read, or could not be copied."""

    # A folder or a file of the disk.
    UNREADABLE = "unreadable", "cannot be read ({error})"
    SYSTEM_ERROR = "system-error", "{error}"
    TOO_MANY_FILES = "too-many-files", "only its first {most} files are read"
    BROKEN_LINK = "broken-link", "cannot be read ({error})"
    LINK_OUT_OF_FOLDER = (
        "link-out-of-folder",
        "a link that leads out of the folder, so it was not followed: put the file itself there",
    )

    # A ZIP as a whole.
    ZIP_INCOMPLETE = (
        "zip-incomplete",
        "the ZIP is incomplete, its end is missing; gptexit read what comes before it, but "
        "download it again",
    )
    ZIP_TABLE_DAMAGED = (
        "zip-table-damaged",
        "the list of files in the ZIP is damaged; gptexit looked for the files without it, but "
        "download it again",
    )
    EXPORT_INSIDE = (
        "export-inside",
        "another export inside this one; unpack it and give it by itself",
    )

    # One file in a ZIP.
    TWICE_IN_ZIP = "twice-in-zip", "is in the ZIP twice; the last one is read"
    LINK = "link", "a symbolic link"
    ENCRYPTED = (
        "encrypted",
        "encrypted: unpack the ZIP with its password and give the folder instead",
    )
    PACKED_OTHERWISE = (
        "packed-otherwise",
        "packed in a way that gptexit does not read (method {method}): "
        "unpack the ZIP with another program and give the folder instead",
    )
    ZIP_BOMB = (
        "zip-bomb",
        "would grow from {packed} to {size} bytes when it is unpacked, which no file of an export "
        "does; --allow-large reads it all the same",
    )
    OVER_ALLOWANCE = (
        "over-allowance",
        "would grow to {size} bytes when it is unpacked, and with it the export would be over the "
        "limit; --allow-large reads it all the same",
    )
    NAME_DAMAGED = "name-damaged", "its name or place in the ZIP is damaged"
    PLACE_DAMAGED = "place-damaged", "its place in the ZIP is damaged"
    PACKED_DATA_DAMAGED = (
        "packed-data-damaged",
        "its packed data is damaged after {at} bytes; what follows in this file is lost",
    )
    ENDS_EARLY = (
        "ends-early",
        "it ends after {at} of {size} bytes; what follows in this file is lost",
    )
    ENDS_IN_MIDDLE = (
        "ends-in-middle",
        "it ends in the middle, after {at} bytes; what follows in this file is lost",
    )
    LONGER_THAN_DECLARED = (
        "longer-than-declared",
        "it is longer than the {size} bytes that the ZIP gives for it",
    )
    CHECKSUM = "checksum", "its checksum does not match: some of its bytes are damaged"

    # A file with conversations.
    NO_CONVERSATIONS = "no-conversations", "holds no conversations"
    NO_ARRAY = "no-array", "it does not begin with a list of conversations"
    FILE_CUT = "file-cut", "the file ends in the middle"
    TEXT_BEHIND = "text-behind", "more text after the end of the list of conversations"

    # One conversation.
    NOT_JSON = "not-json", "it cannot be read as JSON ({error})"
    NO_CONVERSATION = "no-conversation", "{kind} where a conversation should be"
    UNKNOWN_FORM = "unknown-form", "in a form that gptexit does not know"
    TOO_LARGE = (
        "too-large",
        "too large to convert ({limit}); an archive of the whole export keeps it as it is in "
        "{path}",
    )
    LARGER_THAN_READ = "larger-than-read", "larger than gptexit reads: {limit}"
    SECOND_COPY = (
        "second-copy",
        "another copy of a conversation that was read before: jsonl has both, other formats only "
        "this one. Give the path of the file, not a pipe, and gptexit merges them",
    )
    BAD_LINE = "bad-line", "{error}"
    OUR_FAULT = "our-fault", "gptexit failed on it ({error}): please report this"
    ENDED_PROCESSES = (
        "ended-processes",
        "the process that read it ended, twice; it may be too large for this machine",
    )

    # A file beside the conversations.
    NAMES_CUT = "names-cut", "cannot be read to its end ({error}); some names of files are missing"
    LINKS_CUT = "links-cut", "cannot be read to its end; some shared links are not counted"
    LIST_UNREADABLE = "list-unreadable", "cannot be read ({error})"

    MORE_LOSSES = "more-losses", "more than {most} losses; the others are not listed"


class Passed(Code):
    """Why a file beside the conversations is not read as one of them."""

    ACCOUNT_FILE = "account-file", "a file of your account; `gptexit exit` keeps it"
    UNKNOWN_FILE = "unknown-file", "gptexit does not know this file, and it is not a conversation"
    ARCHIVE = "archive", "an archive that gptexit wrote, and no part of the export"
    OTHER_PROGRAM = "other-program", "{what}"


class Repair(Code):
    """Damage to JSON that was mended while it was read."""

    PAIR_JOINED = "pair-joined", "a character that was written in two halves, joined"
    LONE_SURROGATE = "lone-surrogate", "half a character, replaced by the sign \ufffd"
    NOT_UTF8 = "not-utf8", "bytes that are not text (UTF-8), replaced"
    NAN = "nan", "a value that is not a number (NaN), left empty"
    INFINITY = "infinity", "an infinite number, left empty"
    MINUS_INFINITY = "minus-infinity", "an infinite negative number, left empty"
    NUMBER_TOO_LARGE = "number-too-large", "a number that is too large, left empty"


class Oddity(Code):
    """Something odd in a conversation, about which the reader had to decide."""

    NO_ID = "no-id", "conversation without an id"
    NO_MAPPING = "no-mapping", "conversation without its list of messages"
    NO_CURRENT_NODE = "no-current-node", "conversation that does not say which message is its last"
    DATED_LATE = "dated-late", "conversation dated after its last message"
    NODE_NO_OBJECT = "node-no-object", "message that is damaged"
    SECOND_ROOT = "second-root", "second first message of a conversation"
    PARENT_RECOVERED = "parent-recovered", "message placed by the messages that answer it"
    PARENT_MISSING = "parent-missing", "message that answers a missing one"
    CYCLE_CUT = "cycle-cut", "messages that answer each other in a circle, which was cut"
    CITATION_UNEXPLAINED = "citation-unexplained", "citation whose source the export does not name"
    CARD_ABSENT = "card-absent", "card that the export does not hold"
    CANVAS_INTERRUPTED = "canvas-interrupted", "canvas document that was interrupted"
    CANVAS_CALL = "canvas-call", "change to a canvas document that gptexit could not repeat"
    PLACED_BY_TIME = "placed-by-time", "library file placed by its time"
    PLACE_UNKNOWN = "place-unknown", "library file whose place in its conversation is not known"
    FILE_STAYED = "file-stayed", "file that stayed in the code interpreter"


class NotKept(Code):
    """Content that a format has no place for or had to change."""

    FILE_UNMENTIONED = "file-unmentioned", "file that no conversation mentions"
    FILE_UNSHOWN = "file-unshown", "file of a message that is not shown"
    FILE_NOT_IMPORTED = (
        "file-not-imported",
        "file that the app does not import; it is in the folder files",
    )
    FILE_NOT_IN_APP = "file-not-in-app", "file that the app does not take; its message names it"
    FILE_NOT_IN_PACK = "file-not-in-pack", "file that is not in the pack; its name is where it was"
    FILE_NOT_IN_REQUEST = "file-not-in-request", "file that a request names but does not hold"
    FILE_NAMED = "file-named", "file that the text names and the format does not hold"
    FILE_BYTES = "file-bytes", "bytes of a file"
    MESSAGE_OTHER_BRANCH = (
        "message-other-branch",
        "message of another version of the conversation; a request has only one",
    )
    MESSAGE_OVER_MILLION = (
        "message-over-million",
        "message after the first million of its conversation",
    )
    CONVERSATION_TOO_LARGE = "conversation-too-large", "conversation too large to convert"
    CONVERSATION_OVER_SIZE = (
        "conversation-over-size",
        "conversation larger than the size that was asked for",
    )
    CONVERSATION_NO_ROOM = (
        "conversation-no-room",
        "conversation that did not fit into its folder; contents.csv lists it",
    )
    CONVERSATION_IN_PART = (
        "conversation-in-part",
        "conversation of which only the end fits; contents.csv lists it",
    )
    CONVERSATION_FACTS = (
        "conversation-facts",
        "conversation whose title, dates, models and ratings have no place in the format",
    )
    VERSION_NO_ROOM = (
        "version-no-room",
        "version of a conversation left out, because all versions together are too long",
    )
    THOUGHT_LINE = "thought-line", "line that says for how long ChatGPT thought"
    GIVEN_NAME = "given-name", "name that you gave to a project or custom GPT"
    ARCHIVED = "archived", "conversation that was archived, which the app does not know"
    PROJECT_OR_GPT = (
        "project-or-gpt",
        "conversation's project or custom GPT, which the app does not know",
    )
    RATING = "rating", "thumb up or down, which the app does not know"
    TITLE_CUT = "title-cut", "title made shorter, because other programs name files after it"
    VALUE_REPLACED = (
        "value-replaced",
        "value of an unknown kind, replaced so that other programs can read it",
    )
    REPAIRED_MAPPING = "repaired-mapping", "repaired: conversation without its list of messages"
    REPAIRED_NODE = "repaired-node", "repaired: message that is damaged"
    REPAIRED_TREE = "repaired-tree", "repaired: order of the messages in a conversation"
    REPAIRED_CURRENT_NODE = "repaired-current-node", "repaired: which message is the last"


class Hidden(Code):
    """Why a message, or a part of one, is not shown."""

    MARKED = "marked-hidden", "marked as hidden"
    SYSTEM = "system-message", "system message"
    CONTEXT = "context", "context that ChatGPT adds by itself"
    TOOL_CALL = "tool-call", "what ChatGPT asked a tool"
    TOOL_RESULT = "tool-result", "what a tool answered"
    REASONING = "reasoning", "reasoning"
    OTHER_BRANCH = "other-branch", "of another version of the conversation"
    OTHER = "other", "for another reason"

    @classmethod
    def of(cls, value: str) -> Hidden:
        """Return the code for the value of `hidden` in a message of the neutral model."""
        return _BY_VALUE.get(value, cls.OTHER)


HIDDEN_VALUES = {
    Hidden.MARKED: "marked as hidden",
    Hidden.SYSTEM: "system message",
    Hidden.CONTEXT: "context",
    Hidden.TOOL_CALL: "tool call",
    Hidden.TOOL_RESULT: "tool result",
}
"""The values of `hidden` in messages of the neutral model. Archives hold them: never change one."""
_BY_VALUE = {value: code for code, value in HIDDEN_VALUES.items()}
TOOLS = frozenset((HIDDEN_VALUES[Hidden.TOOL_CALL], HIDDEN_VALUES[Hidden.TOOL_RESULT]))
"""The values of messages that `--include tools` shows."""

C = TypeVar("C", bound=Code)


def sentences(kind: type[Code], counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Replace the codes in `counts` by their sentences, and sort by these."""
    return sorted((kind(code).sentence, number) for code, number in counts)


def as_text(counts: Mapping[C, int]) -> dict[str, int]:
    """Return counts with sorted plain strings as keys, as JSON and `marshal` take them."""
    return {code.value: counts[code] for code in sorted(counts)}


def from_text(kind: type[C], counts: Mapping[str, int]) -> Counter[C]:
    """Return the counts of which `as_text` made `counts`."""
    return Counter({kind(code): number for code, number in counts.items()})


def reason_of(error: BaseException) -> Reason:
    """Return why an error was raised: what it carries itself as `why`, or else its own words."""
    why = getattr(error, "why", None)
    if isinstance(why, Reason):
        return why
    return Lost.SYSTEM_ERROR.say(error=str(error) or type(error).__name__)
