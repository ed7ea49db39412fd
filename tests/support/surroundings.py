# ruff: noqa: E501, RUF005 - a surrounding is easier to read in one line
"""A matrix of planted secrets: each kind, in each surrounding, in each place of a conversation.

Every secret in it is made by a seed of its own, so that none is replaced because it was found
elsewhere. `remaining` is the judge: it knows which random letters were planted and looks for any
eight of them in a row, whatever the libraries think of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from support.build import chain, conversation, message
from support.planted import BASE64, CODE, HEX, KINDS, LETTERS, MIXED, Seeds, within

WIDTH = 8
"""Letters of a secret that must not remain in a row."""
DIGITS = "0123456789"


@dataclass(frozen=True)
class Core:
    """The shortest text by which a kind of secret is known."""

    kind: str
    secret: str
    text: str

    @property
    def bare(self) -> bool:
        """Whether the secret needs nothing around it."""
        return self.text == self.secret


def _token(prefix: str, *parts: tuple[int, str] | str) -> Callable[[Seeds], tuple[str, str]]:
    def make(seeds: Seeds) -> tuple[str, str]:
        made = [part if isinstance(part, str) else seeds.of(*part) for part in parts]
        token = prefix + "".join(made)
        return token, token

    return make


def _even(seeds: Seeds) -> str:
    """32 hexadecimal digits, each of them twice: the libraries leave out what repeats too much."""
    digits = list(HEX * 2)
    order = [seeds.of(7) for _ in digits]
    return "".join(digit for _, digit in sorted(zip(order, digits, strict=True)))


MORE: dict[str, Callable[[Seeds], tuple[str, str]]] = {
    "Anthropic admin key": _token("sk-" + "ant-admin01-", (93, MIXED), "AA"),
    "OpenAI project key": _token("sk-" + "proj-", (74, MIXED), "T3Blbk" + "FJ", (74, MIXED)),
    "Gemini key": _token("AQ" + ".Ab8RN6", (44, MIXED)),
    "Hugging Face organization token": _token("api_" + "org_", (34, LETTERS)),
    "OpenRouter key": _token("sk-" + "or-v1-", (64, HEX)),
    "DeepSeek key": lambda seeds: ((token := "sk-" + _even(seeds)), token),
    "Perplexity key": _token("pplx" + "-", (48, MIXED)),
    "xAI key": _token("xai" + "-", (80, MIXED)),
    "Replicate token": _token("r8" + "_", (37, MIXED)),
    "LangSmith key": lambda seeds: (
        (token := "lsv2" + f"_pt_{_even(seeds)}_{seeds.of(10, HEX)}"),
        token,
    ),
    "GitHub OAuth token": _token("gho" + "_", (36, MIXED)),
    "GitLab runner token": _token("glrt" + "-", (20, MIXED)),
    "Slack user token": _token(
        "xoxp",
        "-",
        (12, "123456789"),
        "-",
        (12, "123456789"),
        "-",
        (12, "123456789"),
        "-",
        (32, HEX),
    ),
    "Slack app token": _token(
        "xapp" + "-1-A0", (9, "ABCDEF123"), "-", (13, "123456789"), "-", (64, HEX)
    ),
    "Stripe restricted key": _token("rk_" + "live_", (24, MIXED)),
    "Square token": _token("sq0" + "atp-", (22, MIXED)),
    "Databricks token": _token("da" + "pi", (32, HEX)),
    "Docker Hub token": _token("dckr_" + "pat_", (27, MIXED)),
    "Doppler token": _token("dp." + "pt.", (43, MIXED)),
    "Figma token": _token("fig" + "d_", (40, MIXED)),
    "Grafana token": _token("gl" + "sa_", (32, MIXED), "_", (8, HEX)),
    "Linear key": _token("lin_" + "api_", (40, MIXED)),
    "Notion token": _token("nt" + "n_", (11, DIGITS), (35, MIXED)),
    "Postman key": _token("PM" + "AK-", (24, HEX), "-", (34, HEX)),
    "Pulumi token": _token("pul" + "-", (40, HEX)),
    "RubyGems key": _token("ruby" + "gems_", (48, HEX)),
    "Sentry token": _token("sntr" + "yu_", (64, HEX)),
    "Supabase token": _token("sb" + "p_", (40, "abcdefghijklmnopqrstuvwxyz0123456789")),
    "Tailscale key": _token("ts" + "key-api-", (32, MIXED)),
    "Airtable token": _token("pa" + "t", (14, MIXED), ".", (64, HEX)),
    "Vercel token": _token("vc" + "p_", (56, MIXED)),
    "Brevo key": _token("xkey" + "sib-", (64, HEX), "-", (16, MIXED)),
}
"""Kinds that the libraries know by their form, beside those of `planted.KINDS`."""

_CORES = {
    "AWS secret access key": within("aws_secret_access_key = @@", 40, BASE64),
    "password in an .env file": within("DB_PASSWORD=@@", 16),
    "password in YAML": within("password: @@", 16),
    "password in a URL": within("postgres://app:@@@db.example.com:5432/app", 16),
    "password in code": within('password="@@"', 14),
    "API key in code": within("api_key='@@'", 32),
}
"""Kinds of `planted.KINDS` that need more than their secret around them."""
_WHOLE = frozenset(
    ("RSA key", "OpenSSH key", "PKCS 8 key", "encrypted key", "PuTTY key", "password in JSON")
    + ("Azure storage key", "name and password for curl", "Slack webhook")
)
"""And those whose text in `planted.KINDS` is the shortest."""


def cores(seed: int) -> Iterator[Core]:
    """One of each of the kinds, with the shortest text by which it is known."""
    for number, (kind, make) in enumerate((KINDS | MORE).items()):
        secret, text = _CORES.get(kind, make)(Seeds(seed * 1000 + number))
        if kind == "Slack webhook":
            text = f"https://hooks.slack.com/services/{secret}"
        elif kind not in _WHOLE and kind not in _CORES:
            text = secret
        yield Core(kind, secret, text)


NUMBER = len(KINDS | MORE)


def _lines(text: str, sign: str) -> str:
    return "\n".join(sign + line for line in text.split("\n"))


def _cut(core: Core) -> str:
    """The secret cut in two by a soft line break, as a mail or a terminal does it."""
    if not core.bare:
        return f"it is\n{core.text}\nas you see"
    middle = len(core.text) // 2
    return f"it is {core.text[:middle]}\n{core.text[middle:]} as you see"


SURROUNDINGS: dict[str, Callable[[Core], str]] = {
    "a sentence": lambda core: f"use {core.text} and then",
    "a comma": lambda core: f"use {core.text}, and then",
    "a full stop": lambda core: f"I use {core.text}. And then",
    "round brackets": lambda core: f"mine ({core.text}) fails",
    "square brackets": lambda core: f"mine [{core.text}] fails",
    "bold": lambda core: f"mine is **{core.text}** here",
    "italic": lambda core: f"mine is _{core.text}_ here",
    "back quotes": lambda core: f"mine is `{core.text}` here",
    "curly quotes": lambda core: f"mine is “{core.text}” here",
    "Chinese": lambda core: f"我的密钥是{core.text}。请看",
    "a query": lambda core: f"GET https://h.example/v1?k={core.text}&z=1 says 403",
    "a fragment": lambda core: f"https://h.example/#{core.text}|x",
    "JSON": lambda core: json.dumps({"a": 1, "k": core.text, "z": [core.text + "!"]}),
    "JSON in JSON": lambda core: json.dumps({"log": json.dumps({"k": f"\t{core.text}\n"})}),
    "a table": lambda core: f"| a | b |\n|---|---|\n| x |{core.text}| y |",
    "an .env file": lambda core: f"A=1\nMY_VALUE={core.text}\nB=2",
    "XML": lambda core: f"<a><k>{core.text}</k></a>",
    "a link": lambda core: f"[here](https://h.example/{core.text})",
    "a fence": lambda core: f"{CODE}python\nx = '''{core.text}'''\n{CODE}",
    "a quotation": lambda core: _lines(core.text, "> "),
    "a list": lambda core: f"- one:\n{_lines(core.text, '  - ' if core.bare else '  ')}\n- two",
    "a terminal": lambda core: f"\x1b[32m{core.text}\x1b[0m done",
    "HTML": lambda core: f"<code>&quot;{core.text}&quot;</code>",
    "a soft line break": _cut,
}
"""What may stand around a secret, by name."""
BEFORE = "What is wrong with this one here?\n\n"
AFTER = "\n\nIt says 403, and I do not know why."
POSITIONS: dict[str, Callable[[str], str]] = {
    "start": lambda text: text + AFTER,
    "middle": lambda text: BEFORE + text + AFTER,
    "end": lambda text: BEFORE + text,
}
ELSEWHERE = ("title", "code", "canvas", "tool", "metadata", "attachment", "file name", "chain")
"""Where a secret may be that is in no text of a message; each cell of the matrix takes one."""


@dataclass(frozen=True)
class Cell:
    """One planted secret and where it is."""

    core: Core
    surrounding: str
    place: str
    text: str


def matrix(kinds: range | None = None) -> Iterator[Cell]:
    """Every kind in every surrounding in every place, each with a secret of its own."""
    seed = 1
    for turn, (surrounding, around) in enumerate(SURROUNDINGS.items()):
        for place in (*POSITIONS, "elsewhere"):
            seed += 1
            for number, core in enumerate(cores(seed)):
                if kinds and number not in kinds:
                    continue
                where = place
                if place == "elsewhere":
                    where = ELSEWHERE[(number + turn) % len(ELSEWHERE)]
                    if where == "file name" and not (
                        core.bare and re.fullmatch(r"[\w.-]+", core.text)
                    ):
                        where = "tool"
                text = POSITIONS.get(place, str)(around(core))
                yield Cell(core, surrounding, where, text)


def export(cells: Iterable[Cell]) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Conversations with the cells in them, some in each, and the files that they attach."""
    talks: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    messages: list[dict[str, Any]] = []
    title = "Talk"

    def close() -> None:
        nonlocal messages, title
        if messages:
            talks.append(
                conversation(
                    chain(*messages),
                    conversation_id=f"{len(talks):08d}-0000-4000-8000-000000000000",
                    title=title,
                )
            )
        messages, title = [], "Talk"

    for number, cell in enumerate(cells):
        if cell.place == "title":
            close()
            title = cell.text
        messages.append(_message(number, cell, files))
        if len(messages) >= 60:
            close()
    close()
    return talks, files


