"""`python -m tests.campaign`: the long form of what `pytest tests/campaign` does in short."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from tests.bench.figures import kept, table
from tests.campaign.kinds import KINDS, LIMITS_S, MISHAPS
from tests.campaign.log import Log
from tests.campaign.running import GOOD, LIMIT_S, run


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
    parser.add_argument("--log", type=Path, help="file with a line an input: what it holds is not tried again")
    parser.add_argument("--summary", action="store_true", help="try nothing, print the counts of --log")
    parser.add_argument("--figures", type=Path, help="file to keep the counts of --log in, with this machine")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.kinds) - set(KINDS))
    if unknown:
        parser.error(f"no kind '{unknown[0]}'; accepted: {', '.join(KINDS)}")
    log = Log(arguments.log)
    chosen = [] if arguments.summary else arguments.kinds or list(KINDS)
    found = 0
    for name in chosen:
        first = log.following(name, arguments.seed, arguments.first)
        outcome = run(
            KINDS[name],
            count=arguments.first + arguments.count - first,
            seed=arguments.seed,
            first=first,
            seconds=arguments.seconds / len(chosen),
            keep=arguments.keep,
            limit_s=LIMITS_S.get(name, LIMIT_S),
            note=partial(log.note, name, arguments.seed),
        )
        sys.stdout.write(
            f"{name}: {outcome.tried} inputs: {''.join(f'{getattr(outcome, one)} {one}, ' for one in GOOD)}"
            f"{len(outcome.findings)} findings\n"
        )
        sys.stdout.writelines(f"  {finding}\n" for finding in outcome.findings)
        sys.stdout.flush()
        found += len(outcome.findings)
    if arguments.summary:
        sys.stdout.write(table(log.figures(MISHAPS)) + "\n")
    if arguments.figures is not None:
        arguments.figures.write_text(json.dumps(kept(log.figures(MISHAPS)), indent=1) + "\n", encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
