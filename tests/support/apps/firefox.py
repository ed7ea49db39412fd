"""A person's way through an HTML archive in Firefox, in a Python that has marionette_driver.

Takes one JSON argument: the browser, the archive's folder, a free port, and where to go. Prints as
JSON what there was to see, for the tests to judge.
"""

import base64
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marionette_driver import By, Wait
from marionette_driver.keys import Keys
from marionette_driver.marionette import Marionette
from pypdf import PdfReader

WATCH = """
globalThis.asked = [];
globalThis.watcher = {observe(channel) {
    channel.QueryInterface(Ci.nsIChannel);
    const asks = channel.loadInfo.triggeringPrincipal;
    if (!asks || !asks.isSystemPrincipal) asked.push(channel.URI.spec);
}};
Services.obs.addObserver(globalThis.watcher, "http-on-opening-request");
"""
"""Writes down each request of a page to a server; the browser's own do not count."""
SHOWN = "[...document.querySelectorAll('main > article:not([hidden])')].map(a => a.dataset.id)"
FOCUS = "document.activeElement.closest('article')?.dataset.id"
GROUND = "getComputedStyle(document.body).backgroundColor"
OPEN_ALL = """
for (const fold of document.querySelectorAll('details')) fold.open = true;
for (const article of document.querySelectorAll('article')) article.hidden = false;
scrollTo(0, document.documentElement.scrollHeight);
return String(window.ran) + ' ' + location.pathname;
"""
DARK = "layout.css.prefers-color-scheme.content-override"


class Tour:
    """The browser on an archive."""

    def __init__(self, client: Marionette, root: Path) -> None:
        self.client = client
        self.root = root
        with client.using_context("chrome"):
            client.execute_script(WATCH, sandbox="system", new_sandbox=False)

    def ask(self, expression: str) -> Any:
        return self.client.execute_script(f"return {expression}")

    def until(self, condition: Callable[[], Any]) -> None:
        Wait(self.client, timeout=30, interval=0.05).until(lambda _: condition())

    def url(self, path: str) -> str:
        return self.root.joinpath(path).as_uri()

    def go(self, path: str) -> None:
        self.client.navigate("about:blank")
        self.client.navigate(self.url(path))
        self.ready()

    def ready(self) -> None:
        """Wait for the list."""
        status = "document.querySelector('.status')?.textContent || ''"
        self.until(lambda: "conversation" in self.ask(status))

    def all(self, selector: str) -> list[Any]:
        found: list[Any] = self.client.find_elements(By.CSS_SELECTOR, selector)
        return found

    def one(self, selector: str, text: str = "") -> Any:
        found: list[Any] = []

        def there() -> bool:
            found[:] = [
                element
                for element in self.all(selector)
                if text in element.get_property("textContent")
            ]
            return bool(found)

        self.until(there)
        return found[0]

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.client.get_active_element().send_keys(key)


def the_list(tour: Tour) -> dict[str, Any]:
    tour.go("index.html")
    seen = {"status": tour.one(".status").text, "rows": len(tour.all("nav .row"))}
    tour.one("summary", "Filter").click()
    tour.one("button.chip", "Pictures").click()
    seen["pictures"] = tour.one(".status").text
    tour.one(".tools > button", "Clear").click()
    tour.one("summary", "Filter").click()
    row = tour.one("nav .row")
    seen["title"] = row.get_property("textContent")
    row.click()
    tour.one("main header.head")
    tour.ready()
    seen["opened"] = tour.one("h1").text
    seen["current"] = tour.one(".row[aria-current=page] .title").text
    return seen


def the_versions(tour: Tour, chat: str) -> dict[str, Any]:
    tour.go(chat)
    seen = {"first": tour.ask(SHOWN)}
    tour.one("article:not([hidden]) [aria-label^=Previous]").click()
    seen["other"] = tour.ask(SHOWN)
    tour.press(Keys.ARROW_RIGHT)
    seen["back"] = tour.ask(SHOWN)
    return seen


def the_keyboard(tour: Tour, chat: str) -> dict[str, Any]:
    tour.go(chat)
    seen: dict[str, Any] = {}
    tour.press(Keys.TAB)
    seen["skip"] = tour.ask("document.activeElement.textContent")
    tour.press(Keys.ENTER)
    tour.press("j")
    seen["j"] = tour.ask(FOCUS)
    tour.press("?")
    seen["help"] = tour.one("dialog[open]").get_property("textContent")
    tour.press(Keys.ESCAPE)
    seen["closed"] = len(tour.all("dialog[open]"))
    tour.press("/")
    seen["field"] = tour.ask("document.activeElement.type")
    tour.press(Keys.ARROW_DOWN)
    seen["row"] = tour.ask("document.activeElement.className")
    return seen


