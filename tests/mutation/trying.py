"""A module's changes tried one after the other, each in a process that is forked when everything is imported.

First the tests run unchanged, and coverage says which of them run which line. Then one process collects them, and for
each change a child of it runs the tests that reach what is changed until one fails, first those that are fast and that
noticed the changes before it. Laws have few examples at first; survivors are tried by the laws that run anything of the
changed function, with all their examples. What runs on import is past by then: of a change of it a child makes the
module's declarations anew and tries these; one that survives that is tried in a process that collects anew.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
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


class UntriedError(Exception):
    """The changes of a module cannot be tried."""


FADING = 0.8
"""What remains, at each change that is noticed, of the weight of the tests that noticed those before it."""
OVERHEAD_S = 0.005
"""What any test takes beside its own work."""
ALL_EXAMPLES = 20
"""How many times as long a law takes with all its examples as with few, at most."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What the tests do without a change, laws with few examples.

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

    def laws_around(self, change: Change) -> set[str]:
        """Return the ids of the laws that run any line of the function: with more examples they may run what is
        changed.
        """
        return self.laws & {one for line in change.function for one in self.reached.get(line, ())}


@dataclass(slots=True)
class Order:
    """Which tests are tried first: fast ones, and those that noticed changes lately.

    seconds  id of a test -> what it takes; one that a change has brought about takes nothing
    noticed  id of a test -> how many changes it noticed, older ones counting less
    """

    seconds: dict[str, float]
    noticed: Counter[str] = field(default_factory=Counter)

    def of(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """Return tests in their order."""
        return sorted(items, key=self._cost)

    def add(self, test: str) -> None:
        """Take note of the test that noticed a change."""
        self.noticed = Counter({one: weight * FADING for one, weight in self.noticed.items()})
        self.noticed[test] += 1

    def _cost(self, item: pytest.Item) -> float:
        return (OVERHEAD_S + self.seconds.get(item.nodeid, 0.0)) / (0.1 + self.noticed[item.nodeid])


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
        known = self.outcomes.of_changes(self.changes.changes)
        return [change for change in self.changes.changes if change.name not in known]


def try_changes(
    module: str, tests: Sequence[str], arguments: Sequence[str], outcomes: Outcomes, *, only_fast: bool
) -> Changed:
    """Try every change of a module of which nothing is known yet, and keep what becomes of each; return all of them.

    With `only_fast` what survives tests and laws with few examples stays unknown: to be sure of it takes the longest.

    What others wrote is imported here, where the next module finds it, and nothing of what is changed.
    Raises `UntriedError` where the tests fail without a change.
    """
    changes = changed(module)
    with tempfile.TemporaryDirectory(prefix=f"mutation-{module}-") as name:
        trial = Trial(changes, tests, arguments, outcomes, Path(name).resolve())
        trial.path.write_text(changes.code, encoding="utf-8")
        if trial.left():
            unchanged = _unchanged(trial)
            for other in unchanged.imported:
                importlib.import_module(other)
            if module in sys.modules:
                raise UntriedError("it was imported too early")
            gc.freeze()
            if ended(partial(_try_all, trial, unchanged, only_fast)):
                raise UntriedError("its changes could not be tried")
    return changes


def _try_all(trial: Trial, unchanged: Unchanged, only_fast: bool) -> int:
    """Try the changes of a module; laws with all their examples, and processes that collect anew, are for survivors."""
    sys.meta_path.insert(0, Instead(trial.changes.module, trial.path))
    told = trial.folder / "told.txt"
    for examples in (FEW_EXAMPLES,) if only_fast else (FEW_EXAMPLES, None):
        tries = {
            change.name: unchanged.laws_around(change) if examples is None else unchanged.reaching(change)
            for change in trial.left()
        }
        if not any(tries.values()):
            continue
        if ended(partial(_in_warm_process, trial, unchanged, examples, tries, told)):
            raise SystemExit(f"{trial.changes.module} was tried to no end:\n{_end_of(told)}")
        trial.outcomes.read()
    for change in () if only_fast else trial.left():
        trial.outcomes.add(change.name, _in_fresh_process(trial, unchanged, change))
    return SURVIVED


def _unchanged(trial: Trial) -> Unchanged:
    """Return what the tests do without a change; ends with what they say where one fails."""
    told, found = trial.folder / "unchanged.txt", trial.folder / "unchanged.pickle"
    if ended(partial(_count, trial, told, found)):
        raise UntriedError(f"the tests fail without a change:\n{_end_of(told)}")
    unchanged: Unchanged = pickle.loads(found.read_bytes())
    return unchanged


def _end_of(told: Path) -> str:
    return told.read_text(encoding="utf-8", errors="replace")[-3000:]


def _count(trial: Trial, told: Path, found: Path) -> int:
    """Run the tests without a change and write down what they do."""
    sys.meta_path.insert(0, Instead(trial.changes.module, trial.path))
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

    session = Session(trial.wanted, work, FEW_EXAMPLES)
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


def _in_warm_process(
    trial: Trial, unchanged: Unchanged, examples: int | None, tries: Mapping[str, Set[str]], told: Path
) -> int:
    """Try changes, each by the tests that are said, in children of a process that has collected these."""

    def work(session: Session) -> None:
        if session.failed:
            return
        for module, name, signature in unchanged.compiled:
            getattr(importlib.import_module(module), name).compile(signature)
        warm_laws()
        gc.freeze()
        wanted = set().union(*tries.values())
        tests = order.of([item for item in session.items if item.nodeid in wanted])
        runs = [partial(_tried, trial, session, tests, seconds, None)]
        if "" in wanted:
            runs.append(partial(_declared_anew, trial, unchanged, None))
        for run in runs:
            if code := ended(run):
                sys.stdout.write(f"tests fail without a change in a process that has collected them: {fate(code)}\n")
                session.failed.append("")
                return
        for change in trial.left():
            chosen = order.of([item for item in tests if item.nodeid in tries[change.name]])
            became = "survived"
            if chosen:
                became = fate(ended(partial(_tried, trial, session, chosen, seconds, change)))
                if became != "survived":
                    order.add(chosen[session.at].nodeid)
            if became == "survived" and "" in tries[change.name]:
                became = fate(ended(partial(_declared_anew, trial, unchanged, change)))
            shutil.rmtree(trial.folder / "written", ignore_errors=True)
            if became != "survived":
                trial.outcomes.add(change.name, became)

    more = 1 if examples is not None else ALL_EXAMPLES
    seconds = {test: more * took for test, took in unchanged.seconds.items()}
    order = Order(seconds)
    write_to(told)
    session = Session(trial.wanted, work, examples)
    session.run(trial.files, trial.arguments)
    return KILLED if session.failed else SURVIVED


def _tried(
    trial: Trial, session: Session, items: list[pytest.Item], seconds: Mapping[str, float], change: Change | None
) -> int:
    """Run tests with a change until one fails."""
    _switch_on(change, trial.folder / "written")
    return session.tried(items, lambda item: seconds.get(item.nodeid, 0.0))


def _declared_anew(trial: Trial, unchanged: Unchanged, change: Change | None) -> int:
    """Run a module's declarations once more, with a change, and call the tests of each metric that it declares, all of
    them for an id that no test knows; a failure ends this process.
    """
    limit(unchanged.seconds[""])
    _switch_on(change, trial.folder / "written")
    declared = getattr(importlib.reload(sys.modules[trial.changes.module]), "METRICS", ())
    cases = {test.removesuffix("]").partition("[")[2] for test in unchanged.seconds}
    runs = []
    for file, name in (test.removesuffix("[*]").split("::") for test in trial.tests if test.endswith("[*]")):
        function = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
        for metric in declared:
            seconds = unchanged.seconds.get(f"{file}::{name}[{metric.id}]")
            if seconds is not None or metric.id not in cases:
                runs.append((seconds or 0.0, partial(function, metric)))
    for seconds, run in sorted(runs, key=lambda one: one[0]):
        limit(seconds)
        run()
    return SURVIVED


def _in_fresh_process(trial: Trial, unchanged: Unchanged, change: Change) -> str:
    """Return what becomes of a change that may be of what runs on import, or of what nothing runs."""
    reaching = unchanged.reaching(change)
    if "" not in reaching:
        return "survived" if reaching else "not covered"
    became = fate(ended(partial(_collected_anew, trial, unchanged, change)))
    shutil.rmtree(trial.folder / "written", ignore_errors=True)
    return became


def _collected_anew(trial: Trial, unchanged: Unchanged, change: Change) -> int:
    """Run all tests with a change that is there when they are imported."""

    def work(session: Session) -> None:
        if not session.failed:
            session.tried(Order(seconds).of(session.items), lambda item: seconds.get(item.nodeid, 0.0))

    seconds = unchanged.seconds
    write_to(trial.folder / "told.txt")
    limit(seconds[""])
    _switch_on(change, trial.folder / "written")
    session = Session(trial.wanted, work, FEW_EXAMPLES)
    session.run(trial.files, trial.arguments)
    return KILLED if session.failed else SURVIVED


def _switch_on(change: Change | None, folder: Path) -> None:
    """Make a change the one that this process runs; its tests write below a folder of their own."""
    from mutmut.mutation.trampoline import set_mutant_under_test

    folder.mkdir(exist_ok=True)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    set_mutant_under_test("" if change is None else change.name)
