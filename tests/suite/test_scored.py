from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import ConfigError
from harness.model import Cell, ScoredPair
from tests.helpers import SUITE, FakeCatalogue, FakeDataset, FakeSample, Project

FURTHER = """
[scores.fg]
truth = "outline"
metrics = ["arand.toy"]
[scores.between]
truth = "probability"
pred = "labels"
metrics = ["map.toy"]
threshold = 0.25
"""


def catalogue(labels: tuple[str, ...]) -> FakeCatalogue:
    samples = {"a": FakeSample(), "b": FakeSample()}
    return FakeCatalogue(
        [FakeDataset("flat", samples, label_names=labels), FakeDataset("other", samples, label_names=("outline",))]
    )


def cells(project: Project, text: str, labels: tuple[str, ...]) -> tuple[Cell, ...]:
    return replace(project, catalogue=catalogue(labels)).cells(text)


def suite_with(further: str) -> str:
    """Return the suite with one row, and without the tier whose data are not at hand here."""
    text = SUITE.replace('data = [{ dataset = "flat"', 'truth = "gold"\ndata = [{ dataset = "flat"')
    head, _, rest = text.partition("[tiers.smoke]")
    smoke = rest.partition("[tiers.paper]")[0]
    row = '[[rows]]\nid = "otsu"\nstages = [{ id = "blur", sigma = 2.0 }, { id = "cut" }]\n'
    return f"{head}[tiers.smoke]{smoke}{row}{further}"


def test_the_unnamed_pair_is_scored_everywhere_and_keys_do_not_know_it(project: Project) -> None:
    (cell,) = cells(project, suite_with(""), ("gold",))
    assert cell.scores == (ScoredPair("", "labels", "truth", ("map.toy", "arand.toy")),)
    assert cell.metrics == ("map.toy", "arand.toy")


def test_further_pairs_are_scored_under_their_names_and_are_part_of_the_key(project: Project) -> None:
    (plain,) = cells(project, suite_with(""), ("gold", "outline"))
    (cell,) = cells(project, suite_with(FURTHER), ("gold", "outline"))
    assert cell.scores[1:] == (
        ScoredPair("fg", "labels", "outline", ("arand.toy",)),
        ScoredPair("between", "labels", "probability", ("map.toy",), 0.25),
    )
    assert cell.metrics == ("map.toy", "arand.toy", "fg:arand.toy", "between:map.toy")
    assert cell.key != plain.key
    assert project.suite(suite_with(FURTHER)).metrics == cell.metrics


def test_a_truth_that_only_other_data_have_is_not_applicable(project: Project) -> None:
    (cell,) = cells(project, suite_with(FURTHER), ("gold",))
    assert [pair.name for pair in cell.scores] == ["", "between"]


def test_a_row_says_its_own_pairs(project: Project) -> None:
    own = '[rows.scores.mine]\ntruth = "truth"\nmetrics = ["map.toy"]\n'
    (cell,) = cells(project, suite_with(own + FURTHER), ("gold", "outline"))
    assert [pair.name for pair in cell.scores] == ["", "mine"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('pred = "labels"', 'pred = "label"', r"suite\.toml:\d+: .*no stage makes 'label'; did you mean 'labels'"),
        ('truth = "outline"', 'truth = "outlin"', r"no slot and no label image 'outlin'; did you mean 'outline'"),
        ('"arand.toy"', '"arand.to"', r"unknown metric 'arand.to'; did you mean 'arand.toy'"),
        ('truth = "outline"', 'truth = "labels"', r"'labels' is a slot of the chain and a label image"),
    ],
)
def test_mistakes_are_named_with_their_line(project: Project, old: str, new: str, message: str) -> None:
    head, tail = suite_with(""), FURTHER.replace(old, new, 1)
    labels = ("gold", "outline", "labels")
    with pytest.raises(ConfigError, match=message.replace(r"suite\.toml", r"\.toml")):
        cells(project, head + tail, labels)


def test_data_without_labels_have_predictions_and_no_scores(project: Project) -> None:
    own = replace(project, catalogue=catalogue(()))
    text = suite_with(FURTHER).replace('truth = "gold"\n', "")
    (cell,) = own.cells(text)
    assert cell.data.truth == ""
    assert [(pair.name, pair.metrics) for pair in cell.scores] == [("", ()), ("between", ("map.toy",))]
    assert own.cells(text.replace('truth = "probability"', 'truth = "truth"'))[0].scores == cell.scores[:1]


def test_what_needs_the_truth_cannot_run_without_labels(project: Project) -> None:
    own = replace(project, catalogue=catalogue(()))
    text = suite_with("").replace('truth = "gold"\n', "").replace('{ id = "cut" }]', '{ id = "learn" }]')
    with pytest.raises(ConfigError, match="stage 'learn' needs the truth; dataset 'flat' has no label image"):
        own.cells(text)
