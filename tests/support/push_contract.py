"""A server that takes what Open WebUI 0.12.4 takes, and refuses all else.

The schemas are written from its own forms: `ChatsImportForm` in `models/chats.py`, `FolderForm` in
`models/folders.py`, `AddMemoryForm` in `routers/memories.py`; and from what its page reads of a
message. `make test-apps` runs the real one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

TEXT, WHOLE, THING = {"type": "string"}, {"type": "integer"}, {"type": "object"}
ID = {"type": ["string", "null"]}
MESSAGE = {
    "type": "object",
    "required": ["id", "parentId", "childrenIds", "role", "content", "timestamp"],
    "properties": {
        "id": TEXT,
        "parentId": ID,
        "childrenIds": {"type": "array", "items": TEXT},
        "role": {"enum": ["user", "assistant"]},
        "content": TEXT,
        "timestamp": {"type": "integer", "maximum": 10**11},
        "models": {"type": "array", "items": TEXT},
        "model": TEXT,
        "done": {"const": True},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "url"],
                "properties": {"type": {"enum": ["image", "file"]}, "url": TEXT, "id": TEXT},
            },
        },
        "sources": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["source", "document", "metadata"],
                "properties": {
                    "source": {"type": "object", "required": ["name"]},
                    "document": {"type": "array", "items": TEXT},
                    "metadata": {"type": "array", "items": THING},
                },
            },
        },
    },
}
CHAT = {
    "type": "object",
    "required": ["title", "models", "history"],
    "not": {"required": ["mapping"]},
    "properties": {
        "title": TEXT,
        "models": {"type": "array", "items": TEXT},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[^A-Z ]+$"}},
        "timestamp": {"type": "integer", "minimum": 0},
        "params": THING,
        "history": {
            "type": "object",
            "required": ["messages", "currentId"],
            "properties": {
                "messages": {"type": "object", "additionalProperties": MESSAGE},
                "currentId": ID,
            },
        },
    },
}
ITEM = {
    "type": "object",
    "required": ["chat"],
    "additionalProperties": False,
    "properties": {
        "chat": CHAT,
        "variables": {"type": ["object", "null"]},
        "folder_id": ID,
        "meta": {"type": ["object", "null"]},
        "pinned": {"type": ["boolean", "null"]},
        "archived": {"type": ["boolean", "null"]},
        "current_message_id": ID,
        "created_at": {"type": ["integer", "null"]},
        "updated_at": {"type": ["integer", "null"]},
    },
}
FORMS: dict[str, Any] = {
    "/api/v1/chats/import": {
        "type": "object",
        "required": ["chats"],
        "properties": {"chats": {"type": "array", "items": ITEM}},
    },
    "/api/v1/folders/": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {"name": TEXT, "data": THING, "meta": THING, "parent_id": ID},
    },
    "/api/v1/memories/add": {"type": "object", "required": ["content"]},
}
"""By the path of the request."""


class App(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, key: str, version: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = key
        self.version = version
        self.things: dict[str, dict[str, Any]] = {"chats": {}, "folders": {}, "files": {}}
        self.memories: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.hooks: dict[str, Any] = {}
        """For a request, an answer of the test's own instead: status, body, headers."""
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            made = {"id": f"{kind}-{len(self.requests)}-{len(self.things[kind])}", **thing}
            self.things[kind][made["id"]] = made
        return made


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: App

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        path = urlsplit(self.path)
        body = self._body()
        request = f"{self.command} {path.path}"
        self.server.requests.append(request)
        if request in self.server.hooks:
            self._answer(*self.server.hooks[request])
        elif path.path == "/api/version":
            self._answer(200, {"version": self.server.version})
        elif self.headers.get("authorization") != f"Bearer {self.server.key}":
            # A server that repeats what it was sent, to see that nobody prints it.
            self._answer(401, {"detail": f"Invalid: {self.headers.get('authorization')}"})
        else:
            self._known(path.path, parse_qs(path.query), body)

    do_GET = do_POST = do_DELETE = _handle

    def _known(self, path: str, query: Any, body: bytes) -> None:
        app = self.server
        kind, _, rest = path.removeprefix("/api/v1/").partition("/")
        things = app.things.get(kind, {})
        if self.command == "DELETE":
            found = things.pop(rest, None)
            self._answer(200 if found else 404, bool(found))
        elif self.command == "POST" and path in FORMS:
            self._posted(path, json.loads(body))
        elif self.command == "POST" and kind == "folders" and rest.endswith("/update"):
            folder = things[rest.removesuffix("/update")]
            folder["name"] = json.loads(body)["name"]
            self._answer(200, folder)
        elif self.command == "POST" and path == "/api/v1/files/":
            self._answer(200, app.add("files", self._uploaded(body)))
        elif path == "/api/v1/chats/list":
            self._answer(200, [])
        elif path == "/api/v1/chats/all":
            lines = [json.dumps(thing, ensure_ascii=False) + "\n" for thing in things.values()]
            self._answer(200, "".join(lines))
        elif path == "/api/v1/files/user/search":
            skip, limit = (int(query[name][0]) for name in ("skip", "limit"))
            self._answer(200, list(things.values())[::-1][skip : skip + limit])
        elif path == "/api/v1/folders/":
            self._answer(200, [{**thing, "meta": {"icon": None}} for thing in things.values()])
        elif path == "/api/v1/memories/":
            self._answer(200, app.memories)
        elif rest in things:
            self._answer(200, things[rest])
        else:
            self._answer(401 if kind == "chats" else 404, {"detail": "not found"})

    def _posted(self, path: str, form: Any) -> None:
        fault = next(jsonschema.Draft202012Validator(FORMS[path]).iter_errors(form), None)
        if fault is not None:
            self._answer(422, {"detail": f"{fault.json_path}: {fault.message}"[:300]})
        elif path.endswith("import"):
            self._answer(200, [self.server.add("chats", chat) for chat in form["chats"]])
        elif path.endswith("folders/"):
            names = [folder["name"] for folder in self.server.things["folders"].values()]
            if form["name"] in names:
                self._answer(400, {"detail": "Folder already exists"})
            else:
                self._answer(200, self.server.add("folders", form))
        else:
            self.server.memories.append({"id": f"m{len(self.server.memories)}", **form})
            self._answer(200, self.server.memories[-1])

    def _uploaded(self, body: bytes) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts: Any = BytesParser().parsebytes(head + body).get_payload()
        by_name = {part.get_param("name", header="content-disposition"): part for part in parts}
        mark = json.loads(by_name["metadata"].get_payload(decode=True))
        file = by_name["file"]
        return {
            "filename": file.get_filename(),
            "meta": {"data": mark, "content_type": file.get_content_type()},
            "size": len(file.get_payload(decode=True)),
        }

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _answer(self, status: int, value: Any, headers: Any = ()) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in dict(headers).items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(key: str = "sk-secret-0123456789", version: str = "0.12.4") -> Iterator[App]:
    """The server, until the block ends."""
    app = App(key, version)
    thread = threading.Thread(target=app.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        app.shutdown()
        app.server_close()
        thread.join()
