"""Define what a format is: its declaration, its options, and the contract of its writer.

A writer turns a conversation into named bytes. It touches no disk.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from enum import Enum, auto
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from gptexit.archive.files import Copy, File, Read, Rendered
from gptexit.archive.manifest import Catalog, readable, short_mark
from gptexit.codes import Hidden, NotKept
from gptexit.errors import BadOption
from gptexit.files.media_types import ending_of
from gptexit.model import Asset, Conversation
from gptexit.names import Names
from gptexit.selection import without_other_branches

SECRETS = "secrets"
NOTHING = "nothing"
"""The values of the option `redact`: what is taken out."""


INCLUDED = ("hidden", "reasoning", "tools", "instructions")
"""What can be shown beside what was said."""
_CHOICES = {"branches": ("current", "all"), "redact": (SECRETS, NOTHING)}
"""The values of options that every format has."""


class Options(dict[str, Any]):
    """Options as a person gives them, by name: `Options(branches="all", layout="flat")`.

    Each format takes those that it declares. A name that no format declares raises BadOption.
    """


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """Describe an option of one format, from which the command line is made."""

    help: str
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    flag: str | None = None
    """The name on the command line where it is not that of the field, as `--topic`."""
    parse: Callable[[Any], Any] | None = None
    """Turns the words of the command line into the value. Raises ValueError with a sentence."""
    number: bool = False
    many: bool = False
    """True where the option may be given several times; `parse` takes all values together."""
    recorded: bool = False
    """True where the archive's record of itself holds the value."""

    def flag_of(self, name: str) -> str:
        """Return the name on the command line of the option whose field is `name`."""
        return self.flag or f"--{name.replace('_', '-')}"


_SPEC = "option"


def option(default: Any, help: str, **spec: Any) -> Any:
    """Declare a field of an options class as an option; `spec`: fields of `OptionSpec`."""
    return field(default=default, metadata={_SPEC: OptionSpec(help, **spec)})


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The options that every format has. A format with more of them derives a class of its own."""

    branches: str | None = None
    """`current` or `all`; without it each format has its own default."""
    include: frozenset[str] = frozenset({"reasoning"})
    """What is shown beside what was said: `hidden`, `reasoning`, `tools`, `instructions`."""
    timezone: Any = None
    """A `tzinfo`; without it that of the machine."""
    redact: str | None = None
    """`secrets` or `nothing`; without it `secrets` where the format goes to another company."""
    names: Names = field(default_factory=Names)
    """Names of projects and custom GPTs, which exports lack. A dictionary by ids does too, and
    pairs of the beginning of an id and a name."""

    def __post_init__(self) -> None:
        """Turn names that are given as a dictionary or as pairs into `Names`.

        Raises BadOption for a value that an option does not have.
        """
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in (None, *choices):
                raise BadOption(f"{name} is one of {', '.join(choices)}.")
        include: Any = self.include
        if isinstance(include, str) or not set(include) <= set(INCLUDED):
            raise BadOption(f"include is a set with some of {', '.join(INCLUDED)}.")
        object.__setattr__(self, "include", frozenset(include))
        if not isinstance(self.timezone, tzinfo | None):
            raise BadOption('timezone is a tzinfo, such as zoneinfo.ZoneInfo("Europe/Berlin").')
        given: Any = self.names
        if isinstance(given, str | PathLike):
            raise BadOption("names is a dictionary of ids and the names that they get.")
        if not isinstance(given, Names):
            names = Names(given) if isinstance(given, Mapping) else Names(beginnings=tuple(given))
            object.__setattr__(self, "names", names)

    @classmethod
    def taken_from(cls, given: Mapping[str, Any]) -> Self:
        """Return the options of this class that `given` names; the others are left out.

        A value of None stands for the default. Raises BadOption where an option has a few values
        to choose from and is given another one.
        """
        known = {field.name for field in fields(cls)} & given.keys()
        named = {name: given[name] for name in known if given[name] is not None}
        for name, spec in cls.own().items():
            if spec.choices and name in named and named[name] not in spec.choices:
                raise BadOption(f"{name} is one of {', '.join(spec.choices)}.")
        return cls(**named)

    @classmethod
    def own(cls) -> dict[str, OptionSpec]:
        """Return the options that not every format has, by the names of their fields."""
        return {
            field.name: field.metadata[_SPEC] for field in fields(cls) if _SPEC in field.metadata
        }

    def recorded(self) -> dict[str, Any]:
        """Return what an archive's record of itself says of these options, but for `redact`."""
        own = {name: getattr(self, name) for name, spec in self.own().items() if spec.recorded}
        return {
            "branches": self.branches,
            "include": sorted(self.include),
            "timezone": str(self.timezone) if self.timezone else None,
            **own,
        }


