"""Open WebUI as a person uses it: run in a Python that has Playwright, with one JSON argument.

Prints as JSON what stood on the screen, for the test to judge.
"""

import json
import sys
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main(asked: dict[str, Any]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        page.add_init_script(
            f"localStorage.token = {json.dumps(asked['token'])}; localStorage.sidebar = 'true'"
        )
        page.context.add_cookies(
            [{"name": "token", "value": asked["token"], "url": asked["url"]}]
        )  # fmt: skip
        page.goto(asked["url"])
        dismiss(page)
        seen = {}
        if asked.get("file"):
            seen["said"] = bring_in(page, asked["file"])
        page.goto(asked["url"])
        dismiss(page)
        page.get_by_text(asked["title"]).first.click()
        page.get_by_text(asked["last"]).first.wait_for()
        page.mouse.move(900, 990)
        page.wait_for_timeout(1500)
        seen |= look(page)
        page.wait_for_timeout(700)
        page.screenshot(path=asked["shots"] + "-end.png")
        page.get_by_text("Thought for").first.click()
        page.wait_for_timeout(700)
        seen["thoughts"] = page.locator("#messages-container").inner_text()
        top(page)
        page.screenshot(path=asked["shots"] + "-top.png")
        page.get_by_label("Previous message").first.click(force=True)
        page.wait_for_timeout(1500)
        seen["other"] = page.locator("#messages-container").inner_text()
        top(page)
        page.screenshot(path=asked["shots"] + "-other.png")
        browser.close()
        print(json.dumps(seen))


def dismiss(page: Any) -> None:
    """Close what greets a newcomer."""
    page.wait_for_timeout(2500)
    for name in ("Okay, Let's Go!", "Get started"):
        button = page.get_by_text(name)
        if button.count():
            button.first.click()
            page.wait_for_timeout(500)


def bring_in(page: Any, path: str) -> Any:
    """Settings > Data Controls > Import Chats; what the app says at its end."""
    page.get_by_text("User", exact=True).first.click()
    page.get_by_text("Settings", exact=True).first.click()
    page.get_by_text("Data Controls").first.click()
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Import Chats").first.click()
        page.wait_for_timeout(300)
        if page.get_by_text("Import", exact=True).count():
            page.get_by_text("Import", exact=True).first.click()
    chooser.value.set_files(path)
    said = page.get_by_text("Successfully imported")
    said.wait_for()
    return said.inner_text()


def top(page: Any) -> Any:
    page.evaluate("document.querySelector('#messages-container').scrollTop = 0")
    page.wait_for_timeout(700)


def look(page: Any) -> dict[str, Any]:
    """The text, the pictures that really show, and what the app made of sources and formulas."""
    images = page.evaluate(
        "[...document.querySelectorAll('#messages-container img')]"
        ".filter(each => each.naturalWidth > 100)"
        ".map(each => [each.naturalWidth, each.naturalHeight])"
    )
    return {
        "text": page.locator("#messages-container").inner_text(),
        "images": images,
        "formulas": page.locator("#messages-container .katex").count(),
        "tables": page.locator("#messages-container table").count(),
    }


main(json.loads(sys.argv[1]))
