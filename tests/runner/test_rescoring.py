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


def test_confidences_are_kept_and_a_metric_of_them_reaches_old_records(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'sure' }]", "other": "[{ id = 'smooth' }, { id = 'cut' }]"})
    assert project.run(path).failed == 0
    whole = WholeProject(
        project.folder, (project.plugin,), (project.folder / "datasets.toml",), added_metrics=("coco.ap50",)
    )
    done = rescore(whole, whole.suite(path), "smoke", project.results, project.cache, lambda line: None)
    assert done.counts() == {"cells": 4, "rescored": 4, "missing": 0}
    rows = {(record.row, "coco.ap50" in record.metrics) for record in project.store().records()}
    assert rows == {("good", True), ("other", False)}
    assert project.count("sure") == 2


def test_lost_confidences_are_named(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'sure' }]"}, metrics=("map.gonuclear", "coco.ap50"))
    assert project.run(path).failed == 0
    whole = WholeProject(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    kept = Predictions(project.cache)
    for record in project.store().records():
        kept._path(record.prediction["confidences"]).unlink(missing_ok=True)
    gone = rescore(whole, whole.suite(path), "smoke", project.results, project.cache, lambda line: None)
    assert gone.counts() == {"cells": 2, "rescored": 0, "missing": 2}
    assert set(gone.missing.values()) == {"the file of its confidences is not here"}
