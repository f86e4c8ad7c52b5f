"""From two folders to a data declaration and a suite that the harness accepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness import trying
from harness.datasets import load_catalogue
from harness.datasets.readers import write_labels
from harness.errors import DataError, LabelError
from harness.short_trainings import Schedule
from harness.suite import check_suite, load_suite
from harness.trying import METHODS, dataset_text, default_methods, find_pairs, suite_text


def fill(folder: Path, images: list[str], labels: list[str], shape: tuple[int, ...] = (12, 16)) -> tuple[Path, Path]:
    labelled = np.zeros(shape, np.uint16)
    labelled[..., 2:6, 3:9] = 1
    for kind, names in (("images", images), ("labels", labels)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            write_labels(folder / kind / name, np.roll(labelled, number, -1))
    return folder / "images", folder / "labels"


@pytest.mark.parametrize(
    ("images", "labels", "samples", "label_glob", "left_out"),
    [
        (["a.tif", "b.tif"], ["a.tif", "b.tif"], ("a", "b"), "labels/{id}.tif", ()),
        (["a.tif", "b.tif"], ["a_masks.png", "b_masks.png"], ("a", "b"), "labels/{id}_masks.png", ()),
        (["a.tif", "b.tif", "c.png"], ["a.tif", "b.tif", "c.tif"], ("a", "b"), "labels/{id}.tif", ("c.png", "c.tif")),
        (["a.tif", "z.tif"], ["a.tif"], ("a",), "labels/{id}.tif", ("z.tif",)),
    ],
)
def test_pairs_by_name(
    tmp_path: Path, images: list[str], labels: list[str], samples: tuple[str, ...], label_glob: str, left_out: object
) -> None:
    found = find_pairs(*fill(tmp_path, images, labels))
    assert (found.samples, found.label_glob, found.axes) == (samples, label_glob, "YX")
    assert found.left_out == left_out
    assert found.folder == tmp_path.resolve()


def test_folders_that_make_no_pairs(tmp_path: Path) -> None:
    images, labels = fill(tmp_path, ["a.tif"], ["b.tif"])
    with pytest.raises(DataError, match=r"no image has a label image of its name; found 1 \(a\) and 1 \(b\)"):
        find_pairs(images, labels)
    with pytest.raises(DataError, match="lie in one folder"):
        find_pairs(images, images)
    with pytest.raises(DataError, match="cannot be read"):
        find_pairs(images, tmp_path / "absent")


@pytest.mark.parametrize("folds", [1, 2, 3, 9])
@pytest.mark.parametrize("names", [["a", "b", "c", "d"], ["a b", "x[1]"], ["one"]])
def test_what_is_written_is_accepted(tmp_path: Path, folds: int, names: list[str]) -> None:
    files = [f"{name}.tif" for name in names]
    found = find_pairs(*fill(tmp_path, files, files))
    own = tmp_path / "try"
    (own / "suites").mkdir(parents=True)
    (own / "datasets.toml").write_text(dataset_text(found, folds), encoding="utf-8")
    schedule = Schedule.of(METHODS[:2], trainings=folds, minutes=5.0)
    (own / "suites" / "try.toml").write_text(suite_text(METHODS[:2], found, schedule), encoding="utf-8")
    catalogue = load_catalogue(own / "datasets.toml")
    check_suite(load_suite(own / "suites" / "try.toml"), catalogue)
    dataset = catalogue.dataset("mine")
    assert dataset.sample_ids() == tuple(sorted(names))
    tested = [sample for fold in dataset.splits["default"] for sample in fold.test]
    assert sorted(tested) == sorted(names), "each sample is tested once"
    assert dataset.load(names[0]).labels["truth"].array.max() == 1


def test_colour_images_are_read_as_grey(tmp_path: Path) -> None:
    images, labels = fill(tmp_path, ["a.tif"], ["a.tif"])
    tifffile.imwrite(images / "a.tif", np.zeros((12, 16, 3), np.uint8), photometric="rgb")
    assert 'colour = "grey"' in dataset_text(find_pairs(images, labels), 1)


@pytest.mark.parametrize(("value", "are_masks"), [(255, True), (1, True), (None, False)])
def test_of_masks_each_connected_part_is_an_object(tmp_path: Path, value: int | None, are_masks: bool) -> None:
    images, labels = fill(tmp_path, ["a.tif", "b.tif"], ["a.png", "b.png"])
    parted = np.zeros((12, 16), np.uint8)
    parted[1:4, 1:4], parted[6:9, 6:9] = value or 1, value or 2
    write_labels(labels / "a.png", parted)
    write_labels(labels / "b.png", np.zeros_like(parted))
    found = find_pairs(images, labels)
    assert found.are_masks is are_masks
    assert found.diameter == pytest.approx(2 * (9 / np.pi) ** 0.5), "of squares of three pixels"
    (tmp_path / "datasets.toml").write_text(dataset_text(found, 1), encoding="utf-8")
    truth = load_catalogue(tmp_path / "datasets.toml").dataset("mine").load("a").labels["truth"]
    assert truth.array.max() == 2


def test_labels_in_colour_are_refused_at_once(tmp_path: Path) -> None:
    images, labels = fill(tmp_path, ["a.tif"], ["a.tif"])
    tifffile.imwrite(labels / "a.tif", np.zeros((12, 16, 3), np.uint8), photometric="rgb")
    with pytest.raises(LabelError, match="is a colour image"):
        find_pairs(images, labels)


def test_every_file_is_read_by_another_process_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []
    monkeypatch.setattr(trying, "require_survivable", tried.append)
    monkeypatch.setattr(trying, "LOOKED_AT", 1)
    names = ["a.tif", "b.tif", "c.tif"]
    folders = fill(tmp_path, names, names)
    find_pairs(*folders)
    assert set(tried) == {folder / name for folder in folders for name in names}


def test_methods_suit_the_images(tmp_path: Path) -> None:
    planes = find_pairs(*fill(tmp_path / "p", ["a.tif", "b.tif"], ["a.tif", "b.tif"]))
    single = find_pairs(*fill(tmp_path / "s", ["a.tif"], ["a.tif"]))
    volumes = find_pairs(*fill(tmp_path / "v", ["a.tif", "b.tif"], ["a.tif", "b.tif"], (4, 12, 16)))
    assert default_methods(planes, METHODS) == METHODS
    assert "stardist-2d" not in default_methods(single, METHODS)
    assert (volumes.axes, "stardist-2d" in default_methods(volumes, METHODS)) == ("ZYX", False)
    assert default_methods(planes, ["otsu-components"]) == ("otsu-components",)


def test_trainings_share_the_minutes_come_last_and_have_something_to_validate_on(tmp_path: Path) -> None:
    names = [f"{letter}.tif" for letter in "abcdef"]
    found = find_pairs(*fill(tmp_path, names, names, (40, 64)))
    assert found.smallest == (40, 64)
    methods = ["cellpose", "stardist-2d", "otsu-components"]
    text = suite_text(methods, found, Schedule.of(methods, trainings=2, minutes=10.0))
    assert "[tiers.mini.stages.stardist-2d]\nsteps = 180\n" in text, "150 s for each of four trainings"
    assert "patch = [32, 32]" in text
    assert text.index('id = "otsu-components"') < text.index('id = "cellpose"\n')
    data = dataset_text(found, 2)
    assert 'test = ["a", "c", "e"]\ntrain = ["d", "f"]\nvalidation = ["b"]' in data
    (tmp_path / "suites").mkdir()
    (tmp_path / "datasets.toml").write_text(data)
    (tmp_path / "suites" / "try.toml").write_text(text)
    check_suite(load_suite(tmp_path / "suites" / "try.toml"), load_catalogue(tmp_path / "datasets.toml"))


def test_planes_among_volumes_are_refused(tmp_path: Path) -> None:
    images, labels = fill(tmp_path, ["a.tif", "b.tif"], ["a.tif", "b.tif"])
    tifffile.imwrite(images / "b.tif", np.zeros((3, 12, 16), np.uint8), photometric="minisblack")
    with pytest.raises(DataError, match=r"several kinds; found axes YX \(a\), ZYX \(b\)"):
        find_pairs(images, labels)


def test_images_too_small_for_a_training_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    found = find_pairs(*fill(tmp_path, ["a.tif"], ["a.tif"]))
    with pytest.raises(DataError, match="'stardist-2d' cannot be trained on images whose smallest sides are"):
        suite_text(["stardist-2d"], found, Schedule.of(["stardist-2d"], trainings=1, minutes=1.0))