class SinkKind(Enum):
    """The kinds of places that the files of a format go to; each has a sink (see `conversion`)."""

    FOLDER = auto()
    """A folder of files."""
    FILE = auto()
    """A single file, which can also go to standard output."""
    NOTES = auto()
    """A folder of notes that people work in."""
    PAGES = auto()
    """A folder of pages that people read; links between them do not bear to be moved."""
    LINES = auto()
    """A single file of JSON lines, which later runs add to."""
    ZIPS = auto()
    """ZIPs in a folder."""
    DATABASE = auto()
    """An SQLite database; a file's bytes are the rows of a conversation."""
    LLM = auto()
    """The database of the command llm; a file's bytes are the messages of a conversation."""


class Group(Enum):
    """What a person wants a format for; in the order in which `gptexit formats` lists them."""

    ASSISTANTS = "assistants"
    APPS = "apps on your machine"
    NOTES = "notes"
    ARCHIVES = "archives"
    PROGRAMS = "programs"


@dataclass(frozen=True, slots=True)
class WriterSetting:
    """What a writer is given beside its options."""

    catalog: Catalog
    """The names of the archive's files."""
    read: Read
    """Opens an asset, for a format that holds the bytes of assets in its own files."""
    why: str = "all chosen"
    """What chose the conversations, in words, for a pack's table of contents."""
    export: str = "EXPORT"
    """The paths of the export, for commands on a pack's pages."""


