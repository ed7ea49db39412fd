"""Code as HTML, with the short classes of Pygments where its language is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Any

LARGEST = 20_000
"""Characters of code that is coloured, at most: colouring is slow, and makes a page large."""
_PLAIN = frozenset(("", "n", "p", "w", "pi", "err", "esc", "g", "x", "l", "ld"))
"""Short classes of tokens that are drawn as plain text."""


def code_block(language: str | None, code: str, *, coloured: bool = True) -> str:
    """Return a block of code. `coloured`: False to leave it plain."""
    label = f'<p class="language">{escape(language)}</p>' if language else ""
    lexer = _lexer(language.lower()) if coloured and language and len(code) <= LARGEST else None
    shown = escape(code, quote=False) if lexer is None else "".join(_spans(lexer, code))
    return f'<div class="code">{label}<pre><code>{shown}</code></pre></div>\n'


@lru_cache(256)
def _lexer(language: str) -> Any:
    """Return the lexer of a language, None if there is none."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _spans(lexer: Any, code: str) -> Iterator[str]:
    """Yield the code in pieces, each in a span with its class unless it is plain."""
    tokens = ((_class_of(kind), value) for kind, value in lexer.get_tokens(code))
    for name, members in groupby(tokens, lambda token: token[0]):
        text = escape("".join(value for _, value in members), quote=False)
        yield f'<span class="{name}">{text}</span>' if name else text


@lru_cache(512)
def _class_of(kind: Any) -> str:
    """Return the short class of a kind of token; empty if it is drawn as plain text."""
    from pygments.token import STANDARD_TYPES

    while kind not in STANDARD_TYPES:
        kind = kind.parent
    name = STANDARD_TYPES[kind]
    return "" if name in _PLAIN else name
