from __future__ import annotations

from harness.predictions import Predictions
from harness.project import Project as WholeProject
from harness.runner.rescoring import rescore
from tests.runner.project import Project


def test_only_cells_with_scores_are_rescored_and_no_method_runs(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'smooth' }, { id = 'cut' }]", "bad": "[{ id = 'fault' }]"})
    project.run(path)
    calls = project.count("cut")
    catalogue = project.folder / "datasets.toml"
    whole = WholeProject(project.folder, (project.plugin,), (catalogue,))
    suite = whole.suite(path)
    done = rescore(whole, suite, "smoke", project.results, project.cache, lambda line: None)
    assert done.counts() == {"cells": 2, "rescored": 2, "missing": 0}
    assert done.changed == ()
    Predictions(project.cache).clear()
    gone = rescore(whole, suite, "smoke", project.results, project.cache, lambda line: None)
    assert gone.counts() == {"cells": 2, "rescored": 0, "missing": 2}
    assert project.count("cut") == calls
