"""Tokens, keys and private keys by their form: Kingfisher, in this process and without network.

Kingfisher (`kingfisher-secret-scanner`, MongoDB) compiles some 490 rules into one automaton and
reads a text once: 150 to 400 MB a second. Its `Scanner` never opens a connection; trying out what
was found is a separate object, `Validator`, that is not used here (its documentation, and its
source, looked up 2026-11-25). Compiling takes 3 s, so it keeps the compiled rules, and no text, in
the system's cache folder; from there they load in 0.25 s.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from gptexit.redact import EXTRA, CannotRedact
from gptexit.redact.secret import Secret

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
    try:
        from kingfisher_sdk import Scanner
    except ImportError as error:
        raise CannotRedact(EXTRA) from error
    return Scanner()


def prepare() -> None:
    """Load the rules. Raises CannotRedact."""
    _scanner()


def there(text: str) -> bool:
    """Whether `tokens` would find anything, or in a part of `text` would."""
    return any(each.visible for each in _scanner().scan(_bytes(text)))


def tokens(text: str) -> list[tuple[Secret, bool]]:
    """What the rules find, each with whether it goes by its surroundings alone."""
    data = _bytes(text)
    scanned = [(_SOURCE.sub("", each.rule_id), each) for each in _scanner().scan(data)]
    seen = {rule for rule, each in scanned if each.visible}
    found = []
    for rule, each in scanned:
        if not each.visible and _HALVES.get(rule) not in seen:
            continue
        place = each.location
        start = len(data[: place["start_offset"]].decode("utf-8", "replace"))
        end = len(data[: place["end_offset"]].decode("utf-8", "replace"))
        rank = 2 if rule in _GUESSES else 0 if each.confidence == "high" else 1
        found.append((Secret(start, end, rank, name_of(rule)), rule in _GUESSES))
    return found


def _bytes(text: str) -> bytes:
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
