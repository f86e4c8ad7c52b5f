from __future__ import annotations

import errno
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.identity import installed_version
from harness.jobs.messages import Backend, WorkerSetup, encode
from harness.runner import local, node
from harness.runner.local import LocalExecutor
from harness.runner.node import (
    CODE,
    NodeMismatchError,
    Seat,
    Terms,
    compute,
    differences,
    leave,
    look,
    read,
    versions,
)
from harness.runner.preparing import Preparation
from harness.runner.process import WorkerProcess
from tests.runner.bench import a_job, spec
from tests.runner.project import Project
from tests.runner.test_faults import gone


def test_versions_name_every_distribution_and_the_code() -> None:
    found = versions(("numpy", "no-such-library"))
    assert found["numpy"] == installed_version("numpy")
    assert found["no-such-library"] == ""
    assert len(found[CODE]) == 12
    assert differences(found) == []


def test_a_machine_with_other_versions_says_both() -> None:
    expected = {**versions(("numpy",)), "numpy": "0.1", "no-such-library": "1.0"}
    assert differences(expected) == [
        f"numpy {installed_version('numpy')} in place of 0.1",
        "no-such-library absent in place of 1.0",
    ]
    with pytest.raises(NodeMismatchError, match=r"numpy .* in place of 0\.1"):
        compute(Terms(b"", "python", expected, "", 0), b"")


def test_a_file_of_the_run_is_seen_or_not(tmp_path: Path) -> None:
    (tmp_path / "probe").touch()
    assert look(str(tmp_path / "probe"), {}) == (True, [])
    assert look(str(tmp_path / "other"), {CODE: "0"})[0] is False
    assert look(str(tmp_path / "other"), {CODE: "0"})[1]
    assert look("", {}, [str(tmp_path / "probe"), str(tmp_path / "plugin.py")])[1] == [
        f"{tmp_path / 'plugin.py'} is not seen"
    ]


def terms_of(project: Project, probe: Path, cache: Path) -> Terms:
    setup = WorkerSetup(
        str(cache),
        "",
        "cpu",
        1,
        catalogues=(str(project.folder / "datasets.toml"),),
        plugins=(str(project.plugin),),
    )
    return Terms(encode(setup), sys.executable, versions(("numpy",)), str(probe), 0)


def test_a_machine_that_joins_late_and_does_not_see_a_file_is_no_machine_of_the_run(
    project: Project, tmp_path: Path
) -> None:
    terms = replace(terms_of(project, tmp_path / "probe", project.cache), files=(str(tmp_path / "plugin.py"),))
    with pytest.raises(NodeMismatchError, match=r"plugin\.py is not seen"):
        compute(terms, b"")


def test_a_machine_that_does_not_see_the_cache_says_so_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = project.cache
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
    job = encode(a_job(spec(project, "noop"), backend=Backend(sys.executable)))
    terms = terms_of(project, tmp_path / "other", shared)
    logs = [compute(terms, job).log for _ in range(2)]
    leave(terms.key)
    told = [[line for line in log if f"does not see the cache {shared}: it " in line] for log in logs]
    assert [len(lines) for lines in told] == [1, 0]
    assert f"its own, {tmp_path / 'own'}" in told[0][0]


def test_a_machine_that_does_not_see_the_cache_uses_its_own(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, unseen = tmp_path / "probe", tmp_path / "other"
    seen.touch()
    job = encode(a_job(spec(project, "smooth"), spec(project, "cut"), backend=Backend(sys.executable)))
    shared, own = project.cache, tmp_path / "own"
    monkeypatch.setenv("HARNESS_CACHE", str(own))
    answers = []
    for probe, written, untouched in ((seen, shared, own), (unseen, own, shared)):
        terms = terms_of(project, probe, shared)
        before = sorted(untouched.rglob("*"))
        answers.append(read(compute(terms, job))[0])
        assert (written / "stages").is_dir()
        assert sorted(untouched.rglob("*")) == before
        leave(terms.key)
        assert terms.key not in {seat.key for seat in Seat.every.values()}
    assert answers[0].status == answers[1].status == "ok"
    assert answers[0].metrics == answers[1].metrics


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[WorkerProcess]:
    """The workers that a test begins: this process may have others, which are not to end."""
    found: list[WorkerProcess] = []

    class Noted(WorkerProcess):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            found.append(self)

    monkeypatch.setattr(local, "WorkerProcess", Noted)
    return found


def test_a_worker_whose_run_is_heard_of_no_more_ends_and_another_one_computes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[WorkerProcess]
) -> None:
    (tmp_path / "probe").touch()
    monkeypatch.setattr(node, "IDLE_S", 0.1)
    terms = terms_of(project, tmp_path / "probe", project.cache)
    job = encode(a_job(spec(project, "noop"), backend=Backend(sys.executable)))
    for number in (1, 2):
        outcome, ready = read(compute(terms, job))
        assert (outcome.status, ready is not None) == ("ok", True)
        assert len(begun) == number
        assert gone(begun[-1].pid)


def test_data_that_a_machine_cannot_have_are_no_failure_of_the_method(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Preparation, "missing_data", lambda *_, fetch: "dataset 'dots': not here")
    terms = terms_of(project, tmp_path / "unseen", project.cache)
    outcome, ready = read(compute(terms, encode(a_job(spec(project, "noop"), backend=Backend(sys.executable)))))
    leave(terms.key)
    assert (outcome.status, ready) == ("lost", None)
    assert outcome.error is not None
    assert outcome.error.message == "dataset 'dots': not here"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), StoreError("no scratch folder")])
def test_a_machine_that_cannot_compute_has_lost_the_cell_and_begins_anew(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    (tmp_path / "probe").touch()
    terms = terms_of(project, tmp_path / "probe", project.cache)
    job = encode(a_job(spec(project, "noop"), backend=Backend(sys.executable)))

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(LocalExecutor, "_read_events", fail)
        outcome, ready = read(compute(terms, job))
    assert (outcome.status, ready) == ("lost", None)
    assert terms.key not in {seat.key for seat in Seat.every.values()}
    assert read(compute(terms, job))[0].status == "ok"
    leave(terms.key)


def test_mistakes_of_ours_are_raised_on_a_machine(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(Seat, "compute", fail)
    terms = terms_of(project, tmp_path / "probe", project.cache)
    with pytest.raises(TypeError):
        compute(terms, encode(a_job(spec(project, "noop"), backend=Backend(sys.executable))))
    leave(terms.key)
