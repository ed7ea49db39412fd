"""Let one run at a time own a folder, a file or a server; the others stop with an error.

Two runs that write to one place would take each other's files for the user's. The operating system
frees the lock when the process ends, in whatever way.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gptexit.errors import InUse, Unusable
from gptexit.files.disk import HOUSE, need_plain_house
from gptexit.text.terminal import printable

_NAME = "lock"
_PRIVATE = 0o700


@contextmanager
def owning(*roots: str | Path) -> Iterator[None]:
    """Lock archive folders for a `with` block; make those that do not exist.

    At the end, those that were made and are still empty are removed.
    Raises InUse if another run owns one of them, Unusable if `.gptexit` in one is a link, and
    OSError.
    """
    with ExitStack() as held:
        for root in dict.fromkeys(map(str, roots)):
            held.enter_context(_owning_folder(Path(root)))
        yield


@contextmanager
def _owning_folder(root: Path) -> Iterator[None]:
    need_plain_house(root)
    house = root / HOUSE
    missing = [folder for folder in (house, root, *root.parents) if not folder.exists()]
    house.mkdir(parents=True, exist_ok=True)
    try:
        with _locked(house / _NAME, str(root)):
            yield
    finally:
        for folder in missing:
            with suppress(OSError):  # it has something in it, as it should
                folder.rmdir()


@contextmanager
def owning_name(what: str, name: str) -> Iterator[None]:
    """Own what has no folder to put a lock into: a single file, a server.

    `what`: its name for a person; `name`: its name for every run. Locks of other machines and of
    other users are not seen. Raises InUse, and Unusable if somebody else has the lock folder.
    """
    folder = _own_folder()
    short = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    with _locked(folder / f"{short}.{_NAME}", what):
        yield


@contextmanager
def owning_file(path: str | Path) -> Iterator[None]:
    """Own a single file, which need not exist. Raises InUse, Unusable."""
    with owning_name(str(path), os.path.realpath(path)):
        yield


def _own_folder() -> Path:
    """Return a folder of this user alone, in the system's temporary one. Raises Unusable."""
    user = os.getuid() if hasattr(os, "getuid") else "own"
    folder = Path(tempfile.gettempdir()) / f"gptexit-locks-{user}"
    with suppress(FileExistsError):
        folder.mkdir(_PRIVATE)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise Unusable(
            f"{folder}, where gptexit keeps its locks, belongs to another user: remove it, or set "
            "TMPDIR to a folder of your own."
        )
    return folder


@contextmanager
def _locked(path: Path, what: str) -> Iterator[None]:
    # Takes a while to import, and most commands need no lock.
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InUse(printable(what)) from None
    try:
        yield
    finally:
        # Removed while it is held: a run that has opened it by now sees that it is gone. Windows
        # removes no file that is open, and keeps it.
        with suppress(OSError):
            path.unlink()
        lock.release()
