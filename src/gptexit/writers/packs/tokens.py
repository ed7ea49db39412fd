"""How many tokens a text has for a language model, estimated on the high side, without one.

The tokenizers of Claude and Gemini are not published. The rule here counts characters by kind, and
was fitted so as not to fall below the only tokenizer that Anthropic ever published (that of Claude
2, in its Python package up to 0.38) times what newer models take more of the same text: up to 1.47
times for Latin scripts and code, 1.07 for others, as measured by others on Claude Opus 4.7 (looked
up on 25 November 2026). `benchmarks/tokens.py` prints the comparison for 20 kinds of text: the
estimate is 1.0 to 1.8 times as high.
"""

from __future__ import annotations

_ASCII = bytes(range(0x80))
_EASY = bytes(range(ord("a"), ord("z") + 1)) + b" \n\r\t"
_EASY_COST, _HARD_COST = 420, 1_000
"""Thousandths of a token for a small letter or white space, and for all other ASCII: capitals,
digits and marks stand for tokens of their own far more often."""
_COSTS = (
    (0xC2, 0xC3, 2_000),  # accents of western Europe
    (0xC4, 0xCC, 6_000),  # of central Europe, Vietnamese: they break words into small tokens
    (0xCD, 0xCF, 1_600),  # Greek
    (0xD0, 0xD3, 800),  # Cyrillic
    (0xD4, 0xDF, 1_500),  # Armenian, Hebrew, Arabic
    (0xE0, 0xE0, 2_100),  # scripts of India, Thai
    (0xE1, 0xE1, 3_500),  # Vietnamese, Georgian, Ethiopic, Khmer
    (0xE2, 0xE2, 2_200),  # typographic marks, arrows, mathematics
    (0xE3, 0xED, 1_600),  # Chinese, Japanese, Korean
    (0xEE, 0xEF, 2_000),  # private use, full-width marks
    (0xF0, 0xF4, 3_000),  # emoji, rare scripts
)
"""First and last lead byte of a UTF-8 character, and thousandths of a token for a character."""


def estimate(data: bytes) -> int:
    """Tokens of a UTF-8 text. That of two texts together is at most the sum of their two."""
    high = data.translate(None, _ASCII)
    easy = len(data) - len(data.translate(None, _EASY))
    cost = easy * _EASY_COST + (len(data) - len(high) - easy) * _HARD_COST
    if high:
        for first, last, each in _COSTS:
            count = len(high) - len(high.translate(None, bytes(range(first, last + 1))))
            cost += count * each
    return -(-cost // 1000)
