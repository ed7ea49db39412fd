"""Open an HTML archive in Chromium; run by `html.py` in a Python that has Playwright.

Takes one JSON argument and prints as JSON how many milliseconds each step took, and the megabytes
of the page at the end.
"""

import json
import random
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

QUERIES = 20
SEARCHES = 50


def main(asked: dict[str, Any]) -> None:
    archive = Path(asked["archive"])
    took: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=asked["browser"], args=["--no-sandbox", "--enable-precise-memory-info"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        took["first view"] = statistics.median(
            opened(page, archive / "index.html", "nav .row") for _ in range(5)
        )
        chat = one_of(archive, 40)
        took["a conversation of 40 messages"] = statistics.median(
            opened(page, chat, "nav .row") for _ in range(5)
        )
        took["long"] = opened(page, Path(asked["long"]), "nav .row")
        words = words_of(chat)
        page.goto((archive / "index.html").as_uri())
        page.wait_for_selector("nav .row")
        took["the first search"] = typed(page, words[0])
        strokes = []
        rng = random.Random(1)
        for number in range(SEARCHES):
            first, second = rng.sample(words, 2)
            typed(page, first)
            for end in range(1, min(4, len(second)) + 1) if number < QUERIES else [len(second)]:
                strokes.append(typed(page, f"{first} {second[:end]}"))
        took["each next keystroke"] = statistics.median(strokes)
        took["memory after 50 searches"] = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        browser.close()
    print(json.dumps(took))


def opened(page: Page, path: Path, wanted: str) -> float:
    """Open a page, and return the milliseconds until it and the list stand."""
    begun = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector(wanted)
    return (time.perf_counter() - begun) * 1000


def typed(page: Page, query: str) -> float:
    """Put words into the field, and return the milliseconds until their results stand."""
    return page.evaluate(
        """async (query) => {
            const field = document.querySelector('.find input');
            const begun = performance.now();
            field.value = query;
            field.dispatchEvent(new Event('input', { bubbles: true }));
            const settled = () => document.querySelector('.results').dataset.query === query;
            while (!settled()) await new Promise(requestAnimationFrame);
            return performance.now() - begun;
        }""",
        query,
    )


def one_of(archive: Path, messages: int) -> Path:
    """Return a page with about so many messages."""
    pages = sorted(archive.glob("2*/*.html"))[:2000]
    counts = [(abs(path.read_text().count("<article ") - messages), path) for path in pages]
    return min(counts)[1]


def words_of(page: Path) -> list[str]:
    """Return words of a page."""
    text = re.sub(r"<[^<>]*>", " ", page.read_text().partition("<main")[2])
    return sorted(set(re.findall(r"[a-z]{4,}", text)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
