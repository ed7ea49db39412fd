"""What is around the contents of each page, and the files beside the pages that all share."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib import resources

from gptexit.archive.files import File
from gptexit.writers.markdown.embed import encoded

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_SCRIPTS = ("archive.js", "reading.js", "list.js")
_MAINS = {"chat": "conversation", "look-back": "look back", "list": "list"}
"""The names of what a page has, by the `id` of its `main`."""


def shell(
    title: str, root: str, archive: str, chat: str, main: str, nav: str = ""
) -> tuple[bytes, bytes]:
    """Return what comes before and behind the contents of a page's `main`.

    `root`: the way to the archive's folder; `archive`: its title; `chat`: the number of the
    conversation; `nav`: HTML below the link to the first page.
    """
    style = (
        f'<link rel="stylesheet" href="{root}static/look-back.css">\n'
        if main == "look-back"
        else ""
    )
    scripts = "".join(f'<script src="{root}static/{name}" defer></script>\n' for name in _SCRIPTS)
    opening = f"""<!doctype html>
<html lang="en" data-root="{escape(root)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title, quote=False)}</title>
<link rel="stylesheet" href="{root}static/archive.css">
{style}<script src="{root}static/theme.js"></script>
{scripts}</head>
<body data-chat="{chat}">
<a class="skip" href="#{main}">Skip to the {_MAINS[main]}</a>
<nav class="home" aria-label="Archive"><a href="{root}index.html">{escape(archive)}</a>{nav}</nav>
<main id="{main}" tabindex="-1">
"""
    return encoded(opening), b"</main>\n</body>\n</html>\n"


def static_files() -> Iterator[File]:
    """Yield the style sheet and the scripts."""
    folder = resources.files(__package__) / "static"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith((".css", ".js")):
            yield File(f"static/{file.name}", file.read_bytes(), f"static/{file.name}")
