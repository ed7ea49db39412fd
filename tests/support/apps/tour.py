"""A person's way through an HTML archive, in a Python that has Playwright and pypdf.

Takes one JSON argument: the browser, the archive's folder, the script of axe-core, and a folder for
screenshots. Prints as JSON what there was to see, for the tests to judge.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from pypdf import PdfReader

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 780}
SHOWN = "[...document.querySelectorAll('main > article:not([hidden])')].map(a => a.dataset.id)"
FOCUS = "document.activeElement.closest('article')?.dataset.id"
UNFOLD = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const article of document.querySelectorAll('article'))
        article.style.contentVisibility = 'visible';
}"""
"""Opens all folds, and lets the browser draw what is out of sight too."""
RULES = """async () => {
    for (const article of document.querySelectorAll('article'))
        article.style.contentVisibility = 'visible';
    const found = await axe.run(document, {resultTypes: ['violations']});
    return found.violations.map(rule => [rule.id, rule.nodes[0].html.slice(0, 200)]);
}"""
PLAYED = """audio => new Promise(done => {
    for (const kind of ['loadedmetadata', 'error'])
        audio.addEventListener(kind, () => done([kind, audio.duration || 0]));
    audio.load();
    audio.preload = 'metadata';
})"""
"""Asks a player for its recording."""


class Tour:
    """A browser on an archive. It writes down each request, dialog and error."""

    def __init__(self, browser: Any, asked: dict[str, Any]) -> None:
        self.browser = browser
        self.root = Path(asked["root"])
        self.shots = Path(asked["shots"])
        self.axe = Path(asked["axe"]).read_text()
        self.demo = asked["demo"]
        self.requests: set[str] = set()
        self.dialogs: list[str] = []
        self.errors: list[str] = []

    def page(self, path: str, size: dict[str, int] = WIDE, **options: Any) -> Any:
        """Open a page of the archive in a browser of its own."""
        context = self.browser.new_context(viewport=size, reduced_motion="reduce", **options)
        context.set_default_timeout(120_000)
        context.on("request", lambda request: self.requests.add(request.url))
        page = context.new_page()
        page.on("dialog", self.dismiss)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.url(path))
        if options.get("java_script_enabled", True):
            ready(page)
        return page

    def dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def url(self, path: str) -> str:
        return self.root.joinpath(path).as_uri()

    def shot(self, page: Any, name: str) -> None:
        page.screenshot(path=self.shots / f"html-{name}.png")


def ready(page: Any) -> None:
    """Wait for the list."""
    page.locator(".status", has_text="conversation").wait_for(state="attached")


def the_list(tour: Tour) -> dict[str, Any]:
    page = tour.page("index.html")
    rows = page.locator("nav .row")
    rows.first.wait_for()
    tour.shot(page, "first")
    seen = {"status": page.locator(".status").inner_text(), "rows": rows.count()}
    seen["titles"] = [row.locator(".title").inner_text() for row in rows.all()]
    page.locator("nav .row", has_text=tour.demo).click()
    page.locator("article").first.wait_for()
    ready(page)
    seen["opened"] = page.locator("h1").inner_text()
    seen["current"] = page.locator(".row[aria-current=page] .title").inner_text()
    tour.shot(page, "chat")
    page.context.close()
    return seen


def the_filters(tour: Tour) -> dict[str, Any]:
    page = tour.page("index.html")
    page.locator("summary", has_text="Filter").click()
    page.get_by_role("button", name="Pictures").click()
    seen = {"pictures": page.locator(".status").inner_text()}
    tour.shot(page, "filters")
    page.get_by_role("combobox", name="List by", exact=True).select_option("year")
    seen["headings"] = page.locator(".rows h2").all_inner_texts()
    page.locator("nav .row", has_text=tour.demo).click()
    page.locator("article").first.wait_for()
    ready(page)
    seen["after"] = page.locator(".status").inner_text()
    seen["address"] = page.url.partition("?")[2]
    page.locator("summary", has_text="Filter").click()
    page.get_by_role("button", name="Clear").click()
    seen["cleared"] = page.locator(".status").inner_text()
    page.context.close()
    return seen


def the_versions(tour: Tour, chat: str) -> dict[str, Any]:
    page = tour.page(chat)
    seen = {"first": page.evaluate(SHOWN)}
    page.locator("article:not([hidden]) [aria-label^=Previous]").first.click()
    seen["other"] = page.evaluate(SHOWN)
    seen["pager"] = page.locator("article:not([hidden]) .pager").first.inner_text()
    page.keyboard.press("ArrowRight")
    seen["back"] = page.evaluate(SHOWN)
    page.goto(tour.url(chat) + "#m-m2")
    ready(page)
    seen["linked"] = page.evaluate(SHOWN)
    seen["focused"] = page.evaluate(FOCUS)
    page.context.close()
    return seen


