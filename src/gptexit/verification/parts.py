"""Whether what an exit consists of is there: its record lists its folders, and each names the exit.

So a folder that was removed as a whole is missed, and so is what the exit says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gptexit.verification.archive_files import HOUSE, CheckedArchive
from gptexit.verification.raw import objects

_ALWAYS = ("account", "jsonl", "markdown")
"""What an exit consists of whose record, of version 1, lists no parts."""
_MANIFEST = f"{HOUSE}/manifest.jsonl"


def lacking_parts(root: Path, archives: Mapping[str, CheckedArchive]) -> Iterator[tuple[str, str]]:
    """Yield a file and a sentence for each part of an exit that is not there.

    `archives`: those at and below `root`, by their folder as seen from it (`""`, `"markdown/"`).
    """
    for prefix, archive in archives.items():
        if archive.format == "exit":
            yield from _of_exit(root, prefix, archive, archives)
        elif place := _place_in_exit(archive):
            above = prefix.removesuffix(f"{place}/")
            if above != prefix and (not above or above.endswith("/")) and above not in archives:
                yield f"{above}{_MANIFEST}", "is gone: it said what else this exit consists of"


def _of_exit(
    root: Path, prefix: str, archive: CheckedArchive, archives: Mapping[str, CheckedArchive]
) -> Iterator[tuple[str, str]]:
    for path, name, files in _listed(archive):
        part = archives.get(f"{prefix}{path}/")
        if part is None:
            there = (root / prefix / path).is_dir()
            what = "is gone, and what it promises with it" if there else "is gone"
            yield f"{prefix}{path}/{_MANIFEST if there else ''}", what
        elif part.format not in ("", name):
            yield f"{prefix}{path}/", f"is an archive of another format than {name}"
        elif len(part.promised) < files:
            listed = f"lists {len(part.promised):,} files, where {files:,} were written"
            yield f"{prefix}{path}/{_MANIFEST}", listed


def _listed(archive: CheckedArchive) -> Iterator[tuple[str, str, int]]:
    """Yield the parts that the record of an exit lists: folder, format, number of files."""
    if "parts" not in archive.record and archive.record.get("version", 1) == 1:
        yield from ((name, name, 0) for name in _ALWAYS)
    for part in objects(archive.record.get("parts")):
        path, name, files = part.get("path"), part.get("format"), part.get("files")
        plain = isinstance(path, str) and path not in ("", ".", "..") and "/" not in path
        if plain and isinstance(name, str) and "\0" not in str(path):
            yield str(path), name, files if isinstance(files, int) else 0


def _place_in_exit(archive: CheckedArchive) -> str | None:
    """Return the folder that an archive has in the exit that it is a part of."""
    part_of: Any = archive.record.get("part_of")
    if isinstance(part_of, dict) and isinstance(part_of.get("as"), str):
        return str(part_of["as"])
    return "account" if archive.format == "account" else None


_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)*(`{3,}|~{3,})([^\n]*)")
_VOICE = re.compile(r"## (You|ChatGPT|Tool)\b(?: \([^\n]*\))?(?:,[^\n]*\d\d:\d\d)?[ \t]*\Z")
_SPAN = re.compile(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)")
_FOOTNOTE = re.compile(r"(?<!\\)\[\^(\d{1,9})\](?!:)")
_HIDES = re.compile(r"(?<!\\)<!--|(?<![\\%])%%(?!%)")


def lines_of(text: str, begin: int) -> Iterator[tuple[int, str, bool]]:
    """Yield each line of a note from `begin` on: where it starts, itself, whether it is code."""
    fence = ""
    at = begin
    for line in text[begin:].split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and not found[2].strip()
            yield at, line, True
            if closes:
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            yield at, line, True
        else:
            yield at, line, False
        at += len(line) + 1


def footnotes_in(text: str, begin: int) -> set[str]:
    """Return the numbers of the footnotes that a note names, outside of code."""
    return {
        number
        for _, line, code in lines_of(text, begin)
        if not code and "[^" in line and line[:4] != "    "
        for number in _FOOTNOTE.findall(_SPAN.sub("", line[:4_000]))
    }


def voices_in(text: str, begin: int) -> tuple[dict[int, bool], str | None]:
    """Return the headings of speakers, by where they start, and the first sign that hides text.

    True: the heading is the user's. Of signs a comment of HTML counts, and one of Obsidian's
    outside of formulas.
    """
    voices: dict[int, bool] = {}
    hides = None
    formula = False
    for at, line, code in lines_of(text, begin):
        if code:
            continue
        if line.startswith("## "):
            found = _VOICE.match(line)
            if found:
                voices[at] = found[1] == "You"
        formula ^= line.count("$$") % 2 == 1
        if hides is None and ("<!--" in line or "%%" in line) and line[:4] != "    ":
            sign = _HIDES.search(_SPAN.sub("", line[:4_000]))
            if sign and not (sign[0] == "%%" and formula):
                hides = sign[0]
    return voices, hides
