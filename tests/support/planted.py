"""Secrets that are none: random, of the forms that real ones have, put together at run time.

No line of this file looks like a secret to those who search repositories for them.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LETTERS = string.ascii_letters
MIXED = LETTERS + string.digits
UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
BASE64 = MIXED + "+/"
CODE = "`" * 3


@dataclass(frozen=True)
class Planted:
    """A secret and a text that has it in it."""

    kind: str
    secret: str
    text: str


class Seeds:
    """Random strings, the same ones each time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, length: int, letters: str = MIXED) -> str:
        """So many letters; always with one of each sort that `letters` has."""
        made = [self._random.choice(letters) for _ in range(length)]
        sorts = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
        there = [sort for sort in sorts if set(sort) & set(letters)]
        places = self._random.sample(range(length), len(there)) if length > 6 else []
        for place, sort in zip(places, there, strict=False):
            made[place] = self._random.choice(sorted(set(sort) & set(letters)))
        return "".join(made)

    def key_lines(self) -> str:
        """What stands between the first and the last line of a private key."""
        return "\n".join(self.of(64, BASE64) for _ in range(12))


def _block(name: str) -> Callable[[Seeds], tuple[str, str]]:
    def make(seeds: Seeds) -> tuple[str, str]:
        lines = seeds.key_lines()
        label = f"{name}PRIVATE" + " KEY"
        return lines, f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"

    return make


def _token(prefix: str, length: int, letters: str = MIXED) -> Callable[[Seeds], tuple[str, str]]:
    def make(seeds: Seeds) -> tuple[str, str]:
        secret = prefix + seeds.of(length, letters)
        return secret, f"Use this one: {secret} please."

    return make


def within(text: str, length: int, letters: str = MIXED) -> Callable[[Seeds], tuple[str, str]]:
    """Return what makes a secret, and the text in which it stands in place of `@@`."""

    def make(seeds: Seeds) -> tuple[str, str]:
        secret = seeds.of(length, letters)
        return secret, text.replace("@@", secret)

    return make


def _jwt(seeds: Seeds) -> tuple[str, str]:
    def part(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    secret = f"{head}.{part({'sub': seeds.of(12), 'name': 'Ada'})}.{seeds.of(43)}"
    return secret, f"curl -H 'X-Session: {secret}' https://api.example.com"


def _openai(seeds: Seeds) -> tuple[str, str]:
    secret = "sk-" + seeds.of(20) + "T3Blbk" + "FJ" + seeds.of(20)
    return secret, f"openai.api_key = {secret}"


def _aws_pair(seeds: Seeds) -> tuple[str, str]:
    secret = seeds.of(40, BASE64)
    named = f"aws_access_key_id = AKIA{seeds.of(16, UPPER)}\naws_secret_access_key = {secret}"
    return secret, f"My credentials file:\n\n[default]\n{named}\n"


def _slack_hook(seeds: Seeds) -> tuple[str, str]:
    secret = f"T{seeds.of(8, UPPER)}/B{seeds.of(8, UPPER)}/{seeds.of(24)}"
    return secret, f"POST to https://hooks.slack.com/services/{secret} then"


def _sendgrid(seeds: Seeds) -> tuple[str, str]:
    secret = f"SG.{seeds.of(22)}.{seeds.of(43)}"
    return secret, f"the mail key is {secret}"


def _telegram(seeds: Seeds) -> tuple[str, str]:
    secret = f"{seeds.of(10, string.digits)}:AA{seeds.of(33)}"
    return secret, f"The bot: {secret}"


def _discord(seeds: Seeds) -> tuple[str, str]:
    secret = f"M{seeds.of(23)}.{seeds.of(6)}.{seeds.of(27)}"
    return secret, f"client.run('{secret}')"


def _putty(seeds: Seeds) -> tuple[str, str]:
    secret = "\n".join(seeds.of(64, BASE64) for _ in range(3))
    head = "PuTTY-User-" + "Key-File-2: ssh-rsa\nEncryption: none\nComment: mine\nPublic-Lines: 1\n"
    middle = f"{seeds.of(64, BASE64)}\nPrivate-Lines: 3\n{secret}\nPrivate-MAC: {seeds.of(40, HEX)}"
    return secret, head + middle


KINDS: dict[str, Callable[[Seeds], tuple[str, str]]] = {
    "AWS access key": _token("AKIA", 16, UPPER),
    "AWS secret access key": _aws_pair,
    "GitHub access token": _token("ghp" + "_", 36),
    "GitHub fine-grained token": lambda seeds: (
        (token := "github" + f"_pat_{seeds.of(22)}_{seeds.of(59)}"),
        f"git clone with {token}",
    ),
    "GitLab token": _token("glpat" + "-", 20),
    "Slack token": lambda seeds: (
        (
            token := "xoxb"
            + f"-{seeds.of(12, '123456789')}-{seeds.of(12, '123456789')}-{seeds.of(24)}"
        ),
        f"export SLACK={token}",
    ),
    "Slack webhook": _slack_hook,
    "Stripe key": _token("sk_" + "live_", 24),
    "SendGrid key": _sendgrid,
    "Twilio key": _token("SK", 32, HEX),
    "OpenAI key": _openai,
    "Anthropic key": lambda seeds: (
        (token := "sk-" + f"ant-api03-{seeds.of(93)}AA"),
        f"ANTHROPIC_API_KEY={token}",
    ),
    "Google key": _token("AI" + "za", 35),
    "npm token": _token("npm" + "_", 36),
    "PyPI token": _token("pypi-AgE" + "IcHlwaS5vcmc", 150),
    "Hugging Face token": _token("hf" + "_", 34, LETTERS),
    "Telegram token": _telegram,
    "Discord token": _discord,
    "JSON web token": _jwt,
    "RSA key": _block("RSA "),
    "OpenSSH key": _block("OPENSSH "),
    "PKCS 8 key": _block(""),
    "encrypted key": _block("ENCRYPTED "),
    "PuTTY key": _putty,
    "password in a URL": within("DATABASE_URL=postgres://app:@@@db.example.com:5432/app", 16),
    "password in code": within('db = connect(host="db", password="@@")', 14),
    "password in JSON": within('{"user": "ada", "password": "@@"}', 12),
    "password in an .env file": within("HOST=db.internal\nDB_PASSWORD=@@\nPORT=5432", 16),
    "password in YAML": within(f"{CODE}yaml\ndb:\n  password: @@\n{CODE}", 16),
    "API key in code": within("client = Client(api_key='@@')", 32),
    "Azure storage key": lambda seeds: (
        (key := seeds.of(86, BASE64) + "=="),
        f"AccountName=mine;AccountKey={key};EndpointSuffix=core.windows.net",
    ),
    "Mailchimp key": lambda seeds: (
        (key := seeds.of(32, HEX) + "-us" + "12"),
        f"It is {key}",
    ),
    "DigitalOcean token": _token("dop_" + "v1_", 64, HEX),
    "Shopify token": _token("shpat" + "_", 32, HEX),
    "Groq key": _token("gsk" + "_", 52),
    "Vault token": _token("hvs" + ".", 95),
    "age key": lambda seeds: (
        (key := "AGE-" + "SECRET-KEY-1" + seeds.of(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")),
        f"identity: {key}",
    ),
    "name and password for curl": within("curl -u admin:@@ https://api.example.com/v1", 14),
}
"""By what it is; each makes a secret and a text that has it in it."""


def planted(seed: int) -> Iterator[Planted]:
    """One of each kind."""
    seeds = Seeds(seed)
    for kind, make in KINDS.items():
        secret, text = make(seeds)
        yield Planted(kind, secret, text)