def the_keyboard(tour: Tour, chat: str) -> dict[str, Any]:
    page = tour.page(chat)
    seen: dict[str, Any] = {}
    page.keyboard.press("Tab")
    seen["skip"] = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    seen["main"] = page.evaluate("document.activeElement.id")
    page.keyboard.press("j")
    one = page.evaluate(FOCUS)
    page.keyboard.press("j")
    seen["j"] = [one, page.evaluate(FOCUS)]
    page.keyboard.press("k")
    seen["k"] = page.evaluate(FOCUS)
    page.keyboard.press("?")
    seen["help"] = page.locator("dialog[open]").inner_text()
    tour.shot(page, "keys")
    page.keyboard.press("Escape")
    seen["closed"] = page.locator("dialog[open]").count()
    page.keyboard.press("/")
    seen["field"] = page.evaluate("document.activeElement.type")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    seen["row"] = page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    page.locator("article").first.wait_for()
    seen["went"] = page.url != tour.url(chat)
    page.context.close()
    return seen


def the_pictures(tour: Tour, chat: str) -> dict[str, Any]:
    page = tour.page(chat)
    page.locator("figure.picture a").first.click()
    viewer = page.locator("dialog[open] img")
    viewer.wait_for()
    seen = {"larger": viewer.evaluate("image => [image.naturalWidth, image.naturalHeight]")}
    tour.shot(page, "picture")
    page.keyboard.press("Escape")
    seen["closed"] = page.locator("dialog[open]").count()
    page.locator(".code .copy").first.evaluate("button => button.click()")
    page.locator(".copy", has_text="opied").first.wait_for(state="attached")
    page.context.close()
    return seen


def the_themes(tour: Tour, chat: str) -> dict[str, Any]:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = tour.page(chat, color_scheme="dark")
    seen = {"system": page.evaluate(ground)}
    tour.shot(page, "dark")
    page.locator(".theme").click()
    seen["switched"] = page.evaluate(ground)
    page.goto(tour.url("index.html"))
    ready(page)
    seen["kept"] = page.evaluate(ground)
    page.context.close()
    return seen


