"""Talk to a running Open WebUI over HTTP: one request at a time, tried again if that can help.

Everything goes to the given address only: no proxy of the environment is used and no redirect is
followed. The key is sent in a header and is in nothing else, no message and no report.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import orjson
import tenacity

from gptexit.errors import Refusal, ServerError
from gptexit.text.json import dumps

OLDEST = (0, 6, 37)
"""The first version that takes several chats in one request."""
ATTEMPTS = 8
"""Attempts at one request; the pause between them doubles from half a second: a minute in all."""
LONGEST = 30.0
"""Seconds between two attempts at most, unless the server asks for more."""
PATIENCE = 300.0
"""Seconds that a server's faults may cost a whole run: failed requests, and the time between them.
A server may ask for no longer pause (`Retry-After`)."""
FIRST = 20.0
"""Seconds for a server that has not yet answered as it should: it may be another program."""
SHOWN = 200
"""Characters of a server's message that are shown."""
_ALLOWED = (
    "An administrator allows API keys under Settings > Authentication, and what an account "
    "may do under Users > Groups."
)
_NO_ADDRESS = "this is not an address; give one such as http://127.0.0.1:8080."
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_KEY = re.compile(r"[!-~]+")
T = TypeVar("T")


def dig(value: Any, *keys: str) -> Any:
    """Follow keys into nested objects of an answer; return None if one is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *keys: str) -> str | None:
    """Return `dig(value, *keys)` if it is a text, else None."""
    found = dig(value, *keys)
    return found if isinstance(found, str) else None


class _Transient(Exception):
    """A fault that may pass. `wait`: seconds that the server asks for."""

    def __init__(self, why: str, wait: float | None = None, status: int = 0) -> None:
        super().__init__(why)
        self.wait = wait
        self.status = status


class Server:
    """A connection to the app; a context manager."""

    asked = True
    """Whether the app itself is asked for what it holds."""

    def __init__(
        self,
        url: str,
        key: str,
        timeout: float = 60.0,
        patience: float = PATIENCE,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Check address and key. Raises ServerError.

        `timeout`: seconds to wait for an answer. `patience`: see PATIENCE. `tell` is called with a
        sentence at the first fault.
        """
        self.url = _address(url)
        if not _KEY.fullmatch(key):
            raise ServerError("the API key is empty, or holds characters that no key has.")
        self._key = key
        self.timeout = timeout
        self.version = ""
        self._patience = patience
        self._tell = tell
        self._lost = 0.0
        """Seconds that faults have cost so far."""
        self.repeated = 0
        """Requests that were sent more than once: the server may have carried out each twice."""
        self._client = httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {key}", "accept": "application/json"},
            timeout=self._limits(),
            trust_env=False,
            follow_redirects=False,
            # The system's own certificates, so that a private authority is one as well.
            verify=ssl.create_default_context(),
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def check(self) -> None:
        """Make sure that this is a server that takes chats with this key. Raises ServerError."""
        try:
            version = text_at(self.get("/api/version"), "version")
        except Refusal as refusal:
            raise ServerError(f"{self.url} is not Open WebUI: {refusal}") from None
        if version is None:
            raise ServerError(f"{self.url} answers, but not as Open WebUI does.")
        self.version = self._clean(version)
        numbers = tuple(map(int, re.findall(r"\d{1,6}", version)[:3]))
        if numbers < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise ServerError(
                f"{self.url} is Open WebUI {self.version}: update it to {oldest} or later first."
            )
        self.get("/api/v1/chats/list?page=1")

    def get(self, path: str) -> Any:
        """Return the JSON of the answer. Raises ServerError."""
        return self.attempt(lambda: self._ask("GET", path))

    def delete(self, path: str) -> None:
        """Delete it, or accept that it is gone already. Raises ServerError."""
        try:
            self.attempt(lambda: self._send("DELETE", path))
        except Refusal as refusal:
            if refusal.status not in (404, 410):
                raise

    def post(self, path: str, body: Any, *, patience: float = 0.0) -> Any:
        """Return the JSON of the answer, waiting `patience` seconds longer. Raises ServerError."""
        content = dumps(body)
        headers = {"content-type": "application/json"}
        limits = self._limits(patience)
        return self.attempt(
            lambda: self._ask("POST", path, content=content, headers=headers, timeout=limits)
        )

    def post_once(self, path: str, body: Any) -> Any:
        """Post without a second attempt. Raises ServerError, for no answer with status 0."""
        try:
            return self._ask("POST", path, json=body)
        except _Transient as fault:
            raise Refusal(self._clean(str(fault)), fault.status) from None

    def upload(self, path: str, part: Callable[[], Any], fields: dict[str, str]) -> Any:
        """Send a file; `part` returns it from its start, as httpx takes it. Raises ServerError."""
        return self.attempt(lambda: self._ask("POST", path, files={"file": part()}, data=fields))

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of an answer as they come. Call it in `attempt`. Raises ServerError."""
        with self._faults(), self._client.stream("GET", path) as answer:
            if answer.status_code != 200:
                answer.read()
                self._judge(answer)
            held: list[bytes] = []
            for chunk in answer.iter_bytes():
                *whole, rest = chunk.split(b"\n")
                for line in whole:
                    yield b"".join([*held, line])
                    held = []
                held.append(rest)
            if any(held):
                yield b"".join(held)

    def attempt(self, act: Callable[[], T]) -> T:
        """Return `act()`, called again after a fault that may pass. Raises ServerError."""
        began = time.monotonic()

        def again(state: tenacity.RetryCallState) -> None:
            nonlocal began
            if not self._lost and self._tell:
                self._tell(
                    f"{self.url} does not answer as it should. gptexit tries again, for up to "
                    f"{self._bound():.0f} seconds in all."
                )
            self.repeated += 1
            self._lost += time.monotonic() - began + state.upcoming_sleep
            began = time.monotonic() + state.upcoming_sleep

        def spent(state: tenacity.RetryCallState) -> bool:
            lost = self._lost + time.monotonic() - began + state.upcoming_sleep
            return lost > self._bound()

        retrying = tenacity.Retrying(
            stop=lambda state: state.attempt_number >= ATTEMPTS or spent(state),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(_Transient),
            before_sleep=again,
            reraise=True,
        )
        try:
            return retrying(act)
        except _Transient as fault:
            self._lost += max(0.0, time.monotonic() - began)
            why = self._clean(str(fault))
            raise ServerError(
                f"{self.url} does not answer as it should: {why}. gptexit waited "
                f"{self._lost:.0f} seconds in all, of {self._bound():.0f} at most. Run the same "
                "command again later."
            ) from None

    def _bound(self) -> float:
        """Return the seconds that faults may cost, by what is known of the server."""
        return self._patience if self.version else min(FIRST, self._patience)

    def _limits(self, patience: float = 0.0) -> httpx.Timeout:
        return httpx.Timeout(self.timeout + patience, connect=min(self.timeout, 15.0))

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        answer = self._send(method, path, **rest)
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise ServerError(f"{self.url} answers, but not as Open WebUI does.") from None

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        with self._faults():
            answer = self._client.request(method, path, **rest)
        self._judge(answer)
        return answer

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raise ServerError for a fault of the network that will stay, else _Transient."""
        try:
            yield
        except httpx.TimeoutException:
            raise _Transient(f"no answer within {self.timeout:g} seconds") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise ServerError(_NO_ADDRESS) from None
        except httpx.HTTPError as error:
            if isinstance(error, httpx.ConnectError) and not self.version:
                raise ServerError(f"nothing answers at {self.url} ({error}).") from None
            raise _Transient(str(error) or "the connection was closed") from None

    def _judge(self, answer: httpx.Response) -> None:
        """Raise ServerError or _Transient unless the answer is a success."""
        status = answer.status_code
        if 200 <= status < 300:
            return
        words = self._words(answer)
        if 300 <= status < 400:
            where = self._clean(answer.headers.get("location", "somewhere else"))
            raise ServerError(f"{self.url} sends on to {where}: give that address instead.")
        if status == 401:
            raise Refusal(f"{self.url} refuses the API key ({words}).", status)
        if status == 403:
            raise Refusal(f"{self.url} forbids it ({words}). {_ALLOWED}", status)
        if status == 507 or "no space left" in words.lower() or "disk is full" in words.lower():
            raise ServerError(f"the disk of the server at {self.url} is full ({words}).")
        if status in _TRANSIENT:
            raise _Transient(f"{status} {words}", _asked(answer), status)
        raise Refusal(f"the server answers {status}: {words}", status)

    def _words(self, answer: httpx.Response) -> str:
        """Return the server's own message about a failure."""
        try:
            body = orjson.loads(answer.content)
            words = str(body.get("detail", body) if isinstance(body, dict) else body)
        except orjson.JSONDecodeError:
            words = answer.reason_phrase
        return self._clean(words)

    def _clean(self, words: str) -> str:
        """Shorten words of the server to one line, without the key, should they repeat it."""
        line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", words).split())
        return line.replace(self._key, "…")[:SHOWN]


