"""Passwords, and older tokens: the detectors of detect-secrets, without its verification.

detect-secrets (Yelp) knows a password by the name before it, which Kingfisher does not look for.
Its scan goes line by line through every detector and filter, a thousand times slower than what is
here: each detector's own expressions run over a whole text once, and over no text that lacks a
literal which they cannot do without (`tests/redact/test_needles.py` proves that of each). Its
heuristics against false alarms are applied to what was found. Its `verify` methods, which would ask
the service, are never called.

Left out: the two detectors of high entropy, which take any hash, id or picture in base64 for a
secret (benchmarks/redaction.py counts them); the detector of public IP addresses, which are no
secrets; and those of IBM Cloud, Cloudant and SoftLayer, which take any 24 to 64 letters and digits
behind `key` for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gptexit.redact import notations
from gptexit.redact.false_positives import is_placeholder, looks_like_secret
from gptexit.redact.occurrences import Secret, places

_compiled: Callable[[str], re.Pattern[str]] = cache(re.compile)


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector of detect-secrets."""

    name: str
    """Its class."""
    kind: str
    fast: tuple[str, ...]
    """One of these is in every match of its expressions. Each begins with plain letters, for which
    `re` searches ten times as fast as for anything else."""
    folded: tuple[str, ...] = ()
    """Or one of these is, in lower case."""
    begins: bool = False
    """True if every match begins with one of `folded`."""
    inner: bool = False
    """True if the secret is the first group of a match, and not the whole match."""

    def may_match(self, text: str, lower: str) -> bool:
        """Tell whether its expressions may match in `text`, whose folded form is `lower`."""
        return any(needle in lower for needle in self.folded) or any(
            _compiled(pattern).search(text) for pattern in self.fast
        )


DETECTORS = (
    Detector(
        "ArtifactoryDetector",
        "Artifactory token",
        ("AKC[a-zA-Z0-9]{10}", r"AP[\dA-F][a-zA-Z0-9]{8}"),
    ),
    Detector(
        *("AWSKeyDetector", "AWS access key", ()),
        folded=("a3t", "akia", "abia", "asia", "acca", "aws"),
        begins=True,
        inner=True,
    ),
    Detector("AzureStorageKeyDetector", "Azure storage key", ("AccountKey=",)),
    Detector("DiscordBotTokenDetector", "Discord bot token", (r"\.[\w-]{6}\.[\w-]{27}",)),
    Detector("GitHubTokenDetector", "GitHub access token", ("gh[opsur]_",)),
    Detector("GitLabTokenDetector", "GitLab token", ("gl[a-z]+-", "GR1348941")),
    Detector("JwtTokenDetector", "JSON web token", ("eyJ",)),
    Detector("MailchimpDetector", "Mailchimp API key", ("-us[0-9]",)),
    Detector("NpmDetector", "npm access token", (":_authToken=",), inner=True),
    Detector("OpenAIDetector", "OpenAI API key", ("T3BlbkFJ",)),
    Detector("PypiTokenDetector", "PyPI token", ("pypi-AgE",)),
    Detector("SendGridDetector", "SendGrid API key", (r"SG\.",)),
    Detector("SlackDetector", "Slack token", (), ("xox", "hooks.slack.com")),
    Detector("SquareOAuthDetector", "Square secret", ("sq0csp-",)),
    Detector("StripeDetector", "Stripe API key", ("k_live_",)),
    Detector("TelegramBotTokenDetector", "Telegram bot token", (r":[\w-]{35}",)),
    Detector("TwilioKeyDetector", "Twilio key", ("AC[a-z0-9]{32}", "SK[a-z0-9]{32}")),
)
"""Passwords in URLs are found in `notations`: the expression for them takes quadratic time."""
NAMED = ("key", "pass", "pwd", "secret", "contrase")
"""One of these is in every name that the detector of passwords knows."""
PRIVATE_KEYS = ("private key", "putty-user-key-file-")
"""One of these is in every header that the detector of private keys knows."""
CONFIG = frozenset(
    (
        *("bash", "cfg", "cnf", "conf", "config", "console", "dotenv", "env", "ini"),
        *("properties", "sh", "shell", "toml", "yaml", "yml", "zsh"),
    )
)
"""Languages in which a value needs no quotes, as the info strings of fences name them."""
_ENV_LINE = re.compile(r"\s*(?:export\s+|set\s+|ENV\s+)?[A-Z][A-Z0-9_]*=\S+\s*$")
"""A line of an .env file, in any text."""
_FENCE = re.compile(r"^[ >]*(```+|~~~+)[ \t]*([\w.+-]*)", re.MULTILINE)
_ODD = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))
_AROUND = '"=: \t\r\n'
"""Signs on either side of a secret that an expression may match too."""
_BREAKS = re.compile(r"[\"\\`<>]")
"""Signs that no URL contains: they end the string or the link around it."""
_BASE64 = re.compile(r"[A-Za-z0-9/+]+")
_RUN = 40
"""Characters of base64 beside a span that no name of a path has."""
_WIDTH = 120
"""Characters of a line on either side of a name that are looked at; its expressions backtrack."""
_GAP = r"(?:\s|\\+[nr]|[\"'`+,>|])*"
_LINE = (
    r"(?:[A-Z][\w-]{1,30}: [^\n\\\"'`]{0,200}|[A-Za-z0-9+/]{16,}={0,2}"
    r"|[A-Za-z0-9+/]{2,}={1,2}|=[\w+/]{4}(?!\w))"
)
_END = r"(?:[A-Za-z0-9+/]{1,15}(?:\s|\\+[nr])+)?-{2,5} ?END [A-Z0-9 ]{0,60}-{2,5}"
_MATERIAL = re.compile(
    rf"(?:[ \t]*-{{2,5}}|: [^\n\\\"'`]{{0,200}})?(?:{_GAP}{_LINE})*(?:{_GAP}{_END})?"
)
"""The text behind the header of a private key: lines of base64, maybe headers and an end."""
_LEAST = 64
"""Characters of it; a header with less behind it is code that handles the format."""


