"""Proof that an archive holds what an export holds, worked out apart from the writer.

Verifying reads the export again and the archive as files, and holds the two against each other. It
shares with the conversion

- the container (`export`): which members there are and how they are unpacked. Without it there is
  no source to read. ZIP checksums and `export_manifest.json` are checked there; a member that it
  overlooked would show in `gptexit inspect`, which lists what it does not know.
- which copies of a conversation belong together, where several exports are given as one, and into
  what they are merged. Each copy is then held against what it became (`compare_raw`), so that a
  message that merging lost is found whatever the archive holds.
- asset ids to members, since a pointer means nothing without the name tables. Bytes are compared,
  not names.

It does not share what makes text out of a conversation. The splitter's guesses and `orjson` are not
used: items are found by counting brackets, and read by the standard library. Which messages a
person saw is worked out here from the raw conversation (`expected`), by a rule that asks for more
rather than less; what stands in their texts, markers and references is read by tables of its own
(`words`, `documents`). What stands in none of those is a form that nobody knows: its
strings have to be there, and it is named. Which addresses an answer may lead to is a matter of
sets, not of resolving markers, as the reader does.

Notes are read back as text (`page`), jsonl lines by the standard library, rows by plain SQL. How a
note renders is not judged: text is compared without white space and without the signs of Markdown
that a writer may add or escape (`compare_text`); that such a sign is where the writer put it is
told by the SHA-256 in the archive's manifest. Only to say what was changed in a note whose SHA-256
differs, the note is rendered again: `gptexit.proof`, above this package, does that. Where prover
and writer could be wrong in the same way, the tests have a third, simpler judge: notes written by
hand (`tests/verify/test_seen.py`).

ZIPs in ChatGPT's layout are unpacked by the standard library, and each conversation is held against
the source's as one raw conversation against another (`compare_raw`): nothing of the reader or the
model stands between them. Files are found in them by the id in their names.
"""
