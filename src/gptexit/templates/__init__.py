"""Render the pages that gptexit writes for a person, from the templates beside this module.

A page is corrected or translated in its template alone. A template gets facts: numbers, names and
lists. Escape words of an export for Markdown first; they are never read as a template themselves.

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
    """Return the page that the template `name` makes of `facts`.

    Raises an error of Jinja2 if the template does not exist or names a fact that it did not get.
    """
    return _environment().get_template(name).render(facts)


def table(name: str) -> dict[str, Any]:
    """Parse a TOML file beside the templates."""
    return tomllib.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gptexit"),
        autoescape=False,  # pages are Markdown; what comes from an export is escaped as such before
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.globals["count"] = count
    environment.filters["thousands"] = "{:,}".format
    return environment
