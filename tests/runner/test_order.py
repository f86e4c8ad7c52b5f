from __future__ import annotations

from contextlib import ExitStack
from typing import get_args

import harness
from harness.runner.api import KINDS
from harness.runner.backends import BackendChooser
from harness.runner.order import Order
from harness.runner.preparing import Preparation
from harness.store import Code
from harness.suite import EVERYTHING
from harness.suite.schema import SuiteFile
from tests.runner.project import Project
from tests.runner.test_statements import TABLE


def test_every_kind_of_suite_has_its_work() -> None:
    assert set(KINDS) == set(get_args(SuiteFile.model_fields["kind"].annotation))


def test_nothing_is_opened_or_fetched_before_a_work_begins(project: Project) -> None:
    found = harness.Project.find(project.folder, plugins=[project.plugin])
    (project.folder / "facts.toml").write_text(TABLE)
    order = Order(
        found,
        project.results,
        EVERYTHING,
        Preparation(found.catalogue, found.stages),
        BackendChooser(found.stages),
        lambda line: None,
        Code("c"),
    )
    suites = [found.suite(project.suite({"noop": '[{ id = "noop" }]'})), found.suite(project.folder / "facts.toml")]
    work = [KINDS[suite.kind](order, suite, "smoke") for suite in suites]
    assert not project.results.exists()
    with ExitStack() as stack:
        for one in work:
            one.begin(stack)
        assert [len(one.tasks) for one in work] == [2, 0]
        assert [one.summary().cells for one in work] == [2, 2]
        assert [one.summary().computed for one in work] == [0, 2], "what needs no worker is done"
