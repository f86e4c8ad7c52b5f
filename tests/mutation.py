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

import importlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess as Process
from pathlib import Path
from time import perf_counter
from typing import Any

LEAST_KILLED = 0.95
MOST_BYTES = 8 << 30
"""Memory of a process: a changed loop that never ends may fill whatever it is given."""
PROCESSES = 2
LIBRARIES = (
    "pytest",
    "hypothesis",
    "hypothesis.extra.numpy",
    "numba",
    "numpy",
    "scipy.ndimage",
    "scipy.optimize",
    "pandas",
)
"""What tests import beside the code that is changed."""
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
        """Return the tests for what those of a module's own name miss; "[*]" is one of each metric that it declares."""
        tests = [test for name, tests in self.tests.items() if f"{module}.".startswith(f"{name}.") for test in tests]
        declared = [f"[{metric.id}]" for metric in getattr(importlib.import_module(module), "METRICS", ())]
        each = [test.replace("[*]", one) for test in tests if "[*]" in test for one in declared]
        return [*each, *(test for test in tests if "[*]" not in test)]


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


def again(
    folder: Path, names: Sequence[str], tests: Sequence[str], arguments: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield name and fate of each change in a process of its own, which imports the changed code anew.

    The libraries that it needs are imported before, once for all of these processes.
    """
    for library in LIBRARIES:
        importlib.import_module(library)
    start = perf_counter()
    unchanged = _started(folder, "", tests, arguments)
    unchanged.join()
    if unchanged.exitcode:
        raise SystemExit(f"the tests fail without a change: {' '.join(tests)}")
    limit_s = PATIENCE * (perf_counter() - start)
    waiting, running = list(names), dict[str, tuple[Process, float]]()
    while waiting or running:
        while waiting and len(running) < PROCESSES:
            name = waiting.pop(0)
            running[name] = _started(folder, name, tests, arguments), perf_counter() + limit_s
        wait([process.sentinel for process, _ in running.values()], timeout=1.0)
        for name, (process, until) in list(running.items()):
            if process.exitcode is None and perf_counter() < until:
                continue
            fate = "timeout" if process.exitcode is None else "killed" if process.exitcode else "survived"
            process.kill()
            process.join()
            del running[name]
            yield name, fate


def _started(folder: Path, name: str, tests: Sequence[str], arguments: Sequence[str]) -> Process:
    process = get_context("fork").Process(target=_alone, args=(folder / "mutants", name, [*arguments, *tests]))
    process.start()
    return process


def _alone(mutants: Path, name: str, arguments: Sequence[str]) -> None:
    """Run tests with a change; the exit code of this process is that of pytest."""
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.chdir(mutants)
    os.environ["MUTANT_UNDER_TEST"] = name
    sys.path[:] = [str(mutants), *(entry for entry in sys.path if Path(entry).resolve() not in (ROOT, mutants))]
    for module in [one for one in sys.modules if one.partition(".")[0] in ("tests", "harness")]:
        del sys.modules[module]
    os._exit(int(pytest.main(["-x", "-q", "--rootdir", str(mutants), *arguments])))


def mutated(module: str, configured: Mapping[str, Any], listed: Listed) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fate of every change of a module, and what the changes are that survive without being listed."""
    with tempfile.TemporaryDirectory(prefix=f"mutation-{module}-") as name:
        folder = Path(name)
        copied(folder, module, configured)
        mutmut(folder, "run", "--max-children", str(PROCESSES))
        found = fates(folder)
        missed = [one for one, fate in found.items() if fate not in CAUGHT and one not in listed.survivors]
        further = listed.further(module)
        shown = {one: mutmut(folder, "show", one) for one in missed}
        found |= {one: kind for one, change in shown.items() if (kind := left_aside(change))}
        tried = [one for one in missed if found[one] not in ASIDE]
        if tried and further:
            found |= again(folder, tried, further, configured["pytest_add_cli_args"])
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
