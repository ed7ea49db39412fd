"""START-HERE.html: the first page of an exit, made of START-HERE.md.

The boxes can be ticked; the ticks are kept in the browser. Without scripts the page is the same,
but for that.
"""

from __future__ import annotations

import re
from html import escape, unescape

from gptexit.writers.html.prose import Prose
from gptexit.writers.html.shell import POLICY

_BOX = re.compile(r"<li>(<p>)?([☐☑]) <strong>(.*?)</strong>")
_TAG = re.compile(r"<[^<>]*>")
_PLACE = re.compile(r"<td><code>((?:html|markdown|jsonl|account|report)[^<>*]*)</code></td>")
_ANSWER = re.compile(r"<p>(?=<strong>(Yes|Not yet))")


def start_page(markdown: str, archive: str) -> bytes:
    """Return the page. `markdown`: START-HERE.md; `archive`: the path of the archive's first page,
    relative to the page.
    """
    title = markdown.partition("\n")[0].removeprefix("# ")
    body = Prose(beside=archive.partition("/")[0] + "/").html(markdown.partition("\n")[2])
    body = _BOX.sub(_ticked, body)
    body = _PLACE.sub(_linked, body)
    body = _ANSWER.sub(lambda match: f'<p class="answer {_CLASSES[match[1]]}">', body)
    folder = archive.rpartition("/")[0] + "/static/"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{folder}archive.css">
<link rel="stylesheet" href="{folder}start.css">
<script src="{folder}theme.js"></script>
<script src="{folder}start.js" defer></script>
</head>
<body class="start">
<main tabindex="-1">
<header class="head"><h1>{escape(title)}</h1>
<p><a class="open" href="{archive}">Open your conversations</a></p></header>
<div class="prose">
{body}</div>
</main>
</body>
</html>
"""
    return page.encode("utf-8", "replace")


_CLASSES = {"Yes": "yes", "Not yet": "no"}


def _ticked(match: re.Match[str]) -> str:
    """Return the beginning of an item with a box that can be ticked, named by its title."""
    name = escape(unescape(_TAG.sub("", match[3])))
    ticked = " checked" if match[2] == "☑" else ""
    return (
        f'<li class="task">{match[1] or ""}<label><input type="checkbox" data-box="{name}"{ticked}>'
        f" <strong>{match[3]}</strong></label>"
    )


def _linked(match: re.Match[str]) -> str:
    """Return a cell with a link to the file or folder that it names."""
    path = match[1].partition("&lt;")[0]  # `markdown/<year>/` leads to `markdown/`
    return f'<td><a href="{path}"><code>{match[1]}</code></a></td>'