def _message(number: int, cell: Cell, files: dict[str, bytes]) -> dict[str, Any]:
    text = cell.text
    key = f"file-{number:022d}"
    match cell.place:
        case "title":
            return message("user", "Look at the title.")
        case "code":
            return message("assistant", {"content_type": "code", "language": "bash", "text": text})
        case "canvas":
            made = {"name": "notes", "type": "document", "content": text}
            return message(
                "assistant", {"content_type": "code", "language": "json", "text": json.dumps(made)},
                recipient="canmore.create_textdoc",
            )  # fmt: skip
        case "tool":
            return message(
                "tool", {"content_type": "execution_output", "text": text}, name="python"
            )
        case "metadata":
            return message("user", "Hello.", metadata={"note": {"deep": [text]}})
        case "attachment" | "file name":
            name = f"notes-{number}.env"
            if cell.place == "file name":
                name, text = f"my {cell.core.text}.txt", "nothing"
            files[f"{key}-{name}"] = text.encode()
            attached = {"id": key, "name": name, "mime_type": "text/plain"}
            return message("user", "See the file.", metadata={"attachments": [attached]})
        case "chain":
            return message(
                "assistant", {"content_type": "multimodal_text", "parts": ["One.", text]}
            )
        case _:
            return message("user", text)


@cache
def _random_parts(secret: str) -> tuple[str, ...]:
    """The random letters of a secret, without the words that all of its kind share."""
    if secret.startswith("eyJ"):
        secret = secret.rpartition(".")[2]
    shared = r"rubygems|api03|admin01|AgEIcHlwaS5vcmc|T3BlbkFJ|v1|github_pat|key-api|SECRET-KEY|live|proj"
    return tuple(part for part in re.split(rf"[\s._-]|{shared}", secret) if len(part) >= WIDTH)


def remaining(cells: Iterable[Cell], files: Iterable[bytes]) -> list[Cell]:
    """The cells of whose secrets eight letters in a row are in one of `files`."""
    windows: dict[bytes, list[Cell]] = {}
    for cell in cells:
        for part in _random_parts(cell.core.secret):
            for start in range(0, len(part) - WIDTH + 1):
                windows.setdefault(part[start : start + WIDTH].encode(), []).append(cell)
    left: dict[int, Cell] = {}
    for data in files:
        for run in set(re.findall(rb"[A-Za-z0-9+/]{8,}", data)):
            for start in range(len(run) - WIDTH + 1):
                for cell in windows.get(run[start : start + WIDTH], ()):
                    left[id(cell)] = cell
    return list(left.values())
