"""The prose of the pages that gptexit writes for a person, as templates beside this module.

Whoever corrects a page, or translates it, changes a template and no Python. A template gets facts:
numbers, names and lists. Words that come from an export have to be escaped for Markdown before they
are handed over; they are values and are never read as a template themselves.

Jinja2 is imported where the first page is rendered: most runs write none.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from gptexit.text.terminal import count

if TYPE_CHECKING:
    from jinja2 import Environment


def render(name: str, /, **facts: Any) -> str:
    """Return the page that the template of that name makes of `facts`.

    Raise an error of Jinja2 where there is no such template, or where it names a fact that it did
    not get.
    """
    return _environment().get_template(name).render(facts)


def table(name: str) -> dict[str, Any]:
    """Return what a file of prose in TOML holds."""
    file = resources.files(__name__).joinpath(name)
    return tomllib.loads(file.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Make what loads the templates, once a process."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("gptexit"),
        autoescape=False,  # pages are Markdown; what comes from an export is escaped as such before
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.globals["count"] = count
    made.filters["thousands"] = "{:,}".format
    return made
