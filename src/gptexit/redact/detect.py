"""Every secret of a text, by both libraries."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from gptexit.errors import CannotRedact
from gptexit.extras import line_for, need
from gptexit.redact import kingfisher, passwords
from gptexit.redact.false_positives import is_placeholder, is_random
from gptexit.redact.notations import NEXT, apart, broken, joined, without_colours
from gptexit.redact.occurrences import Secret, blanked, mark, marked, united

_ROUNDS = 50
"""Times that a text is searched again once what was found is out of it."""
_AT_ONCE = 200_000
"""Characters of strings that are searched at once for any secret."""
_PATIENCE = 4
"""Rounds after which a secret is taken with all that is written in one with it."""
_RUN = re.compile(r"[A-Za-z0-9_-]*")
_FEW = 8
"""Strings that are searched one by one, and parts into which a batch with a secret is cut."""
_LINES = 20
"""Lines over which a token may go on."""
_BY_FORM = 3
"""The highest rank of a secret that is known by its form."""
_NAME = 300
"""Characters of a text that may be the name of a file."""
_ENDING = 5
"""Characters of the ending of such a name."""


def prepare() -> None:
    """Load both libraries. Raise CannotRedact if they are not installed."""
    try:
        kingfisher.scanner()
        passwords.plugins()
    except ImportError as error:
        need("redact")
        raise CannotRedact(
            f"the packages that find secrets cannot be loaded: {error}.",
            f"This line installs them anew:\n  {line_for('redact')}",
        ) from error


def secrets(text: str, language: str | None = None) -> list[Secret]:
    """Find the secrets of `text`, in order, none of them overlapping.

    Each is blanked out and the text searched again, until nothing is found: a detector may see only
    one secret of a line, and a second run must find nothing that the first left. `language`: that
    of the whole text, if it is code.
    """
    found: list[Secret] = []
    for turn in range(_ROUNDS):
        # Blanks as long as a mark are in place of what was found.
        rest = without_colours(_without_ending(blanked(marked(text, found))))
        more = list(_once(rest, language)) or list(_broken(rest))
        if not more:
            break
        places = _places(found)
        more = [
            replace(secret, start=_back(secret.start, places), end=_back(secret.end, places))
            for secret in more
        ]
        if turn >= _PATIENCE:
            more = [_whole_run(secret, text) for secret in more]
        found = united([*found, *more])
    return found


def _places(found: list[Secret]) -> list[tuple[int, int]]:
    """Return the edges of each secret, as offsets in the text with marks and in the original."""
    places = [(0, 0)]
    for secret in found:
        start = places[-1][0] + secret.start - places[-1][1]
        places += [(start, secret.start), (start + len(mark(secret.kind)), secret.end)]
    return places


def _back(position: int, places: list[tuple[int, int]]) -> int:
    """Turn an offset in the text with marks into one in the original."""
    number = bisect_right(places, (position, sys.maxsize))
    start, original = places[number - 1]
    end = places[number][1] if number < len(places) else sys.maxsize
    return min(original + position - start, end)


def suspects(strings: Iterable[str]) -> Iterator[str]:
    """Yield those of `strings` that may hold a secret; all that do are among them.

    Searching one long text is much faster than searching many short ones, and almost all hold
    nothing. A line break between two strings is for every rule the same as the end of a text.
    """
    batch: list[str] = []
    size = 0
    for text in strings:
        batch.append(text)
        size += len(text)
        if size > _AT_ONCE:
            yield from _suspects(batch)
            batch, size = [], 0
    if batch:
        yield from _suspects(batch)


def _suspects(batch: list[str]) -> Iterator[str]:
    # An empty line between two: no secret goes over it, as one may over a line break.
    text = without_colours(
        blanked(
            "\n\n".join(
                text if text.rfind(".", -_ENDING - 1) < 0 else _without_ending(text)
                for text in batch
            )
        )
    )
    data = kingfisher.as_bytes(text)
    spaced = apart(data)
    if (
        kingfisher.may_contain_token(data, spaced)
        or passwords.may_contain_password(text)
        or any(True for _ in _in_one_line(joined(data, spaced)))
    ):
        if len(batch) <= _FEW:
            yield from batch
        else:
            size = -(-len(batch) // _FEW)
            for start in range(0, len(batch), size):
                yield from _suspects(batch[start : start + size])


def _whole_run(secret: Secret, text: str) -> Secret:
    """Widen a secret to all that is written in one with it: one after the other would be found."""
    start = secret.start - len(_RUN.match(text[: secret.start][::-1])[0])  # type: ignore[index]
    end = _RUN.match(text, secret.end).end()  # type: ignore[union-attr]
    return replace(secret, start=start, end=end)


def _without_ending(text: str) -> str:
    """Set the ending of a file's name, if it may be one, apart: the name before it may be a key."""
    dot = text.rfind(".", -_ENDING - 1)
    if dot <= 0 or len(text) > _NAME or not text[dot + 1 :].isalnum():
        return text
    return f"{text[:dot]} {text[dot + 1 :]}"


def _once(text: str, language: str | None) -> Iterator[Secret]:
    """Search a text once, with all detectors."""
    found = [
        secret
        for secret, guessed in kingfisher.tokens(text)
        if not (guessed and is_placeholder(secret.within(text)))
    ]
    found += passwords.passwords(text, language)
    found = [secret for secret in found if secret.within(text).strip()]
    starts = {secret.start for secret in found}
    yield from (_to_its_end(secret, text, starts) for secret in found)


def _to_its_end(secret: Secret, text: str, starts: set[int]) -> Secret:
    """Add the next lines to a token of any length that a line break cuts."""
    for _ in range(_LINES if secret.rank <= _BY_FORM else 0):
        rest = NEXT.match(text, secret.end)
        if not rest or rest.start(1) in starts or not is_random(rest[1]):
            break
        value = secret.within(text).replace("\n", "") + rest[1]
        spans = [(token.start, token.end) for token, _ in kingfisher.tokens(value)]
        if (0, len(value)) not in spans:
            break
        secret = replace(secret, end=rest.end())
    return secret


def _broken(text: str) -> Iterator[Secret]:
    """Find secrets that a line break cuts in two, in a text in which nothing whole is left."""
    if "\n" not in text and text.isascii() and "\\_" not in text:
        return
    for value, rank, kind in _in_one_line(joined(kingfisher.as_bytes(text))):
        yield from (Secret(*span, rank, kind) for span in broken(value, text))


def _in_one_line(data: bytes) -> Iterator[tuple[str, int, str]]:
    """Search paragraphs whose lines were joined. Yield values with their ranks and kinds."""
    line = data.decode("utf-8", "replace")
    tokens = kingfisher.in_one_line(data)
    for secret in chain(tokens, passwords.by_form(line, passwords.folded(line))):
        value = secret.within(line)
        if is_random(value):
            yield value, secret.rank, secret.kind
