# ruff: noqa: E501 - expressions and samples are easier to read in one line
"""Notations: how people and programs write passwords down, and how a text can hide a token.

The detector of passwords of detect-secrets knows a name, a sign and quotes. Here are the others, as
a table: code of many languages, SQL, markup, settings, command lines, headers, connection strings,
and a line such as `Password: …`. Each row has an anchor, which is cheap to find, and an expression
for the text around it. Every repetition in it is bounded: no text takes more than a fixed number of
steps for each anchor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gptexit.redact.false_positives import is_random, looks_like_secret
from gptexit.redact.occurrences import Secret, places

_APART = b",()[]{}<>*|&?!#~^$@%/\\"
_SPACED = bytes(0x20 if code in _APART + b"\t" or code >= 0x80 else code for code in range(256))
"""Delimiters of prose, Markdown, URLs and markup, and all that is not ASCII, as spaces."""
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,20}[A-Za-z]")
"""A colour of a terminal; its last letter would be read as part of a word."""
_UNICODE = re.compile(rb"\\u00[0-7][0-9A-Fa-f]")
_PERCENT = re.compile(rb"%(?:0[9ADad]|2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Eb-e]|60|7[B-Db-d])")
_EMPHASIS = re.compile(rb" (_{1,3})([A-Za-z0-9][A-Za-z0-9_.=+-]{14,400}?)(_{1,3})(?=[\s\"'`;:])")
"""A word in italics; detectors would take the underscores for a part of it."""
_STOPS = tuple((sign, b" " + sign[1:]) for sign in (b". ", b".\n", b'."', b".'", b": ", b":\n"))
"""Signs that end a sentence or a clause."""
_HIDDEN = ((b"\xe2\x80\x8b", b""), (b"\xc2\xad", b""), (b"\xe2\x81\xa0", b""), (b"\\_", b"_"))
"""Invisible signs, and the backslash of Markdown before an underscore."""
_INDENTS = (
    *((b"\n    ", b"\n"), (b"\n  ", b"\n"), (b"\n ", b"\n")),
    *((b"  \n", b"\n"), (b" \n", b"\n")),
)
_BETWEEN = r"[\s>\\\u200b\u00ad\u2060]{0,24}"
"""Signs between two letters of a key that a line break cut in two."""
NEXT = re.compile(r"[ \t\\]{0,4}\r?\n[ \t>]{0,24}([A-Za-z0-9_+/=.-]{6,2000})")
"""The end of a line and the first word, group 1, of the next."""
_COLOURED = re.compile(_COLOUR.pattern.decode())
LONGEST = 4000
"""Characters of the longest broken key that is looked for."""


def apart(data: bytes) -> bytes:
    """Put spaces in place of delimiters, so that every offset stays the same.

    Add one space at the end, so that a full stop before it counts as the end of a sentence.
    """
    if b"\x1b" in data:
        data = _COLOUR.sub(_blank, data)
    if b"\\" in data:
        if b"\\u00" in data:
            data = _UNICODE.sub(_blank, data)
        for escape in (b"\\n", b"\\t", b"\\r"):
            data = data.replace(escape, b"  ")
    if b"%" in data:
        data = _PERCENT.sub(_blank, data)
    data = data.translate(_SPACED) + b" "
    data = data.replace(b"..", b"  ")
    for stop, space in _STOPS:
        data = data.replace(stop, space)
    if b"_" in data:
        data = data.replace(b"\n_", b" _")
        if data.startswith(b"_"):
            # The first letter of a text has no delimiter before it that could be a space.
            data = b" " + data[1:]
        data = _EMPHASIS.sub(_without_signs, data)
    return data


def joined(data: bytes, spaced: bytes | None = None) -> bytes:
    """Join the lines of each paragraph, without indents and quotes. `spaced`: `apart(data)`."""
    changed = False
    for sign, seen in _HIDDEN:
        if sign in data:
            data, changed = data.replace(sign, seen), True
    if changed or spaced is None:
        spaced = apart(data)
    if b"\r" in spaced:
        spaced = spaced.replace(b"\r\n", b"\n")
    spaced = spaced.replace(b"\n\n", b"\0\0")
    for indent, nothing in _INDENTS:
        spaced = spaced.replace(indent, nothing)
    return spaced.replace(b"\n", b"").replace(b"\0", b"\n")


def without_colours(text: str) -> str:
    """Put spaces in place of the colours of a terminal."""
    return _COLOURED.sub(lambda found: " " * len(found[0]), text) if "\x1b" in text else text


def broken(value: str, text: str) -> list[tuple[int, int]]:
    """Find a `value` of the joined form of `text` in `text`, broken by at least one sign."""
    if not 0 < len(value) <= LONGEST:
        return []
    pattern = re.compile(_BETWEEN.join(map(re.escape, value)))
    return [
        found.span() for found in pattern.finditer(text) if found.end() - found.start() > len(value)
    ]


def _blank(found: re.Match[bytes]) -> bytes:
    return b" " * len(found[0])


def _without_signs(found: re.Match[bytes]) -> bytes:
    return b" " * (1 + len(found[1])) + found[2] + b" " * len(found[3])


_NAMES = tuple(
    (needle, tuple(words.split()), re.compile(pattern), kind)
    for needle, words, pattern, kind in (
        ("pass", "", r"pass(?:word|wd|phrase|wort|code)|(?<=require)pass|(?<=db_)pass", "password"),
        *((name, "", name, "password") for name in ("pwd", "kennwort", "contrase", "motdepasse")),
        *((name, "", name, "password") for name in ("wachtwoord", "密码", "密碼")),
        *((name, "", name, "password") for name in ("パスワード", "пароль")),
        *((name, "", name, "secret") for name in ("secret", "token", "preshared")),
        (
            *("key", "api auth access account service private client signing encryption"),
            *("key", "secret key"),
        ),
    )
)
"""Names before a value: a needle that is cheap to find, words of which one is before it, the
pattern of the name from the needle on, and the kind of the value."""
_OPEN = r"(?P<quote>\\{0,4}[\"'`]|&(?:quot|apos|#39|#34);|[“«„「])"
_QUOTED = rf"@?[bruf]?{_OPEN}(?P<quoted>[^\"'`\n“”»“」]{{1,300}}?)(?=\\{{0,4}}[\"'`]|&(?:quot|apos|#3[49]);|[”»“」])"
_BARE = r"(?P<bare>[^\s\"'`<>|“”„«»「」，。；]{4,300})"
_CLOSE = r"(?:\\{0,4}[\"'`]|&(?:quot|apos|#3[49]);|[\])*_]{1,4}|[”»」]){0,3}"
_TYPE = r"\??:[ \t]{0,4}&?[A-Za-z][\w.]{0,30}(?:[<\[][\w, |.]{0,30}[>\]])?[?!]?(?:[ \t]{0,2}\|[ \t]{0,2}\w{1,20}){0,3}[ \t]{0,4}="
_SIGN = (
    rf"(?:{_TYPE}|:=|=>|[=!]==?|=|:(?!//|:)|：|＝|->|→|,|\(|\)?[ \t]{{0,2}}\|)"
    r"(?:\*\*|__)?"
)
_AFTER_NAME = re.compile(
    rf"[\w-]{{0,24}}(?:\.[a-z]{{2,10}})?{_CLOSE}[ \t]{{0,8}}(?P<sign>{_SIGN})\s{{0,8}}(?:{_QUOTED}|{_BARE})"
)
"""A name, a sign and a value: `password = "…"`, `'PASSWORD', '…'`, `password: string = '…'`."""
_IS = re.compile(
    rf"[\w-]{{0,8}}{_CLOSE}(?P<sign>[ \t]{{1,4}}(?:for[ \t][\w@.-]{{1,40}}[ \t])?(?:is|was|ist|lautet|est|es|è|:)"
    rf":?|是|は|为)[ \t]{{0,4}}(?:\*\*|__)?(?:{_QUOTED}|{_BARE})"
)
"""A sentence: `the password is …`."""
_VALUE = re.compile(
    rf"[\w-]{{0,24}}{_CLOSE},?[\s>{{]{{0,24}}(?:-[ \t])?[\"'`\\]{{0,3}}(?P<sign>value|default|content)"
    rf"[\"'`\\]{{0,3}}\s{{0,4}}[:=]\s{{0,4}}(?:{_QUOTED}|{_BARE})"
)
"""A pair of two: `- name: DB_PASSWORD` and `value: …` below it, in YAML, JSON and XML."""
_ELEMENT = re.compile(
    r"[\w-]{0,24}(?:[ \t][\w:]{1,20}=\"[^\"<>\n]{0,60}\"){0,3}(?P<sign>>)(?P<bare>[^<>\n]{4,300})(?=</)"
)
"""An element of markup: `<password>…</password>`."""
_SQL = re.compile(rf"(?P<sign>[ \t]{{1,4}}){_QUOTED}")
"""Nothing but white space: `ALTER USER ada PASSWORD '…'`."""
_OPTION = re.compile(rf"[\w-]{{0,12}}(?P<sign>[ \t=]{{1,4}})(?:{_QUOTED}|{_BARE})")
"""An option of a program: `--password …`."""

_CUT = re.compile(r"[&;,](?=.)|\\[nrt\"'u]|&(?:quot|apos|amp|#39);|[)\]}](?=[^\w]|$)")
"""The end of a value without quotes: in a URL, in JSON within a text, in brackets."""
_ENDS = ".,;:!?)]}*_>\\"
_QUOTES = "\"'`;"
_SPECIAL = frozenset("!#$%&*+-=?@^_~")


def _weak(value: str) -> bool:
    """Judge a value that its place alone shows to be a password: no word, no name of a variable."""
    return looks_like_secret(value) and (
        is_random(value)
        or (
            any(letter.isdigit() for letter in value)
            and any(letter.isalpha() for letter in value)
            and not _MEANS_SOMETHING.fullmatch(value)
        )
        or not value.isascii()
        or (":" not in value and sum(letter in _SPECIAL for letter in value) > 1)
    )


_MEANS_SOMETHING = re.compile(
    r"(?:[a-z]{1,12}[-_.])?(?:int|str|arg|var|param|ipv|page|line|step|item|row|col)[-_]?\d{1,4}"
    r"|\d[\d.:/,+-]*[a-z]{0,2}|[a-z_]+\d?(?:\.[a-z_]+\d?)+"
    r"|[\w.-]+:\d{1,5}|-{1,2}[a-z][\w-]*|(?:\\x[0-9a-f]{2})+",
    re.IGNORECASE,
)
"""Names of variables and of their members, amounts, addresses, options, bytes."""


def _strong(value: str) -> bool:
    """Judge a value by itself, whatever is before it."""
    return looks_like_secret(value) and is_random(value) and not _MEANS_SOMETHING.fullmatch(value)


Judge = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Anchored:
    """A notation, known by a needle in it."""

    kind: str
    needle: str
    """A part of every such notation, in lower case."""
    before: int
    """Characters before the needle that may belong to the notation; 0 if it begins with it."""
    pattern: re.Pattern[str]
    """The whole notation; its group `value` or `quoted` is the secret."""
    judge: Judge = _strong


def _line(kind: str, needle: str, before: int, pattern: str, judge: Judge = _weak) -> Anchored:
    return Anchored(kind, needle, before, re.compile(pattern, re.IGNORECASE), judge)


_VALUE_OF_OPTION = r"(?:[\"'](?P<quoted>[^\"'\n]{3,200})[\"']|(?P<value>[^\s\"'`]{4,200}))"
_WORD = r"(?:(?<![a-z0-9])|(?<=\\[nrt]))"
"""The beginning of a word; also behind an escaped line break, and behind an underscore."""
_HOST = r"(?=@(?!sha256)[a-z0-9][\w.-]{2,200})"
TABLE = (
    _line("password", "mysql", 0, _WORD + rf"(?:mysql|mysqldump|mysqladmin|mysqlsh)\b[^\n]{{0,200}}?\s-p{_VALUE_OF_OPTION}"),
    _line("password", "mariadb", 0, _WORD + rf"mariadb[\w-]{{0,10}}\b[^\n]{{0,200}}?\s-p{_VALUE_OF_OPTION}"),
    _line("password", "sshpass", 0, _WORD + rf"sshpass\s{{1,4}}-p[ \t=]{{0,4}}{_VALUE_OF_OPTION}"),
    _line("password", "login", 100, _WORD + rf"(?:docker|podman|helm|az|oc|ecr)\b[^\n]{{0,80}}?\blogin\b[^\n]{{0,200}}?\s-p[ \t=]{{1,4}}{_VALUE_OF_OPTION}"),
    _line("password", "redis-cli", 0, _WORD + rf"redis-cli\b[^\n]{{0,200}}?\s-a[ \t]{{1,4}}{_VALUE_OF_OPTION}"),
    _line("password", "ldap", 0, _WORD + rf"ldap\w{{3,10}}\b[^\n]{{0,300}}?\s-w[ \t]{{1,4}}{_VALUE_OF_OPTION}"),
    _line("password", "smbclient", 0, _WORD + r"smbclient\b[^\n]{0,200}?\s-U[ \t]{0,4}[\"']?[\w\\.-]{1,60}%(?P<value>[^\s\"']{4,100})"),
    _line("password", "curl", 0, _WORD + r"curl\b[^\n]{0,400}?\s(?:-u|--user)[ \t=]{0,4}[\"']?[^\s:\"']{1,100}:(?P<value>[^\s\"'`]{4,200})"),
    _line("password", "pass:", 16, r"\bpass(?:in|out)?[ \t=]{1,4}pass:(?P<value>[^\s\"'`]{4,200})"),
    _line("password", "identified", 0, r"\bidentified\s{1,8}(?:with\s{1,4}\S{1,60}\s{1,4})?by\s{1,8}(?:password\s{1,4})?\\{0,4}[\"'](?P<value>[^\"'\n\\]{4,200})\\{0,4}[\"']", looks_like_secret),
    _line("password", "login", 0, r"\blogin[ \t]{1,4}\S{1,100}\s{1,8}password[ \t]{1,4}(?P<value>[^\s\"'`]{4,200})", looks_like_secret),
    _line("authorization header", "bearer", 0, _WORD + r"bearer(?:[ \t]{1,4}|%20|\\{0,4}[\"']?[ \t]{0,2}[,+:=][ \t]{0,2}\\{0,4}[\"'])(?P<value>[A-Za-z0-9._~+/=-]{16,2000})", _strong),
    _line("authorization header", "basic", 0, _WORD + r"basic[ \t]{1,4}(?P<value>[A-Za-z0-9+/]{10,400}={0,2})", _strong),
    _line("authorization header", "authorization", 0, _WORD + r"authorization[\"'`\\]{0,4}[ \t]{0,4}[:=,][ \t]{0,4}[\"'`\\]{0,4}(?:token|apikey|api-key|key|splunk|digest)?[ \t=]{0,4}(?P<value>[A-Za-z0-9._~+/=-]{16,2000})", _strong),
    _line("password", "@", 130, rf"(?<![\w:/@.+%-])(?!mailto|xmpp|acct|sips?:|https?:|npm:)[a-z0-9][\w.+-]{{1,63}}:(?P<value>[^\s:@/\"'`<>()\[\]]{{6,64}}){_HOST}", _strong),
    _line("password in a URL", "://", 0, r"://[^\s/?#\"'`<>@:\[\]]{0,128}:(?P<value>[^\s\"'`<>@/{}]{1,200})@(?=[\w\[{$%<-])", looks_like_secret),
)  # fmt: skip
"""Notations without the name of a password."""
_COOKIES = re.compile(
    r"(?:cookie[\"'`\\]{0,4}[ \t]{0,4}[:=,][ \t]{0,4}|cookie[ \t=]{1,4}| -b[ \t=]{1,4})[\"'`\\]{0,4}(?P<list>[^\n\"'`\\]{8,4000})",
    re.IGNORECASE,
)
_WORD_LENGTH = 12
_AFTER = 2600
"""Characters behind a needle that may belong to its notation."""
_COOKIE = re.compile(r"[^\s=;,]{1,100}=([^\s;,\"'`]{16,2000})")


def passwords(text: str, lower: str) -> Iterator[Secret]:
    """Find passwords in `text`; `lower` is its folded form, of the same length."""
    for anchored in TABLE:
        for start in places(anchored.needle, lower):
            yield from _anchored(anchored, text, start)
    for needle in ("cookie", " -b"):
        for start in places(needle, lower):
            yield from _cookies(text, start)
    for needle, words, pattern, kind in _NAMES:
        for start in places(needle, lower):
            if words and not lower[max(0, start - _WORD_LENGTH) : start].rstrip("_-").endswith(
                words
            ):
                continue
            name = pattern.match(lower, start)
            if name and (secret := _named(text, start, name.end(), kind)):
                yield secret


def _anchored(anchored: Anchored, text: str, at: int) -> Iterator[Secret]:
    """Find the notation whose needle is at an offset."""
    if anchored.before:
        start = max(0, at - anchored.before)
        found = anchored.pattern.search(text, start, at + _AFTER)
    else:
        found = anchored.pattern.match(text, at)
    if not found:
        return
    group = "value" if found["value"] is not None else "quoted"
    start, value = found.start(group), found[group]
    if group == "value" and anchored.judge is not looks_like_secret:
        value = _trimmed(value)
    called = text.startswith("(", start + len(value))
    if not called and anchored.judge(value):
        yield Secret(start, start + len(value), 3, anchored.kind)


def _cookies(text: str, at: int) -> Iterator[Secret]:
    header = _COOKIES.match(text, at)
    for cookie in _COOKIE.finditer(text, *header.span("list")) if header else ():
        if is_random(cookie[1]):
            yield Secret(*cookie.span(1), 3, "cookie")


def _named(text: str, start: int, end: int, kind: str) -> Secret | None:
    """Find a value behind a name that goes from `start` to `end`."""
    word = text[max(0, start - 24) : end]
    is_option = word.endswith("requirepass") or word.rpartition(" ")[2].startswith("--")
    for pattern in (_AFTER_NAME, _IS, _VALUE, _ELEMENT, _SQL, _OPTION):
        if (pattern is _SQL and kind != "password") or (pattern is _OPTION and not is_option):
            continue
        found = pattern.match(text, end)
        if found and (secret := _judged(text, found, start, kind)):
            return secret
    return None


def _judged(text: str, found: re.Match[str], start: int, kind: str) -> Secret | None:
    """Return the value of a match as a secret, or None if it is not likely to be one."""
    is_password = kind == "password"
    group = "quoted" if found.groupdict().get("quoted") else "bare"
    value = found[group]
    sign = found["sign"].strip()
    if group == "bare":
        value = _trimmed(value)
        called = text.startswith("(", found.start(group) + len(value))
        if called or sign in ("(", ","):  # a function, a name among others
            return None
    elif sign == "," and text[found.start("sign") - 1] not in _QUOTES:
        return None
    if group == "quoted" and is_password and sign not in ("(", "|", ","):
        judge: Judge = looks_like_secret
    elif is_password and (group == "quoted" or _is_a_line(text, found, start, value)):
        judge = _weak
    else:
        judge = _strong
    if not judge(value):
        return None
    at = found.start(group)
    return Secret(at, at + len(value), 4, kind)


def _is_a_line(text: str, found: re.Match[str], start: int, value: str) -> bool:
    """Tell whether a name and its value are alone on their line, or a setting.

    People write a setting in capitals, or behind it the next one.
    """
    name = text[start : found.start("sign")].rstrip(" \t\"'`])*_")
    if name.isupper() and "=" in found["sign"]:
        return True
    after = text[found.start("bare") + len(value) :][:2]
    if after[:1] in ("&", ";") and "=" in found["sign"]:
        return True
    before = text[max(0, start - 40) : start].rpartition("\n")[2]
    return (
        after[:1] in ("", "\n", "\r", "`", "*", "|", "<", '"', "\\")
        and _LINE_START.fullmatch(before) is not None
        and (":" in found["sign"] or "|" in found["sign"] or "：" in found["sign"])
        and "." not in value.strip(".")
    )


_LINE_START = re.compile(r"[\s>*•|`#\"\d.)+-]{0,12}(?:[\w-]{1,16}[ _]){0,3}[\w-]{0,12}")


def _trimmed(value: str) -> str:
    """Cut a value without quotes at its end."""
    cut = _CUT.search(value)
    if cut and cut.start() > 0:
        value = value[: cut.start()]
    return value.rstrip(_ENDS)
