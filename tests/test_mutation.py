"""What the mutation test changes, which tests it runs, what it keeps, and which survivors are left aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.changes import ROOT, changed, left_aside, modules, own_tests
from tests.mutation.outcomes import Listed, Outcomes, chosen_tests, counted
from tests.mutation.processes import KILLED, SURVIVED, ended, fate, limit
from tests.mutation.sessions import Session


@pytest.fixture
def configured() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]


def test_every_module_that_is_changed_has_tests_of_its_name(configured: dict[str, Any]) -> None:
    found = modules(configured, [])
    assert "harness.statistics.intervals" in found
    assert "harness.metrics.surfaces.search" in found
    assert "harness.metrics.kernel" not in found
    assert [module for module in found if not (ROOT / own_tests(module)).is_file()] == []


def test_a_name_stands_for_what_lies_below_it(configured: dict[str, Any]) -> None:
    assert modules(configured, ["harness.metrics.errors"]) == ["harness.metrics.errors"]
    assert len(modules(configured, ["harness.statistics"])) > 4


def test_survivors_and_tests_that_are_listed_are_of_modules_that_are_changed(configured: dict[str, Any]) -> None:
    listed, found = Listed.read(), modules(configured, [])
    assert all(name.rpartition(".")[0] in found for name in listed.survivors)
    assert all((ROOT / test.partition("::")[0]).exists() for module in found for test in chosen_tests(module, listed))


@pytest.mark.slow
def test_survivors_that_are_listed_are_changes_of_the_code_that_stands_here() -> None:
    pytest.importorskip("mutmut", reason="mutmut is not installed: `tox run -e mutation` brings it")
    listed = Listed.read()
    every = {name.rpartition(".")[0] for name in listed.survivors}
    briefs = {change.name: change.brief for module in every for change in changed(module).changes}
    assert {name: one.to for name, one in listed.survivors.items()} == {
        name: briefs.get(name) for name in listed.survivors
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('title="mean of images",', 'title="XXmean of imagesXX",', "words"),
        ('title="mean of images",', 'title="MEAN OF IMAGES",', "words"),
        ('title="mean of images",', "title=None,", ""),
        ('unit="px",', 'unit="PX",', ""),
        ("count = 1", "count = 2", ""),
        ("zip(a, b, strict=True)", "zip(a, b, )", "strict"),
        ("zip(a, b, strict=True)", "zip(a, b, strict=False)", "strict"),
        ("zip(a, b, strict=True)", "zip(a, None, strict=True)", ""),
        ("zip(zip(a, strict=True), strict=True)", "zip(zip(a, strict=True), strict=None)", "strict"),
        ("zip(zip(a, strict=True), strict=True)", "zip(zip(a, ), strict=True)", "strict"),
        ("strict=True,", "strict=None,", "strict"),
        ("strict=True,\n-),", "),", "strict"),
        ("zip(a, b)", "zip(a, )", ""),
        ('f("a b", x)', 'f("a b", y)', ""),
        ('side = "b" if a == "a" else "c"', 'side = "b" if a == "XXaXX" else "c"', ""),
        ('f(title="a b", unit="c")', 'f(title="a b", unit="XXcXX")', ""),
        ('f(title="a b", unit="c")', 'f(title="A B", unit="c")', "words"),
    ],
)
def test_changes_of_words_and_of_guards_are_left_aside(old: str, new: str, expected: str) -> None:
    assert (
        left_aside(f"# name: survived\n--- one\n+++ other\n@@ -1 +1 @@\n def f():\n-    {old}\n+    {new}\n")
        == expected
    )


def test_a_change_says_which_lines_run_it() -> None:
    pytest.importorskip("mutmut", reason="mutmut is not installed: `tox run -e mutation` brings it")
    module = changed("harness.metrics.sparse")
    lines = module.code.splitlines()
    assert module.changes
    for change in module.changes:
        removed = [line[1:] for line in change.text.splitlines()[2:] if line.startswith("-")]
        ran = [lines[line - 1] for line in sorted(change.lines)]
        assert removed
        assert set(removed) <= set(ran)
        assert change.brief
        assert change.lines <= set(change.function)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda: SURVIVED, "survived"),
        (lambda: KILLED, "killed"),
        (lambda: 1 // 0, "killed"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL) or 0, "died"),
    ],
)
def test_what_becomes_of_a_change_is_how_its_process_ends(work: Any, expected: str) -> None:
    assert fate(ended(work)) == expected


@pytest.mark.parametrize(("conftest", "expected"), [("", "survived"), ("import none_of_this_name", "killed")])
def test_a_session_that_never_comes_to_its_tests_has_failed(tmp_path: Path, conftest: str, expected: str) -> None:
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n", encoding="utf-8")

    def work() -> int:
        session = Session(lambda _: True, lambda session: None)
        session.run([str(tmp_path / "test_one.py")], ["-p", "no:cacheprovider"])
        return KILLED if session.failed else SURVIVED

    assert fate(ended(work)) == expected


@pytest.mark.parametrize("waits", [True, False])
def test_a_process_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch, waits: bool) -> None:
    monkeypatch.setattr("tests.mutation.processes.LEAST_S", 0.1)

    def never() -> int:
        limit(0.0)
        while True:
            if waits:
                time.sleep(1)

    assert fate(ended(never)) == "timeout"


def test_what_is_kept_is_of_one_code_and_its_tests(tmp_path: Path) -> None:
    pytest.importorskip("mutmut", reason="mutmut is not installed: `tox run -e mutation` brings it")
    first = Outcomes(tmp_path, "harness.metrics.means", ["tests/metrics/test_means.py"])
    assert not first.is_current
    first.begin(only_missed=False)
    first.add("a", "killed")
    first.add("b", "survived")
    again = Outcomes(tmp_path, "harness.metrics.means", ["tests/metrics/test_means.py"])
    assert again.is_current
    again.begin(only_missed=False)
    assert again.fates == {"a": "killed", "b": "survived"}
    other_tests = Outcomes(tmp_path, "harness.metrics.means", ["tests/metrics/test_ap.py"])
    assert not other_tests.is_current
    other_tests.begin(only_missed=True)
    assert other_tests.fates == {"a": "killed"}
    other_tests.begin(only_missed=True)
    assert other_tests.is_current
    back = Outcomes(tmp_path, "harness.metrics.means", ["tests/metrics/test_means.py"])
    back.begin(only_missed=False)
    assert back.fates == {}


def test_what_is_left_aside_does_not_count() -> None:
    fates = {
        "a": "killed",
        "b": "timeout",
        "c": "died",
        "d": "survived",
        "e": "not covered",
        "f": "words",
        "g": "strict",
    }
    assert counted(fates) == (3, 5)


@pytest.mark.slow
def test_changes_are_tried_where_a_run_was_ended_and_anew_where_they_run_on_import(tmp_path: Path) -> None:
    pytest.importorskip("mutmut", reason="mutmut is not installed: `tox run -e mutation` brings it")
    module = "harness.metrics.errors"
    outcomes = Outcomes(tmp_path / "mutation", module, chosen_tests(module, Listed.read()))
    outcomes.begin(only_missed=False)
    wanted = {
        "called": "    truth, pred = None",
        "imported": "    side = None",
        "said": '    side = "pred" if error_class == "XXspuriousXX" else "truth"',
    }
    tried = {}
    for change in changed(module).changes:
        kinds = [kind for kind, line in wanted.items() if f"+{line}" in change.text.splitlines()]
        if kinds:
            tried[kinds[0]] = change.name
        else:
            outcomes.add(change.name, change.aside or "killed")
    assert tried.keys() == wanted.keys()
    command = [sys.executable, "-m", "tests.mutation", module]
    environment = {**os.environ, "HARNESS_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    outcomes.read()
    assert {kind: outcomes.fates[name] for kind, name in tried.items()} == dict.fromkeys(wanted, "killed")
    assert "100.0%" in told.stdout
