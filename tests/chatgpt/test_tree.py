from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.chatgpt.tree import Tree, build, newest_leaf
from gptexit.codes import Oddity

KEYS = [f"n{n}" for n in range(9)]


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.fixed_dictionaries(
            {},
            optional={
                "parent": st.one_of(st.none(), st.sampled_from([*KEYS, "gone", 7])),
                "children": st.one_of(st.none(), st.lists(st.sampled_from([*KEYS, "gone", 7]))),
                "message": st.one_of(
                    st.none(),
                    st.fixed_dictionaries({"create_time": st.sampled_from([None, 1, 2.5, "x"])}),
                ),
            },
        ),
    )
)
def test_every_node_stands_once_and_behind_its_parent(mapping: dict[str, dict[str, Any]]) -> None:
    tree = build(mapping, Counter())
    assert sorted(tree.order) == sorted(mapping)
    place = {key: n for n, key in enumerate(tree.order)}
    for key, above in tree.parent.items():
        assert above is None or place[above] < place[key]
    leaf = newest_leaf(mapping, tree)
    messages = [key for key in mapping if mapping[key].get("message")]
    assert (leaf is None) == (not messages)
    for key in messages:
        assert leaf not in [*path_above(tree, key)]


def node(parent: str | None, time: float) -> dict[str, Any]:
    return {"parent": parent, "message": {"create_time": time}}


def path_above(tree: Tree, key: str) -> Iterator[str]:
    above = tree.parent[key]
    while above is not None:
        yield above
        above = tree.parent[above]


@pytest.mark.slow
def test_a_chain_of_40000_nodes() -> None:
    mapping = {str(n): {"parent": str(n - 1) if n else None} for n in range(40_000)}
    assert build(mapping, Counter()).order == list(mapping)


def test_siblings_stand_as_the_children_list_says_else_by_time() -> None:
    slim = {"r": {"parent": None}, "late": node("r", 5), "early": node("r", 3)}
    assert build(slim, Counter()).order == ["r", "early", "late"]
    fat = {**slim, "r": {"parent": None, "children": ["late", "early"]}}
    assert build(fat, Counter()).order == ["r", "late", "early"]


def test_a_cycle_is_cut_above_its_oldest_node_and_counted() -> None:
    found: Counter[Oddity] = Counter()
    tree = build(
        {"c": node("b", 3), "a": node("c", 1), "b": node("a", 2), "d": node("b", 4)}, found
    )
    assert tree.order == ["a", "b", "c", "d"]
    assert found == Counter({Oddity.CYCLE_CUT: 1})


def test_a_lost_parent_is_recovered_from_children() -> None:
    found: Counter[Oddity] = Counter()
    mapping: dict[str, Any] = {
        "r": {"parent": None, "children": ["x"]},
        "x": {"parent": "gone"},
        "y": {"parent": "gone"},
    }
    tree = build(mapping, found)
    assert tree.parent == {"r": None, "x": "r", "y": None}
    assert found[Oddity.PARENT_RECOVERED] == 1
    assert found[Oddity.PARENT_MISSING] == 1


def test_a_node_that_has_lost_its_parent_is_found_by_its_name_elsewhere() -> None:
    mapping: dict[str, Any] = {
        "a": {"parent": None, "children": ["b"]},
        "b": {"message": {}},
        "c": {"parent": "b", "children": []},
    }
    found: Counter[Oddity] = Counter()
    assert build(mapping, found).parent == {"a": None, "b": "a", "c": "b"}
    assert found == {Oddity.PARENT_RECOVERED: 1}
