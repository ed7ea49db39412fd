"""Prove that an archive holds what an export holds, independently of the writer.

The export is read again, the archive as files, and the two are compared. Shared with the conversion
are only

- the container (`ExportSet`): the members of the export and how they are unpacked;
- which copies of a conversation belong together in several exports, and their merged conversation.
  Each copy is compared with it (`compare_raw`), so a message that merging lost is found;
- asset ids to members. Bytes are compared, not names;
- how worker processes are started and handed conversations (`parallel.pool`); what they run is the
  code of this package;
- `orjson`, which parses the conversations of the export, as it does in the conversion; where worker
  processes do that, msgspec proves where each ends, as there (`parsing.heads`). The tests
  compare what it reads with what the standard library reads. The lines of a jsonl archive are read
  by the standard library.

Not shared is how a text is made of a conversation. Items are found by counting brackets, not by the
splitter. A rule that errs towards more decides which messages a person saw (`expected`); their
markers and references are read by tables of its own (`words`, `documents`). An unknown form is
named, and its strings have to be there.

How a note renders is not judged (`compare_text`). To see what was changed in a note whose SHA-256
differs, it has to be rendered again: `gptexit.proof`, above this package, does that. In case prover
and writer are wrong in the same way, the tests have a third, simpler judge: notes written by hand
(`tests/verification/test_seen.py`).
"""
