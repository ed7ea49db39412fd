"""Every kind of faulty writer in every format, 20 places each: `python tests/run_mutations.py`."""

from __future__ import annotations

import argparse
import sys
import time

from support.archives.mutations import KINDS, archives, tried


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=20, help="places for each kind")
    parser.add_argument("--format", action="append", help="only this format")
    parser.add_argument("--kind", action="append", help="only this kind")
    given = parser.parse_args()
    begun = time.monotonic()
    total, missed = 0, []
    kinds = [
        kind
        for kind in KINDS
        if kind.format in (given.format or [kind.format])
        and kind.name in (given.kind or [kind.name])
    ]
    with archives() as made:
        for kind in kinds:
            done, lost = tried(kind, made, given.places)
            total += done
            missed += lost
            print(
                f"{kind.format:<9} {kind.name:<38} {done:>4} tried {len(lost):>4} missed",
                flush=True,
            )
    print(*missed, sep="\n")
    names = len({kind.name for kind in kinds})
    print(f"{len(kinds)} kinds in their formats ({names} names), {total:,} places, ", end="")
    print(f"{len(missed)} missed, {time.monotonic() - begun:,.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
