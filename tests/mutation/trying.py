"""A module's changes tried one after the other, each in a process that is forked when everything is imported.

First the tests run unchanged, and coverage says which of them run which line. Then one process collects them, and for
each change a child of it runs the tests that reach what is changed, the fastest first, until one fails; laws have few
examples at first, and survivors are tried by the laws with all they have. What runs on import is past by then: changes
of it are tried in processes that collect anew.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from coverage import Coverage

from tests.mutation.changes import Change, Changed, changed
from tests.mutation.outcomes import Outcomes
from tests.mutation.processes import KILLED, SURVIVED, ended, fate, limit, write_to
from tests.mutation.sessions import FEW_EXAMPLES, Instead, Session, compiled, imported, warm_laws


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What the tests do without a change.

    reached   line of the changed text -> ids of the tests that run it; "" is what imports and collects them
    seconds   id of a test -> seconds of the processor, while lines were counted; "" is what collects them
    laws      ids of the tests that hypothesis runs
    imported  the modules of others that were imported
    compiled  module, name and signature of what was compiled
    """

    reached: dict[int, list[str]]
    seconds: dict[str, float]
    laws: set[str]
    imported: list[str]
    compiled: list[tuple[str, str, Any]]

    def reaching(self, change: Change) -> set[str]:
        """Return the ids of the tests that run what is changed, "" among them if importing does."""
        return {one for line in change.lines for one in self.reached.get(line, ())}


@dataclass(frozen=True, slots=True)
class Trial:
    """The changes of a module, what tries them, and where it is kept what becomes of them.

    tests      files of tests, or tests in them; "[*]" stands for each metric that the module declares
    arguments  further ones of pytest
    folder     for the changed text and for what tests write
    """

    changes: Changed
    tests: Sequence[str]
    arguments: Sequence[str]
    outcomes: Outcomes
    folder: Path

    @property
    def path(self) -> Path:
        """The file of the changed text."""
        return self.folder / f"{self.changes.module.rpartition('.')[2]}.py"

    @property
    def files(self) -> list[str]:
        """The files of the tests."""
        return list(dict.fromkeys(test.partition("::")[0] for test in self.tests))

    def wanted(self, test: str) -> bool:
        """Return whether a test, by its id, is one of these."""
        if any(test == one or test.startswith((f"{one}::", f"{one}[")) for one in self.tests):
            return True
        named, _, case = test.removesuffix("]").partition("[")
        declared = (metric.id for metric in getattr(sys.modules.get(self.changes.module), "METRICS", ()))
        return f"{named}[*]" in self.tests and case in declared

    def left(self) -> list[Change]:
        """Return the changes of which nothing is known yet."""
        return [change for change in self.changes.changes if change.name not in self.outcomes.fates]


def try_changes(module: str, tests: Sequence[str], arguments: Sequence[str], outcomes: Outcomes) -> Changed:
    """Try every change of a module of which nothing is known yet, and keep what becomes of each; return all of them."""
    changes = changed(module)
    for change in changes.changes:
        if change.aside and change.name not in outcomes.fates:
            outcomes.add(change.name, change.aside)
    with tempfile.TemporaryDirectory(prefix=f"mutation-{module}-") as name:
        trial = Trial(changes, tests, arguments, outcomes, Path(name).resolve())
        trial.path.write_text(changes.code, encoding="utf-8")
        if trial.left() and ended(partial(_try_all, trial)):
            raise SystemExit(f"{module}: its changes could not be tried")
    return changes


def _try_all(trial: Trial) -> int:
    """Try the changes of a module; this process imports what others wrote, and nothing of what is changed."""
    sys.meta_path.insert(0, Instead(trial.changes.module, trial.path))
    unchanged = _unchanged(trial)
    for name in unchanged.imported:
        importlib.import_module(name)
    if trial.changes.module in sys.modules:
        raise SystemExit(f"{trial.changes.module} was imported too early")
    gc.freeze()
    told = trial.folder / "told.txt"
    if ended(partial(_as_declared, trial, unchanged, None)):
        raise SystemExit(f"the tests of declared metrics fail without a change:\n{_end_of(told)}")
    for examples, tests in ((FEW_EXAMPLES, unchanged.seconds.keys() - {""}), (None, unchanged.laws)):
        if all(tests.isdisjoint(unchanged.reaching(change)) for change in trial.left()):
            continue
        if ended(partial(_in_warm_process, trial, unchanged, examples, tests, told)):
            raise SystemExit(f"{trial.changes.module} was tried to no end:\n{_end_of(told)}")
        trial.outcomes.read()
    for change in trial.left():
        trial.outcomes.add(change.name, _in_fresh_processes(trial, unchanged, change))
    return SURVIVED


def _unchanged(trial: Trial) -> Unchanged:
    """Return what the tests do without a change; ends with what they say where one fails."""
    told, found = trial.folder / "unchanged.txt", trial.folder / "unchanged.pickle"
    if ended(partial(_count, trial, told, found)):
        raise SystemExit(f"the tests fail without a change:\n{_end_of(told)}")
    unchanged: Unchanged = pickle.loads(found.read_bytes())
    return unchanged


def _end_of(told: Path) -> str:
    return told.read_text(encoding="utf-8", errors="replace")[-3000:]


