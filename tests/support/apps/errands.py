"""What people do in an HTML archive beside reading, in a Python that has Playwright and pypdf.

Takes one JSON argument: the browser, the archive's folder, and the paths of some pages. Prints as
JSON what there was to see, for the tests to judge.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from pypdf import PdfReader

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
INK = "element => [getComputedStyle(element).color, element.closest('[title]')?.title ?? '']"
TOP = "() => CSS.highlights.get('here') && [...CSS.highlights.get('here')].map(mark => {\
    const range = new Range();\
    range.setStart(mark.startContainer, mark.startOffset);\
    range.setEnd(mark.endContainer, mark.endOffset);\
    return [range.toString(), range.getBoundingClientRect().top];\
})[0]"
"""The mark that the reader was led to, and how far below the top of the window it is."""


class Errands:
    """A browser on an archive."""

    def __init__(self, browser: Any, asked: dict[str, Any]) -> None:
        self.browser = browser
        self.root = Path(asked["root"])
        self.paper = Path(asked["paper"])
        self.pages: dict[str, str] = asked["pages"]

    def page(self, path: str, wide: int = 1280, **options: Any) -> Any:
        """Open a page in a browser of its own."""
        size = {"width": wide, "height": 800}
        context = self.browser.new_context(viewport=size, reduced_motion="reduce", **options)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(self.root.joinpath(path).as_uri())
        ready(page)
        return page

    def printed(self, page: Any) -> str:
        """The words of a page on paper."""
        page.pdf(path=self.paper, prefer_css_page_size=True)
        return "\n".join(leaf.extract_text() for leaf in PdfReader(self.paper).pages)


def ready(page: Any) -> None:
    """Wait for the list."""
    page.locator(".status", has_text="conversation").wait_for(state="attached")


def on_paper(errands: Errands) -> dict[str, Any]:
    page = errands.page(errands.pages["wide"])
    seen = {"wide": errands.printed(page)}
    page.goto(errands.root.joinpath(errands.pages["folded"]).as_uri())
    ready(page)
    seen["closed"] = errands.printed(page)
    page.locator("details.fold summary").first.click()
    seen["open"] = errands.printed(page)
    page.context.close()
    return seen


def without_titles(errands: Errands) -> dict[str, Any]:
    """What a person beside you sees after a click on “Hide titles”."""
    seen: dict[str, Any] = {}
    for colours in ("none", "active"):
        page = errands.page("index.html", forced_colors=colours)
        row = page.locator("nav .row .title").first
        row.wait_for()
        page.locator("main .hide-titles").click()
        seen[f"row {colours}"] = page.locator("nav .row .title").first.evaluate(INK)
        page.locator("input[type=search]").fill("needle")
        page.locator(".results a").first.wait_for()
        for part in ("title", "passage", "passage mark"):
            words = page.locator(f".results .{part}").first
            seen[f"{part} {colours}"] = words.evaluate(INK)
        page.locator(".results a").first.click()
        page.locator("article").first.wait_for()
        page.locator(".results .title").first.wait_for()
        seen[f"next {colours}"] = page.locator(".results .title").first.evaluate(INK)
        page.get_by_role("button", name="Show titles").click()
        seen[f"shown {colours}"] = page.locator(".results .title").first.evaluate(INK)
        page.context.close()
    return seen


def to_the_word(errands: Errands) -> dict[str, Any]:
    page = errands.page("index.html")
    page.locator("input[type=search]").fill("needle")
    page.locator(".results a").first.click()
    page.locator("article").first.wait_for()
    page.locator(".hits", has_text="1 of").wait_for()
    page.wait_for_function("scrollY > 3000")
    seen: dict[str, Any] = {"first": [page.locator(".hits").inner_text(), page.evaluate(TOP)]}
    for name in ("Next", "Next", "Next", "Previous"):
        page.get_by_role("button", name=f"{name} match").click()
        seen.setdefault("way", []).append(page.locator(".hits").inner_text())
    page.wait_for_function("scrollY > 3000")
    seen["paper"] = errands.printed(page)
    page.get_by_role("button", name="Clear").click()
    seen["cleared"] = [page.locator(".status").inner_text(), page.locator(".hits").count()]
    page.context.close()
    return seen


def on_a_phone(errands: Errands) -> dict[str, Any]:
    page = errands.page("index.html", 390, has_touch=True, is_mobile=True)
    seen: dict[str, Any] = {"menu": page.locator(".menu").inner_text()}
    page.locator(".menu").click()
    seen["hint"] = page.locator(".find kbd").is_visible()
    page.locator("input[type=search]").fill("needle")
    page.locator(".results a").first.click()
    page.locator("article").first.wait_for()
    ready(page)
    page.go_back()
    ready(page)
    page.locator(".results a").first.wait_for()
    seen["back"] = page.locator(".results a:visible").count()
    page.goto(errands.root.joinpath(errands.pages["pictures"]).as_uri())
    ready(page)
    page.locator("figure.picture a img").first.click()
    page.locator("dialog[open] img").wait_for()
    here = page.url
    page.go_back()
    page.locator("dialog[open]").wait_for(state="hidden")
    seen["picture"] = page.url == here
    page.context.close()
    return seen


def what_cannot_be_drawn(errands: Errands) -> dict[str, Any]:
    page = errands.page(errands.pages["pictures"], forced_colors="active")
    page.get_by_text("cannot show").first.wait_for()
    seen: dict[str, Any] = {"links": []}
    for link in page.locator("figure a", has_text="cannot show").all():
        seen["links"].append([link.inner_text(), link.get_attribute("href")])
    seen["drawing"] = page.locator("img[src$='.svg']").first.bounding_box()
    page.keyboard.press("j")
    outline = "getComputedStyle(document.activeElement)"
    seen["outline"] = page.evaluate(f"[{outline}.outlineStyle, {outline}.outlineWidth]")
    page.context.close()
    return seen


def what_no_page_shows(errands: Errands) -> dict[str, Any]:
    page = errands.page("index.html")
    page.locator("main").get_by_role("link", name="files that no page shows").click()
    page.locator("main li").first.wait_for()
    seen = {"files": page.locator("main li").all_inner_texts()}
    page.context.close()
    return seen


def main(asked: dict[str, Any]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=FLAGS)
        errands = Errands(browser, asked)
        seen = {
            "paper": on_paper(errands),
            "titles": without_titles(errands),
            "word": to_the_word(errands),
            "phone": on_a_phone(errands),
            "pictures": what_cannot_be_drawn(errands),
            "unshown": what_no_page_shows(errands),
        }
        browser.close()
    print(json.dumps(seen))


main(json.loads(sys.argv[1]))
