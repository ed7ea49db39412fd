"""No text takes quadratic time: ten times as long, about ten times as much work."""

from __future__ import annotations

from time import process_time

import pytest

from gptexit.redact.detect import prepare, secrets, suspects

pytestmark = pytest.mark.slow

PIECES = {
    "prefixes": "gh" + "p_",
    "tokens": "gh" + "p_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6 ",
    "JSON web tokens": "ey" + "J",
    "addresses": "://a:",
    "cookies": "cookie: a=b; ",
    "at signs": "a:b@",
    "headers": "-----BEGIN RSA PRIVATE" + " KEY-----",
    "breaks": "AKIA\n",
    "colours": "\x1b[",
    "backslashes": "\\",
}
SIZE = 1_000


@pytest.mark.parametrize("name", PIECES)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    prepare()
    piece = PIECES[name]

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = 99.0
        for _ in range(2):
            start = process_time()
            list(suspects([text]))
            secrets(text)
            best = min(best, process_time() - start)
        return best

    assert seconds(8 * SIZE) < 24 * seconds(SIZE) + 0.2
