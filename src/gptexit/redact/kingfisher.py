"""Tokens, keys and private keys by their form: Kingfisher, in this process and without network.

Kingfisher (`kingfisher-secret-scanner`, MongoDB) compiles some 490 rules into one automaton and
reads a text once: 150 to 400 MB a second. Its `Scanner` never opens a connection; trying out what
was found is a separate object, `Validator`, that is not used here (its documentation, and its
source, looked up 2026-11-25). Compiling takes 3 s, so it keeps the compiled rules, and no text, in
the system's cache folder; from there they load in 0.25 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Any

from gptexit.redact.notations import apart
from gptexit.redact.occurrences import Secret

_SOURCE = re.compile(r"^(?:betterleaks\.|veles\.secrets/)|\.\d+$")
"""Prefix and suffix of a rule's name."""
_SPELLED = ("AI", "API", "AWS", "GitHub", "GitLab", "MongoDB", "OAuth", "OpenAI", "PyPI", "URL")
_WORDS = {word.lower(): word for word in _SPELLED} | {
    "cicd": "CI",
    "gcp": "Google",
    "huggingface": "Hugging Face",
    "jwt": "JSON web token",
    "pat": "access token",
    "personnal": "personal",
    "sendgrid": "SendGrid",
    "uri": "URL",
}
"""Words for people, by the words in the names of rules."""
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
"""Names for people of rules whose own name does not explain the secret."""
_GUESSES = frozenset({"generic-credential-uri", "curl-auth-header", "curl-auth-user"})
"""Rules that go by the text around a value, so that a placeholder fits them too."""
_HALVES = {"aws-secret-access-key": "aws-access-token"}
"""Rules for a secret that counts only beside a secret of another rule."""


_CONTINUATION = bytes(range(0x80, 0xC0))
"""Bytes of a character but its first."""


@cache
def scanner() -> Any:
    """Return the scanner of a text as it is; it looks into base64 too."""
    from kingfisher_sdk import Scanner

    return Scanner()


@cache
def _plain() -> Any:
    """Return a scanner with the same rules that leaves base64 alone, which takes half the time."""
    from kingfisher_sdk import Scanner

    return Scanner(scanner().rules, base64=False)


def may_contain_token(data: bytes, spaced: bytes) -> bool:
    """Tell whether `tokens` would find anything in `data` (`spaced`: `apart(data)`) or a part."""
    return any(match.visible for match in scanner().scan(data)) or any(
        match.visible for match in _plain().scan(spaced)
    )


def tokens(text: str) -> list[tuple[Secret, bool]]:
    """Find tokens. With each: True if its rule goes by the surroundings alone."""
    data = as_bytes(text)
    found = _found(scanner().scan(data), data)
    # A rule that goes by the surroundings cannot when they are set apart.
    more = _found(_plain().scan(apart(data)), data)
    return found + [(secret, False) for secret, guessed in more if not guessed]


def in_one_line(line: bytes) -> list[Secret]:
    """Find tokens in paragraphs whose lines were joined."""
    visible = [match for match in _plain().scan(line) if match.visible]
    return [secret for secret, guessed in _found(visible, line) if not guessed]


def _found(scan: list[Any], data: bytes) -> list[tuple[Secret, bool]]:
    """Return the matches of a scan as `tokens` does."""
    rules = [_SOURCE.sub("", match.rule_id) for match in scan]
    seen = {rule for rule, match in zip(rules, scan, strict=True) if match.visible}
    spans = [(match.location["start_offset"], match.location["end_offset"]) for match in scan]
    in_text = _characters(data, chain.from_iterable(spans))
    result = []
    for rule, match, (start, end) in zip(rules, scan, spans, strict=True):
        if match.visible or _HALVES.get(rule) in seen:
            rank = 2 if rule in _GUESSES else 0 if match.confidence == "high" else 1
            secret = Secret(in_text[start], in_text[end], rank, name_of(rule))
            result.append((secret, rule in _GUESSES))
    return result


def _characters(data: bytes, offsets: Iterable[int]) -> dict[int, int]:
    """Return for each offset of bytes in UTF-8 the number of characters before it."""
    result = {}
    before = characters = 0
    for offset in sorted(offsets):
        characters += len(data[before:offset].translate(None, _CONTINUATION))
        result[offset] = characters
        before = offset
    return result


def as_bytes(text: str) -> bytes:
    """Encode `text`, with a space for each NUL: the scanner would take it for UTF-16."""
    return text.replace("\0", " ").encode("utf-8", "replace")


def name_of(rule: str) -> str:
    """Return a rule's name in words: `github-pat` is a `GitHub access token`."""
    if rule in _NAMES:
        return _NAMES[rule]
    first, *rest = (_WORDS.get(word, word) for word in rule.split("-"))
    return " ".join([first.capitalize() if first.islower() else first, *rest])
