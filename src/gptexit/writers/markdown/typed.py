"""A user's message as text: with its lines and its indentation, and without mark-up.

ChatGPT's web application shows a user's message as it was typed, in an element with `white-space:
pre-wrap`, and an answer as Markdown. This is not documented; programs that read the page confirm
it, from 2023 (LibreChat's issue 1393) to July 2026 (chatgpt-chat-exporter's issue 25). Fenced code
stays code all the same: the user meant it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gptexit.text.markdown import BLOCK_ID, BROKEN, TAG, escape_sign
from gptexit.writers.markdown.embed import fenced
from gptexit.writers.markdown.fences import language

_FENCE = re.compile(r"\n( {0,3})(`{3,}|~{3,})([^\n]*)")
_INDENTED = re.compile(r"\n(?= )")
_BLANKS = re.compile(r"\n\n\n*")
# Each alternative begins with a plain character, so that none is tried elsewhere.
_SIGN = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\n]|\Z)|`|\*|\[|__*|<(?=[A-Za-z/!?])|~(?<=~~)|&(?=\#?\w{1,32};)"
    rf"|\$|{BROKEN}|{TAG}|{BLOCK_ID}"
)
_START = re.compile(
    r"\n( {0,3})(?:(\#{1,6}(?=[ \t\n]|\Z)|>|[-+](?=[ \t\n]|\Z)|[-=:|](?=[-=:| \t]*(?:\n|\Z)))"
    r"|(\d{1,9})(?=[.)](?:[ \t\n]|\Z)))"
)
_MAY_START = " #>+-=:|0123456789"
"""The first characters of the matches of `_START` in a line."""
_SIGN_OR_ADDRESS = re.compile(rf"https?://[^\s<>\x00-\x1f\x7f]+|{_SIGN.pattern}")
_ENTITY = re.compile(r"&\#?\w{1,32}\Z")
_ODD_BLANK = re.compile(r"\n[^\S\n]+(?=\n|\Z)")
_MARKED = re.compile(r"[\\`*\[~$]|(?<![^\W_])_|_(?![^\W_])|==|&\#?\w{1,32};|\{\{|%%|\]\(")


def typed(text: str) -> str:
    """Show `text` as it was typed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _ODD_BLANK.sub("\n", text)
    # One character is found several times as fast as three.
    if ("`" not in text or "```" not in text) and ("~" not in text or "~~~" not in text):
        return "\n\n".join(_blocks(text))
    blocks: list[str] = []
    for is_code, piece in _pieces(text):
        blocks += [piece] if is_code else _blocks(piece)
    return "\n\n".join(blocks)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split `text` into fenced code (True) and the rest (False)."""
    text = "\n" + text
    at = 1
    marker = ""
    opening = ""
    for match in _FENCE.finditer(text):
        indent, marks, info = match.groups()
        if marker:
            if marks[0] == marker[0] and len(marks) >= len(marker) and not info.strip(" \t"):
                yield True, opening + text[at : match.end()]
                at, marker = match.end() + 1, ""
        elif not indent and (marks[0] == "~" or "`" not in info):
            if at < match.start():
                yield False, text[at : match.start()]
            at, marker = match.end(), marks
            opening = marks + language(info)
    if marker:
        yield True, f"{opening}{text[at:]}\n{marker}"
    elif at < len(text):
        yield False, text[at:]


def _blocks(text: str) -> list[str]:
    """Turn text without fences into paragraphs, and into fences where it has indentation."""
    words = text.strip("\n")
    if "\n" in words:
        if text[0] in " \t" or "   " in text or "\t" in text or _INDENTED.search(text):
            return list(_with_indentation(text))
        words = _BLANKS.sub("\n\n", words)
    elif words[:1] in (" ", "\t"):
        return list(_with_indentation(text))
    return [literal(words)] if words else []


def _with_indentation(text: str) -> Iterator[str]:
    code: list[str] = []
    gaps: list[str] = []
    for block in _paragraphs(text):
        if not block.strip(" \t\n"):
            gaps.append(block)
        elif _has_indentation(block):
            code += gaps if code else []
            code.append(block)
            gaps = []
        else:
            if code:
                yield fenced("\n".join(code), "text")
                code = []
            gaps = []
            yield literal(block)
    if code:
        yield fenced("\n".join(code), "text")


def _paragraphs(text: str) -> Iterator[str]:
    """Split text into runs of lines that are blank, and of those that are not."""
    lines = text.split("\n")
    start = 0
    for number in range(1, len(lines) + 1):
        if number == len(lines) or bool(lines[number].strip(" \t")) != bool(
            lines[start].strip(" \t")
        ):
            yield "\n".join(lines[start:number])
            start = number


def _has_indentation(block: str) -> bool:
    """Tell whether white space shapes a block: at the start of lines, or in columns."""
    if block[0] not in " \t" and "\n " not in block and "\t" not in block and "   " not in block:
        return False
    lines = block.split("\n")
    if any(line.startswith(("  ", "\t", " \t")) for line in lines):
        return True
    if len(lines) == 1:
        return False
    single = sum(line.startswith(" ") for line in lines)
    columns = sum("\t" in line.strip() or "   " in line.strip() for line in lines)
    return single > 1 or columns > 1


def literal(text: str) -> str:
    """Show paragraphs as they are: each line on a line of its own, no sign as mark-up."""
    lines = "\n" in text
    if lines and " \n" in text:
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
    if ":" in text and "://" in text:
        text = _SIGN_OR_ADDRESS.sub(_escape, text)
    else:
        text = _SIGN.sub(escape_sign, text)
    if not lines:
        return _START.sub(_escape_start, "\n" + text)[1:] if text[:1] in _MAY_START else text
    text = _START.sub(_escape_start, "\n" + text)[1:]
    # A backslash at the end of a line has one in front of it, so none is taken for one of these.
    return text.replace("\n", "\\\n").replace("\\\n\\\n", "\n\n")


def _trimmed(address: str) -> str:
    """Leave out the end of a sentence after an address: full stops, and a bracket around it."""
    whole = address
    address = address.rstrip(".,;:!?'\"*_")
    if whole[len(address) :].startswith(";") and _ENTITY.search(address):
        return address + ";"
    while address.endswith(")") and address.count(")") > address.count("("):
        address = address[:-1].rstrip(".,;:!?'\"*_")
    return address


def _escape(match: re.Match[str]) -> str:
    return _address(match) if match[0][0] == "h" else escape_sign(match)


def _address(match: re.Match[str]) -> str:
    """Leave an address as it is, for readers to make a link of it; with odd signs, in angles."""
    address = _trimmed(match[0])
    rest = re.sub(r"[*_]", r"\\\g<0>", match[0][len(address) :])
    # Behind these signs, a new `<` would be text.
    bare = match.string[match.start() - 1 : match.start()] in ("<", "\\")
    if not _MARKED.search(address):
        return address + rest
    if bare:
        return _SIGN.sub(_escape, address) + rest
    return f"<{address}>{rest}"


def _escape_start(match: re.Match[str]) -> str:
    sign = match[2]
    return f"\n{match[1]}\\{sign}" if sign else f"\n{match[1]}{match[3]}\\"
