"""`python -m tests.mutation [MODULE …]`: which changes of the code of metrics and statistics no test notices.

mutmut (of `tox -e mutation`) makes the changes of each module that `[tool.mutmut]` of pyproject.toml names; the tests
of the module's own name try one at a time, and those that `tests/mutation.toml` names beside them. Changes that survive
and are equal to the original in every case that matters stand in that file, each with the reason; two kinds are left
aside by rule: words for people, which no test reads, and `strict=` of `zip`, a guard of sequences that are equally long
by how they are made. Any other is a gap of the tests. Exit code 1 below 95 % noticed of what is not left aside, or with
a survivor that is not listed.

What becomes of each change is kept below the cache folder: a run that was ended goes on where it was, and one of the
same code and tests has nothing to do.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from time import perf_counter

from tests.mutation.changes import ROOT, Change, changed, modules
from tests.mutation.outcomes import MISSED, Listed, Outcomes, chosen_tests, counted, kept_in
from tests.mutation.trying import UntriedError, try_changes

LEAST_NOTICED = 0.95
MOST_BYTES = 6 << 30
"""Memory of a process: a changed loop that never ends may fill whatever it is given."""


def main() -> int:
    """Try changes, or sum up what became of them, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="modules or packages (default: all)")
    parser.add_argument("--missed", action="store_true", help="try again only what older tests did not notice")
    parser.add_argument("--fast", action="store_true", help="leave what survives fast tests to a later run")
    parser.add_argument("--summary", action="store_true", help="try nothing: say what became of changes so far")
    arguments = parser.parse_args()
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    chosen = modules(configured, arguments.modules)
    if not chosen:
        parser.error(f"no module '{' '.join(arguments.modules)}' among those that are changed")
    listed = Listed.read()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    total, gaps, untried = Counter[str](), 0, []
    for module in chosen:
        start = perf_counter()
        tests = chosen_tests(module, listed)
        outcomes = Outcomes(kept_in(), module, tests)
        if not arguments.summary:
            outcomes.begin(only_missed=arguments.missed)
            try:
                try_changes(module, tests, configured["pytest_add_cli_args"], outcomes, only_fast=arguments.fast)
            except UntriedError as error:
                _say(f"{module}: {error}")
            outcomes.read()
        changes = changed(module).changes
        fates = outcomes.of_changes(changes)
        if not outcomes.is_current or len(fates) < len(changes):
            untried.append(module)
        gaps += _told(changes, fates, listed)
        total.update(fates.values())
        took = "" if arguments.summary else f" in {perf_counter() - start:.0f} s"
        older = "" if outcomes.is_current else ", of other code or other tests"
        if fates and len(fates) < len(changes):
            older += f"; {len(changes) - len(fates)} more are open"
        _say(f"{module}: {_summed(Counter(fates.values()))}{took}{older if fates else ', not tried'}")
    noticed, all_of_them = counted(total)
    _say(f"all: {_summed(total)}")
    if untried:
        _say(f"not all of their changes were tried on this code: {', '.join(untried)}")
    return 1 if gaps or untried or noticed < LEAST_NOTICED * all_of_them else 0


def _told(changes: tuple[Change, ...], fates: Mapping[str, str], listed: Listed) -> int:
    """Print the changes that no test noticed, and those that are listed and were; return how many are not listed."""
    gaps = 0
    for change in changes:
        became, reason = fates.get(change.name, ""), listed.reason(change)
        if became in MISSED:
            gaps += reason is None
            _say(f"{change.name}: {became}: {reason or f'NOT LISTED{chr(10)}{change.text}'}")
        elif reason is not None and became:
            _say(f"{change.name}: {became}, though listed: {reason}")
    return gaps


def _summed(counts: Counter[str]) -> str:
    noticed, all_of_them = counted(counts)
    return f"{noticed} of {all_of_them} changes were noticed ({noticed / max(1, all_of_them):.1%}); {dict(counts)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
