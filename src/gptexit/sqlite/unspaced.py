"""Scripts that are written without spaces between words, for the index of words.

SQLite's tokenizer takes a row of such letters for one word. Here each becomes a word of its own, so
that what a person looks for is a phrase of them: found wherever it stands, however short it is.
"""

from __future__ import annotations

import re

_LETTERS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul: particles hang on its words
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_ONE = re.compile(f"[{_LETTERS}]")


def has_unspaced(text: str) -> bool:
    """Whether any letter of such a script is in `text`."""
    return not text.isascii() and _ONE.search(text) is not None


def spaced(text: str) -> str:
    """`text` with each letter of such a script set apart."""
    return _ONE.sub(r" \g<0> ", text)
