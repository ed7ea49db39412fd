"""The list of all sentences is as the code has them; see support/sentences.py."""

from __future__ import annotations

from support.sentences import LIST, sentences, text


def test_the_list_of_sentences_is_renewed() -> None:
    assert LIST.read_text(encoding="utf-8") == text(), "run `python tests/renew.py sentences`"


def test_the_list_has_sentences_of_every_kind() -> None:
    listed = sentences()
    for where, words in (
        ("gptexit verify --help", "-q, --quiet: Nothing but the exit code."),
        ("codes.py", "Lost file-cut: the file ends in the middle"),
        ("errors.py", "Try rarer or fewer words."),
        ("cli/summary.py", "  … and {names} more"),
        ("templates/exit/before.md.j2", "- [ ] **Download every part.**"),
    ):
        assert any(sentence.startswith(words) for sentence in listed[where]), where