@dataclass(frozen=True, slots=True)
class Format:
    """Declare a format."""

    name: str
    what: str
    """One sentence for a person."""
    group: Group
    writer: Callable[[Any, WriterSetting], Writer]
    """Makes a writer from the format's options. It imports the writer only when it is called, so
    that a list of formats does not load them all."""
    options: type[CommonOptions] = CommonOptions
    sink: SinkKind = SinkKind.FOLDER
    for_archive: Callable[[Any, Path, Catalog], Any] | None = None
    """Returns the options as an archive that may be there needs them, from the options, the
    archive's folder and its catalog. Raises OtherArchive."""
    ignores: tuple[str, ...] = ()
    """Those of the options `include` and `branches` that change nothing in this format."""
    branches: str = "all"
    """The value of `branches` if no option gives one."""
    extra: str = ""
    """The extra (see `extras`) without which it cannot be written; none if that is empty."""
    for_others: bool = False
    """True where the files are handed to another company: secrets are redacted unless the user
    says otherwise."""

    @property
    def one_file(self) -> bool:
        """Whether the format is a single file, which can go to standard output."""
        return self.sink in (SinkKind.FILE, SinkKind.LINES)

    @property
    def strict(self) -> bool:
        """Whether files of earlier runs that a run does not write are removed."""
        return self.for_others or self.sink is SinkKind.ZIPS

    def redacts(self, options: CommonOptions) -> str:
        """Return what is redacted: what was asked for, else secrets where others get the files."""
        return options.redact or (SECRETS if self.for_others else NOTHING)

    def showed_more(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
        """Return those options of an archive that show text which those of this run leave out.

        `before` and `now`: as `CommonOptions.recorded` returns them; `before` may be anything.
        """
        words = []
        if self.branches == "current" and before.get("branches") == "all" != now["branches"]:
            words += ["--branches", "all"]
        include = before.get("include")
        shown = [part for part in INCLUDED if part in include] if isinstance(include, list) else []
        if "include" not in self.ignores and not set(shown) <= set(now["include"]):
            words += ["--include", ",".join(shown)]
        return words

    def make(self, given: Mapping[str, Any], setting: WriterSetting) -> Writer:
        """Make a writer with those options of `given` that the format has."""
        return self.writer(self.options.taken_from(given), setting)


def need_known(given: Mapping[str, Any], formats: Sequence[Format]) -> None:
    """Raise BadOption where `given` names an option that none of `formats` has."""
    known = {field.name for format in formats for field in fields(format.options)}
    unknown = sorted(name for name in given.keys() - known if given[name] is not None)
    if unknown:
        names = ", ".join(format.name for format in formats)
        raise BadOption(f"{names} has no option {unknown[0]!r}.")


Draft = dict[str, Any]
"""A conversation rendered as far as it can be on its own: dictionaries, lists, strings, bytes and
numbers, so that one process can hand it to another."""
Drafter = Callable[[Conversation], Draft | None]
"""Makes drafts, without a memory from one to the next; it can be pickled. None if a conversation
has to be rendered in the order of the export."""


class Writer(Protocol):
    """Renders the conversations of one pass in one format."""

    def render(self, conversation: Conversation) -> Rendered:
        """Return the files of one conversation."""

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Return what becomes of the files of the export that no conversation mentions.

        Called before `finish`, and only where the whole export is converted.
        """

    def finish(self) -> Rendered:
        """Return what can only be written when every conversation has been rendered."""


@runtime_checkable
class Drafting(Protocol):
    """Does most of the work of a writer for each conversation on its own, in any process.

    A writer does so itself, or in two steps (see `steps`).
    """

    @property
    def drafter(self) -> Drafter:
        """Make the drafts."""

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Return the files of one conversation, of which `drafter` made `draft`.

        `conversation` may come without `messages` and `extra`; `whole` returns all of it.
        """


def on_branches(conversation: Conversation, branches: str | None, done: Rendered) -> Conversation:
    """Return a conversation without other branches if `branches` says so; count them in `done`."""
    if branches != "current":
        return conversation
    narrowed = without_other_branches(conversation)
    left_out = len(conversation["messages"]) - len(narrowed["messages"])
    if left_out:
        done.hidden[Hidden.OTHER_BRANCH] += left_out
    return narrowed


UNTITLED = "Untitled"
"""The title of a conversation that has none."""


def title_of(conversation: Conversation) -> str:
    """Return the title of a conversation on one line."""
    return " ".join((conversation["title"] or "").split()) or UNTITLED


def is_pinned(conversation: Conversation) -> bool:
    """Tell whether the user starred or pinned a conversation."""
    return bool(conversation["starred"] or conversation["extra"].get("pinned_time"))


def no_place_for(assets: Sequence[Asset]) -> Rendered:
    """Count files that no conversation mentions as not kept, for a format without a place."""
    return Rendered(not_kept=+Counter({NotKept.FILE_UNMENTIONED: len(assets)}))


class Unmentioned:
    """Finds the files that no conversation mentions, for a format that does not take every file."""

    def __init__(self) -> None:
        self._mentioned: set[str] = set()

    def see(self, conversation: Conversation) -> None:
        """Remember the files of a conversation, by their names in the export."""
        members = (asset["member"] for asset in conversation["assets"])
        self._mentioned.update(filter(None, members))

    def left(self, assets: Sequence[Asset]) -> Rendered:
        """Count those of `assets` that no conversation mentions as not kept."""
        return no_place_for([asset for asset in assets if asset["member"] not in self._mentioned])


def copy_of(
    asset: Asset, member: str, folder: str, catalog: Catalog, key: str | None = None
) -> Copy:
    """Make the copy of an asset, named by its own name and a mark of its id.

    `key`: its key in the catalog, if it is not the asset of a conversation.
    """
    key = key or f"asset/{asset['id']}"
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name[: -len(ending)] if name.lower().endswith(ending) else posixpath.splitext(name)[0]
    stem = stem or (asset["media_type"] or "file").partition("/")[0]
    words = readable(stem) or "file"
    return Copy(catalog.name(key, folder, words, short_mark(key), ending), key, member)


def copies_of(
    conversation: Conversation, used: Sequence[str], folder: str, catalog: Catalog
) -> list[Copy]:
    """Return a copy into `folder` for each of the assets `used` (their ids) of a conversation."""
    if not used:
        return []
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    wanted = (assets[asset_id] for asset_id in used)
    return [copy_of(asset, asset["member"] or "", folder, catalog) for asset in wanted]


def loose_copies(assets: Sequence[Asset], catalog: Catalog) -> list[Copy]:
    """Return a copy of each file that nothing shows, into a folder of their own."""
    members = [(asset, asset["member"] or "") for asset in assets]
    return [
        copy_of(asset, member, "assets/other", catalog, f"member/{member}")
        for asset, member in members
    ]


def unshown(conversation: Conversation, used: Collection[str]) -> int:
    """Count the assets that are there and not among those `used` (their ids)."""
    there = [asset["id"] for asset in conversation["assets"] if not asset["missing"]]
    return sum(asset_id not in used for asset_id in there)


class Series:
    """Adds items to the last file and begins a new one before it grows too large."""

    def __init__(self, pattern: str, key: str, most: int, most_bytes: int) -> None:
        """`pattern`: the names of the files, with `{}` for a number; `most`: the sum of counts."""
        self._pattern = pattern
        self._key = key
        self._most = most
        self._most_bytes = most_bytes
        self.number = 1
        self._count = self._bytes = 0

    @property
    def name(self) -> str:
        """The name of the file that is written now."""
        return self._pattern.format(self.number)

    def add(self, data: bytes, count: int) -> list[File]:
        """Add an item, as JSON, that counts `count`. Return the bytes to write."""
        files = []
        full = self._count + count > self._most or self._bytes + len(data) > self._most_bytes
        if self._bytes and full:
            files += self.end()
            self.number += 1
            self._count = self._bytes = 0
        files.append(self._file((b",\n" if self._bytes else b"[\n") + data))
        self._count += count
        self._bytes += len(data)
        return files

    def end(self) -> list[File]:
        """End the last file; it is an empty array if nothing was added."""
        return [self._file(b"\n]\n" if self._bytes else b"[]\n", last=True)]

    def _file(self, data: bytes, *, last: bool = False) -> File:
        return File(self.name, data, f"{self._key}/{self.number}", append=True, last=last)
