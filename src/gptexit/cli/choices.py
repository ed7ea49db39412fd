"""Lines to copy in place of a command that could not do what was meant."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from gptexit.errors import Choice, GptexitError, NoSuchSource, NotAnExport
from gptexit.readers.chatgpt.containers.nearby import MOST, exports_near
from gptexit.text.terminal import command_line

SHOWN = 5
"""Choices that are shown."""
_ALIKE = 0.75
"""How much alike two names of files are, for one to be taken for the other misspelled."""
_NEARBY = "Found nearby, with the command to copy:"
_OUT = ("-o", "--output")


def choices_of(error: GptexitError, words: list[str]) -> list[str]:
    """Return lines that say what may be given instead, as commands to copy; [] if nothing may.

    `words`: those of the command that was given, without `gptexit`.
    """
    choices, head = error.choices, "The command to copy:"
    if isinstance(error, NoSuchSource) and (quoted := _quoted(words, error.given[0])):
        return ["A path with spaces needs quotes. The command to copy:", f"  {quoted}"]
    if isinstance(error, NoSuchSource):
        choices, head = _not_given(words, _near(Path(error.given[0]))), _NEARBY
    elif isinstance(error, NotAnExport) and error.given and not choices:
        near = exports_near(Path(error.given[0]))
        choices, head = [export.as_choice() for export in near], _NEARBY
    # A name that is no UTF-8 cannot be copied as it is printed.
    choices = [choice for choice in choices if "".join(choice.paths).isprintable()]
    lines = [head] if choices else []
    for choice in choices[:SHOWN]:
        lines += [f"  {choice.what}:", f"    {_command(words, error.given, choice)}"]
    if len(choices) > SHOWN:
        lines.append(f"  … and {len(choices) - SHOWN:,} more")
    return lines


def _quoted(words: list[str], missing: str) -> str | None:
    """Return the command with quotes, if words from `missing` on are one path with spaces."""
    for first, word in enumerate(words):
        if str(Path(word)) != missing or (first and words[first - 1] in _OUT):
            continue
        for last in range(len(words), first + 1, -1):
            path = " ".join(words[first:last])
            if os.path.exists(path):  # noqa: PTH110 - no error for a path that is too long
                return command_line(["gptexit", *words[:first], path, *words[last:]])
    return None


def _near(path: Path) -> list[Choice]:
    """Return the exports near a path that does not exist, names like its own first."""
    exports = [export.as_choice() for export in exports_near(path)]
    known = {name for export in exports for name in export.paths}
    similar = [Choice((name,), "a similar name") for name in _similar(path) if name not in known]
    near = {name for choice in exports for name in _alike(path.name, _names(choice))}
    exports.sort(key=lambda choice: near.isdisjoint(_names(choice)))
    return similar + exports


def _not_given(words: list[str], near: list[Choice]) -> list[Choice]:
    """Return the choices that are not in the command yet; none if it has several wrong paths."""
    pairs = pairwise(words)
    paths = [word for before, word in pairs if not before.startswith("-") and word[:1] != "-"]
    if sum(not os.path.exists(path) for path in paths) > 1:  # noqa: PTH110 - as in `_quoted`
        return []
    given = set(map(os.path.realpath, paths))
    new = []
    for choice in near:
        left = tuple(path for path in choice.paths if os.path.realpath(path) not in given)
        if words[0] == "verify" and left != choice.paths:
            return []  # it is the archive that is not there
        new += [choice._replace(paths=left)] if left else []
    return new


def _names(choice: Choice) -> list[str]:
    return [Path(path).name for path in choice.paths]


def _similar(path: Path) -> Iterator[str]:
    """Yield the paths in the folder of `path` whose names are almost its own."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, MOST)]
    except OSError:
        return
    yield from (str(path.parent / name) for name in _alike(path.name, names))


def _alike(name: str, names: list[str]) -> list[str]:
    return difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE)


def _command(words: list[str], given: tuple[str, ...], choice: Choice) -> str:
    """Return the command `words` with the sources of `choice` in place of `given`."""
    places = [
        at
        for at, word in enumerate(words)
        if at and words[at - 1] not in _OUT and str(Path(word)) in given
    ]
    new = [word for at, word in enumerate(words) if at not in places]
    if choice.paths:
        first = places[0] if places else len(words)
        new[first:first] = choice.paths
    if choice.out is not None:
        new = [*_without_out(new), "-o", choice.out]
    return command_line(["gptexit", *new])


def _without_out(words: list[str]) -> list[str]:
    """Return the words of a command without the option that names its folder."""
    kept: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word in _OUT:
            at += 2
            continue
        if not word.startswith(("--output=", "-o")):
            kept.append(word)
        at += 1
    return kept
