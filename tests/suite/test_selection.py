from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError, DataError
from harness.model import DataSelection, Fold
from harness.suite.selection import EVERY_SAMPLE, Selected, Selector, chosen
from tests.helpers import SUITE, FakeAvailability, FakeCatalogue, FakeDataset, FakeSample, Project, temp_project


def select(project: Project, text: str, row: str = "otsu", tier: str = "smoke") -> tuple[Selected, ...]:
    suite = project.suite(text)
    return Selector(suite, tier, project.catalogue).select(suite.row(row))  # type: ignore[arg-type]


def with_data(data: str, more: str = "") -> str:
    return SUITE.replace('data = [{ dataset = "flat", samples = ["a"], train = ["b"] }]', f"data = [{data}]\n{more}")


def test_the_rows_tier_wins_over_the_row_over_the_tier(project: Project) -> None:
    text = f"""{SUITE}
truth = "of the row"
channels = ["clear"]
[rows.tiers.smoke]
truth = "of the row's tier"
"""
    suite = project.suite(text)
    net = suite.row("net")
    assert chosen(suite, net, "smoke", "truth") == ("of the row's tier", ("rows", 1, "tiers", "smoke", "truth"))
    assert chosen(suite, net, "paper", "truth") == ("of the row", ("rows", 1, "truth"))
    assert chosen(suite, suite.row("otsu"), "paper", "truth") == ("gold", ("tiers", "paper", "truth"))
    assert chosen(suite, net, "smoke", "reads") == (None, ("tiers", "smoke"))


def test_everything_named_is_resolved(project: Project) -> None:
    more = 'truth = "gold"\ntrain_truth = "initial"\nreads = { nuclei = "nuclei" }\nchannels = ["clear", "noisy"]'
    (selected,) = select(project, with_data('{ dataset = "volumes", split = "default", folds = ["2", "5"] }', more))
    assert selected.data == DataSelection("volumes", ("clear", "noisy"), "gold", "initial", (("nuclei", "nuclei"),))
    assert [fold.id for fold in selected.folds] == ["2", "5"]


def test_defaults_are_every_channel_the_only_label_and_every_sample(project: Project) -> None:
    (selected,) = select(project, with_data('{ dataset = "flat" }'))
    assert selected.data == DataSelection("flat", ("nuclei",), "gold", "gold")
    assert selected.folds == (Fold("", ("a", "b")),)


def test_samples_can_be_named_with_their_training(project: Project) -> None:
    (selected,) = select(project, with_data('{ dataset = "crops", samples = ["left"], train = ["right"] }'))
    assert selected.folds == (Fold("", ("left",), ("right",)),)


def test_several_datasets(project: Project) -> None:
    found = select(project, with_data('{ dataset = "flat" }, { dataset = "crops", samples = ["left"] }'))
    assert [one.dataset.id for one in found] == ["flat", "crops"]


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ("", "", "demo.toml:9: tiers.smoke.data: row 'otsu' has no data on tier 'smoke'"),
        (
            '{ dataset = "falt" }',
            "",
            "demo.toml:9: tiers.smoke.data.0.dataset: unknown dataset 'falt'; did you mean 'flat'",
        ),
        ('{ dataset = "volumes", split = "fivefold" }', 'truth = "gold"', "dataset 'volumes' has no split 'fivefold'"),
        ('{ dataset = "volumes", split = "default", folds = ["6"] }', 'truth = "gold"', "has no fold '6'"),
        ('{ dataset = "flat", folds = ["1"] }', "", "folds are of a split"),
        (
            '{ dataset = "flat", samples = ["c"] }',
            "",
            "demo.toml:9: tiers.smoke.data.0.samples: dataset 'flat' has no sample",
        ),
        ('{ dataset = "flat", train = ["c"] }', "", "has no sample 'c'"),
        (
            '{ dataset = "volumes", split = "default", samples = ["N1"] }',
            'truth = "gold"',
            "'split' and 'samples' exclude",
        ),
        (
            '{ dataset = "volumes" }',
            "",
            "'truth' is needed: the labels of dataset 'volumes' are: gold, initial, nuclei",
        ),
        (
            '{ dataset = "flat" }',
            'truth = "glod"',
            "demo.toml:10: tiers.smoke.truth: dataset 'flat' has no label image 'glod'",
        ),
        ('{ dataset = "flat" }', 'channels = ["wall"]', "tiers.smoke.channels: dataset 'flat' has no channel 'wall'"),
        ('{ dataset = "flat" }', 'train_truth = "initial"', "has no label image 'initial'"),
        ('{ dataset = "flat" }', 'reads = { nuclei = "n" }', "has no label image 'n'"),
    ],
)
def test_mistakes_name_file_line_key_and_nearest(project: Project, data: str, more: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        select(project, with_data(data, more))
    assert message in str(caught.value)


class Undiscovered(FakeDataset):
    def sample_ids(self) -> tuple[str, ...]:
        raise DataError("no folder")


@pytest.mark.parametrize(
    ("data", "tests"), [('{ dataset = "d" }', (EVERY_SAMPLE,)), ('{ dataset = "d", samples = ["x"] }', ("x",))]
)
def test_an_absent_folder_stands_for_its_samples(tmp_path: Path, data: str, tests: tuple[str, ...]) -> None:
    absent = Undiscovered("d", {"a": FakeSample()}, found=FakeAvailability(False, "no folder"))
    project = temp_project(tmp_path)
    absent_only = Project(tmp_path, FakeCatalogue([absent]), project.stages, project.metrics)
    (selected,) = select(absent_only, with_data(data))
    assert selected.folds == (Fold("", tests),)


def test_a_folder_that_is_there_and_broken_is_an_error(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    broken = Project(tmp_path, FakeCatalogue([Undiscovered("d", {})]), project.stages, project.metrics)
    with pytest.raises(DataError, match="no folder"):
        select(broken, with_data('{ dataset = "d" }'))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{ dataset = "d" }', "the data of dataset 'd' has no test samples"),
        ('{ dataset = "d", split = "p" }', "fold 'all'"),
    ],
)
def test_data_without_test_samples_is_refused(tmp_path: Path, data: str, message: str) -> None:
    project = temp_project(tmp_path)
    empty = FakeDataset("d", {}, {"p": (Fold("all", (), ("x",)),)})
    with pytest.raises(ConfigError, match=message):
        select(Project(tmp_path, FakeCatalogue([empty]), project.stages, project.metrics), with_data(data))
