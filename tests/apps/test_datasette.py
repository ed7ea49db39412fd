"""The SQLite archive in Datasette, without any settings: tables, labels, search, views."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from gptexit import convert
from support.apps import house
from support.exports import ROOT, raw_conversations

FAT = ROOT / "fixtures/fat-2024.zip"


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a page of Datasette's JSON API answers."""
    program = house.environment("datasette", ["datasette==0.65.5"]) / "datasette"
    out = tmp_path_factory.mktemp("datasette")
    convert(FAT, out, ["sqlite"])

    def page(path: Any) -> Any:
        command = [program, out / "chatgpt.sqlite", "--get", path]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return page


def test_each_table_is_there_with_its_keys_and_its_search(get: Any) -> None:
    tables = {
        table["name"]: table for table in get("/chatgpt.json")["tables"] if not table["hidden"]
    }
    assert set(tables) == {
        *("gptexit", "projects", "gpts", "conversations", "conversation_models"),
        *("messages", "assets", "memories", "instructions"),
    }
    assert tables["messages"]["fts_table"] == "messages_fts"
    assert tables["conversations"]["fts_table"] == "conversations_fts"
    leads = tables["messages"]["foreign_keys"]["outgoing"]
    assert {(lead["column"], lead["other_table"]) for lead in leads} == {
        ("conversation", "conversations"),
        ("parent", "messages"),
    }


def test_its_search_finds_what_a_person_saw_and_names_the_conversation(get: Any) -> None:
    found = get("/chatgpt/messages.json?_search=lighthouse&_shape=objects&_labels=on")
    assert found["filtered_table_rows_count"] == len(found["rows"]) > 1
    assert {row["conversation"]["label"] for row in found["rows"]} == {
        "Pictures: a lighthouse in three styles"
    }
    assert all("lighthouse" in row["text"].lower() for row in found["rows"])


def test_views_and_facets(get: Any) -> None:
    assert [row["role"] for row in get("/chatgpt/reading.json?_size=1&_shape=array")] == ["user"]
    assert get("/chatgpt/months.json?_shape=array")[0]["conversations"] >= 1
    facets = get("/chatgpt/conversations.json?_facet=model")["facet_results"]["model"]["results"]
    assert sum(facet["count"] for facet in facets) == len(raw_conversations(FAT))