def the_drawer(tour: Tour, chat: str) -> dict[str, Any]:
    page = tour.page(chat, NARROW)
    rows = page.locator("nav .row:visible")
    seen = {"before": rows.count()}
    seen["wider"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    tour.shot(page, "narrow")
    page.locator(".menu").click()
    rows.first.wait_for()
    tour.shot(page, "drawer")
    seen["open"] = page.locator(".menu").get_attribute("aria-expanded")
    page.keyboard.press("Escape")
    seen["closed"] = rows.count()
    page.context.close()
    return seen


def without_scripts(tour: Tour, chat: str) -> dict[str, Any]:
    page = tour.page("index.html", java_script_enabled=False)
    seen = {"years": page.locator("nav a").all_inner_texts()}
    page.locator("nav .years a").first.click()
    seen["links"] = page.locator("main a").count()
    page.goto(tour.url(chat))
    seen["versions"] = page.locator("details.versions > summary").all_inner_texts()
    seen["text"] = page.locator("main").inner_text()
    tour.shot(page, "plain")
    page.context.close()
    return seen


def on_paper(tour: Tour, chat: str) -> dict[str, Any]:
    seen = {}
    for scripts in (True, False):
        page = tour.page(chat, java_script_enabled=scripts, color_scheme="dark")
        seen[str(scripts)] = text_of_print(tour, page)
        page.context.close()
    return seen


def the_search(tour: Tour, query: str) -> dict[str, Any]:
    page = tour.page("index.html")
    page.keyboard.press("/")
    page.keyboard.type(query)
    result = page.locator(".results a").first
    result.wait_for()
    tour.shot(page, "search")
    seen = {"marked": result.locator("mark").all_inner_texts()}
    seen["title"] = result.locator(".title").inner_text()
    result.click()
    page.locator("article").first.wait_for()
    page.locator(".results a").first.wait_for()
    seen["query"] = page.locator("input[type=search]").input_value()
    seen["anchor"] = page.url.partition("#")[2]
    page.context.close()
    return seen


def by_the_rules(tour: Tour, paths: list[str]) -> list[Any]:
    """What axe-core finds on each page, light and dark, and with all of it open."""
    found: list[Any] = []
    for scheme in ("light", "dark"):
        page = tour.page("index.html", color_scheme=scheme, bypass_csp=True)

        def check(name: str, scheme: str = scheme, page: Any = page) -> None:
            found.extend([scheme, name, *rule] for rule in page.evaluate(RULES))

        for path in paths:
            page.goto(tour.url(path))
            ready(page)
            page.evaluate(tour.axe)
            page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
            check(path)
        page.keyboard.press("?")
        check("help")
        page.keyboard.press("Escape")
        page.set_viewport_size(NARROW)
        check("narrow")
        page.locator(".menu").click()
        check("drawer")
        page.context.close()
    return found


def every_page(tour: Tour) -> list[str]:
    """Look at each page, with scripts and all of it open; give back where that led."""
    ended = []
    paths = sorted(path.relative_to(tour.root) for path in tour.root.rglob("*.html"))
    page = tour.page("index.html", bypass_csp=False)
    for path in paths:
        page.goto(tour.url(str(path)))
        ready(page)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        page.evaluate("document.querySelectorAll('article').forEach(one => one.hidden = false)")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(100)
        ended.append(page.evaluate("String(window.ran) + ' ' + location.pathname"))
    page.context.close()
    return ended


def a_round(tour: Tour, sights: dict[str, Any]) -> dict[str, Any]:
    """Look at what an archive has (see `sights.py`): list, search, and a page of each kind."""
    pages: dict[str, str] = sights["pages"]
    any_page = min(sights["lines"])
    seen: dict[str, Any] = {"list": short_list(tour, sights["chips"])}
    seen["words"] = {word: the_search(tour, word) for word in sights["words"].values()}
    if path := pages.get("versions"):
        page = tour.page(path)
        seen["versions"] = [page.evaluate(SHOWN)]
        arrow = page.locator("article:not([hidden]) .pager button:not([aria-disabled])").first
        back = "ArrowRight" if "Previous" in arrow.get_attribute("aria-label") else "ArrowLeft"
        arrow.click()
        seen["versions"].append(page.evaluate(SHOWN))
        page.keyboard.press(back)
        seen["versions"].append(page.evaluate(SHOWN))
        page.context.close()
    if path := pages.get("a picture"):
        page = tour.page(path)
        page.locator("article:not([hidden]) figure.picture a").first.click()
        viewer = page.locator("dialog[open] img")
        viewer.wait_for()
        seen["picture"] = viewer.evaluate("image => image.src.startsWith('file:') && image.width")
        page.keyboard.press("Escape")
        page.context.close()
    if path := pages.get("a recording"):
        page = tour.page(path)
        player = page.locator("audio").first
        player.scroll_into_view_if_needed()
        seen["recording"] = player.evaluate(PLAYED)
        seen["player"] = player.bounding_box()["height"]
        page.context.close()
    dark = tour.page(any_page, color_scheme="dark")
    seen["dark"] = dark.evaluate("getComputedStyle(document.body).backgroundColor")
    dark.context.close()
    seen["drawer"] = the_drawer(tour, any_page)
    seen["keyboard"] = the_keyboard(tour, any_page)
    seen["plain"], seen["paper"] = {}, {}
    plain = tour.page("index.html", java_script_enabled=False)
    printed = tour.page("index.html")
    for path in sights["lines"]:
        plain.goto(tour.url(path))
        plain.evaluate(UNFOLD)
        seen["plain"][path] = plain.locator("main").inner_text()
        printed.goto(tour.url(path))
        ready(printed)
        seen["paper"][path] = text_of_print(tour, printed)
    plain.context.close()
    printed.context.close()
    return seen


def short_list(tour: Tour, chips: dict[str, int]) -> dict[str, Any]:
    """How many conversations there are, how many each filter leaves, and where a row leads."""
    page = tour.page("index.html")
    status = page.locator(".status")
    seen: dict[str, Any] = {"status": status.inner_text(), "chips": {}}
    page.locator("summary", has_text="Filter").click()
    for chip in chips:
        page.get_by_role("button", name=chip, exact=True).click()
        seen["chips"][chip] = status.inner_text()
        page.get_by_role("button", name="Clear").click()
    page.locator("nav .row").first.click()
    page.locator("main h1").wait_for()
    ready(page)
    seen["title"] = page.title()
    seen["current"] = page.locator(".row[aria-current=page] .title").inner_text()
    page.context.close()
    return seen


def text_of_print(tour: Tour, page: Any) -> str:
    path = tour.shots / "html-print.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    return "\n".join(leaf.extract_text() for leaf in PdfReader(path).pages)


def main(asked: dict[str, Any]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=FLAGS)
        tour = Tour(browser, asked)
        seen: dict[str, Any] = {"ended": every_page(tour)}
        if asked["sights"]:
            seen |= a_round(tour, asked["sights"])
        if tour.demo:
            chat = asked["chat"]
            seen |= {
                "list": the_list(tour),
                "filters": the_filters(tour),
                "versions": the_versions(tour, chat),
                "keyboard": the_keyboard(tour, chat),
                "pictures": the_pictures(tour, chat),
                "themes": the_themes(tour, chat),
                "drawer": the_drawer(tour, chat),
                "plain": without_scripts(tour, chat),
                "paper": on_paper(tour, chat),
                "rules": by_the_rules(tour, asked["paths"]),
                "search": {query: the_search(tour, query) for query in asked["queries"]},
            }
        browser.close()
    seen |= {"requests": sorted(tour.requests), "dialogs": tour.dialogs, "errors": tour.errors}
    print(json.dumps(seen))


main(json.loads(sys.argv[1]))
