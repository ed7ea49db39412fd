"""False positives: placeholders (`your-api-key`), names and words that detectors take for secrets.

A token is known by its form. A password is known by the name before it alone (`password = "…"`),
and in code such a name is as often followed by something else: the name of a field, a message, a
type, an example of a manual. Changing those would change code. So a value is taken for a secret
only if it looks like one.
"""

from __future__ import annotations

import re
from itertools import pairwise

SHORTEST = 6
"""Characters of the shortest secret, and of the shortest text that is searched."""
_PLACEHOLDER = re.compile(
    r"your|my[-_]?(?:secret|pass|api|key|token)|example|placeholder|change[-_ ]?me|change[-_]?it|"
    r"dummy|sample|redacted|insert|replace|fixme|todo|goes[-_]here|some[-_]?(?:secret|pass|key)|"
    r"fake|xxx|\*\*\*|\.\.\.|…|<[^>]*>|\{\{|\$\{|\$\(|%\(|%s|#\{|^env[.:]|process\.env|"
    r"123456|abcdef|qwerty|asdf|foobar|lorem|not[-_]a[-_]|none|null|undefined|"
    r"(?:^|[-_])test(?:$|[-_0-9])",
    re.IGNORECASE,
)
"""Part of a value that people replace by their own."""
_ABOUT_SECRETS = re.compile(
    r"^(?:the|user|admin|root|guest|postgres|mysql|redis|db|app|super|default|new|old|current|"
    r"api|access|auth|client|private|public|secret|password|passwd|passphrase|pass|pwd|key|token|"
    r"hash|salt|id|name|value|field|string|text|type|is|has|reset|confirm|login|hidden|invalid|"
    r"required|word|jwt|session|service|account|[-_.:/ 0-9!])+$",
    re.IGNORECASE,
)
"""A value of nothing but words that people write around secrets: `new-password`, `secret1`."""
_WORDS = re.compile(r"^[A-Za-z_.:/ -]+$")
"""Words, and names as code has them: `form-control`, `user.email`, `OPENAI_KEY`, `_RSAKey`."""
_ADDRESS = re.compile(
    r"^(?:\.{0,2}/|https?:|[\w-]+\.[\w-]+\(|@|#|arn:|"
    r"[\w.-]+\.(?:py|js|ts|json|ya?ml|txt|pem|html?|com|org|io)$)"
)
_CALL = re.compile(r"[({\[]|\)$|;$|^[&$%]|=>|\s")
_PAIRS = frozenset(
    """th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve
    co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct
    us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow
    pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex
    ke ui fr oo ag av go ap ck da up by if my do sw ey ok ob bj je qu ue ub ib rd rl lu um cl cr cu
    dr ds ef eg ep ew ff gr gu ip ks lt mb nf nu oc od og ov pt rc rm ru rv sc sp sy ug wn xt ye ze
    bo ba bi br bu cc dd dm ei eo es ga gi hu ju ki ko lf lv mm nn oi pi pp rr sk sl sm sn sq tc tt
    ty ui va vo xp zu""".split()  # noqa: SIM905 - easier to read than a list
)
"""Frequent pairs of letters: nearly all pairs of a word, a quarter of random ones."""
_LETTERS = re.compile(r"[A-Za-z]{8,}")
_NO_LETTER = re.compile(r"[^A-Za-z]+")
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]+(?:[-_.:/24][A-Za-z]+)*[-_.:]?\d{0,4}")
_ALGORITHM = re.compile(
    r"(?:[a-z]{1,12}[-_.])?"
    r"(?:sha|md|hs|rs|es|ps|aes|des|rc|utf|base|oauth|pbkdf|argon|bcrypt|scrypt|x|ed|p|tls|ssl|v)"
    r"[-_]?\d{1,4}(?:[-_.][a-z0-9]{1,16}){0,4}|\d[\d.:/,TZ+-]*",
    re.IGNORECASE,
)
"""Names of algorithms, numbers, times: they have digits and are no secrets."""
STRONG = 8
"""Characters of the shortest value that its letters alone show to be a secret."""


def is_scrambled(value: str) -> bool:
    """Tell whether `value`, of ASCII letters alone, is no word and no name made of words."""
    if not _LETTERS.fullmatch(value):
        return False
    low = value.lower()
    known = sum(low[at : at + 2] in _PAIRS for at in range(len(low) - 1))
    if known < 0.6 * (len(low) - 1):
        return True
    changes = sum(before.isupper() != after.isupper() for before, after in pairwise(value))
    return changes > 0.4 * (len(value) - 1)


def is_random(value: str) -> bool:
    """Tell whether `value` looks like a secret in any place: random letters, or with digits."""
    if len(value) < STRONG:
        return False
    if any(map(is_scrambled, (*_LETTERS.findall(value), _NO_LETTER.sub("", value)))):
        return True
    return (
        any(letter.isdigit() for letter in value)
        and any(letter.isalpha() for letter in value)
        and not _WORD_AND_NUMBER.fullmatch(value)
        and not _ALGORITHM.fullmatch(value)
    )


def is_placeholder(value: str) -> bool:
    """Tell whether `value` is a placeholder, in any place."""
    return bool(_PLACEHOLDER.search(value) or _ABOUT_SECRETS.match(value)) or len(set(value)) < 4


def looks_like_secret(value: str) -> bool:
    """Tell whether `value`, written behind a name such as `password`, may be a secret."""
    return (
        len(value) >= SHORTEST
        and not is_placeholder(value)
        and not _ADDRESS.search(value)
        and not _CALL.search(value)
        and (not _WORDS.match(value) or is_scrambled(value))
    )
