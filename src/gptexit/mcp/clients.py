"""List the clients that `gptexit mcp --install` knows, with the place and form of their files.

Looked up on 2026-11-25. Claude Code 2.1.331 and Gemini CLI 0.61.0 were tried: both read the file
that is named here, Claude Code refuses comments, Gemini CLI takes comments and refuses a byte order
mark, and neither takes a comma before a closing bracket. Claude Desktop cannot be installed from a
package registry; its places are as its help pages and users report them. On Windows it has been an
MSIX package since February 2026, and such a package reads `Packages/Claude_…/LocalCache/Roaming`
where the program itself says `%APPDATA%`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gptexit.errors import SeveralPlaces

System = Literal["Linux", "macOS", "Windows"]


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts on which the place of a file depends."""

    system: System
    home: Path
    environment: Mapping[str, str]

    def folder(self, variable: str, otherwise: Path) -> Path:
        """Return the folder that an environment variable names, or else `otherwise`."""
        named = self.environment.get(variable)
        return Path(named) if named else otherwise


@dataclass(frozen=True, slots=True)
class Client:
    """A row of the table of clients."""

    title: str
    place: Callable[[Machine], Path]
    """Raises SeveralPlaces."""
    places: Mapping[System, str]
    """The place in words, for each system."""
    then: str
    """How the user makes it see the server, and checks that it does."""
    form: Mapping[str, Any] = field(default_factory=dict)
    """An entry as its own command writes it, if that has more than command and arguments."""
    comments: bool = False
    """Whether it reads a file with comments."""
    mark: bool = True
    """Whether it reads a file with a byte order mark."""


def machine(environment: Mapping[str, str]) -> Machine:
    """Describe this machine."""
    systems: dict[str, System] = {"darwin": "macOS", "win32": "Windows"}
    return Machine(systems.get(sys.platform, "Linux"), Path.home(), environment)


def _claude_desktop(here: Machine) -> Path:
    name = "Claude/claude_desktop_config.json"
    if here.system == "macOS":
        return here.home / "Library/Application Support" / name
    if here.system == "Linux":
        return here.folder("XDG_CONFIG_HOME", here.home / ".config") / name
    packages = here.folder("LOCALAPPDATA", here.home / "AppData/Local") / "Packages"
    folders = list(filter(Path.is_dir, packages.glob("Claude_*/LocalCache/Roaming/Claude")))
    if len(folders) > 1:
        some = " and ".join(map(str, sorted(folders)[:2]))
        raise SeveralPlaces(
            f"Claude Desktop is there more than once, in {some}; name its file with --config."
        )
    if folders:
        return folders[0] / "claude_desktop_config.json"
    return here.folder("APPDATA", here.home / "AppData/Roaming") / name


CLIENTS: dict[str, Client] = {
    "claude-desktop": Client(
        "Claude Desktop",
        _claude_desktop,
        {
            "Linux": "~/.config/Claude/claude_desktop_config.json",
            "macOS": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "Windows": r"%LOCALAPPDATA%\Packages\Claude_…\LocalCache\Roaming\Claude"
            r"\claude_desktop_config.json, or %APPDATA%\Claude\claude_desktop_config.json",
        },
        "Quit Claude Desktop, so that its window is closed and its icon is gone, and start it "
        "again. Settings > Developer then lists the server.",
    ),
    "claude-code": Client(
        "Claude Code",
        lambda here: here.folder("CLAUDE_CONFIG_DIR", here.home) / ".claude.json",
        {
            "Linux": "~/.claude.json",
            "macOS": "~/.claude.json",
            "Windows": r"%USERPROFILE%\.claude.json",
        },
        "Start Claude Code again; `claude mcp list` then shows the server, and `/mcp` in a "
        "session its tools.",
        form={"type": "stdio", "command": "", "args": [], "env": {}},
    ),
    "gemini-cli": Client(
        "Gemini CLI",
        lambda here: here.folder("GEMINI_CLI_HOME", here.home) / ".gemini/settings.json",
        {
            "Linux": "~/.gemini/settings.json",
            "macOS": "~/.gemini/settings.json",
            "Windows": r"%USERPROFILE%\.gemini\settings.json",
        },
        "Start Gemini CLI again; `gemini mcp list` then shows the server, and `/mcp` in a "
        "session its tools.",
        comments=True,
        mark=False,
    ),
}


def entry(client: Client, python: str, archive: Path) -> dict[str, Any]:
    """Return the server's entry. `python` and `archive` are absolute: it is started from anywhere.

    `-P` keeps Python from importing a module that lies in the folder where it is started.
    """
    command = {"command": python, "args": ["-P", "-m", "gptexit", "mcp", str(archive)]}
    return {**client.form, **command}
