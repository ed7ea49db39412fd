"""Try the whole matrix of planted secrets and say which are left; takes some minutes.

python tests/run_secrets.py
"""

import sys
import tempfile
from pathlib import Path

from support import surroundings
from support.leaks import PACKS, leaks


def main() -> int:
    """Print the cells of which something is left."""
    cells = list(surroundings.matrix())
    with tempfile.TemporaryDirectory() as folder:
        left, judged = leaks(cells, Path(folder), PACKS)
    for cell in left:
        print(f"{cell.core.kind}: {cell.surrounding}, {cell.place}")
    print(f"{len(left)} of {len(cells)} left; {len(judged)} seen by the other judge")
    return bool(left or judged)


if __name__ == "__main__":
    sys.exit(main())
