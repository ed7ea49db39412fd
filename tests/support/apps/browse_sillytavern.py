"""SillyTavern as a person uses it: run in a Python that has Playwright, with one JSON argument.

Prints as JSON what stood on the screen, for the test to judge.
"""

import json
import sys
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


def main(asked: dict[str, Any]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 1000})
        page.set_default_timeout(60_000)
        page.goto(asked["url"])
        page.wait_for_timeout(4000)
        welcome = page.locator("dialog[open] .popup-button-ok")
        if welcome.count():
            welcome.first.click()
            page.wait_for_timeout(1000)
        page.locator("#rightNavDrawerIcon").click()
        page.locator(".character_select", has_text="ChatGPT").first.click()
        page.locator("#chat .mes").nth(1).wait_for()
        page.wait_for_timeout(2000)
        page.locator("#rightNavDrawerIcon").click()
        page.wait_for_timeout(1500)
        chat = page.locator("#chat")
        seen: dict[str, Any] = {
            "text": chat.inner_text(),
            "tables": chat.locator("table").count(),
            "images": chat.locator(".mes_img").evaluate_all(
                "images => images.map(image => [image.naturalWidth, image.naturalHeight])"
            ),
        }
        chat.evaluate("chat => chat.scrollTop = 0")
        page.wait_for_timeout(700)
        page.screenshot(path=asked["shot"])
        answer = chat.locator(".mes").nth(1)
        answer.locator(".mes_reasoning_header").click()
        page.wait_for_timeout(700)
        seen["thoughts"] = chat.inner_text()
        answer.hover()
        answer.locator(".extraMesButtonsHint").click()
        answer.locator(".mes_create_branch").click()
        page.wait_for_timeout(2500)
        last = chat.locator(".last_mes")
        seen["swipes"] = last.locator(".swipes-counter").inner_text().replace("\u200b", "")
        last.locator(".swipe_left").click()
        page.wait_for_timeout(2000)
        seen["branch"] = chat.inner_text()
        browser.close()
        print(json.dumps(seen))


main(json.loads(sys.argv[1]))