@cache
def plugins() -> dict[str, Any]:
    """Load the detectors, by the names of their classes."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    return {detector.__name__: detector() for detector in classes}


@cache
def _names() -> re.Pattern[str]:
    from detect_secrets.plugins.keyword import DENYLIST

    return re.compile("|".join(DENYLIST))  # "all values here should be lowercase", it says


def folded(text: str) -> str:
    """Lower the case of `text`, at the same length, also of letters that `re` takes for i and s.

    The search for a name in it is ten times as fast as one without regard to case.
    """
    if not text.isascii():
        for odd, plain in _ODD:
            text = text.replace(odd, plain)
    return text.lower()


def may_contain_password(text: str) -> bool:
    """Tell whether `passwords` would find anything in `text` or a part of it, in any language."""
    return any(True for _ in passwords(text, "yaml"))


def passwords(text: str, language: str | None = None) -> Iterator[Secret]:
    """Find passwords and tokens. `language`: that of the whole text, if it is code."""
    lower = folded(text)
    yield from by_form(text, lower)
    if any(needle in lower for needle in PRIVATE_KEYS):
        yield from _private_keys(text)
    yield from notations.passwords(text, lower)
    if any(needle in lower for needle in NAMED):
        yield from _by_name(text, lower, language)


def by_form(text: str, lower: str) -> Iterator[Secret]:
    """Find secrets by their own form; `lower` is `folded(text)`."""
    for detector in DETECTORS:
        if detector.may_match(text, lower):
            yield from _by_form(detector, text, lower)


def _matches(detector: Detector, text: str, lower: str) -> Iterator[re.Match[str]]:
    expressions = plugins()[detector.name].denylist
    if not detector.begins:
        for expression in expressions:
            yield from expression.finditer(text)
        return
    for needle in detector.folded:
        for start in places(needle, lower):
            for expression in expressions:
                if found := expression.match(text, start):
                    yield found


def _by_form(detector: Detector, text: str, lower: str) -> Iterator[Secret]:
    plugin = plugins()[detector.name]
    valid = getattr(plugin, "is_formally_valid", None)
    for found in _matches(detector, text, lower):
        group = 1 if detector.inner and found.re.groups and found[1] else 0
        start = found.start(group)
        value = found[group]
        start += len(value) - len(value.lstrip(_AROUND))
        value = value.lstrip(_AROUND).rstrip(_AROUND.replace("=", ""))
        end = start + len(value)
        doubtful = (
            (detector.inner and _BREAKS.search(value))
            or is_placeholder(value)
            or (valid and not valid(value))
            or (group == 0 and _inside(text, start, end))
        )
        if not doubtful:
            yield Secret(start, end, 3, detector.kind)


def _inside(text: str, start: int, end: int) -> bool:
    """Tell whether a span is the middle of a longer run of base64, as of a picture.

    A slash beside it may belong to a path; then the run has to be longer than a name.
    """
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    escaped = before[:1] == "\\" and before[1:] in ("n", "r", "t")
    if (before[-1:].isalnum() and before.isascii() and not escaped) or (
        after.isalnum() and after.isascii()
    ):
        return True
    around = text[max(0, start - _RUN) : start], text[end : end + _RUN]
    return any(len(run) == _RUN and _BASE64.fullmatch(run) for run in around)


def _private_keys(text: str) -> Iterator[Secret]:
    for expression in plugins()["PrivateKeyDetector"].denylist:
        for found in expression.finditer(text):
            block = _MATERIAL.match(text, found.end())
            end = block.end() if block else found.end()
            if end - found.end() >= _LEAST:
                start = found.start()
                dashes = text[max(0, start - 8) : start]
                start -= len(dashes) - len(dashes.rstrip("- "))
                yield Secret(start, end, 0, "private key")


def _by_name(text: str, lower: str, language: str | None) -> Iterator[Secret]:
    """Find values behind a name such as `password`, line by line as the detector wants it."""
    fences: list[tuple[int, int]] | None = None
    end = -1
    for name in _names().finditer(lower):
        if name.start() < end:
            continue
        start = max(text.rfind("\n", 0, name.start()) + 1, name.start() - _WIDTH)
        end = text.find("\n", name.end())
        end = min(len(text) if end < 0 else end, name.end() + _WIDTH)
        line = text[start:end]
        if fences is None:
            fences = [] if language in CONFIG else _config_blocks(text)
        config = (
            language in CONFIG
            or _ENV_LINE.match(line) is not None
            or any(first <= start < last for first, last in fences)
        )
        for at, value in _values(line, config=config):
            kinds = (("key", "secret key"), ("secret", "secret"))
            kind = next((kind for part, kind in kinds if part in name[0]), "password")
            yield Secret(start + at, start + at + len(value), 4, kind)


def _values(line: str, *, config: bool) -> Iterator[tuple[int, str]]:
    """Find values behind names in a line, with their offsets. `config`: they need no quotes."""
    from detect_secrets.filters import heuristic
    from detect_secrets.plugins.keyword import (
        CONFIG_DENYLIST_REGEX_TO_GROUP,
        QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
    )

    expressions = [*QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items()]
    if config:
        expressions += CONFIG_DENYLIST_REGEX_TO_GROUP.items()
    elsewhere = heuristic.is_indirect_reference(line)
    for expression, group in expressions:
        for found in expression.finditer(line):
            at, value = found.start(group), found[group]
            bare = at == 0 or line[at - 1] not in "\"'`"
            if bare:  # without quotes a value ends at white space
                value = value.split(None, 1)[0].rstrip(";,")
            doubtful = (
                (elsewhere and bare)
                or heuristic.is_sequential_string(value)
                or heuristic.is_potential_uuid(value)
                or heuristic.is_templated_secret(value)
                or heuristic.is_prefixed_with_dollar_sign(value)
                or heuristic.is_not_alphanumeric_string(value)
            )
            if not doubtful and looks_like_secret(value):
                yield at, value


def _config_blocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of fenced blocks of a language without quotes."""
    blocks = []
    opened: tuple[str, str, int] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = (fence[1], fence[2].lower(), fence.end())
        elif fence[1].startswith(opened[0]) and not fence[2]:
            if opened[1] in CONFIG:
                blocks.append((opened[2], fence.start()))
            opened = None
    if opened and opened[1] in CONFIG:
        blocks.append((opened[2], len(text)))
    return blocks
