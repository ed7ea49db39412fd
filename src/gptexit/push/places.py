"""Put conversations into apps that keep them in files on this machine: places.

A place says how its folder is found, and opens it as a `Home`. A home plans one conversation at a
time: what it is to the app, and how it gets there. Nothing of the user's is overwritten: what the
app or the user changed since an earlier run stays as it is.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import orjson

from gptexit.archive.files import Read
from gptexit.codes import NotKept
from gptexit.errors import Unusable
from gptexit.extras import need
from gptexit.files.disk import read_bytes
from gptexit.model import Conversation
from gptexit.pipeline import Progress, conversations
from gptexit.push.tally import PushTally, Verdict
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.text.terminal import printable
from gptexit.writers.base import CommonOptions


@dataclass(frozen=True, slots=True)
class Machine:
    """Describe the machine and its user, who decide where an app keeps its files."""

    home: Path
    system: str
    """As `sys.platform` has it."""
    environment: Mapping[str, str]

    @classmethod
    def this(cls) -> Machine:
        """Return this machine, for its present user."""
        return cls(Path.home(), sys.platform, os.environ)

    @property
    def data(self) -> Path:
        """The folder for data of apps, as the system names it."""
        if self.system == "darwin":
            return self.home / "Library/Application Support"
        name, usual = (
            ("APPDATA", "AppData/Roaming")
            if self.system == "win32"
            else ("XDG_DATA_HOME", ".local/share")
        )
        given = self.environment.get(name)
        return Path(given) if given else self.home / usual


@dataclass(slots=True)
class Planned:
    """What becomes of one conversation."""

    verdict: Verdict
    put: Callable[[], list[str]]
    """Writes it, and returns what could not be written, with the reasons. Raises OSError.
    Called for `new` and `changed` only, and not in a dry run."""
    messages: int = 0
    files: int = 0
    """The files beside it that are written too, such as images."""
    bytes: int = 0
    not_kept: Counter[NotKept] = field(default_factory=Counter)


class Home(Protocol):
    """The folder of an app during one run."""

    def plan(self, conversation: Conversation) -> Planned:
        """Compare a conversation with what the app has; write nothing."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a home is given beside its folder."""

    options: CommonOptions
    read: Read
    """Opens a file of the export. Raises OSError."""
    dry: bool


OpenHome = Callable[[Path, Setting], AbstractContextManager[Home]]


@dataclass(frozen=True, slots=True)
class Place:
    """An app whose conversations are files on this machine."""

    app: str
    """As the command line takes it."""
    name: str
    find: Callable[[Machine], Path]
    """Returns the app's folder, which need not exist."""
    marker: str
    """The file or folder in it by which it is known."""
    home: OpenHome
    advice: str
    """What a person does in the app before and afterwards, as a sentence."""

    def folder(self, given: str | None, machine: Machine) -> Path:
        """Return the folder to write to, the given one or the app's own. Raises Unusable."""
        folder = Path(given) if given else self.find(machine)
        if (folder / self.marker).exists():
            return folder
        shown = printable(str(folder))
        if given:
            raise Unusable(
                f"{shown} is not {self.name}'s folder: it has no {self.marker} in it.",
                f"Start {self.name} once, so that it makes its folder, or name another one.",
            )
        raise Unusable(
            f"{self.name} has no folder {shown} with {self.marker} in it.",
            f"Start {self.name} once, so that it makes its folder, or name it with --data-folder.",
        )


def jan_folder(machine: Machine) -> Path:
    """Find Jan's data folder: `resolve_jan_data_folder` in `src-tauri/src/core/app/commands.rs`."""
    if given := machine.environment.get("JAN_DATA_FOLDER"):
        return Path(given)
    try:
        settings = orjson.loads(read_bytes(machine.data / "Jan/settings.json") or b"{}")
        chosen = settings.get("data_folder")
    except (OSError, ValueError, AttributeError):
        chosen = None
    return Path(chosen) if chosen and isinstance(chosen, str) else machine.data / "Jan/data"


def lm_studio_folder(machine: Machine) -> Path:
    """Find LM Studio's folder: `~/.lmstudio-home-pointer` names it, else it is `~/.lmstudio`."""
    try:
        pointer = read_bytes(machine.home / ".lmstudio-home-pointer") or b""
        named = pointer.decode("utf-8-sig").strip().partition("\n")[0].strip()
    except (OSError, ValueError):
        named = ""
    return Path(named) if named and "\0" not in named else machine.home / ".lmstudio"


def llm_folder(machine: Machine) -> Path:
    """Find the folder of the command llm: `user_dir` in its `llm/__init__.py`."""
    if given := machine.environment.get("LLM_USER_PATH"):
        return Path(given)
    folder = machine.data
    if machine.system not in ("darwin", "win32"):
        chosen = machine.environment.get("XDG_CONFIG_HOME")
        folder = Path(chosen) if chosen else machine.home / ".config"
    return folder / "io.datasette.llm"


def _llm(folder: Path, setting: Setting) -> AbstractContextManager[Home]:
    need("llm")
    from gptexit.push.llm_home import open_llm

    return open_llm(folder, setting)


def _files(app: str, folder: Path, setting: Setting) -> AbstractContextManager[Home]:
    from gptexit.push.file_home import open_home

    return open_home(app, folder, setting)


PLACES = {
    place.app: place
    for place in (
        Place(
            "jan",
            "Jan",
            jan_folder,
            "threads",
            partial(_files, "jan"),
            "Quit Jan before, and start it again afterwards: it looks for threads when it starts.",
        ),
        Place(
            "lm-studio",
            "LM Studio",
            lm_studio_folder,
            "conversations",
            partial(_files, "lm-studio"),
            "Quit LM Studio before, and start it again afterwards.",
        ),
        Place(
            "llm",
            "llm",
            llm_folder,
            "logs.db",
            _llm,
            "llm has them at once: llm logs list.",
        ),
    )
}
"""By the word on the command line."""


@dataclass(eq=False)
class PlacePush:
    """A run. `tally` counts the work done so far, also when it stops."""

    export: Source
    home: Home
    selection: Selection
    options: CommonOptions
    _: KW_ONLY
    dry: bool

    def __post_init__(self) -> None:
        self.tally = PushTally(dry=self.dry)

    def run(self, progress: Progress | None) -> None:
        """Write everything that the app lacks. Raises OSError."""
        tally = self.tally
        try:
            for conversation in conversations(self.export, self.options.names):
                tally.add(conversation)
                if progress:
                    progress(tally.read, self.export.bytes_read)
                if reason := self.selection.leaves_out(conversation):
                    tally.left_out[reason] += 1
                else:
                    self._one(conversation)
        except OSError as error:
            tally.stopped = str(error)
            raise
        finally:
            tally.unreadable = [f"{loss.where}: {loss.reason}" for loss in self.export.losses]

    def _one(self, conversation: Conversation) -> None:
        planned = self.home.plan(conversation)
        tally = self.tally
        if planned.verdict == "continued":
            tally.continued.append(conversation["title"] or "Untitled")
            return
        if planned.verdict != "same":
            if not self.dry:
                tally.refused += planned.put()
            tally.done["messages"] += planned.messages
            tally.files += planned.files
            tally.bytes += planned.bytes
        tally.done[planned.verdict] += 1
        tally.not_kept += planned.not_kept
