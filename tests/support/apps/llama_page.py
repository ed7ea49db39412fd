"""The page of llama.cpp's server as a person uses it: run in a Python that has Playwright.

Its argument is JSON: `browser`, `url`, `files` to import one after the other,
and `database`, a file for all that the browser then holds. With `title`, it also opens the chat of
that title, whose last words are `last`, takes pictures of it (`shots`), and looks at it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
READ = """
async () => {
    const opened = indexedDB.open('LlamaUi');
    const base = await new Promise((done) => (opened.onsuccess = () => done(opened.result)));
    const read = (name) => new Promise((done) => {
        const all = base.transaction(name).objectStore(name).getAll();
        all.onsuccess = () => done(all.result);
    });
    return {conversations: await read('conversations'), messages: await read('messages')};
}
"""


def main(asked: dict[str, Any]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked["browser"], args=FLAGS)
        context = browser.new_context(
            viewport={"width": 1280, "height": 1000}, service_workers="block"
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        seen: dict[str, Any] = {"imports": []}
        for path in asked["files"]:
            page.goto("about:blank")
            page.goto(f"{asked['url']}/#/settings/import-export")
            seen["imports"].append(bring_in(page, path))
        Path(asked["database"]).write_text(json.dumps(page.evaluate(READ)), encoding="utf-8")
        if asked.get("title"):
            seen |= look(page, asked)
        browser.close()
        print(json.dumps(seen))


def bring_in(page: Any, path: str) -> dict[str, Any]:
    """Import a ZIP; return what the page said, and the seconds that it took."""
    begun = time.monotonic()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import conversations").click()
    chooser.value.set_files(path)
    button = page.get_by_role("dialog").get_by_role("button", name="Import")
    button.wait_for()
    opened = time.monotonic()
    words = button.inner_text()
    button.click()
    button.wait_for(state="detached")
    said = [toast.inner_text() for toast in page.locator("[data-sonner-toast]").all()]
    return {
        "button": words,
        "said": said,
        "opened": round(opened - begun, 1),
        "imported": round(time.monotonic() - opened, 1),
    }


def look(page: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """What stands on the screen in a chat: as it opens, with what was folded, and before."""
    held = page.evaluate(READ)["conversations"]
    (key,) = (talk["id"] for talk in held if talk["name"] == asked["title"])
    page.goto(f"{asked['url']}/#/chat/{key}")
    page.get_by_text(asked["last"]).first.wait_for()
    page.wait_for_timeout(1500)
    pager = page.get_by_label("Message version").first
    pager.scroll_into_view_if_needed()
    seen = {"text": words(page), "images": images(page), "math": page.locator(".katex").count()}
    page.screenshot(path=asked["shots"] + "-end.png")
    page.get_by_text(asked["folded"]).first.click()
    page.wait_for_timeout(700)
    seen["thoughts"] = words(page)
    page.get_by_text(asked["called"], exact=True).first.click()
    page.wait_for_timeout(700)
    seen["called"] = words(page)
    page.get_by_text(asked["folded"]).first.scroll_into_view_if_needed()
    page.screenshot(path=asked["shots"] + "-unfolded.png")
    pager.get_by_role("button").first.click()
    page.wait_for_timeout(1500)
    seen["other"] = words(page)
    page.screenshot(path=asked["shots"] + "-other.png")
    return seen


def words(page: Any) -> Any:
    return page.locator("body").inner_text()


def images(page: Any) -> Any:
    """The sizes of the pictures that really show."""
    return page.evaluate(
        "[...document.querySelectorAll('img')].filter(image => image.naturalWidth > 100)"
        ".map(image => [image.naturalWidth, image.naturalHeight])"
    )


main(json.loads(sys.argv[1]))
