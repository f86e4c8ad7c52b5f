"""`python -m tests.gpu --out DIR`: what a GPU changes, in a few minutes; 1 if anything is not as it should be.

Trains and runs a U-Net, StarDist and Cellpose on the CPU and on the GPU, and says what their scores and times are on
either. `--devices cpu cpu` tries the script where there is no GPU. Records of both lie in DIR, by device.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.gpu.checks import guard_problems, precision_problems
from tests.gpu.rows import ROWS, Compared, compared, computed


def main(words: list[str] | None = None) -> int:
    """Run, print a line a row and what is wrong, and write both into DIR/report.json."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for records and report")
    parser.add_argument("--devices", nargs=2, default=("cpu", "cuda"), metavar=("REFERENCE", "DEVICE"))
    parser.add_argument("--row", dest="rows", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--seconds", type=float, default=540.0, help="time for all of it (default 540)")
    arguments = parser.parse_args(words)
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    reference, device = arguments.devices
    found: list[Compared] = []
    problems = [*guard_problems(), *precision_problems(device)]
    each_s = arguments.seconds / (2 * len(chosen))
    for row in chosen:
        runs = [
            computed(row, arguments.out / f"{number}-{one}", device=one, seconds=each_s)
            for number, one in enumerate((reference, device))
        ]
        found.append(compared(row, runs[0], runs[1], device=device))
        sys.stdout.write(f"{found[-1]}\n")
        sys.stdout.flush()
        problems += found[-1].problems
    sys.stdout.writelines(f"PROBLEM {problem}\n" for problem in problems)
    report = {"devices": [reference, device], "rows": [one.to_json() for one in found], "problems": problems}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
