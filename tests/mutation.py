"""`python -m tests.mutation [MODULE …]`: which changes of the code of metrics and statistics no test notices.

mutmut (of `tox -e mutation`) makes one change at a time to the modules named in `[tool.mutmut]` of pyproject.toml and
runs the tests that come by the changed function. Changes that survive and are equal to the original in every case that
matters stand in `tests/mutation.toml`, each with the reason; any other is a gap of the tests. Exit code 1 below 95 %
killed, or with a survivor that is not listed.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

LEAST_KILLED = 0.95
MOST_BYTES = 8 << 30
"""Memory of a process: a changed loop that never ends may fill whatever it is given."""
LISTED = Path(__file__).with_suffix(".toml")
CAUGHT = ("killed", "timeout", "segfault", "caught by type check")
"""What shows that a change was noticed: a test failed, never ended, or the process died."""


def results(modules: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield name and fate of every change that was made to the modules; none named are all."""
    told = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"], check=True, capture_output=True, text=True
    ).stdout
    for name, fate in re.findall(r"^\s+(\S+): (.+)$", told, re.MULTILINE):
        if not modules or name.startswith(tuple(modules)):
            yield name, fate


def main(modules: Sequence[str]) -> int:
    """Make the changes, print their fates, and return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    subprocess.run([sys.executable, "-m", "mutmut", "run", *(f"{module}.*" for module in modules)], check=True)
    reasons = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivors", {})
    found = dict(results(modules))
    fates = Counter(found.values())
    killed = sum(fates[fate] for fate in CAUGHT)
    survivors = [name for name, fate in found.items() if fate not in CAUGHT]
    unlisted = [name for name in survivors if name not in reasons]
    for name in survivors:
        sys.stdout.write(f"{name}: {found[name]}: {reasons.get(name, 'NOT LISTED; `mutmut show` prints the change')}\n")
    sys.stdout.write(
        f"{killed} of {len(found)} changes were noticed ({killed / max(1, len(found)):.1%}); {dict(fates)}\n"
    )
    return 1 if unlisted or killed < LEAST_KILLED * len(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
