"""`gptexit` and `python -m gptexit`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it with a sentence also while modules are imported."""
    try:
        _with_utf8_names()
        from gptexit.cli import run

        run()
    except KeyboardInterrupt:
        os.write(2, b"Interrupted. Run the same command again to complete it.\n")
        sys.exit(130)


def _with_utf8_names() -> None:
    """Start again in Python's UTF-8 mode where names of files have another encoding (PEP 540).

    With `LC_ALL=C` or an old locale, no file could be written whose name has a letter that the
    locale lacks. A terminal keeps its own encoding.
    """
    encoding = sys.getfilesystemencoding().lower().replace("_", "-")
    if encoding in ("utf-8", "utf8") or "utf8" in sys._xoptions or not sys.executable:
        return
    if sys.stdout is not None and sys.stdout.isatty():
        os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:backslashreplace")
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


if __name__ == "__main__":
    main()
