"""What a person saw has to be there: for each kind, a note that has it and one that has not.

The notes are written by hand, so that nothing of the writer judges itself.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from support.archives.laid import KEY, lay
from support.build import chain, conversation, message
from support.waiting import at_most

PICTURE = b"\x89PNG\r\n\x1a\n"
ASSET = "file_00000000000001a2b3c4d5e6f7a8b9c0"
POINTER = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{ASSET}"}
LINK = f"![A lighthouse](../assets/{ASSET}.png)"
CITE = "\ue200cite\ue202turn0search3\ue201"
ASKED = message("user", "How?")


def answer(words: str, **metadata: Any) -> dict[str, Any]:
    return message("assistant", words, metadata=metadata)


def page(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "grouped_webpages", "items": [{"title": "Page", "url": url, **more}]}


def group(url: str) -> dict[str, Any]:
    ref = {"turn_index": 0, "ref_type": "search", "ref_index": 3}
    return {"entries": [{"url": url, "title": "Page", "ref_id": ref}]}


REPORT = {
    "report_message": {
        "content": {"content_type": "text", "parts": [f"# Locks\n\nThey are old. {CITE}"]},
        "metadata": {"content_references": [page("https://e.org/locks")]},
    }
}
LIST = {
    "create_shared_list": {
        "list_id": "x7",
        "title": "Moving",
        "items": [{"id": "1", "section": "Kitchen", "text": "Pack the plates"}],
    }
}


@dataclass
class Kind:
    """A kind of loss: what the export holds, a note that has it, and one that lost it."""

    messages: list[Any]
    right: str
    wrong: str
    files: dict[str, bytes] = field(default_factory=dict)


def told(words: str) -> str:
    return f"## You, 21:20\n\nHow?\n\n## ChatGPT, 21:20\n\n{words}"


KINDS = {
    "picture of weight 0": Kind(
        [
            ASKED,
            message(
                "tool",
                {"content_type": "multimodal_text", "parts": [POINTER]},
                name="t2uay3k.sj1i4kz",
                weight=0.0,
            ),
            message("user", "Thank you."),
        ],
        told(f"{LINK}\n\n## You, 21:20\n\nThank you."),
        "## You, 21:20\n\nHow?\n\nThank you.",
        {ASSET: PICTURE},
    ),
    "screenshot of an agent": Kind(
        [
            ASKED,
            message(
                "tool",
                {"content_type": "computer_output", "screenshot": POINTER},
                name="computer.do",
            ),
            answer("Done."),
        ],
        told(f"{LINK}\n\nDone."),
        told(f"{LINK[1:]}\n\nDone."),
        {ASSET: PICTURE},
    ),
    "page that an agent looked at": Kind(
        [
            ASKED,
            message(
                "tool",
                {
                    "content_type": "computer_output",
                    "screenshot": POINTER,
                    "state": {"title": "Tables for two", "url": "https://example.org/tables"},
                },
                name="computer.do",
            ),
            answer("Done."),
        ],
        told(f"{LINK}\n\n> — [Tables for two](https://example.org/tables)\n\nDone."),
        told(f"{LINK}\n\n> — Tables for two\n\nDone."),
        {ASSET: PICTURE},
    ),
    "page that is quoted": Kind(
        [
            ASKED,
            message(
                "tool",
                {
                    "content_type": "tether_quote",
                    "text": "Tables for two are by the window.",
                    "title": "Tables for two",
                    "url": "https://example.org/tables",
                },
                name="browser",
            ),
            answer("Done."),
        ],
        told(
            "> Tables for two are by the window.\n>\n"
            "> — [Tables for two](https://example.org/tables)\n\nDone."
        ),
        told("> Tables for two are by the window.\n\nDone."),
    ),
    "picture in another place": Kind(
        [
            ASKED,
            answer("So."),
            message("user", "Draw it."),
            message(
                "tool",
                {"content_type": "multimodal_text", "parts": [POINTER]},
                name="image_gen.text2im",
            ),
            message("user", "Lovely."),
        ],
        told(
            f"So.\n\n## You, 21:20\n\nDraw it.\n\n## ChatGPT, 21:20\n\n{LINK}\n\n"
            "## You, 21:20\n\nLovely."
        ),
        told(f"So.\n\n{LINK}\n\n## You, 21:20\n\nDraw it.\n\nLovely."),
        {ASSET: PICTURE},
    ),
    "reasoning as a tool": Kind(
        [
            ASKED,
            message(
                "tool",
                "I compare three things.",
                name="a8km123",
                weight=0.0,
                metadata={"finished_text": "Reasoned about causes for 34s"},
            ),
            answer("Because."),
        ],
        told("> [!note]- Reasoned about causes for 34s\n>\n> I compare three things.\n\nBecause."),
        told("Because."),
    ),
    "quoted passage of a reply": Kind(
        [message("user", "How long?", metadata={"targeted_reply": "the river Meuse"})],
        "## You, 21:20\n\n> the river Meuse\n\nHow long?",
        "## You, 21:20\n\nHow long?",
    ),
    "what a tool quotes": Kind(
        [
            ASKED,
            message(
                "tool",
                {"content_type": "tether_quote", "text": "Turn it off.", "title": "m.pdf"},
                name="file_search",
            ),
        ],
        told("> Turn it off.\n>\n> — m.pdf"),
        "## You, 21:20\n\nHow?",
    ),
    "report of a hidden host": Kind(
        [
            ASKED,
            message(
                "tool",
                "Started.",
                name="api_tool.call_tool",
                metadata={
                    "is_visually_hidden_from_conversation": True,
                    "chatgpt_sdk": {"widget_state": json.dumps(REPORT)},
                },
            ),
        ],
        told("### Locks\n\nThey are old.[^1]\n\n[^1]: [Page](https://e.org/locks)"),
        "## You, 21:20\n\nHow?",
    ),
    "report as text of a tool": Kind(
        [
            ASKED,
            message(
                "tool",
                f"The latest state of the widget is: {json.dumps(REPORT)}",
                name="api_tool.widget_state",
            ),
        ],
        told("### Locks\n\nThey are old.[^1]\n\n[^1]: [Page](https://e.org/locks)"),
        told("### Locks\n\nThey are old."),
    ),
    "canvas that was interrupted": Kind(
        [
            ASKED,
            message(
                "assistant",
                '{"name":"seed","type":"code/html","content":"<html>\\n<head>\\n  Seed\\',
                recipient="canmore.create_textdoc",
            ),
        ],
        told("**Canvas “seed”**\n\n```html\n<html>\n<head>\n  Seed\n```"),
        told('{"name":"seed","type":"code/html","content":"\\<html>\\n\\<head>\\n  Seed\\'),
    ),
    "canvas that was rewritten": Kind(
        [
            ASKED,
            message(
                "assistant",
                json.dumps({"name": "plan", "type": "document", "content": "First draft"}),
                recipient="canmore.create_textdoc",
            ),
            message(
                "assistant",
                json.dumps({"updates": [{"pattern": ".*", "replacement": "The last word"}]}),
                recipient="canmore.update_textdoc",
            ),
        ],
        told("> [!abstract] Canvas “plan”\n>\n> The last word"),
        told("> [!abstract] Canvas “plan”\n>\n> First draft"),
    ),
    "link in a marker": Kind(
        [ASKED, answer("Use \ue200url\ue202Example\ue202https://s.example\ue201 now.")],
        told("Use [Example](https://s.example) now."),
        told("Use now."),
    ),
    "checklist": Kind(
        [ASKED, answer(f"Take it:\n\n\ue200genui\ue202{json.dumps(LIST)}\ue201")],
        told("Take it:\n\n**Moving**\n\nKitchen:\n\n- [ ] Pack the plates"),
        told("Take it:"),
    ),
    "gallery": Kind(
        [
            ASKED,
            answer(
                '\ue200image_group\ue202{"query": ["red kite"]}\ue201 See.',
                content_references=[
                    {
                        "type": "image_group",
                        "images": [
                            {
                                "image_result": {
                                    "title": "Red kite in flight",
                                    "url": "https://k.example/1",
                                    "content_url": "https://k.example/1.jpg",
                                }
                            }
                        ],
                    }
                ],
            ),
        ],
        told("- [Red kite in flight](https://k.example/1)\n\nSee."),
        told("See."),
    ),
    "name of a file in an old citation": Kind(
        [ASKED, answer("It is so【4:0†manual.pdf】.")],
        told("It is so[^1].\n\n[^1]: manual.pdf"),
        told("It is so[^1].\n\n[^1]: rules.docx"),
    ),
    "sources that are only listed": Kind(
        [
            ASKED,
            answer(
                "In 1931.",
                content_references=[
                    {
                        "type": "sources_footnote",
                        "sources": [{"url": "https://e.org/b", "title": "Bridge"}],
                    }
                ],
            ),
        ],
        told("In 1931.\n\nSources:\n\n- [Bridge](https://e.org/b)"),
        told("In 1931."),
    ),
    "source of another answer": Kind(
        [
            ASKED,
            answer(f"Ten. {CITE}", content_references=[page("https://e.org/clouds")]),
            message("user", "And trams?"),
            answer(f"Five. {CITE}", content_references=[page("https://e.org/trams")]),
        ],
        told(
            "Ten.[^1]\n\n## You, 21:20\n\nAnd trams?\n\n## ChatGPT, 21:20\n\nFive.[^2]\n\n"
            "[^1]: [Page](https://e.org/clouds)\n[^2]: [Page](https://e.org/trams)"
        ),
        told(
            "Ten.[^1]\n\n## You, 21:20\n\nAnd trams?\n\n## ChatGPT, 21:20\n\nFive.[^1] [^2]\n\n"
            "[^1]: [Page](https://e.org/clouds)\n[^2]: [Page](https://e.org/trams)"
        ),
    ),
    "source that nothing explains": Kind(
        [
            ASKED,
            answer(f"Ten. {CITE}", search_result_groups=[group("https://e.org/clouds")]),
            message("user", "And trams?"),
            answer(f"Five. {CITE}"),
        ],
        told(
            "Ten.[^1]\n\n## You, 21:20\n\nAnd trams?\n\n## ChatGPT, 21:20\n\nFive.\n\n"
            "[^1]: [Page](https://e.org/clouds)"
        ),
        told(
            "Ten.[^1]\n\n## You, 21:20\n\nAnd trams?\n\n## ChatGPT, 21:20\n\nFive.[^1]\n\n"
            "[^1]: [Page](https://e.org/clouds)"
        ),
    ),
    "source of a search above": Kind(
        [
            ASKED,
            message(
                "tool",
                "",
                name="web",
                metadata={"search_result_groups": [group("https://e.org/t")]},
            ),
            answer(f"Five. {CITE}"),
        ],
        told("Five.[^1]\n\n[^1]: [Page](https://e.org/t)"),
        told("Five."),
    ),
    "sign of a marker": Kind(
        [ASKED, answer("\ue203A song.\ue204\ue206")], told("A song."), told("A song.\ue206")
    ),
    "words that look like a marker, typed": Kind(
        [message("user", f"I paste {CITE} here")],
        f"## You, 21:20\n\nI paste {CITE} here",
        "## You, 21:20\n\nI paste[^1] here\n\n[^1]: [Page](https://e.org)",
    ),
    "shape of the web application": Kind(
        [ASKED, answer("So it is said.")], told("So it is said."), "*Nothing was said here.*"
    ),
}


def packed(path: Path, raw: dict[str, Any], files: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as export:
        export.writestr("conversations.json", json.dumps([raw]))
        for key, data in (files or {}).items():
            export.writestr(f"{key}-1111.png", data)
    return path


def raw_of(name: str) -> dict[str, Any]:
    made = chain(*KINDS[name].messages)
    if name != "shape of the web application":
        return conversation(made, conversation_id=KEY)
    listed = [node["message"] for node in made.values() if node["message"]]
    return {"title": "A title", "conversation_id": KEY, "messages": listed, "page_info": {}}


def verify(source: Path, root: Path) -> Result:
    return CliRunner().invoke(main, ["verify", str(source), str(root)])


@pytest.mark.parametrize("name", KINDS)
def test_a_note_that_has_all_is_accepted(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    source = packed(tmp_path / "e.zip", raw_of(name), kind.files)
    done = verify(source, lay(tmp_path / "out", kind.right, kind.files))
    assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_note_that_lost_it_is_refused(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    source = packed(tmp_path / "e.zip", raw_of(name), kind.files)
    done = verify(source, lay(tmp_path / "out", kind.wrong, kind.files))
    assert done.exit_code == 1
    assert "Not complete" in done.output


UNKNOWN = {
    "content type hologram": message(
        "assistant", {"content_type": "hologram", "beam": "It says blue."}
    ),
    "part hologram": message(
        "assistant",
        {"content_type": "multimodal_text", "parts": [{"type": "hologram", "x": "It says blue."}]},
    ),
    "marker weather": answer("Now: \ue200weather\ue202It says blue.\ue201"),
    "container tip": answer("::: tip\nIt says blue.\n:::"),
    "widget poll": answer('\ue200genui\ue202{"poll": {"title": "It says blue."}}\ue201'),
    "reference hologram": answer(
        "Now.", content_references=[{"type": "hologram", "title": "It says blue."}]
    ),
}


@pytest.mark.parametrize("form", UNKNOWN)
def test_a_form_that_nobody_knows_has_a_verdict_of_its_own(form: str, tmp_path: Path) -> None:
    raw = conversation(chain(ASKED, UNKNOWN[form]), conversation_id=KEY)
    source = packed(tmp_path / "e.zip", raw)
    note = "Now: It says blue. Now." if "Now" in json.dumps(raw) else "It says blue."
    done = verify(source, lay(tmp_path / "there", told(note)))
    assert done.exit_code == 5, done.output
    assert "1 message is in a form that gptexit does not know:" in done.output
    assert f"conversation “A title”, message m2: {form}" in done.output
    assert verify(source, lay(tmp_path / "gone", told("Now:"))).exit_code == 1


def test_what_is_hidden_is_not_asked_for(tmp_path: Path) -> None:
    hidden = [
        message("system", "Be kind."),
        message("user", "A", metadata={"is_visually_hidden_from_conversation": True}),
        message("assistant", "B", metadata={"is_visually_hidden": True}),
        message("assistant", '{"q": "trams"}', recipient="web.search"),
        message("tool", "Results for the model", name="web"),
        message("user", {"content_type": "user_editable_context", "user_profile": "Bees"}),
    ]
    source = packed(
        tmp_path / "e.zip", conversation(chain(*hidden, ASKED, answer("So.")), conversation_id=KEY)
    )
    done = verify(source, lay(tmp_path / "out", told("So.")))
    assert done.exit_code == 0, done.output


RENDERED = {
    "line breaks": ("one\n  two", "one\\\n```text\n  two\n```"),
    "escapes": ("__init__ #tag [a] <b>", "\\_\\_init\\_\\_ \\#tag \\[a\\] \\<b>"),
    "definitions": (
        "See [docs][1].\n\n[1]: https://a.example/docs",
        "See [docs](https://a.example/docs).",
    ),
    "pictures elsewhere": (
        "![a kite](https://a.example/k.jpg)",
        "[a kite](https://a.example/k.jpg)",
    ),
    "headings": ("Title\n=====\n\nText", "### Title\n\nText"),
    "names of fences": ("```dataview\nlist\n```", "```text\nlist\n```"),
    "footnotes": ("So[^1].\n\n[^1]: Indeed.", "So[^m2-1].\n\n[^m2-1]: Indeed."),
    "math": ("\\[ a^2 \\]", "$$\na^2\n$$"),
}


@pytest.mark.parametrize("name", RENDERED)
def test_how_a_note_renders_is_not_judged(name: str, tmp_path: Path) -> None:
    words, written = RENDERED[name]
    words = words.replace("__init__", "\\_\\_init\\_\\_") if name != "escapes" else words
    source = packed(
        tmp_path / "e.zip", conversation(chain(ASKED, answer(words)), conversation_id=KEY)
    )
    done = verify(source, lay(tmp_path / "out", told(written)))
    assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "[" * 200_000,
        "```" * 70_000,
        "](" * 100_000,
        "\ue200" * 100_000,
        "【1†" * 60_000,
        "- " * 99_999,
    ],
    ids=["brackets", "fences", "links", "markers", "citations", "rules"],
)
def test_time_follows_the_size_of_a_message(words: str, tmp_path: Path) -> None:
    source = packed(
        tmp_path / "e.zip", conversation(chain(ASKED, answer(words)), conversation_id=KEY)
    )
    root = lay(tmp_path / "out", told(words))
    with at_most(10):
        done = verify(source, root)
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_conversations_without_ids_are_found_by_their_content(tmp_path: Path) -> None:
    raw = [
        {**conversation(chain(message("user", f"Question {number}"))), "conversation_id": None}
        for number in range(300)
    ]
    source = tmp_path / "e.json"
    source.write_text(json.dumps(raw))
    out = tmp_path / "out"
    run = CliRunner()
    assert run.invoke(main, ["convert", str(source), "-o", str(out), "--quiet"]).exit_code == 0
    with at_most(10):
        done = verify(source, out)
    assert done.exit_code == 0, done.output
