"""The word index, and the search of the browser over it."""

from __future__ import annotations

import json
import random
import string
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.writers.html import words
from gptexit.writers.html.words import WordIndex, words_of
from support.searching import Chat, Term, archive_of, ask, judged, runs_of

Pieces = dict[str, dict[str, list[int]]]
"""Name of a piece: its words, and the numbers of the conversations that have each."""

_LETTERS = "aábcde\u0301éßΣσςχжйд0１2½字日ほガｶー한국กินि한दीسلבֹ_-' \n🙂\u00ad\u200b\U00020000İ"
_TEXT = st.text(
    st.one_of(st.sampled_from(_LETTERS), st.characters(max_codepoint=0x17F)), max_size=60
)
_TITLED = st.tuples(st.none() | _TEXT, st.lists(_TEXT, max_size=3))
_CHATS = st.lists(_TITLED, min_size=1, max_size=12)


def index_of(chats: dict[int, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """The files of an index by their paths, and the names in its directory."""
    with WordIndex() as index:
        for number, found in chats.items():
            index.add(number, found)
        files = dict(index.pieces())
        return files, index.directory()["pieces"]


def read(data: bytes) -> dict[str, list[int]]:
    """Read a piece: words, and the numbers of their conversations."""
    digits = [chr(code) for code in range(35, 127) if chr(code) != "\\"]
    read: dict[str, list[int]] = {}
    _, _, rest = data.decode().partition(",")
    for line in json.loads(rest.removesuffix(")\n")).split(" "):
        word, *blocks = line.split("!")
        assert word not in read
        numbers = [
            91 * digits.index(block[at]) + digits.index(block[at + 1])
            for block in blocks
            for at in range(0, len(block), 2)
        ]
        read[word] = []
        for block in blocks:
            first, *entries = numbers[: len(block) // 2]
            numbers = numbers[len(block) // 2 :]
            read[word] += [first * 1024 + entry // 8 for entry in entries]
    return read


def tokens(text: str) -> set[str]:
    """What the index has to hold of a text."""
    found = set()
    for unspaced, run in runs_of(text):
        pairs = {run[at : at + 2] for at in range(len(run))}
        found |= pairs if unspaced else {run[:24]}
    return found


def found_in(chat: tuple[str | None, list[str]]) -> bytes:
    title, texts = chat
    return words_of(title, [("m-1", "u", text) for text in texts])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces and memory so small that a short text needs several."""
    monkeypatch.setattr(words, "PIECE", 60)
    monkeypatch.setattr(words, "PENDING", 5)


@given(_CHATS)
def test_each_word_is_found_in_its_piece_and_only_there(
    small: None, chats: list[tuple[str | None, list[str]]]
) -> None:
    files, names = index_of({number: found_in(chat) for number, chat in enumerate(chats, 1)})
    expected: dict[str, list[int]] = {}
    for number, (title, texts) in enumerate(chats, 1):
        for word in set().union(*map(tokens, [title or "", *texts])):
            expected.setdefault(word, []).append(number)
    pieces = [read(files[f"data/words/{name}.js"]) for name in names]
    assert len(files) == len(names)
    assert {word: numbers for piece in pieces for word, numbers in piece.items()} == expected
    assert sum(map(len, pieces)) == len(expected)
    assert names == sorted(names)
    for word in expected:
        at = sum(name <= word.encode().hex() for name in names) - 1
        assert word in pieces[at]


@given(_CHATS, st.randoms())
def test_the_bytes_do_not_depend_on_the_order(
    small: None, chats: list[tuple[str | None, list[str]]], random: random.Random
) -> None:
    found = {1000 + 7 * number: found_in(chat) for number, chat in enumerate(chats)}
    shuffled = list(found.items())
    random.shuffle(shuffled)
    assert index_of(found) == index_of(dict(shuffled))


@given(_CHATS, _TITLED)
def test_a_conversation_changes_only_pieces_that_have_its_words(
    small: None,
    chats: list[tuple[str | None, list[str]]],
    added: tuple[str | None, list[str]],
) -> None:
    found = {number: found_in(chat) for number, chat in enumerate(chats, 1)}
    before, _ = index_of(found)
    after, _ = index_of({**found, len(chats) + 1: found_in(added)})
    title, texts = added
    new = set().union(*map(tokens, [title or "", *texts]))
    held = [set(read(data)) for data in before.values()]
    for path, data in after.items():
        if before.get(path) != data and not new & (kept := set(read(data))):
            # What was one piece with words of the conversation was cut: this is a part of it.
            assert any(kept < piece for piece in held)


def test_a_piece_is_no_larger_than_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "PIECE", 4000)
    draw = random.Random(1)
    names = ["".join(draw.choices(string.ascii_lowercase, k=6)) for _ in range(2000)]
    texts = {
        number: words_of(None, [("m", "u", " ".join(draw.choices(names, k=200)))])
        for number in range(1, 60)
    }
    files, _ = index_of(texts)
    sizes = [len(data) for data in files.values()]
    assert max(sizes) < 4100
    assert sum(sizes) / len(sizes) > 1500


def test_memory_does_not_grow_with_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "PENDING", 1000)
    with WordIndex() as index:
        for number in range(1, 200):
            text = " ".join(f"word{number}x{place}" for place in range(100))
            index.add(number, words_of(None, [("m", "u", text)]))
            assert sum(map(len, index._pending.values())) < 1200
        assert sum(len(read(data)) for _, data in index.pieces()) == 199 * 100


def test_what_an_old_page_holds_weighs_by_how_much_it_is_about_a_word() -> None:
    long = [("m", "u", "bread " + "filler " * 5000)]
    short = [("m", "u", "bread bread bread")]
    levels = [
        next(level for level, line in enumerate(found.split(b"\n")) if b"bread" in line.split())
        for found in (words_of(None, long), words_of(None, short), words_of("Bread", long))
    ]
    assert levels == sorted(set(levels))
    assert levels[-1] == words.TITLE


# ---- the browser's side, run by node ----------------------------------------------------------


@pytest.mark.slow
def test_each_character_is_folded_as_in_the_index(tmp_path: Path) -> None:
    """What Python and this node both know; a newer Unicode adds characters."""
    known = [
        character
        for character in map(chr, range(0x80, sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cn", "Cs", "Co")
        and unicodedata.category(character)[0] in "LNM"
        # Of the many ideographs and syllables, some.
        and (ord(character) % 64 == 0 or not 0x3400 <= ord(character) < 0xD7A4)
        and (ord(character) % 1024 == 0 or not 0x17000 <= ord(character) < 0xE0000)
    ]
    questions = [
        ("places", word.decode() + " ", f"x{character}y")
        for character in known
        for line in words_of(None, [("m", "u", f"x{character}y")]).split(b"\n")
        for word in line.split()
    ]
    archive_of([], tmp_path)
    answers = ask(tmp_path, questions)
    differing = [
        question for question, answer in zip(questions, answers, strict=True) if not answer
    ]
    assert not differing


_WORDS = {
    "latin": "Brot café naïve straße Garten über resume ice cream data database snake_case x1",
    "cyrillic": "хлеб ёлка Москва дом домик река",
    "greek": "άρτος Σίσυφος λόγος",
    "arabic": "كتاب كبير مدينة",
    "hebrew": "שלום לחם",
    "devanagari": "हिन्दी रोटी की को",
    "han": "面包 面包店 東京 東京都 京都 茶",
    "kana": "パン パンや カメラ ｶﾒﾗ",
    "thai": "ขนมปัง ปัง กิน",
    "korean": "한국어 빵 빵집",
}
_MARKS = [
    "**{}**",
    "`{}`",
    "{}, ",
    "“{}”",
    "# {}",
    "[{}](https://example.org/{})",
    "{}’s",
    "\n\n{}",
]


class _Draw:
    """Draws conversations and queries of few words, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        scripts = self.random.sample(list(_WORDS), 4)
        self.words = [word for script in ["latin", *scripts] for word in _WORDS[script].split()]

    def text(self, most: int) -> str:
        picked = self.random.choices(self.words, k=self.random.randint(0, most))
        return " ".join(
            self.random.choice(_MARKS).replace("{}", word) if self.random.random() < 0.2 else word
            for word in picked
        )

    def chats(self) -> list[Chat]:
        return [
            Chat(
                number,
                self.text(2),
                [
                    (f"m-{at}", self.random.choice("uat"), self.text(8))
                    for at in range(self.random.randint(0, 4))
                ],
            )
            for number in self.random.sample(range(1, 3000), 15)
        ]

    def terms(self) -> list[Term]:
        terms = {Term(self.random.choice(self.words))}
        for _ in range(self.random.randint(0, 2)):
            kind = self.random.random()
            word = self.random.choice(self.words)
            if kind < 0.2:
                terms.add(Term(f"{word} {self.random.choice(self.words)}"))
            elif kind < 0.4 and runs_of(word)[0][1].isascii():
                terms.add(Term(word[: self.random.randint(1, 3)], begins=True))
            elif kind < 0.6:
                terms.add(Term(word, without=True))
            else:
                terms.add(Term(word))
        return sorted(terms, key=lambda term: term.query)


@pytest.mark.parametrize("seed", range(6))
def test_a_search_finds_what_a_plain_reading_finds(seed: int, tmp_path: Path) -> None:
    draw = _Draw(seed)
    chats = draw.chats()
    folder = archive_of(chats, tmp_path)
    questions = []
    expected = []
    for _ in range(120):
        terms, role = draw.terms(), draw.random.choice([None, None, "u", "a"])
        allowed = draw.random.sample([chat.number for chat in chats], 12)
        query = " ".join(term.query for term in terms) + " "
        questions.append(("search", query, role, allowed, True))
        among = [chat for chat in chats if chat.number in allowed]
        expected.append(judged(among, terms, role))
    for question, answer, (found, partial) in zip(
        questions, ask(folder, questions), expected, strict=True
    ):
        got = {hit["number"]: (hit["anchor"], hit["lacking"]) for hit in answer["results"]}
        assert got == found, question
        assert answer["partial"] == partial, question
        assert answer["total"] == len(found), question
        lacks = [len(hit["lacking"]) for hit in answer["results"]]
        assert lacks == sorted(lacks)


def _one(texts: list[str], title: str = "") -> list[Chat]:
    return [Chat(1, title, [(f"m-{at}", "u", text) for at, text in enumerate(texts, 1)])]


def _found(tmp_path: Path, chats: list[Chat], query: str) -> list[dict[str, Any]]:
    folder = archive_of(chats, tmp_path)
    (answer,) = ask(folder, [("search", query, None, None, False)])
    results: list[dict[str, Any]] = answer["results"]
    return results


def _numbers(tmp_path: Path, chats: list[Chat], query: str) -> list[int]:
    return [hit["number"] for hit in _found(tmp_path, chats, query)]


def test_a_title_counts_more_than_a_text_and_a_rare_word_more_than_a_common_one(
    tmp_path: Path,
) -> None:
    common = [Chat(number, "", [("m", "u", "bread")]) for number in range(4, 9)]
    chats = [
        Chat(1, "", [("m", "u", "bread"), ("n", "u", "bread saffron")]),
        Chat(2, "Saffron bread", [("m", "u", "bread")]),
        Chat(3, "", [("m", "u", "saffron saffron bread")]),
        *common,
    ]
    assert _numbers(tmp_path, chats, "bread saffron ") == [2, 3, 1]


def test_of_equal_conversations_the_newest_is_first(tmp_path: Path) -> None:
    dates = {1: "2024-01-01T10:00", 2: None, 3: "2026-01-01T10:00", 4: "2025-01-01T10:00"}
    chats = [Chat(number, "", [("m", "u", "bread")], date) for number, date in dates.items()]
    assert _numbers(tmp_path, chats, "bread") == [3, 4, 1, 2]


def test_twenty_results_come_at_a_time(tmp_path: Path) -> None:
    chats = [Chat(number, "", [("m", "u", "bread")]) for number in range(1, 46)]
    folder = archive_of(chats, tmp_path)
    first, every = ask(folder, [("search", "bread", None, None, more) for more in (False, True)])
    assert len(first["results"]) == 20
    assert first["total"] == 45
    assert sorted(hit["number"] for hit in every["results"]) == list(range(1, 46))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bake", True),  # the last word, while it is typed
        ("bake ", False),
        ("bake*", True),
        ("bake* tin", True),
        ("bak tin", False),
        ('"tin and bak', True),
        ('"tin and bak"', False),
        ("“tin and bakery”", True),
        ("tin-and", True),
        ("tin_and", True),
        ("and-tin", False),
        ("TIN", True),
        ("-tin", False),
        ("bakery -flour", True),
        ("bakery -tin", False),
        ('bakery -"tin and"', False),
        ('bakery -"and tin"', True),
        ("…", False),
        ("", False),
    ],
)
def test_what_a_query_means(query: str, found: bool, tmp_path: Path) -> None:
    hits = _found(tmp_path, _one(["A tin and **Bakery**"]), query)
    assert [hit["number"] for hit in hits if not hit["lacking"]] == ([1] if found else [])


def test_words_in_several_messages_count_less_and_it_is_said_which_lack(tmp_path: Path) -> None:
    chats = [
        Chat(1, "", [("m", "u", "bread bread bread"), ("n", "a", "bread and salt")]),
        Chat(2, "", [("m", "u", "salt salt salt"), ("n", "a", "bread bread")]),
    ]
    first, second = _found(tmp_path, chats, "bread salt ")
    assert (first["number"], first["anchor"], first["lacking"]) == (1, "n", [])
    assert (second["number"], second["anchor"], second["lacking"]) == (2, "m", ["bread"])


def test_where_nothing_has_all_words_those_with_most_are_given(tmp_path: Path) -> None:
    chats = [Chat(1, "", [("m", "u", "bread salt")]), Chat(2, "", [("m", "u", "bread")])]
    (answer,) = ask(
        archive_of(chats, tmp_path), [("search", "bread salt yeast ", None, None, True)]
    )
    assert [hit["number"] for hit in answer["results"]] == [1]
    assert answer["partial"]
    assert answer["lacking"] == ["yeast"]
    assert answer["total"] == 1


def test_a_conversation_whose_text_cannot_be_read_is_found_without_a_passage(
    tmp_path: Path,
) -> None:
    folder = archive_of(_one(["bread"]), tmp_path)
    (folder / "data/texts/1.js").write_text("archive.piece('text-1', {'t': '!'})")
    (answer,) = ask(folder, [("search", "bread", None, None, True)])
    assert [(hit["number"], hit["passage"]) for hit in answer["results"]] == [(1, "")]


def test_a_passage_is_short_and_has_marks_and_no_signs(tmp_path: Path) -> None:
    text = (
        "filler " * 100
        + "\n\n## Our **rye** bread\n\n- `salt` and [water](https://example.org/rye)\n"
        + "more " * 100
    )
    (hit,) = _found(tmp_path, _one([text]), "rye water ")
    passage = hit["passage"]
    assert "Our rye bread salt and water" in passage
    assert [passage[begin:end] for begin, end in hit["marks"]] == ["rye", "water"]
    assert passage.startswith("…")
    assert passage.endswith("…")
    assert len(passage) < 170


@pytest.mark.parametrize(
    ("query", "text", "passage", "marks"),
    [
        ("example", "see [this](https://example.org)", None, ["example"]),
        ("cafe", "le café\u0301 noir", None, ["café\u0301"]),
        ("ガラ", "これはｶﾞﾗｽです", None, ["ｶﾞﾗ"]),
        ("빵", "이 빵집은", None, ["빵"]),
        ("𠀋", "𠀋𠀋", None, ["𠀋", "𠀋"]),
        ("x", "<b>&amp; x</b>", "<b>&amp; x</b>", ["x"]),
    ],
)
def test_marks_are_at_the_places_of_the_text(
    query: str, text: str, passage: str | None, marks: list[str], tmp_path: Path
) -> None:
    (hit,) = _found(tmp_path, _one([text]), query)
    units = hit["passage"].encode("utf-16-le")
    marked = [units[2 * begin : 2 * end].decode("utf-16-le") for begin, end in hit["marks"]]
    assert marked == marks
    assert passage is None or hit["passage"] == passage


def test_the_best_part_of_a_long_text_is_shown(tmp_path: Path) -> None:
    text = "bread " + "filler " * 10_000 + "salt bread yeast " + "filler " * 10_000
    (hit,) = _found(tmp_path, _one([text]), "bread salt yeast ")
    assert len(hit["marks"]) == 3


def test_the_places_of_a_query_in_a_text(tmp_path: Path) -> None:
    archive_of([], tmp_path)
    (places,) = ask(
        tmp_path, [("places", 'salt* "rye bread" -yeast', "Rye bread, saltless, yeast")]
    )
    assert places == [[0, 9], [11, 15]]
