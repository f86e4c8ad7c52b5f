"""`python -m tests.mutation [MODULE …]`: which changes of the code of metrics and statistics no test notices.

mutmut (of `tox -e mutation`) makes one change at a time to each module that `[tool.mutmut]` of pyproject.toml names, in
a copy of the project, and runs the tests of the module's own name. What they miss is tried again in a process of its
own, so that a change of what runs on import is there in time, with the further tests that `tests/mutation.toml` names.
Changes that survive and are equal to the original in every case that matters stand in that file, each with the reason;
two kinds are left aside by rule: words for people, which no test reads, and `strict=` of `zip`, a guard of sequences
that are equally long by how they are made. Any other is a gap of the tests. Exit code 1 below 95 % killed of what is
not left aside, or with a survivor that is not listed.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

LEAST_KILLED = 0.95
MOST_BYTES = 8 << 30
"""Memory of a process: a changed loop that never ends may fill whatever it is given."""
PROCESSES = 2
PATIENCE = 10
"""Times what the tests take unchanged until a change is taken for one that never ends."""
UNREACHED = "Stopping early, because"
"""How mutmut says that no test calls a changed function: all of them run on import, or there is none."""
ROOT = Path(__file__).resolve().parents[1]
LISTED = Path(__file__).with_suffix(".toml")
CAUGHT = ("killed", "timeout", "segfault", "caught by type check")
"""What shows that a change was noticed: a test failed, never ended, or the process died."""
ASIDE = ("words", "strict")
"""The fates of changes that survive by rule: to the letters of a text with a space in it, and to a guard of `zip`."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What `tests/mutation.toml` says: the reason of each survivor, and tests of modules beside those of their name."""

    survivors: Mapping[str, str]
    tests: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls) -> Listed:
        """Return what the file says."""
        said = tomllib.loads(LISTED.read_text(encoding="utf-8"))
        return cls(said["survivors"], said["tests"])

    def further(self, module: str) -> list[str]:
        """Return the tests that come after those of a module's own name, of the package that holds it first."""
        return [test for name, tests in self.tests.items() if f"{module}.".startswith(f"{name}.") for test in tests]


def modules(configured: Mapping[str, Any], named: Sequence[str]) -> list[str]:
    """Return the modules to change: those that are configured, below a name where some are given."""
    kept = {path for pattern in configured["only_mutate"] for path in ROOT.glob(pattern)}
    kept -= {path for pattern in configured["do_not_mutate"] for path in ROOT.glob(pattern)}
    named_files = (path.relative_to(ROOT).with_suffix("") for path in kept if path.name != "__init__.py")
    found = sorted(".".join(path.parts) for path in named_files)
    return [module for module in found if not named or any(f"{module}.".startswith(f"{one}.") for one in named)]


def own_tests(module: str) -> str:
    """Return the file of tests that has a module's name."""
    *rooms, name = module.split(".")[1:]
    return "/".join(("tests", *rooms, f"test_{name}.py"))


