"""Own results beside those that the project publishes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.gating import agreement_counts, beside_published
from harness.store import Record
from tests.helpers import SUITE, Project
from tests.records import record_of

TOLERANT = SUITE.replace(
    'metrics = ["map.toy", "arand.toy"]', 'metrics = ["map.toy", "arand.toy"]\ntolerance = { "map.toy" = 0.01 }'
)


def _records(project: Project, **scores: float) -> list[Record]:
    return [
        record_of(cell, {"map.toy": scores[cell.row], "arand.toy": 0.1})
        for cell in project.cells(TOLERANT)
        if cell.row in scores
    ]


def test_same_within_tolerance_and_differs(project: Project) -> None:
    published = project.standing(_records(project, otsu=0.5, net=0.8), text=TOLERANT)
    own = project.standing(_records(project, otsu=0.505, net=0.7), text=TOLERANT)
    found = {(score.row, score.metric): score for score in beside_published(own, published)}
    assert found["otsu", "map.toy"].agreement == "within tolerance"
    assert found["net", "map.toy"].agreement == "differs"
    assert found["net", "map.toy"].largest == pytest.approx(0.1)
    assert (found["net", "map.toy"].own, found["net", "map.toy"].published) == (0.7, 0.8)
    assert found["net", "arand.toy"].agreement == "same"
    assert agreement_counts(found.values()) == {"same": 2, "within tolerance": 1, "differs": 1}


def test_rows_without_published_scores_have_nothing_beside_them(project: Project) -> None:
    own = project.standing(_records(project, otsu=0.5, net=0.8), text=TOLERANT)
    published = project.standing(_records(project, otsu=0.5), text=TOLERANT)
    assert {score.row for score in beside_published(own, published)} == {"otsu"}
    assert beside_published(own, project.standing(text=TOLERANT)) == ()


def test_published_scores_of_other_inputs_are_marked(project: Project) -> None:
    own = _records(project, otsu=0.5)
    published = project.standing([replace(record, cell="older") for record in own], text=TOLERANT)
    assert all(score.is_other for score in beside_published(project.standing(own, text=TOLERANT), published))


def test_undefined_on_one_side_differs_and_on_both_is_the_same(project: Project) -> None:
    own = project.standing(_records(project, otsu=math.nan), text=TOLERANT)
    published = project.standing(_records(project, otsu=0.5), text=TOLERANT)
    assert [score.agreement for score in beside_published(own, published)] == ["differs", "same"]
    assert [score.agreement for score in beside_published(own, own)] == ["same", "same"]


def test_cells_to_which_a_pair_is_not_applicable_are_left_out(project: Project) -> None:
    """The metric of a pair that one of several data sets does not have is compared where there is one."""
    published = _records(project, otsu=0.5, net=0.8)
    own = [replace(record, metrics={"map.toy": record.metrics["map.toy"]}) for record in published]
    both = (project.standing(side, text=TOLERANT) for side in (own, own))
    assert {score.metric for score in beside_published(*both)} == {"map.toy"}
    (lost,) = (
        score
        for score in beside_published(
            project.standing(own[:1], text=TOLERANT), project.standing(published[:1], text=TOLERANT)
        )
        if score.metric == "arand.toy"
    )
    assert (lost.agreement, lost.largest) == ("differs", math.inf), "one side has it, so it is lost"


def test_published_records_that_were_altered_say_nothing(project: Project) -> None:
    own = _records(project, otsu=0.5)
    altered = [replace(record, checksum="of other content") for record in own]
    standing = project.standing(own, text=TOLERANT)
    assert beside_published(standing, project.standing(altered, text=TOLERANT)) == ()
