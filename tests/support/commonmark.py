"""What a Markdown reader takes from a text, and pieces of text that mean something to it."""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt

COMMONMARK = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
PIECES = [
    *("# ", "## ", "###### ", "#", "```", "````", "~~~", "`", "``", "```python", "- ", "  - "),
    *("* ", "1. ", "> ", ">", "    ", "   ", "  ", " ", "\t", "\n", "\n\n", "\r\n", "\u2028"),
    *("---", "===", "-", "=", "a", "word", "<b>", "<br>", "<!--", "-->", "<script>", "</div>"),
    *("[[", "]]", "[^1]", "[^1]: ", "%%", "\\(", "\\)", "\\[", "\\]", "\\", "$", "*", "_"),
    *("|", "\x00", "[a]: http://x", "<https://x.example>"),
]


def tokens(block: str) -> list[Any]:
    return COMMONMARK.parse(f"## You\n\n{block}\n\n## ChatGPT\n")


def shape(block: str) -> tuple[list[str], list[Any]]:
    """What a reader takes from the block: section headings and raw HTML."""
    headings, html = [], []
    for token in tokens(block):
        if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2"):
            headings.append(token.tag)
        if token.type == "html_block":
            html.append(token.content)
        for child in token.children or []:
            if child.type == "html_inline":
                html.append(child.content)
    return headings, [tag for tag in html if tag != "<br>"]
