"""Passwords, and older tokens: the detectors of detect-secrets, without its verification.

detect-secrets (Yelp) knows a password by the name before it, which Kingfisher does not look for.
Its scan goes line by line through every detector and filter, a thousand times slower than what is
here: each detector's own expressions run over a whole text once, and over no text that lacks a
literal which they cannot do without (`tests/redact/test_needles.py` proves that of each). Its
heuristics against false alarms are applied to what was found. Its `verify` methods, which would ask
the service, are never called.

Left out: the two detectors of high entropy, which take any hash, id or picture in base64 for a
secret (benchmarks/redaction.py counts them); the detector of public IP addresses, which are no
secrets; and those of IBM Cloud,
Cloudant and SoftLayer, which take any 24 to 64 letters and digits behind `key` for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gptexit.errors import CannotRedact
from gptexit.redact import EXTRA, notations
from gptexit.redact.false_positives import looks_like_one, stands_for_one
from gptexit.redact.notations import places
from gptexit.redact.occurrences import Secret


@dataclass(frozen=True, slots=True)
class Detector:
    """A line of the table: a detector of detect-secrets, and what there is to know of it."""

    name: str
    """Its class."""
    kind: str
    fast: tuple[re.Pattern[str], ...]
    """One of these is in all that its expressions match. Each begins with letters as they are,
    which `re` looks for ten times as fast as for anything else."""
    folded: tuple[str, ...] = ()
    """Or one of these, in lower case."""
    begins: bool = False
    """Whether all that its expressions match begins with one of `folded`."""
    inner: bool = False
    """Whether the secret is the first group of its expressions and not all that they match."""

    def may_match(self, text: str, lower: str) -> bool:
        """Tell whether its expressions may match in `text`, whose folded form is `lower`."""
        return any(needle in lower for needle in self.folded) or any(
            pattern.search(text) for pattern in self.fast
        )


def _detector(
    name: str,
    kind: str,
    *fast: str,
    folded: tuple[str, ...] = (),
    begins: bool = False,
    inner: bool = False,
) -> Detector:
    return Detector(name, kind, tuple(map(re.compile, fast)), folded, begins, inner)


DETECTORS = (
    _detector(
        *("ArtifactoryDetector", "Artifactory token"),
        *(r"AKC[a-zA-Z0-9]{10}", r"AP[\dA-F][a-zA-Z0-9]{8}"),
    ),
    _detector(
        *("AWSKeyDetector", "AWS access key"),
        folded=("a3t", "akia", "abia", "asia", "acca", "aws"),
        begins=True,
        inner=True,
    ),
    _detector("AzureStorageKeyDetector", "Azure storage key", "AccountKey="),
    _detector("DiscordBotTokenDetector", "Discord bot token", r"\.[\w-]{6}\.[\w-]{27}"),
    _detector("GitHubTokenDetector", "GitHub access token", "gh[opsur]_"),
    _detector("GitLabTokenDetector", "GitLab token", "gl[a-z]+-", "GR1348941"),
    _detector("JwtTokenDetector", "JSON web token", "eyJ"),
    _detector("MailchimpDetector", "Mailchimp API key", "-us[0-9]"),
    _detector("NpmDetector", "npm access token", ":_authToken=", inner=True),
    _detector("OpenAIDetector", "OpenAI API key", "T3BlbkFJ"),
    _detector("PypiTokenDetector", "PyPI token", "pypi-AgE"),
    _detector("SendGridDetector", "SendGrid API key", r"SG\."),
    _detector("SlackDetector", "Slack token", folded=("xox", "hooks.slack.com")),
    _detector("SquareOAuthDetector", "Square secret", "sq0csp-"),
    _detector("StripeDetector", "Stripe API key", "k_live_"),
    _detector("TelegramBotTokenDetector", "Telegram bot token", r":[\w-]{35}"),
    _detector("TwilioKeyDetector", "Twilio key", "AC[a-z0-9]{32}", "SK[a-z0-9]{32}"),
)
"""Passwords in URLs are found in `notations`: the expression for them takes quadratic time."""
NAMED = ("key", "pass", "pwd", "secret", "contrase")
"""Every name that its detector of passwords knows has one of these in it."""
PRIVATE_KEYS = ("private key", "putty-user-key-file-")
"""And every header that its detector of private keys knows, one of these."""

CONFIG = frozenset(
    (
        *("bash", "cfg", "cnf", "conf", "config", "console", "dotenv", "env", "ini"),
        *("properties", "sh", "shell", "toml", "yaml", "yml", "zsh"),
    )
)
"""Languages in which a value needs no quotes, by the words that stand behind a fence."""
_ENV_LINE = re.compile(r"\s*(?:export\s+|set\s+|ENV\s+)?[A-Z][A-Z0-9_]*=\S+\s*$")
"""A line of an .env file, wherever somebody pasted it."""
_FENCE = re.compile(r"^[ >]*(```+|~~~+)[ \t]*([\w.+-]*)", re.MULTILINE)
_ODD = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))
_AROUND = '"=: \t\r\n'
"""What an expression may take along on either side of a secret."""
_BREAKS = re.compile(r"[\"\\`<>]")
"""What no address has in it as it is: it would end the string or the link that the address is."""
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
"""What follows the header of a private key: lines of base64, maybe headers and an end."""
_LEAST = 64
"""Characters of it; a header with less is a piece of code that knows the format."""


@cache
def _plugins() -> dict[str, Any]:
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError as error:
        raise CannotRedact(*EXTRA) from error
    classes: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    return {each.__name__: each() for each in classes}


@cache
def _names() -> re.Pattern[str]:
    from detect_secrets.plugins.keyword import DENYLIST

    return re.compile("|".join(DENYLIST))  # "all values here should be lowercase", it says


def folded(text: str) -> str:
    """`text` in lower case, of the same length, with the letters that `re` takes for i and s.

    Names are looked for in it ten times as fast as in the text itself without regard to case.
    """
    if not text.isascii():
        for odd, plain in _ODD:
            text = text.replace(odd, plain)
    return text.lower()


def prepare() -> None:
    """Load the detectors. Raises CannotRedact."""
    _plugins()


def there(text: str) -> bool:
    """Whether `passwords` would find anything in `text` or in a part of it, in any language."""
    return any(True for _ in passwords(text, "yaml"))


def passwords(text: str, language: str | None = None) -> Iterator[Secret]:
    """What the detectors find. `language`: that of the whole text, where it is code."""
    lower = folded(text)
    yield from by_form(text, lower)
    if any(needle in lower for needle in PRIVATE_KEYS):
        yield from _private_keys(text)
    yield from notations.passwords(text, lower)
    if any(needle in lower for needle in NAMED):
        yield from _by_name(text, lower, language)


def by_form(text: str, lower: str) -> Iterator[Secret]:
    """What the detectors find that know a secret by its own form; `lower` is `text` folded."""
    for detector in DETECTORS:
        if detector.may_match(text, lower):
            yield from _by_form(detector, text, lower)


def _matches(detector: Detector, text: str, lower: str) -> Iterator[re.Match[str]]:
    expressions = _plugins()[detector.name].denylist
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
    plugin = _plugins()[detector.name]
    valid = getattr(plugin, "is_formally_valid", None)
    for found in _matches(detector, text, lower):
        group = 1 if detector.inner and found.re.groups and found[1] else 0
        start = found.start(group)
        value = found[group]
        start += len(value) - len(value.lstrip(_AROUND))
        value = value.lstrip(_AROUND).rstrip(_AROUND.replace("=", ""))
        if detector.inner and _BREAKS.search(value):
            continue
        if stands_for_one(value) or (valid and not valid(value)):
            continue
        if group == 0 and _inside(text, start, start + len(value)):
            continue
        yield Secret(start, start + len(value), 3, detector.kind)


def _inside(text: str, start: int, end: int) -> bool:
    """Tell whether a span is the middle of a longer run of base64: a picture, say.

    A slash beside it may be one of a path; then the run has to go on as no name does.
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
    for expression in _plugins()["PrivateKeyDetector"].denylist:
        for found in expression.finditer(text):
            block = _MATERIAL.match(text, found.end())
            end = block.end() if block else found.end()
            if end - found.end() >= _LEAST:
                start = found.start()
                dashes = text[max(0, start - 8) : start]
                start -= len(dashes) - len(dashes.rstrip("- "))
                yield Secret(start, end, 0, "private key")