def copied(folder: Path, module: str, configured: Mapping[str, Any]) -> None:
    """Lay out the project in a folder, by links, with a configuration that changes one module and runs its tests."""
    for entry in ROOT.iterdir():
        if entry.name in ("harness", "tests", *configured["also_copy"]):
            (folder / entry.name).symlink_to(entry)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for key, value in (
        ("only_mutate", [f"{module.replace('.', '/')}.py"]),
        ("pytest_add_cli_args_test_selection", [own_tests(module)]),
    ):
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}".replace("'", '"'), text, flags=re.MULTILINE)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def mutmut(folder: Path, *arguments: str) -> str:
    """Return what mutmut says in a folder; ends with it where mutmut fails, but for tests that reach no change."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if told.returncode and UNREACHED not in told.stdout:
        raise SystemExit(f"{' '.join(command)}:\n{told.stdout[-3000:]}{told.stderr[-3000:]}")
    return told.stdout


def fates(folder: Path) -> dict[str, str]:
    """Return name -> fate of every change that was made in a folder."""
    return dict(re.findall(r"^\s+(\S+): (.+)$", mutmut(folder, "results", "--all", "true"), re.MULTILINE))


def fate_alone(folder: Path, name: str, tests: Sequence[str], arguments: Sequence[str], limit_s: float) -> str:
    """Return the fate of a change in a process of its own; of the name "" that of the code as it is."""
    mutants = folder / "mutants"
    environment = os.environ | {"MUTANT_UNDER_TEST": name, "PYTHONPATH": str(mutants)}
    command = [sys.executable, "-m", "pytest", "-x", "-q", *arguments, *tests]
    try:
        done = subprocess.run(command, cwd=mutants, env=environment, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    return "killed" if done.returncode else "survived"


def again(folder: Path, names: Sequence[str], tests: Sequence[str], arguments: Sequence[str]) -> Iterator[str]:
    """Yield the fate of each change, in a process of its own."""
    start = perf_counter()
    if names and fate_alone(folder, "", tests, arguments, 3600.0) != "survived":
        raise SystemExit(f"the tests fail without a change: {' '.join(tests)}")
    limit_s = PATIENCE * (perf_counter() - start)
    with ThreadPoolExecutor(PROCESSES) as pool:
        yield from pool.map(lambda name: fate_alone(folder, name, tests, arguments, limit_s), names)


def mutated(module: str, configured: Mapping[str, Any], listed: Listed) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fate of every change of a module, and what the changes are that survive without being listed."""
    with tempfile.TemporaryDirectory(prefix=f"mutation-{module}-") as name:
        folder = Path(name)
        copied(folder, module, configured)
        mutmut(folder, "run", "--max-children", str(PROCESSES))
        found = fates(folder)
        missed = [one for one, fate in found.items() if fate not in CAUGHT and one not in listed.survivors]
        tests = [own_tests(module), *listed.further(module)]
        shown = {one: mutmut(folder, "show", one) for one in missed}
        found |= {one: kind for one, change in shown.items() if (kind := left_aside(change))}
        tried = [one for one in missed if found[one] not in ASIDE]
        found |= zip(tried, again(folder, tried, tests, configured["pytest_add_cli_args"]), strict=True)
        return found, {one: shown[one] for one in tried if found[one] not in CAUGHT}


def left_aside(change: str) -> str:
    """Return the kind of a change, as mutmut shows it, that is left aside by rule; "" for any other."""
    old, new = (
        "\n".join(re.findall(rf"^{re.escape(sign)}(?!{re.escape(sign)})(.*)$", change, re.MULTILINE)) for sign in "-+"
    )
    if old.replace(", strict=True", "") == re.sub(r", (strict=(False|None))?(?=\))", "", new):
        return "strict"
    has_text = re.search(r"\"[^\"]* [^\"]*\"", old) is not None
    return "words" if has_text and old.lower() == new.replace("XX", "").lower() else ""


def main(named: Sequence[str]) -> int:
    """Make the changes, print what became of them module by module, and return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    listed, total, gaps = Listed.read(), Counter[str](), 0
    for module in modules(configured, named):
        start = perf_counter()
        found, unlisted = mutated(module, configured, listed)
        total.update(found.values())
        gaps += len(unlisted)
        for one, fate in found.items():
            if fate not in (*CAUGHT, *ASIDE):
                sys.stdout.write(f"{one}: {fate}: {listed.survivors.get(one, 'NOT LISTED')}\n{unlisted.get(one, '')}")
        sys.stdout.write(f"{module}: {_said(Counter(found.values()))} in {perf_counter() - start:.0f} s\n")
        sys.stdout.flush()
    sys.stdout.write(f"all: {_said(total)}\n")
    return 1 if gaps or _share(total) < LEAST_KILLED else 0


def _share(counts: Counter[str]) -> float:
    killed, total = _counted(counts)
    return killed / max(1, total)


def _counted(counts: Counter[str]) -> tuple[int, int]:
    """Return how many changes were noticed, and of how many."""
    return sum(counts[fate] for fate in CAUGHT), counts.total() - sum(counts[fate] for fate in ASIDE)


def _said(counts: Counter[str]) -> str:
    killed, total = _counted(counts)
    return f"{killed} of {total} changes were noticed ({_share(counts):.1%}); {dict(counts)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