class EmptyApp(Server):
    """Stands for an app that holds nothing, for a dry run that asks no server and needs no key."""

    asked = False

    def __init__(self, url: str) -> None:
        """Check the address. Raises ServerError."""
        self.url = _address(url)
        self.repeated = 0

    def __exit__(self, *_: object) -> None:
        pass

    def check(self) -> None:
        """There is no server to ask."""

    def get(self, path: str) -> Any:
        """Return an empty list."""
        return []

    def lines(self, path: str) -> Iterator[bytes]:
        """Return no lines."""
        return iter(())

    def attempt(self, act: Callable[[], T]) -> T:
        """Return `act()`."""
        return act()


def _pause(state: tenacity.RetryCallState) -> float:
    """Return the seconds before the next attempt. Raises ServerError if they are too many."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _Transient) else None
    if asked is not None and asked > PATIENCE:
        raise ServerError(f"the server asks to wait {asked:.0f} seconds: try later.")
    usual: float = min(LONGEST, 0.5 * 2 ** (state.attempt_number - 1))
    return max(usual, asked or 0.0)


def _asked(answer: httpx.Response) -> float | None:
    """Return the seconds that the server asks to wait, if it does."""
    value = answer.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,6}", value) else None


def _address(url: str) -> str:
    """Return the address without a trailing slash. Raises ServerError."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        parts.port  # noqa: B018  (raises if it is no number)
    except ValueError:
        raise ServerError(_NO_ADDRESS) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServerError(_NO_ADDRESS)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ServerError("give the address without account, `?` or `#`.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
