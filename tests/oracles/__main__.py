"""Compare with every library that is here: `python -m tests.oracles [--pairs 1000] [--sets 100] [--library NAME]`."""

from __future__ import annotations

import argparse
import math
import sys

from tests.oracles.comparison import Worst, compared_pairs, compared_sets
from tests.oracles.images import cases, sets
from tests.oracles.libraries import LIBRARIES, Library


def main() -> int:
    """Print a line per library and metric; exit 1 if one is farther apart than rounding takes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of label images (default: 1000)")
    parser.add_argument("--sets", type=int, default=100, help="sets of four pairs (default: 100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--library", action="append", choices=[library.name for library in LIBRARIES])
    arguments = parser.parse_args()
    failed = 0
    for library in LIBRARIES:
        if arguments.library and library.name not in arguments.library:
            continue
        if library.absent:
            print(f"{library.name:18} skipped: {library.absent}")
            continue
        print(f"{library.name:18} {'metric':28} {'values':>7} {'worst difference':>17}")
        failed += _printed(library, "", compared_pairs(library, cases(arguments.pairs, arguments.seed)))
        failed += _printed(library, " of sets", compared_sets(library, sets(arguments.sets, arguments.seed + 1)))
    print(f"{failed} metrics are farther apart than rounding" if failed else "all agree to rounding")
    return 1 if failed else 0


def _printed(library: Library, kind: str, worst: dict[str, Worst]) -> int:
    failed = 0
    for name, one in worst.items():
        is_far = not one.difference <= library.tolerance
        failed += is_far
        shown = "undefined on one side" if math.isinf(one.difference) else f"{one.difference:.2e}"
        print(f"{'':18} {name + kind:28} {one.compared:7d} {shown:>17}{'  <<< ' + one.where if is_far else ''}")
        for example in one.examples[:3]:
            print(f"{'':22}{example}")
    sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
