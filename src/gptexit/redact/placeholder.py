"""The mark that stands in place of a secret, such as `[redacted: AWS access key]`.

It holds letters, digits, spaces and the characters of its own frame: nothing that JSON escapes, no
back quote or tilde that could close a fence, no line break. It depends on the kind of the secret
alone, so the same conversation gives the same marks in every run.
"""

from __future__ import annotations

import re

MARK = re.compile(r"\[redacted: ([A-Za-z0-9][A-Za-z0-9 ]{0,48}[A-Za-z0-9])\]")
"""A mark; group 1 is the kind."""
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")


def mark(kind: str) -> str:
    """The mark for a kind of secret."""
    words = _NO_WORD.sub(" ", kind).strip()[:50].strip()
    return f"[redacted: {words if len(words) > 1 else 'secret'}]"


def blanked(text: str) -> str:
    """`text` with spaces in place of its marks, of the same length: there is nothing in them."""
    if "[redacted: " not in text:
        return text
    return MARK.sub(lambda found: " " * len(found[0]), text)


def for_file_names(text: str) -> str:
    """`text` with its marks as a file name may have them: `redacted-AWS-access-key`."""
    return MARK.sub(lambda found: "redacted-" + found[1].replace(" ", "-"), text)
