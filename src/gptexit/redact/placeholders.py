"""What stands where a secret would stand and is none: placeholders, names, words.

A token is known by its form. A password is known by the name before it alone (`password = "…"`),
and in code such a name is as often followed by something else: the name of a field, a message, a
type, the word that a manual has there. Changing those would change code. What remains is taken for
a secret only if it looks like one.
"""

from __future__ import annotations

import re

SHORTEST = 6
"""Characters; whatever is shorter is left alone."""
_STANDS_FOR = re.compile(
    r"your|my[-_]?(?:secret|pass|api|key|token)|example|placeholder|change[-_ ]?me|change[-_]?it|"
    r"dummy|sample|redacted|insert|replace|fixme|todo|goes[-_]here|some[-_]?(?:secret|pass|key)|"
    r"fake|xxx|\*\*\*|\.\.\.|…|<[^>]*>|\{\{|\$\{|\$\(|%\(|%s|#\{|^env[.:]|process\.env|"
    r"123456|abcdef|qwerty|asdf|foobar|lorem|not[-_]a[-_]|none|null|undefined|"
    r"(?:^|[-_])test(?:$|[-_0-9])",
    re.IGNORECASE,
)
"""A part of a value that a person is meant to put their own in place of."""
_SAYS_ITSELF = re.compile(
    r"^(?:the|user|admin|root|guest|postgres|mysql|redis|db|app|super|default|new|old|current|"
    r"api|access|auth|client|private|public|secret|password|passwd|passphrase|pass|pwd|key|token|"
    r"hash|salt|id|name|value|field|string|text|type|is|has|reset|confirm|login|hidden|invalid|"
    r"required|word|jwt|session|service|account|[-_.:/ 0-9!])+$",
    re.IGNORECASE,
)
"""A value made of nothing but the words that stand around secrets: `new-password`, `secret1`."""
_WORDS = re.compile(r"^[A-Za-z_.:/ -]+$")
"""Words, and names as code has them: `form-control`, `user.email`, `OPENAI_KEY`, `_RSAKey`."""
_ADDRESS = re.compile(
    r"^(?:\.{0,2}/|https?:|[\w-]+\.[\w-]+\(|@|#|arn:|"
    r"[\w.-]+\.(?:py|js|ts|json|ya?ml|txt|pem|html?|com|org|io)$)"
)
_CALL = re.compile(r"[({\[]|\)$|;$|^[&$%]|=>|\s")


def stands_for_one(value: str) -> bool:
    """Whether `value` is a placeholder, in whatever place."""
    return bool(_STANDS_FOR.search(value) or _SAYS_ITSELF.match(value)) or len(set(value)) < 4


def looks_like_one(value: str) -> bool:
    """Whether `value`, which stands behind a name such as `password`, may be a secret."""
    return (
        len(value) >= SHORTEST
        and not stands_for_one(value)
        and not _ADDRESS.search(value)
        and not _CALL.search(value)
        and not _WORDS.match(value)
    )
