"""`python -m tests.campaign`: the long form of what `pytest tests/campaign` does in short."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.campaign.kinds import KINDS, LIMITS_S
from tests.campaign.running import LIMIT_S, run


def main() -> int:
    """Run kinds one after the other and print what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaign", description="hostile inputs and mishaps by the thousand"
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"some of {', '.join(KINDS)} (default: all)")
    parser.add_argument("--count", type=int, default=1000, help="inputs a kind (default 1000)")
    parser.add_argument("--seconds", type=float, default=600.0, help="time for all kinds together (default 600)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first input, to repeat a finding")
    parser.add_argument("--keep", type=Path, help="folder for the inputs of findings")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.kinds) - set(KINDS))
    if unknown:
        parser.error(f"no kind '{unknown[0]}'; accepted: {', '.join(KINDS)}")
    chosen = arguments.kinds or list(KINDS)
    found = 0
    for name in chosen:
        outcome = run(
            KINDS[name],
            count=arguments.count,
            seed=arguments.seed,
            first=arguments.first,
            seconds=arguments.seconds / len(chosen),
            keep=arguments.keep,
            limit_s=LIMITS_S.get(name, LIMIT_S),
        )
        sys.stdout.write(
            f"{name}: {outcome.tried} inputs: {outcome.read} read, {outcome.refused} refused, "
            f"{len(outcome.findings)} findings\n"
        )
        sys.stdout.writelines(f"  {finding}\n" for finding in outcome.findings)
        sys.stdout.flush()
        found += len(outcome.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
