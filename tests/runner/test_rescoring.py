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


def test_further_pairs_are_kept_and_rescored(project: Project) -> None:
    further = """
    [scores.soft]
    truth = "labels"
    pred = "distance"
    metrics = ["sbd.mask"]
    threshold = 10.0
    """
    path = project.suite({"good": "[{ id = 'smooth' }, { id = 'cut' }]"}, extra=further)
    assert project.run(path).failed == 0
    first = project.store().records()[0]
    assert list(first.metrics) == ["map.gonuclear", "count.pred", "soft:sbd.mask"]
    assert set(first.prediction) == {"labels", "distance"}
    assert any(name.startswith("soft:") for name in first.counts)
    whole = WholeProject(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    path.write_text(path.read_text().replace('"count.pred"]', '"count.pred", "pq"]'))
    done = rescore(whole, whole.suite(path), "smoke", project.results, project.cache, lambda line: None)
    assert done.counts() == {"cells": 2, "rescored": 2, "missing": 0}
    again = project.store().records()[0]
    assert again.metrics["soft:sbd.mask"] == first.metrics["soft:sbd.mask"]
    assert "pq" in again.metrics
    assert project.run(path).computed == 0