def _by_name(text: str, lower: str, language: str | None) -> Iterator[Secret]:
    """Values behind a name such as `password`, line by line as the detector wants it."""
    fences: list[tuple[int, int]] | None = None
    done = -1
    for name in _names().finditer(lower):
        if name.start() < done:
            continue
        start = max(text.rfind("\n", 0, name.start()) + 1, name.start() - _WIDTH)
        end = text.find("\n", name.end())
        end = min(len(text) if end < 0 else end, name.end() + _WIDTH)
        done = end
        line = text[start:end]
        if fences is None:
            fences = [] if language in CONFIG else _config_blocks(text)
        config = (
            language in CONFIG
            or _ENV_LINE.match(line) is not None
            or any(first <= start < last for first, last in fences)
        )
        for at, value in _values(line, config=config):
            yield Secret(start + at, start + at + len(value), 4, _kind(name[0]))


def _kind(name: str) -> str:
    name = name.lower()
    return "secret key" if "key" in name else "secret" if "secret" in name else "password"


def _values(line: str, *, config: bool) -> Iterator[tuple[int, str]]:
    from detect_secrets.filters import heuristic
    from detect_secrets.plugins.keyword import (
        CONFIG_DENYLIST_REGEX_TO_GROUP,
        QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
    )

    tables = [QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP]
    if config:
        tables.append(CONFIG_DENYLIST_REGEX_TO_GROUP)
    elsewhere = heuristic.is_indirect_reference(line)
    for table in tables:
        for expression, group in table.items():
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
                if not doubtful and looks_like_one(value):
                    yield at, value


def _config_blocks(text: str) -> list[tuple[int, int]]:
    """Where fenced blocks of a language without quotes stand."""
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
