"""Signs that Obsidian and its plugins read as more than text: tags, block ids, templates, queries.

Sources: Obsidian's help ("Tags", "Internal links", "Templates"), and the pages of the plugins
Dataview, Datacore, Tasks, Templater, Meta Bind, JS Engine, Buttons and Execute Code.
"""

from __future__ import annotations

import re

_OPENERS = r"[\s(*_~\"'“‘«\[{<>|—–（【「，。：、；！？]"
_IN_TAG = r"[0-9_/-]{0,100}(?:[^\W\d]|[\u203c-\U0001faff])"
TAG = rf"\#(?:(?<={_OPENERS}\#)(?<!\]\(\#)|(?<=\A\#))(?={_IN_TAG})"
"""The `#` of a tag: a sign that is no digit must follow. It starts with a plain character, which is
found several times as fast."""
BLOCK_ID = r"\^(?:(?<=[ \t\n>]\^)|(?<=\A\^))(?=[A-Za-z0-9-]{1,100}[ \t]{0,100}(?:\n|\Z))"
"""The `^` of a name that a block gets at its end."""
BROKEN = r"%(?<=[<%]%)|\{(?<=\{\{)|=(?<===)(?=[^\s=])"
"""The second sign of `%%` (a comment), `<%` (Templater), `{{` (a template), `==` (highlighted)."""

_RUN = re.compile(
    r"dataview(?:js)?|datacore(?:js|ts)?x?|tasks|query|base|templater|buttons?|meta-?bind\S*"
    r"|js-?engine|run-\S*|jsx?:\S*|customjs|tracker|todoist|search"
)
"""Languages of fences that a plugin runs: code, or a query over all notes."""


def language(info: str) -> str:
    """Give back the info string of a fence, or `text` where a notes app would run the code.

    A `|` in it would make the head of a table of it, to readers that look for tables first.
    """
    word = info.strip(" \t{}.").partition(" ")[0].lower()
    return "text" if word and _RUN.fullmatch(word) else info.replace("|", "¦")
