"""Keep a folder of the app for each project and each custom GPT."""

from __future__ import annotations

from gptexit.errors import Refusal, ServerError
from gptexit.model import Conversation
from gptexit.push.client import Server, text_at
from gptexit.push.inventory import MARK

_PATH = "/api/v1/folders/"


class AppFolders:
    """The folders of gptexit, found by a mark, since a user may change their names in the app."""

    def __init__(self, server: Server, *, dry: bool) -> None:
        """`dry`: change nothing in the app, but note the changes."""
        self._server = server
        self._dry = dry
        self._known: dict[str, str] | None = None
        """Ids of folders by the id of their project or custom GPT."""
        self._names: dict[str, str] = {}
        """Ids of folders by name."""
        self.made: list[str] = []
        """Names of the folders that this run has made, or would make."""
        self.renamed: list[str] = []
        """Names that this run has given, or would give, to folders of earlier ones."""
        self._called: set[str] = set()
        """Ids of the projects and custom GPTs whose folder has the right name by now."""
        self.refused: str | None = None
        """The server's reason why there are no folders."""

    def id_of(self, conversation: Conversation) -> str | None:
        """Return the folder of a conversation, and make it if it is missing. Raises ServerError."""
        group = group_of(conversation)
        if group is None or (self.refused and not self._dry):
            return None
        key, name = group
        if key not in self._index():
            try:
                self._index()[key] = "" if self._dry else self._make(key, name)
            except Refusal as refusal:
                if refusal.status == 401:
                    raise
                self.refused = str(refusal)
                return None
            self.made.append(name)
        return self._index()[key]

    def rename(self, conversation: Conversation) -> None:
        """Give a folder of an earlier run the name that its project has now.

        A folder whose name is not a piece of the id, as `group_of` makes it, keeps its name, which
        is the user's. Raises ServerError.
        """
        group = group_of(conversation)
        earlier = unnamed(conversation)
        if group is None or group[0] in self._called or group[1] == earlier:
            return
        key, name = group
        self._called.add(key)
        folder = self._index().get(key)
        if not folder or self._names.get(earlier) != folder:
            return
        name = self._free(key, name)
        if not self._dry:
            self._server.post(f"{_PATH}{folder}/update", {"name": name})
        del self._names[earlier]
        self._names[name] = folder
        self.renamed.append(name)

    def _free(self, key: str, name: str) -> str:
        """Return `name`, with a piece of the id if another folder has that name."""
        return f"{name} ({key[-6:]})" if name in self._names else name

    def _make(self, key: str, name: str) -> str:
        name = self._free(key, name)
        try:
            answer = self._server.post(_PATH, {"name": name, "meta": {MARK: {"id": key}}})
        except Refusal:
            # An answer that was lost: the second request finds the folder of the first.
            self._known = None
            if key in self._index():
                return self._index()[key]
            raise
        folder = text_at(answer, "id")
        if folder is None:
            raise ServerError("the server answers, but not as Open WebUI does.")
        self._names[name] = folder
        return folder

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
            for entry in listed if isinstance(listed, list) else ():
                # The list leaves the mark out.
                folder = self._server.get(f"{_PATH}{entry['id']}")
                name, key = text_at(folder, "name"), text_at(folder, "meta", MARK, "id")
                if name is not None:
                    self._names[name] = folder["id"]
                if key is not None:
                    self._known.setdefault(key, folder["id"])
        return self._known


def group_of(conversation: Conversation) -> tuple[str, str] | None:
    """Return the id of a conversation's project, or else of its custom GPT, and its folder's name.

    An export names neither; without a name from the user, the folder's name is a piece of the id.
    """
    group = conversation["project"] or conversation["assistant"]
    return (group["id"], group["name"] or unnamed(conversation)) if group else None


def unnamed(conversation: Conversation) -> str:
    """Return the name of a conversation's folder for a project or custom GPT without a name."""
    project, assistant = conversation["project"], conversation["assistant"]
    if project:
        return f"Project {project['id'].removeprefix('g-p-')[:8]}"
    return f"GPT {assistant['id'].removeprefix('g-')[:8]}" if assistant else ""
