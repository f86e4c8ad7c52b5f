"""What of images is compared, and sets of them, on the command line."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli.compared import group_names
from harness.datasets.readers import write_labels
from harness.errors import ConfigError
from tests.cli.project import Cli

TRUTH = np.array([[0, 0, 0, 9], [0, 1, 2, 0], [0, 0, 0, 255]], np.uint8)
PRED = np.array([[0, 0, 0, 9], [0, 1, 1, 0], [0, 0, 0, 7]], np.uint8)
MASK = np.array([[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write_labels(tmp_path / "p.tif", PRED), write_labels(tmp_path / "t.tif", TRUTH)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Four pairs of two data sets; the last truth is empty."""
    for name, truth in (("a-1", TRUTH), ("a-2", PRED), ("a-3", PRED), ("b-1", np.zeros_like(TRUTH))):
        write_labels(tmp_path / "p" / f"{name}.tif", PRED)
        write_labels(tmp_path / "t" / f"{name}.tif", truth)
    return tmp_path / "p", tmp_path / "t"


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        ((), {}),
        (("--ignore-value", "255"), {"ignore": 255}),
        (("--ignore", "MASK"), {"ignore": MASK}),
        (("--border", "drop"), {"border": "drop"}),
        (("--border", "drop", "--border-px", "2"), {"border": "drop", "border_px": 2}),
        (("--ignore-value", "255", "--border", "drop"), {"ignore": 255, "border": "drop"}),
    ],
)
def test_options_are_those_of_python(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, options: tuple[str, ...], keywords: dict
) -> None:
    mask = write_labels(tmp_path / "mask.tif", MASK)
    words = [str(mask) if word == "MASK" else word for word in options]
    metrics = ["count.truth", "count.pred", "recall.50", "voi.sum"]
    found = cli.json("score", *files, "--metric", *metrics, *words, "--json")["metrics"]
    assert found == pytest.approx(harness.score(PRED, TRUTH, metrics, **keywords))


def _square(top: int, left: int) -> list[list[int]]:
    """Return the outline of 2 x 2 pixels as COCO has it."""
    return [[left, top, left + 2, top, left + 2, top + 2, left, top + 2]]


def test_crowds_of_coco_count_nowhere_where_that_is_asked_for(cli: Cli, tmp_path: Path) -> None:
    """One image of two has a crowd, in which the prediction finds two objects."""
    images = [{"id": n, "file_name": f"{n}.png", "height": 6, "width": 8} for n in (1, 2)]
    objects = [{"id": n, "image_id": n, "segmentation": _square(0, 0)} for n in (1, 2)]
    crowd = {"id": 3, "image_id": 1, "iscrowd": 1, "segmentation": {"size": [6, 8], "counts": [24, 24]}}
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"images": images, "annotations": [*objects, crowd]}))
    found = [*objects, *({"id": 9, "image_id": 1, "segmentation": _square(top, 5)} for top in (0, 3))]
    (tmp_path / "pred.json").write_text(json.dumps({"images": images, "annotations": found}))
    words = ("--metric", "count.pred", "precision.50", "--json")
    for name, one in (("1", 1.0), ("2", 1.0)):
        asked = cli.json("score", f"{tmp_path / 'pred.json'}:{name}", f"{truth}:{name}", "--ignore-crowds", *words)
        assert asked["metrics"] == {"count.pred": one, "precision.50": 1.0}
    code, out, err = cli("score", tmp_path / "pred.json", truth, *words)
    assert (code, "1 crowds are no single objects and are left out" in err) == (0, True)
    assert [line["metrics"]["count.pred"] for line in json.loads(out)["pairs"]] == [3, 1]
    both = cli.json("score", tmp_path / "pred.json", truth, "--ignore-crowds", *words)
    assert [line["metrics"]["count.pred"] for line in both["pairs"]] == [1, 1]


def test_other_files_have_no_crowds(cli: Cli, files: tuple[Path, Path]) -> None:
    code, _, err = cli("score", *files, "--ignore-crowds")
    assert (code, "t.tif: names no crowds; accepted: a COCO file" in err) == (2, True)


