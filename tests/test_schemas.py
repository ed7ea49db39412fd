from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import orjson
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from gptexit import model, report
from gptexit import schemas as schema
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import chain, conversation, message, raw_conversations

CONVERSATION = schema.load("conversation")
REPORT = schema.load("report")
VERSIONS = {"report": report.VERSION}
GOOD = CONVERSATION["examples"][0]
OTHERWISE = {
    **{"Provenance": "source", "CodeBlock": "code", "CodeOutput": "output", "MemoryNote": "memory"}
}  # classes of the model that have another name in `$defs`


def def_of(shape: type[Any]) -> str:
    """The name in `$defs` of a class of the model."""
    return OTHERWISE.get(shape.__name__, shape.__name__.lower())


SHAPES = {
    def_of(value): value for value in vars(model).values() if is_typeddict(value)
}  # every object of the model, by its name in `$defs`
DEFS = {**CONVERSATION["$defs"], "conversation": CONVERSATION}


def subschemas(node: dict[str, Any], path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below `node`, with its place in the file."""
    yield path, node
    inner = {**node.get("properties", {}), **node.get("$defs", {})}
    inner |= {key: node[key] for key in ("items", "then", "additionalProperties") if key in node}
    inner |= {f"allOf/{number}": schema for number, schema in enumerate(node.get("allOf", []))}
    for key, each in inner.items():
        if isinstance(each, dict):
            yield from subschemas(each, f"{path}/{key}")


EVERY = [
    (f"{name}{path}", name, node)
    for name in schema.NAMES
    for path, node in subschemas(schema.load(name))
]


@pytest.mark.slow
@pytest.mark.parametrize("name", schema.NAMES)
def test_the_schemas_are_valid(name: str) -> None:
    found = schema.load(name)
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert found["$id"] == f"urn:gptexit:{name}:{VERSIONS.get(name, 1)}"
    assert json.loads(schema.text(name)) == found


def test_load_gives_an_object_of_the_callers_own() -> None:
    schema.load("report").clear()
    assert schema.load("report") == REPORT


@pytest.mark.parametrize("function", [schema.text, schema.load, lambda name: [*errors(name, 1)]])
def test_an_unknown_schema(function: Callable[..., Any]) -> None:
    with pytest.raises(KeyError):
        function("../pyproject")


def test_every_object_is_closed_and_every_key_required_and_described() -> None:
    for path, _, node in EVERY:
        if "properties" in node and not path.endswith(("$defs/part", "/part")):
            assert node["additionalProperties"] is False, path
            assert node["required"] == list(node["properties"]), path
            for key, each in node["properties"].items():
                assert each.get("description"), f"{path}/{key}"


@pytest.mark.parametrize("path,name,node", [row for row in EVERY if "examples" in row[2]])
def test_every_example_validates(path: str, name: str, node: dict[str, Any]) -> None:
    validator = Draft202012Validator(schema.load(name)).evolve(schema=node)
    for example in node["examples"]:
        assert not [*validator.iter_errors(example)]


def test_each_part_has_an_example() -> None:
    for shape in get_args(model.Part):
        assert DEFS[def_of(shape)]["examples"]


# The model and its schema say the same.


def words_for(type_name: str) -> list[str]:
    """The literals of a part's `type`."""
    return list(get_args(get_type_hints(SHAPES[type_name])["type"]))


def test_the_schema_has_the_objects_of_the_model() -> None:
    assert {*DEFS} - {"time", "part"} == {*SHAPES}


@pytest.mark.parametrize("name", SHAPES)
def test_the_schema_has_the_keys_of_the_model(name: str) -> None:
    assert list(DEFS[name]["properties"]) == list(SHAPES[name].__annotations__)
    assert SHAPES[name].__optional_keys__ == frozenset()


@pytest.mark.parametrize("name", SHAPES)
def test_the_schema_has_the_types_of_the_model(name: str) -> None:
    for key, hint in get_type_hints(SHAPES[name]).items():
        assert said(DEFS[name]["properties"][key]) == meant(hint), key


PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def meant(hint: Any) -> set[Any]:
    """The JSON types that an annotation allows; a list as `[]` of its items' types."""
    if hint is Any:
        return {"any"}
    if hint == model.Part:
        return {"part"}
    if get_origin(hint) in (UnionType, Union):
        return set().union(*map(meant, get_args(hint)))
    if get_origin(hint) is Literal:
        return {"string"}
    if get_origin(hint) is list:
        return {("[]", *meant(get_args(hint)[0]))}
    if is_typeddict(hint):
        return {def_of(hint)}
    return {"object"} if get_origin(hint) is dict else {PLAIN[hint]}


def said(node: dict[str, Any]) -> set[Any]:
    """The same of a property's schema."""
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        found = DEFS[name]
        if name not in SHAPES:
            return {"part"} if name == "part" else said(found)
        return {name, "null"} if "null" in found["type"] else {name}
    if "const" in node or "enum" in node:
        values = [node["const"]] if "const" in node else node["enum"]
        return {PLAIN[type(value)] for value in values}
    if "type" not in node:
        return {"any"}
    if node["type"] == "array":
        return {("[]", *said(node["items"]))}
    return {node["type"]} if isinstance(node["type"], str) else {*node["type"]}


def test_each_type_of_part_leads_to_its_shape() -> None:
    part = DEFS["part"]
    told = {}
    for rule in part["allOf"]:
        condition = rule["if"]["properties"]["type"]
        shape = rule["then"]["$ref"].removeprefix("#/$defs/")
        told[shape] = condition.get("enum") or [condition["const"]]
    wanted = [def_of(shape) for shape in get_args(model.Part)]
    assert told == {shape: words_for(shape) for shape in wanted}
    assert part["properties"]["type"]["enum"] == [word for words in told.values() for word in words]
    for shape, words in told.items():
        own = DEFS[shape]["properties"]["type"]
        assert (own.get("enum") or [own["const"]]) == words


def test_the_version_is_the_models() -> None:
    assert CONVERSATION["properties"]["version"]["const"] == model.VERSION


# What the reader makes is valid.


@pytest.mark.slow
@settings(max_examples=60)
@given(raw_conversations())
def test_whatever_is_read_validates(raw: dict[str, Any]) -> None:
    neutral = read_conversation(raw, Account(), ReadStats())
    assert not errors("conversation", orjson.loads(orjson.dumps(neutral)))


def test_an_ordinary_conversation_validates() -> None:
    raw = conversation(chain(message("user", "Hello"), message("assistant", "Good day")))
    assert not errors("conversation", read_conversation(raw, Account(), ReadStats()))


# What is wrong is told.


def errors(name: str, value: Any) -> list[str]:
    return [*schema.errors(name, value)]


def put(path: Sequence[int | str], new: Any) -> Callable[[Any], None]:
    """A change: set what stands at `path`, or take it away where `new` is `put`."""

    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        if new is put:
            del value[path[-1]]
        else:
            value[path[-1]] = new

    return change


TEXT: list[int | str] = ["messages", 0, "parts", 0]
IMAGE: list[int | str] = ["messages", 0, "parts", 1]
TIME = 'should be of the form of "2025-02-19T21:20:00.250000Z"'
BROKEN = [
    (put(["id"], put), "top level: 'id' is a required property"),
    (put(["id"], ""), "id: '' should be non-empty"),
    (put(["version"], 2), "version: is 2, should be 1"),
    (put(["title"], 5), "title: is 5, should be a string or null"),
    (put(["title"], {"a": 1}), "title: is an object, should be a string or null"),
    (put(["title"], [1]), "title: is an array, should be a string or null"),
    (put(["archived"], "no"), 'archived: is "no", should be a boolean or null'),
    (put(["surprise"], 1), 'top level: has keys that do not belong there: "surprise"'),
    (put(["created"], 1740000000), "created: is 1740000000, should be a string or null"),
    (put(["created"], "2025-02-19"), f'created: is "2025-02-19", {TIME}'),
    (put(["updated"], "2025-02-19T21:20:00"), f'updated: is "2025-02-19T21:20:00", {TIME}'),
    (
        put(["updated"], "2025-02-19T21:20:00+00:00"),
        f'updated: is "2025-02-19T21:20:00+00:00", {TIME}',
    ),
    (
        put(["messages", 1, "created"], "2025-02-19T21:20:00.1234567Z"),
        f'messages[1].created: is "2025-02-19T21:20:00.1234567Z", {TIME}',
    ),
    (put(["source", "nodes"], "f"), 'source.nodes: is "f", should be one of "full", "slim"'),
    (put(["source", "provider"], "x"), 'source.provider: is "x", should be "chatgpt"'),
    (put(["source"], None), "source: is null, should be an object"),
    (put(["project", "name"], put), "project: 'name' is a required property"),
    (put(["project"], "p"), 'project: is "p", should be an object or null'),
    (put(["messages"], {}), "messages: is an object, should be an array"),
    (put(["messages", 0], "m"), 'messages[0]: is "m", should be an object'),
    (put(["messages", 1, "parent"], put), "messages[1]: 'parent' is a required property"),
    (
        put(["messages", 1, "feedback"], "meh"),
        'messages[1].feedback: is "meh", should be one of "up", "down", null',
    ),
    (
        put(["messages", 1, "mood"], 1),
        'messages[1]: has keys that do not belong there: "mood"',
    ),
    (put([*TEXT, "type"], put), "messages[0].parts[0]: 'type' is a required property"),
    (put([*TEXT, "text"], None), "messages[0].parts[0].text: is null, should be a string"),
    (put([*TEXT, "citations"], put), "messages[0].parts[0]: 'citations' is a required property"),
    (
        put([*TEXT, "citations"], [{"start": -1, "end": 3, "sources": []}]),
        "messages[0].parts[0].citations[0].start: -1 is less than the minimum of 0",
    ),
    (
        put([*TEXT, "raw"], 1),
        'messages[0].parts[0]: has keys that do not belong there: "raw"',
    ),
    (put(TEXT, []), "messages[0].parts[0]: is an array, should be an object"),
    (
        put([*IMAGE, "width"], 1.5),
        "messages[0].parts[1].width: is 1.5, should be an integer or null",
    ),
    (put([*IMAGE, "asset"], None), "messages[0].parts[1].asset: is null, should be a string"),
    (put(["assets", 0, "missing"], 0), "assets[0].missing: is 0, should be a boolean"),
    (
        put(["assets", 0, "sha256"], "ABC"),
        'assets[0].sha256: is "ABC", should be of the form of '
        '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"',
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("change,sentence", BROKEN)
def test_what_is_wrong_is_told_with_its_place(change: Callable[..., Any], sentence: str) -> None:
    value = deepcopy(GOOD)
    change(value)
    assert errors("conversation", value) == [sentence]


def test_an_unknown_type_of_part() -> None:
    value = deepcopy(GOOD)
    value["messages"][0]["parts"][0]["type"] = "dance"
    (sentence,) = errors("conversation", value)
    assert sentence.startswith('messages[0].parts[0].type: is "dance", should be one of "text", ')


def test_a_report_that_is_wrong() -> None:
    value = deepcopy(REPORT["examples"][0])
    value["targets"][0]["hidden"]["system-message"] = "many"
    value["read"]["repairs"]["nan"] = -1
    assert errors("report", value) == [
        "read.repairs.nan: -1 is less than the minimum of 0",
        'targets[0].hidden["system-message"]: is "many", should be an integer',
    ]


@pytest.mark.parametrize("value", [None, 5, [], "words"])
def test_something_else_altogether(value: int | None) -> None:
    (sentence,) = errors("conversation", value)
    assert sentence.startswith("top level: is ")
    assert sentence.endswith(", should be an object")


def test_a_sentence_stays_short() -> None:
    value = {
        **GOOD,
        "model": {"words": "x" * 1_000_000},
        "project": "x" * 1_000_000,
        "archived": "\ud800",
        "starred": 10**40,
        "x" * 1_000_000: 1,
        "y" * 1_000_000: 1,
    }
    found = errors("conversation", value)
    assert len(found) == 5
    assert all(len(sentence) < 250 for sentence in found)


@pytest.mark.slow
def test_a_value_too_deep_to_be_shown() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert errors("conversation", {**GOOD, "extra": {"deep": deep}}) == []
    found = errors("conversation", {**GOOD, "title": deep})
    assert found == ["a value of the wrong type is nested too deep to be shown"]


# jsonl


def test_lines() -> None:
    line = orjson.dumps(GOOD) + b"\n"
    lines = [
        line,
        b'{"id": \n',
        b"\n",
        b"7\n",
        b'"\xff"\n',
        orjson.dumps({**GOOD, "title": 1, "model": 2}) + b"\n",
        line.rstrip(b"\n"),
    ]
    found = [*schema.validate_lines(lines)]
    assert [error.line for error in found] == [2, 3, 4, 5, 6, 6]
    assert all(found[number].sentence.startswith("not JSON: ") for number in (0, 1, 3))
    assert found[2] == (4, "top level: is 7, should be an object")
    assert found[4] == (6, "title: is 1, should be a string or null")
    assert found[5] == (6, "model: is 2, should be a string or null")


def test_good_lines_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "archive.jsonl"
    file.write_bytes((orjson.dumps(GOOD) + b"\n") * 3)
    with file.open("rb") as stream:
        assert [*schema.validate_lines(stream)] == []


def test_a_line_with_many_problems_tells_some_of_them() -> None:
    bad = orjson.dumps({**GOOD, "messages": [None] * 1000})
    found = [*schema.validate_lines([bad, bad])]
    assert [error.line for error in found] == [1] * schema.MOST + [2] * schema.MOST


def test_lines_are_taken_one_at_a_time() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"7"

    found = schema.validate_lines(endless())
    assert [next(found).line for _ in range(3)] == [1, 2, 3]


# Where the schemas are found


@pytest.mark.slow
def test_the_schemas_of_an_installed_package_and_no_early_import(tmp_path: Path) -> None:
    root = Path(schema.__file__).parents[2]
    package = tmp_path / "gptexit"
    shutil.copytree(root / "src" / "gptexit", package, ignore=shutil.ignore_patterns("schemas"))
    shutil.copytree(root / "schemas", package / "schemas")
    code = (
        "import sys; from gptexit import schemas as schema; print(schema.__file__);"
        "print([schema.load(name)['$id'] for name in schema.NAMES]);"
        "print('jsonschema' in sys.modules, len([*schema.errors('report', 1)]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        str(package / "schemas.py"),
        str([f"urn:gptexit:{name}:{VERSIONS.get(name, 1)}" for name in schema.NAMES]),
        "False 1",
    ]
