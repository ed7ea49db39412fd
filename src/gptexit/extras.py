"""Packages that only some commands need, and the line that installs them for this gptexit."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from gptexit.errors import CannotRedact, MissingPackages


class Extra(NamedTuple):
    """An extra of pyproject.toml, with the same name there."""

    purpose: str
    """What it is for, as the beginning of a sentence."""
    modules: tuple[str, ...]
    """What is imported of its packages."""
    packages: tuple[str, ...]
    """As pyproject.toml has them."""


EXTRAS = {
    "bag": Extra("gptexit bag", ("bagit", "rocrate"), ("bagit>=1.9", "rocrate>=0.13")),
    "llm": Extra("writing for llm", ("llm",), ("llm>=0.36",)),
    "mcp": Extra("gptexit mcp", ("mcp",), ("mcp>=2.0,<3",)),
    "push": Extra("gptexit push", ("httpx", "tenacity"), ("httpx>=0.27", "tenacity>=8.3")),
    "redact": Extra(
        "finding secrets",
        ("detect_secrets", "kingfisher_sdk"),
        ("detect-secrets>=1.5", "kingfisher-secret-scanner>=1.5"),
    ),
}


def need(name: str) -> None:
    """Raise MissingPackages, of secrets CannotRedact, if an extra is not installed."""
    extra = EXTRAS[name]
    if all(importlib.util.find_spec(module) for module in extra.modules):
        return
    more = f"{len(extra.packages)} more packages" if extra.packages[1:] else "one more package"
    sentence = f"{extra.purpose} needs {more}. This line installs what is missing:"
    line = f"\n  {line_for(name)}"
    if name == "redact":
        raise CannotRedact(
            sentence, f"{line}\nTo write everything, with all secrets in it: --redact nothing."
        )
    raise MissingPackages(sentence, line)


def line_for(name: str) -> str:
    """Return the command that installs an extra where this gptexit is installed.

    Its double quotes are understood by sh, cmd and PowerShell.
    """
    packages = " ".join(f'"{package}"' for package in EXTRAS[name].packages)
    prefix, python = Path(sys.prefix), sys.executable
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {prefix.name} {packages}"
    python = f'"{python}"' if " " in python else python
    if (prefix / "uv-receipt.toml").is_file() or not importlib.util.find_spec("pip"):
        return f"uv pip install --python {python} {packages}"
    managed = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    # Debian's own Python installs into itself only if it is told so.
    force = "--break-system-packages " if _is_system() and managed.is_file() else ""
    return f"{python} -m pip install {force}{packages}"


def _is_system() -> bool:
    return sys.prefix == sys.base_prefix