def the_picture(tour: Tour, chat: str) -> dict[str, Any]:
    tour.go(chat)
    tour.one("figure.picture a").click()
    image = tour.one("dialog[open] img")
    tour.until(lambda: image.get_property("complete"))
    size = [image.get_property(name) for name in ("naturalWidth", "naturalHeight")]
    seen: dict[str, Any] = {"larger": size}
    tour.press(Keys.ESCAPE)
    seen["closed"] = len(tour.all("dialog[open]"))
    return seen


def the_theme(tour: Tour, chat: str) -> dict[str, Any]:
    tour.client.set_pref(DARK, 0)
    tour.go(chat)
    seen = {"system": tour.ask(GROUND)}
    tour.one("button.theme").click()
    seen["switched"] = tour.ask(GROUND)
    tour.one("nav .row").click()
    tour.one("main header.head")
    tour.ready()
    seen["kept"] = tour.ask(GROUND)
    tour.client.clear_pref(DARK)
    return seen


def the_drawer(tour: Tour, chat: str) -> dict[str, Any]:
    size = tour.client.window_rect
    tour.client.set_window_rect(width=500, height=800)
    tour.go(chat)
    shown = "[...document.querySelectorAll('nav .row')].filter(row => row.checkVisibility()).length"
    seen = {"before": tour.ask(shown)}
    seen["wider"] = tour.ask("document.documentElement.scrollWidth - innerWidth")
    tour.one("button.menu").click()
    tour.until(lambda: tour.ask(shown))
    seen["open"] = tour.one("button.menu").get_attribute("aria-expanded")
    tour.press(Keys.ESCAPE)
    seen["closed"] = tour.ask(shown)
    tour.client.set_window_rect(width=size["width"], height=size["height"])
    return seen


def the_search(tour: Tour, query: str) -> dict[str, Any]:
    tour.go("index.html")
    tour.press("/")
    tour.client.get_active_element().send_keys(query)
    tour.one(".results a")
    seen = {"marked": tour.texts(".results li:first-child mark")}
    seen["title"] = tour.one(".results a .title").text
    tour.one(".results a").click()
    tour.one("article")
    tour.ready()
    tour.one(".results a")
    seen["query"] = tour.ask("document.querySelector('input[type=search]').value")
    return seen


def on_paper(tour: Tour, chat: str) -> str:
    tour.go(chat)
    pdf = tour.client._send_message("WebDriver:Print", {}, key="value")
    pages = PdfReader(io.BytesIO(base64.b64decode(pdf))).pages
    return "\n".join(leaf.extract_text() for leaf in pages)


def without_scripts(tour: Tour, chat: str) -> dict[str, Any]:
    tour.client.set_pref("javascript.enabled", False)
    tour.client.navigate("about:blank")
    tour.client.navigate(tour.url("index.html"))
    seen: dict[str, Any] = {"years": tour.texts("nav a")}
    tour.client.navigate(tour.url(chat))
    seen["versions"] = tour.texts("details.versions > summary")
    seen["text"] = tour.one("main").text
    tour.client.clear_pref("javascript.enabled")
    return seen


def every_page(tour: Tour) -> list[str]:
    """Look at each page with all of it open; give back where that led."""
    ended = []
    for path in sorted(path.relative_to(tour.root) for path in tour.root.rglob("*.html")):
        tour.go(str(path))
        ended.append(tour.client.execute_script(OPEN_ALL, sandbox=None))
    return ended


def main(asked: dict[str, Any]) -> None:
    client = Marionette(
        bin=asked["browser"],
        port=asked["port"],
        headless=True,
        gecko_log=asked["log"],
        app_args=["--remote-allow-system-access"],
        startup_timeout=120,
    )
    client.start_session()
    try:
        client.set_window_rect(width=1280, height=900)
        tour = Tour(client, Path(asked["root"]))
        seen: dict[str, Any] = {"ended": every_page(tour)}
        if chat := asked.get("chat"):
            seen |= {
                "list": the_list(tour),
                "versions": the_versions(tour, chat),
                "keyboard": the_keyboard(tour, chat),
                "picture": the_picture(tour, chat),
                "theme": the_theme(tour, chat),
                "drawer": the_drawer(tour, chat),
                "search": {query: the_search(tour, query) for query in asked["queries"]},
                "paper": on_paper(tour, chat),
                "plain": without_scripts(tour, chat),
            }
        with client.using_context("chrome"):
            requests = client.execute_script(
                "return globalThis.asked", sandbox="system", new_sandbox=False
            )
        seen["requests"] = requests
    finally:
        client.delete_session()
        client.instance.close(clean=True)
    print(json.dumps(seen))


main(json.loads(sys.argv[1]))