def _count(trial: Trial, told: Path, found: Path) -> int:
    """Run the tests without a change and write down what they do."""
    write_to(told)
    lines = Coverage(data_file=None, include=[str(trial.path)], config_file=False, messages=False)
    seconds: dict[str, float] = {}
    laws: set[str] = set()

    @contextmanager
    def watched(item: pytest.Item) -> Iterator[None]:
        lines.switch_context(item.nodeid)
        start = process_time()
        yield
        seconds[item.nodeid] = process_time() - start
        lines.switch_context("")

    def work(session: Session) -> None:
        seconds[""] = process_time() - begun
        laws.update(item.nodeid for item in session.items if item.get_closest_marker("hypothesis"))
        session.tried(session.items, around=watched)

    session = Session(trial.wanted, work)
    lines.start()
    begun = process_time()
    session.run(trial.files, trial.arguments)
    lines.stop()
    if session.failed or not session.items:
        sys.stdout.write("\n".join(session.failed) or "there are no tests")
        return KILLED
    reached = lines.get_data().contexts_by_lineno(str(trial.path))
    found.write_bytes(pickle.dumps(Unchanged(reached, seconds, laws, imported(), compiled())))
    return SURVIVED


def _in_warm_process(trial: Trial, unchanged: Unchanged, examples: int | None, chosen: Set[str], told: Path) -> int:
    """Try the changes of what some tests call, in children of a process that has collected these."""

    def work(session: Session) -> None:
        if session.failed:
            return
        for module, name, signature in unchanged.compiled:
            getattr(importlib.import_module(module), name).compile(signature)
        warm_laws()
        gc.freeze()
        tests = _fastest_first(unchanged, [item for item in session.items if item.nodeid in chosen])
        if code := _tried(trial, session, tests, unchanged, None):
            sys.stdout.write(f"the tests fail without a change in a process that has collected them: {fate(code)}\n")
            session.failed.append("")
            return
        for change in trial.left():
            reaching = unchanged.reaching(change)
            items = [item for item in tests if item.nodeid in reaching]
            if items and (became := fate(_tried(trial, session, items, unchanged, change))) != "survived":
                trial.outcomes.add(change.name, became)

    write_to(told)
    session = Session(trial.wanted, work, examples)
    session.run(trial.files, trial.arguments)
    return KILLED if session.failed else SURVIVED


def _tried(
    trial: Trial, session: Session, items: list[pytest.Item], unchanged: Unchanged, change: Change | None
) -> int:
    """Return how a child ends that runs tests with a change."""

    def run() -> int:
        _switch_on(change, trial.folder / "written")
        return session.tried(items, partial(_seconds, unchanged))

    code = ended(run)
    shutil.rmtree(trial.folder / "written", ignore_errors=True)
    return code


def _in_fresh_processes(trial: Trial, unchanged: Unchanged, change: Change) -> str:
    """Return what becomes of a change that may be of what runs on import, or of what nothing runs."""
    reaching = unchanged.reaching(change)
    if not reaching:
        return "not covered"
    became = "survived"
    for run in (_as_declared, _collected_anew) if "" in reaching else ():
        if became == "survived":
            became = fate(ended(partial(run, trial, unchanged, change)))
            shutil.rmtree(trial.folder / "written", ignore_errors=True)
    return became


def _as_declared(trial: Trial, unchanged: Unchanged, change: Change | None) -> int:
    """Call the tests of each metric that the module declares, without collecting any; a failure ends this process."""
    write_to(trial.folder / "told.txt")
    limit(unchanged.seconds[""])
    _switch_on(change, trial.folder / "written")
    declared = getattr(importlib.import_module(trial.changes.module), "METRICS", ())
    runs = []
    for file, name in (test.removesuffix("[*]").split("::") for test in trial.tests if test.endswith("[*]")):
        function = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
        named = ((unchanged.seconds.get(f"{file}::{name}[{metric.id}]"), metric) for metric in declared)
        runs += [(seconds, partial(function, metric)) for seconds, metric in named if seconds is not None]
    for seconds, run in sorted(runs, key=lambda one: one[0]):
        limit(seconds)
        run()
    return SURVIVED


def _collected_anew(trial: Trial, unchanged: Unchanged, change: Change) -> int:
    """Run all tests with a change that is there when they are imported."""

    def work(session: Session) -> None:
        if not session.failed:
            session.tried(_fastest_first(unchanged, session.items), partial(_seconds, unchanged))

    write_to(trial.folder / "told.txt")
    limit(unchanged.seconds[""])
    _switch_on(change, trial.folder / "written")
    session = Session(trial.wanted, work)
    session.run(trial.files, trial.arguments)
    return KILLED if session.failed else SURVIVED


def _switch_on(change: Change | None, folder: Path) -> None:
    """Make a change the one that this process runs; its tests write below a folder of their own."""
    from mutmut.mutation.trampoline import set_mutant_under_test

    folder.mkdir(exist_ok=True)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    set_mutant_under_test("" if change is None else change.name)


def _fastest_first(unchanged: Unchanged, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return sorted(items, key=partial(_seconds, unchanged))


def _seconds(unchanged: Unchanged, item: pytest.Item) -> float:
    """Return what a test takes; one that a change has brought about is given none."""
    return unchanged.seconds.get(item.nodeid, 0.0)
