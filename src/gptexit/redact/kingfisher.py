"""Tokens, keys and private keys by their form: Kingfisher, in this process and without network.

Kingfisher (`kingfisher-secret-scanner`, MongoDB) compiles some 490 rules into one automaton and
reads a text once: 150 to 400 MB a second. Its `Scanner` never opens a connection; trying out what
was found is a separate object, `Validator`, that is not used here (its documentation, and its
source, looked up 2026-11-25). Compiling takes 3 s, so it keeps the compiled rules, and no text, in
the system's cache folder; from there they load in 0.25 s.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any

from gptexit.errors import CannotRedact
from gptexit.redact import EXTRA
from gptexit.redact.notations import apart
from gptexit.redact.occurrences import Secret

_SOURCE = re.compile(r"^(?:betterleaks\.|veles\.secrets/)|\.\d+$")
"""What stands around a rule's own name."""
_WORDS = {
    "ai": "AI",
    "api": "API",
    "aws": "AWS",
    "cicd": "CI",
    "gcp": "Google",
    "github": "GitHub",
    "gitlab": "GitLab",
    "huggingface": "Hugging Face",
    "jwt": "JSON web token",
    "mongodb": "MongoDB",
    "npm": "npm",
    "oauth": "OAuth",
    "openai": "OpenAI",
    "pat": "access token",
    "personnal": "personal",
    "pypi": "PyPI",
    "sendgrid": "SendGrid",
    "uri": "URL",
    "url": "URL",
}
_NAMES = {
    "aws-access-token": "AWS access key",
    "curl-auth-header": "authorization header",
    "curl-auth-user": "name and password",
    "generic-credential-uri": "password in a URL",
    "aws-secret-access-key": "AWS secret access key",
    "private-key": "private key",
    "npmjsaccesstoken": "npm access token",
    "digitaloceanapikey": "Digitalocean API key",
    "sendgrid": "SendGrid API key",
    "cloudflareapitoken": "Cloudflare API token",
    "herokuplatformkey": "Heroku API key",
}
"""Rules whose name does not tell a person what was found."""
_GUESSES = frozenset({"generic-credential-uri", "curl-auth-header", "curl-auth-user"})
"""Rules that go by what stands around a value, so that a placeholder fits them too."""
_HALVES = {"aws-secret-access-key": "aws-access-token"}
"""Rules that find a secret only beside what another finds, which they are a part of."""


@cache
def _scanner() -> Any:
    """The scanner of a text as it is; it looks into base64 too."""
    try:
        from kingfisher_sdk import Scanner
    except ImportError as error:
        raise CannotRedact(*EXTRA) from error
    return Scanner()


@cache
def _plain() -> Any:
    """The scanner of the other forms of a text, with the same rules in the same memory.

    It does not look into base64, which the first has done: that is half the time.
    """
    from kingfisher_sdk import Scanner

    return Scanner(_scanner().rules, base64=False)


def prepare() -> None:
    """Load the rules. Raises CannotRedact."""
    _scanner()


def there(data: bytes, spaced: bytes) -> bool:
    """Tell whether `tokens` would find anything in a text or a part of it, given in both forms."""
    return any(found.visible for found in _scanner().scan(data)) or any(
        found.visible for found in _plain().scan(spaced)
    )


def tokens(text: str) -> list[tuple[Secret, bool]]:
    """Find what the rules know, each with whether the rule goes by its surroundings alone."""
    data = as_bytes(text)
    offset_of = _Offsets(data, ascii_only=text.isascii())
    result = _found(_scanner().scan(data), offset_of)
    # A rule that goes by its surroundings does not know them when they are set apart.
    more = _found(_plain().scan(apart(data)), offset_of)
    return result + [(secret, False) for secret, guessed in more if not guessed]


def in_one_line(line: bytes) -> Iterator[tuple[str, int, str]]:
    """Find tokens in the lines of a paragraph put together: each with its rank and its kind."""
    for scanned in _plain().scan(line):
        rule = _SOURCE.sub("", scanned.rule_id)
        if scanned.visible and rule not in _GUESSES:
            place = scanned.location
            value = line[place["start_offset"] : place["end_offset"]].decode("utf-8", "replace")
            yield value, 0 if scanned.confidence == "high" else 1, name_of(rule)


def _found(scan: list[Any], offset_of: _Offsets) -> list[tuple[Secret, bool]]:
    scanned = [(_SOURCE.sub("", each.rule_id), each) for each in scan]
    seen = {rule for rule, each in scanned if each.visible}
    result = []
    for rule, each in scanned:
        if not each.visible and _HALVES.get(rule) not in seen:
            continue
        place = each.location
        start, end = offset_of(place["start_offset"]), offset_of(place["end_offset"])
        rank = 2 if rule in _GUESSES else 0 if each.confidence == "high" else 1
        result.append((Secret(start, end, rank, name_of(rule)), rule in _GUESSES))
    return result


class _Offsets:
    """Offsets of bytes as offsets of characters, counted from the nearest one known before."""

    def __init__(self, data: bytes, *, ascii_only: bool) -> None:
        self._data = data
        self._ascii = ascii_only
        self._known = [(0, 0)]

    def __call__(self, offset: int) -> int:
        """The number of characters in the first `offset` bytes."""
        if self._ascii:
            return offset
        number = bisect_right(self._known, (offset, sys.maxsize)) - 1
        before, characters = self._known[number]
        characters += len(self._data[before:offset].decode("utf-8", "replace"))
        if offset > before:
            self._known.insert(number + 1, (offset, characters))
        return characters


def as_bytes(text: str) -> bytes:
    """`text` with as many characters; NUL would have it taken for UTF-16."""
    return text.replace("\0", " ").encode("utf-8", "replace")


def name_of(rule: str) -> str:
    """A rule's name in words: `github-pat` is a `GitHub access token`."""
    if rule in _NAMES:
        return _NAMES[rule]
    words = [_WORDS.get(word, word) for word in rule.split("-")]
    return " ".join(
        [words[0][:1].upper() + words[0][1:] if words[0].islower() else words[0], *words[1:]]
    )
