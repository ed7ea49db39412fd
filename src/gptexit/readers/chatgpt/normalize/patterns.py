"""Tell whether a regular expression of somebody else's may be compiled.

A canvas is changed by patterns that stand in the export. `regex` writes a counted repeat out in
memory, about 270 bytes for each step: `(((a{1000}){1000}){1000})` takes gigabytes before any time
limit counts. So the steps are counted first, from the text of the pattern alone.
"""

from __future__ import annotations

import re

LONGEST = 50_000
"""Characters of a pattern."""
DEEPEST = 100
"""Groups inside each other."""
MOST_STEPS = 100_000
"""Steps of a pattern once its counted repeats are written out: about 30 MB."""
_TOKEN = re.compile(
    r"\\.|\(\?#[^)]*\)|\[\^?\]?(?:[^\]\\[]|\\.|\[(?![:.=])){0,200}\]|[()]"
    r"|\{\s*(\d{0,20})\s*,?\s*\d{0,20}\s*\}|.",
    re.DOTALL,
)
_OTHER_RULES = re.compile(r"\(\?[A-Za-z0-9-]*[xV]")
"""Flags under which a pattern reads otherwise: spaces and comments, sets inside sets."""


def may_compile(pattern: str) -> bool:
    """Tell whether compiling `pattern` takes bounded memory. Never too much for what is read."""
    if len(pattern) > LONGEST or _OTHER_RULES.search(pattern):
        return False
    groups = [0]
    """Steps in each group that is open, the outermost first."""
    last = total = 0
    for token in _TOKEN.finditer(pattern):
        sign = token[0]
        if sign == "(":
            groups.append(0)
            last = 0
        elif sign == ")":
            last = groups.pop() + 1 if len(groups) > 1 else 1
            groups[-1] += last
        elif token[1] is not None:
            times = max(1, int(token[1] or 0))
            groups[-1] += last * (times - 1)
            last *= times
        elif sign == "[":  # a set that does not end, is very long, or holds named ones
            return False
        elif sign not in "*+?" and not sign.startswith("(?#"):
            last = 1
            groups[-1] += 1
        total = max(total, groups[-1], last)
        if total > MOST_STEPS or len(groups) > DEEPEST:
            return False
    return sum(groups) <= MOST_STEPS
