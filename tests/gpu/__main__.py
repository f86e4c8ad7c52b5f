"""`python -m tests.gpu --out DIR`: what a GPU changes, in a few minutes; 1 if anything is not as it should be.

Trains and runs a U-Net, StarDist, Cellpose, SPOCO and a SAM, and clusters, on the CPU and on the GPU, and says what
their scores and times are on either, and which rows cannot run here. Networks that have learnt something, on the real
images of the mini tier (HARNESS_MIRROR, HARNESS_DATA), are trained on the GPU alone, and the CPU predicts with the same
weights. `--devices cpu cpu` tries the script where there is no GPU. Records and timings of what each device has trained
are packed into DIR/records.tar.gz, to be merged into published ones.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.provenance import hardware
from tests.gpu.checks import guard_problems, precision_problems, precision_seconds, size_problems
from tests.gpu.rows import ROWS, Compared, compared, computed, data_missing


def main(words: list[str] | None = None) -> int:
    """Run, print a line a row and what is wrong, and write both into DIR/report.json."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for records and report")
    parser.add_argument("--devices", nargs=2, default=("cpu", "cuda"), metavar=("REFERENCE", "DEVICE"))
    parser.add_argument("--row", dest="rows", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--seconds", type=float, default=540.0, help="time for all of it (default 540)")
    arguments = parser.parse_args(words)
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    skipped = {row.name: row.absent for row in chosen if row.absent}
    chosen = [row for row in chosen if not row.absent]
    devices = arguments.devices
    problems: list[str] = []
    tiles_s: dict[str, dict[str, float]] = {}
    if any(row.is_torch for row in chosen):
        problems += [*guard_problems(), *size_problems(devices[1]), *precision_problems(devices[1])]
        tiles_s = {device: precision_seconds(device) for device in dict.fromkeys(devices)}
    sys.stdout.writelines(f"a tile on {device}: {formats}\n" for device, formats in tiles_s.items())
    sys.stdout.writelines(f"{name}: not run: {reason}\n" for name, reason in skipped.items())
    found: list[Compared] = []
    folders = [arguments.out / f"{number}-{device}" for number, device in enumerate(devices)]
    ends_s = time.monotonic() + arguments.seconds
    for row in chosen:
        if time.monotonic() >= ends_s:
            skipped[row.name] = "the time was over"
            sys.stdout.write(f"{row.name}: not run: the time was over\n")
            continue
        try:
            runs = computed(row, folders, devices, ends_s=ends_s)
        except HarnessError as error:
            problems.append(f"{row.name}: {error}")
            continue
        if missing := data_missing(runs[1]):
            skipped[row.name] = missing
            sys.stdout.write(f"{row.name}: not run: {missing}\n")
            continue
        found.append(compared(row, runs[0], runs[1], device=devices[1]))
        sys.stdout.write(f"{found[-1]}\n")
        sys.stdout.flush()
        problems += found[-1].problems
    sys.stdout.writelines(f"PROBLEM {problem}\n" for problem in problems)
    report = {
        "devices": list(devices),
        "machine": hardware().machine,
        "tiles_s": tiles_s,
        "rows": [one.to_json() for one in found],
        "skipped": skipped,
        "problems": problems,
    }
    pack(folders, arguments.out / "records.tar.gz")
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))
    return 1 if problems else 0


def pack(folders: Sequence[Path], file: Path) -> None:
    """Pack results folders into one file, without their caches."""
    with tarfile.open(file, "w:gz") as packed:
        for folder in folders:
            for place in sorted(folder.iterdir()) if folder.is_dir() else ():
                if place.name != "cache":
                    packed.add(place, f"{folder.name}/{place.name}")


if __name__ == "__main__":
    sys.exit(main())
