"""Sessions of pytest that collect some tests and then do with them what they are told."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib.machinery import ModuleSpec
from mmap import mmap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis.strategies import integers

from tests.mutation.processes import KILLED, SURVIVED, limit

FEW_EXAMPLES = 20
"""Examples of a law in the first pass; nothing is gained by looking for a smaller one that fails."""


class Instead:
    """A finder of one module, which has another text."""

    def __init__(self, module: str, path: Path) -> None:
        self.module, self.path = module, path

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the other text for the module's name."""
        return importlib.util.spec_from_file_location(name, self.path) if name == self.module else None


@dataclass(eq=False)
class Session:
    """A plugin of pytest, for one session.

    wanted    whether a test, by its id, is one of these
    work      what is done with the tests when all are collected
    examples  how many examples laws have; None leaves what they say
    """

    wanted: Callable[[str], bool]
    work: Callable[[Session], None]
    examples: int | None = None
    items: list[pytest.Item] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _place: mmap = field(default_factory=partial(mmap, -1, 8))
    _is_reached: bool = False

    def run(self, files: Sequence[str], arguments: Sequence[str]) -> None:
        """Collect the tests of some files and do the work; where it never comes to that, as with a `conftest.py` that
        cannot be imported, something has failed.
        """
        options = ("-q", "-s", "--assert=plain", "--tb=native", "-p", "no:faulthandler")
        self._is_reached = False
        code = pytest.main([*options, *arguments, *files], plugins=[self])
        if not self._is_reached and not self.failed:
            self.failed.append(f"pytest ended before it came to the tests, with {code}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Set the examples of laws before the modules of tests, which read it, are imported."""
        few = {} if self.examples is None else {"max_examples": self.examples}
        settings.register_profile("mutation", settings.default, phases=(Phase.explicit, Phase.generate), **few)
        settings.load_profile("mutation")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notice tests that cannot be collected."""
        self._notice(report)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that are wanted."""
        items[:] = self.items = [item for item in items if self.wanted(item.nodeid)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice tests that fail."""
        self._notice(report)

    def _notice(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid}:\n{report.longrepr}")

    def pytest_runtestloop(self) -> bool:
        """Do the work in place of running the tests one after the other."""
        self._is_reached = True
        self.work(self)
        return True

    @property
    def at(self) -> int:
        """The place, among the tests that run or ran last, here or in a child, of the one that ran last."""
        return int.from_bytes(self._place[:], "little")

    def tried(
        self,
        items: Sequence[pytest.Item],
        limit_s: Callable[[pytest.Item], float] | None = None,
        around: Callable[[pytest.Item], AbstractContextManager[object]] = nullcontext,
    ) -> int:
        """Run tests until one fails, each with a limit if one is given; return whether all passed."""
        for place, (item, following) in enumerate(zip(items, [*items, None][1:], strict=True)):
            self._place[:] = place.to_bytes(8, "little")
            if limit_s is not None:
                limit(limit_s(item))
            with around(item):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return KILLED
        return SURVIVED


def warm_laws() -> None:
    """Run a law of nothing: what hypothesis looks up once is there for every process that is forked from this one."""

    @given(integers())
    def law(_: int) -> None:
        return

    law()


def imported() -> list[str]:
    """Return the modules of others that this process has imported and another one can import by their names."""
    return [
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in ("harness", "tests", "__main__", "__mp_main__")
        and (spec := getattr(module, "__spec__", None)) is not None
        and spec.name == name
        and spec.has_location
    ]


def compiled() -> list[tuple[str, str, Any]]:
    """Return module, name and signature of what numba has compiled here, or loaded, of modules that are not changed."""
    from numba.core.registry import CPUDispatcher

    return [
        (name, known_as, signature)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] != "tests" and (name.endswith("kernel") or not name.startswith("harness."))
        for known_as, one in list(vars(module).items())
        if isinstance(one, CPUDispatcher) and one.__module__ == name
        for signature in one.signatures
    ]
