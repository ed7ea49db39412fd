"""Write anew what is made from the code and compared by the tests: `python tests/renew.py`.

`golden` is the files in tests/golden, `documents` the output that the documents show, `features`
the table in docs/features.md, `guide` the answers in docs/assistant-search.md, `sentences` the list
of all sentences in tests/golden/sentences.txt. Name some of them, or none for all.
"""

from __future__ import annotations

import argparse

from support import documents, features, golden, sentences
from support.mcp import guide

KINDS = {
    "golden": golden.main,
    "documents": documents.main,
    "features": features.main,
    "guide": guide.main,
    "sentences": sentences.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    for kind in parser.parse_args().kinds or KINDS:
        KINDS[kind]()


if __name__ == "__main__":
    main()