def test_an_ignored_region_may_be_an_outline(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    ring = [[3, 2], [4, 2], [4, 3], [3, 3], [3, 2]]
    region = tmp_path / "region.geojson"
    region.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    found = cli.json("score", *files, "--ignore", region, "--metric", "count.truth", "--json")
    assert found["metrics"] == {"count.truth": 3.0}


def test_sparse_truth_is_scored_with_what_holds_there(cli: Cli, files: tuple[Path, Path]) -> None:
    found = cli.json("score", *files, "--sparse", "--json")["metrics"]
    assert "recall.50" in found
    assert "pq" not in found
    code, _, err = cli("score", *files, "--sparse", "--metric", "precision.50")
    assert (code, "accepted are metrics that hold there: recall.50" in err) == (2, True)


def test_masks_of_another_shape_and_two_ways_to_ignore_are_refused(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path
) -> None:
    small = write_labels(tmp_path / "small.tif", MASK[1:])
    code, _, err = cli("score", *files, "--ignore", small)
    assert code == 2
    assert "the ignore mask has shape (2, 4), truth has shape (3, 4)" in err
    with pytest.raises(SystemExit) as ended:
        cli("score", *files, "--ignore", small, "--ignore-value", "3")
    assert ended.value.code == 2
    code, _, err = cli("score", *files, "--border", "drop", "--border-px", "0")
    assert (code, "the border is 0 voxels wide" in err) == (2, True)


@pytest.mark.parametrize("aggregation", ["per-image", "per-dataset", "pooled"])
def test_folders_become_one_value_as_sets_do(cli: Cli, folders: tuple[Path, Path], aggregation: str) -> None:
    metrics = ["recall.50", "sbd.spoco", "pq"]
    options = ["--aggregation", aggregation, "--group-by", "^(.)-"]
    found = cli.json("score", *folders, "--metric", *metrics, *options, "--json")["means"]
    pairs = [(PRED, TRUTH), (PRED, PRED), (PRED, PRED), (PRED, np.zeros_like(TRUTH))]
    expected = harness.score_set(pairs, ["recall.50", "pq"], aggregation=aggregation, groups="aaab")
    assert {name: found[name]["mean"] for name in expected} == pytest.approx(expected)
    assert (found["sbd.spoco"]["mean"] is None) == (aggregation != "pooled")
    assert (found["sbd.spoco"]["n"], found["sbd.spoco"]["undefined"]) == (3, 1)
    assert (found["recall.50"]["low"] is None) == (aggregation != "per-image")


def test_what_undefined_images_do_is_said_and_can_be_chosen(cli: Cli, folders: tuple[Path, Path]) -> None:
    code, out, _ = cli("score", *folders, "--metric", "sbd.spoco")
    lines = out.splitlines()
    assert code == 0
    assert lines[1].split() == ["sbd.spoco", "-", "-", "-", "3", "(1", "undefined)"]
    assert lines[2:] == ["images of one value: per-image", "a mean is undefined where one image is: sbd.spoco"]
    left_out = cli("score", *folders, "--metric", "sbd.spoco", "--undefined", "left-out", "--border", "drop")[1]
    assert "compared: objects within 1 px of the border are dropped" in left_out
    worst = cli.json("score", *folders, "--metric", "sbd.spoco", "--undefined", "worst", "--json")
    kept = cli.json("score", *folders, "--metric", "sbd.spoco", "--undefined", "left-out", "--json")
    assert worst["means"]["sbd.spoco"]["mean"] == pytest.approx(kept["means"]["sbd.spoco"]["mean"] * 3 / 4)
    value, low, high = (worst["means"]["sbd.spoco"][key] for key in ("mean", "low", "high"))
    assert low < value < high, "of the images with the worst value too"
    assert worst["notes"][-1] == "an image where it is undefined counts as the worst: sbd.spoco"


def test_masks_of_folders_are_found_by_name(cli: Cli, folders: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("a-1", "a-2", "a-3"):
        write_labels(tmp_path / "m" / f"{name}.png", MASK)
    code, out, err = cli("score", *folders, "--metric", "count.pred", "--ignore", tmp_path / "m", "--json")
    assert code == 3
    assert "b-1: no ignore mask of this name in" in err
    found = {pair["name"]: pair["metrics"] for pair in json.loads(out)["pairs"]}
    assert found["a-1"] == {"count.pred": 2}
    code, _, err = cli("score", *folders, "--ignore", tmp_path / "m" / "a-1.png")
    assert (code, "is no folder; accepted beside two folders" in err) == (2, True)
    write_labels(tmp_path / "m" / "a-1.tif", MASK)
    code, _, err = cli("score", *folders, "--ignore", tmp_path / "m")
    assert (code, "two masks of one name, a-1.png and a-1.tif; leave one" in err) == (2, True)


def test_groups_are_parts_of_names() -> None:
    def groups(pattern: str | None, aggregation: str = "per-dataset") -> list[str] | None:
        return group_names(["a-1", "b-2"], Namespace(group_by=pattern, aggregation=aggregation))

    assert groups("^[a-z]") == groups("^(.)-") == ["a", "b"]
    assert groups(None, "per-image") is None
    with pytest.raises(ConfigError, match="per-dataset needs --group-by"):
        groups(None)
    with pytest.raises(ConfigError, match=r"'a' matches nothing in the name 'b-2'"):
        groups("a")
    with pytest.raises(ConfigError, match=r"--group-by '\(' is no regular expression"):
        groups("(")
