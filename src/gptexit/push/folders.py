"""A folder of the app for each project and each custom GPT."""

from __future__ import annotations

from typing import Any

from gptexit.errors import Refusal, ServerError
from gptexit.model import Conversation
from gptexit.push.client import Server
from gptexit.push.inventory import MARK

_PATH = "/api/v1/folders/"


class AppFolders:
    """The folders of ours, found by a mark: their names may be changed in the app."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, str] | None = None
        self._names: dict[str, str] = {}
        """Folders by name."""
        self.made: list[str] = []
        """Names of those that this run has made, or would make."""
        self.renamed: list[str] = []
        """Names that this run has given, or would give, to folders of earlier ones."""
        self._called: set[str] = set()
        """Projects and custom GPTs whose folder was looked at for its name."""
        self.refused: str | None = None
        """Why there are none."""

    def lacks(self, conversation: Conversation) -> None:
        """Note, without making it, the folder that would be made. Raises ServerError."""
        group = group_of(conversation)
        if group and group[0] not in self._index():
            self._index()[group[0]] = ""
            self.made.append(group[1])

    def id_of(self, conversation: Conversation) -> str | None:
        """The folder of a conversation, made where it is not there. Raises ServerError."""
        group = group_of(conversation)
        if group is None or self.refused:
            return None
        key, name = group
        if key not in self._index():
            try:
                self._index()[key] = self._make(key, name)
            except Refusal as refusal:
                if refusal.status == 401:
                    raise
                self.refused = str(refusal)
                return None
            self.made.append(name)
        return self._index()[key]

    def call(self, conversation: Conversation, *, dry: bool) -> None:
        """Give a folder of an earlier run the name that its project has now.

        Only where it has a piece of the id for its name, as `group_of` makes it: another name is
        the user's. Raises ServerError.
        """
        group = group_of(conversation)
        if group is None or group[0] in self._called or group[1] == unnamed(conversation):
            return
        key, name = group
        self._called.add(key)
        folder = self._index().get(key)
        if not folder or self._names.get(unnamed(conversation)) != folder:
            return
        name = self._free(key, name)
        if not dry:
            self._server.post(f"{_PATH}{folder}/update", {"name": name})
        del self._names[unnamed(conversation)]
        self._names[name] = folder
        self.renamed.append(name)

    def _free(self, key: str, name: str) -> str:
        """Return `name`, with a piece of the id where another folder has it."""
        return f"{name} ({key[-6:]})" if name in self._names else name

    def _make(self, key: str, name: str) -> str:
        name = self._free(key, name)
        try:
            made = self._server.post(_PATH, {"name": name, "meta": {MARK: {"id": key}}})
        except Refusal:
            # An answer that was lost: the second request finds the folder of the first.
            self._known = None
            if key in self._index():
                return self._index()[key]
            raise
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            raise ServerError("the server answers, but not as Open WebUI does.")
        self._names[name] = made["id"]
        return str(made["id"])

    def _index(self) -> dict[str, str]:
        if self._known is None:
            self._known = {}
            self._names = {}
            try:
                listed = self._server.get(_PATH)
            except Refusal as refusal:
                if refusal.status != 403:
                    raise
                self.refused = str(refusal)
                listed = []
            for each in listed if isinstance(listed, list) else ():
                # The list leaves the mark out.
                self._note(self._server.get(f"{_PATH}{each['id']}"))
        return self._known

    def _note(self, folder: Any) -> None:
        if not isinstance(folder, dict) or self._known is None:
            return
        if isinstance(folder.get("name"), str):
            self._names[folder["name"]] = folder["id"]
        meta = folder.get("meta")
        mark = meta.get(MARK) if isinstance(meta, dict) else None
        if isinstance(mark, dict) and isinstance(mark.get("id"), str):
            self._known.setdefault(mark["id"], folder["id"])


def group_of(conversation: Conversation) -> tuple[str, str] | None:
    """The id of a conversation's project, or else of its custom GPT, and a name for its folder.

    An export names neither; what the person reads where they gave no name is a piece of the id.
    """
    found = conversation["project"] or conversation["assistant"]
    return (found["id"], found["name"] or unnamed(conversation)) if found else None


def unnamed(conversation: Conversation) -> str:
    """Return what the folder of a conversation is called as long as its project has no name."""
    project, assistant = conversation["project"], conversation["assistant"]
    if project:
        return f"Project {project['id'].removeprefix('g-p-')[:8]}"
    return f"GPT {assistant['id'].removeprefix('g-')[:8]}" if assistant else ""
