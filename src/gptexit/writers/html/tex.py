"""Formulas as MathML, which browsers draw without a script or a font of ours."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element, tostring

_LONGEST = 2_000
"""Characters of a formula that is drawn, at most."""
_DEEPEST = 60
"""Groups of a formula, one in the other, at most."""
_TAG = re.compile(
    "math|mrow|mi|mn|mo|ms|mtext|mspace|mfrac|msqrt|mroot|msub|msup|msubsup|munder|mover|munderover"
    "|mtable|mtr|mtd|mstyle|mpadded|mphantom|menclose|mfenced|merror|mmultiscripts"
)
_ATTRIBUTE = re.compile(
    "display|displaystyle|scriptlevel|mathvariant|stretchy|fence|form|width|height|depth|accent"
    "|linethickness|accentunder|movablelimits|columnalign|lspace|rspace|minsize|maxsize|notation"
    "|separator|symmetric|open|close|separators|columnlines|rowlines|columnspacing|rowspacing"
    "|voffset|mathcolor|mathbackground|mathsize|largeop|frame|linebreak"
)
_PARTS = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
"""How many elements are in one by MathML; a formula that is cut has fewer."""
_REFERENCE = re.compile("&#x[0-9A-Fa-f]{1,6};")
"""A sign as latex2mathml writes it."""
_ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|split|eqnarray\*?|alignat\*?|alignedat)\}")


@lru_cache(4096)
def formula(source: str, *, display: bool) -> str:
    """Return a formula as MathML, or as code if it is none that can be drawn."""
    shown = escape(source.strip(), quote=False)
    drawn = _drawn(source, "block" if display else "inline")
    if drawn is None:
        return f'<code class="tex">{shown}</code>'
    head, _, rest = drawn.partition(">")
    inner = rest.removesuffix("</math>")
    annotation = f'<annotation encoding="application/x-tex">{shown}</annotation>'
    return f"{head}><semantics>{inner}{annotation}</semantics></math>"


def _drawn(source: str, display: str) -> str | None:
    from latex2mathml.converter import convert_to_element

    if len(source) > _LONGEST or _depth(source) > _DEEPEST:
        return None
    try:
        root: Element = convert_to_element(_ALIGNED.sub(r"\\\1{align*}", source), display=display)
    except Exception:  # of any kind: it is a program for formulas, and this may be none
        return None
    root.attrib.pop("xmlns", None)
    for node in root.iter():
        words = node.text = _REFERENCE.sub(lambda sign: unescape(sign[0]), node.text or "")
        # A command or an environment that the library does not know becomes such a text.
        if words == "&" or words[:1] == "\\" != words:
            return None
        if len(node) != _PARTS.get(node.tag, len(node)):
            return None
        if not _TAG.fullmatch(node.tag) or not all(map(_ATTRIBUTE.fullmatch, node.attrib)):
            return None
    return tostring(root, encoding="unicode")


def _depth(source: str) -> int:
    depth = deepest = 0
    for sign in source:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
    return max(deepest, source.count(r"\left"), source.count(r"\begin"))
