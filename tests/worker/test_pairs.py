from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import LabelError, RegistryError
from harness.model import Origin, Scope, ScoredPair, Volume
from harness.registry import Entry, MetricRegistry, metrics
from harness.stages.values import Confidences
from harness.worker.pairs import metric_origins, pair_of, score_pair, score_pairs

LABELS = Volume(np.array([[0, 1], [0, 2]]), "YX")
REALS = Volume(np.array([[0.1, 0.6], [0.2, 0.4]], np.float32), "YX")
PAIR = ScoredPair("", "labels", "truth", ("count.pred", "pq"))


def test_pairs_are_scored_under_their_names() -> None:
    slots = {"labels": LABELS, "truth": LABELS, "outline": LABELS, "probability": REALS}
    further = ScoredPair("fg", "probability", "outline", ("sbd.mask",))
    scores = score_pairs((PAIR, further), slots.__getitem__)
    assert list(scores.values) == ["count.pred", "pq", "fg:sbd.mask"]
    assert scores.values["count.pred"] == 2
    assert scores.values["fg:sbd.mask"] == pytest.approx(2 / 3)
    plain = score_pair(PAIR, LABELS, LABELS)
    assert {name for name in scores.counts if ":" not in name} == set(plain.counts)
    assert any(name.startswith("fg:") for name in scores.counts)


def test_a_pair_without_metrics_is_not_read() -> None:
    scores = score_pairs((ScoredPair("", "labels", "truth", ()),), {}.__getitem__)
    assert not scores.values
    assert not scores.counts


def test_the_threshold_of_reals_is_the_pairs() -> None:
    at = ScoredPair("fg", "probability", "truth", ("sbd.mask",), 0.3)
    assert score_pair(at, REALS, LABELS).values == {"sbd.mask": 1.0}


def test_surfaces_are_measured_with_the_voxels_of_the_truth() -> None:
    pair = ScoredPair("", "labels", "truth", ("hd.voxels",))
    truth, pred = np.zeros((6, 6), int), np.zeros((6, 6), int)
    truth[1:4, 1:4], pred[2:5, 1:4] = 1, 1
    assert score_pair(pair, Volume(pred, "YX"), Volume(truth, "YX", (2.0, 0.5))).values == {"hd.voxels": 2.0}
    with pytest.raises(LabelError, match="the size of a voxel is unknown"):
        score_pair(pair, Volume(pred, "YX"), Volume(truth, "YX"))


def test_images_of_other_shapes_and_unknown_metrics_are_errors() -> None:
    small = Volume(LABELS.array[:1], "YX")
    with pytest.raises(LabelError, match=r"chain's labels have shape \(1, 2\); the truth has \(2, 2\)"):
        score_pair(PAIR, small, LABELS)
    with pytest.raises(RegistryError, match="'x'"):
        score_pair(ScoredPair("", "labels", "truth", ("x",)), LABELS, LABELS)


def test_metrics_may_come_from_another_registry_which_says_from_where() -> None:
    own: MetricRegistry = metrics().copy()
    origin = Origin("mine.py", "", "c0de")
    own.add(Entry("mine", replace(metrics().get("pq"), id="mine"), "mine.py", code=lambda: origin))
    pair = ScoredPair("", "labels", "truth", ("pq", "mine"))
    scores = score_pairs((pair,), {"labels": LABELS, "truth": LABELS}.__getitem__, own)
    assert scores.values == {"pq": 1.0, "mine": 1.0}
    assert metric_origins((pair, PAIR), own) == {"mine": origin}
    assert metric_origins((PAIR,), metrics()) == {}


def test_the_scope_of_a_pair_says_what_is_compared() -> None:
    truth = Volume(np.array([[0, 0, 0, 9], [0, 1, 2, 0], [0, 0, 0, 255]]), "YX")
    pred = Volume(np.array([[0, 0, 0, 9], [0, 1, 1, 0], [0, 0, 0, 7]]), "YX")
    mask = Volume(np.array([[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], bool), "YX")

    def counts(scope: Scope) -> tuple[float, float]:
        pair = ScoredPair("", "labels", "truth", ("count.truth", "count.pred"), scope=scope)
        found = score_pairs((pair,), {"labels": pred, "truth": truth, "unsure": mask}.__getitem__).values
        return found["count.truth"], found["count.pred"]

    assert counts(Scope()) == (4, 3)
    assert counts(Scope(255)) == (3, 2)
    assert counts(Scope("unsure")) == (2, 2)
    assert counts(Scope(border="drop")) == (2, 1)
    assert counts(Scope(border="drop", border_px=2)) == (0, 0)
    sparse = ScoredPair("", "labels", "truth", ("pq",), scope=Scope(sparse=True))
    with pytest.raises(LabelError, match="metric 'pq' counts what is predicted where nothing is annotated as wrong"):
        score_pair(sparse, pred, truth)
    other = ScoredPair("", "labels", "truth", ("pq",), scope=Scope("unsure"))
    with pytest.raises(LabelError, match=r"ignore mask has shape \(2, 4\), truth has shape \(3, 4\)"):
        score_pair(other, pred, truth, mask=Volume(mask.array[1:], "YX"))


def test_confidences_are_those_of_labels_that_are_left() -> None:
    pair = ScoredPair("", "labels", "truth", ("coco.ap50",))
    grid = LABELS.grid
    slots = {"labels": LABELS, "truth": LABELS}
    more = Confidences.of(grid, {1: 0.5, 2: 0.25, 9: 0.75})
    assert score_pairs((pair,), slots.__getitem__, confidences=more).values == {"coco.ap50": 1.0}
    assert pair_of(pair, LABELS, LABELS, confidences=more).confidences == {1: 0.5, 2: 0.25}
    with pytest.raises(LabelError, match="the predicted object 2 has no confidence"):
        score_pairs((pair,), slots.__getitem__, confidences=Confidences.of(grid, {1: 0.5}))
    with pytest.raises(LabelError, match="the method gives no confidences"):
        score_pairs((pair,), slots.__getitem__)
    other = replace(pair, pred="reference")
    assert pair_of(other, LABELS, LABELS, confidences=more).confidences is None
