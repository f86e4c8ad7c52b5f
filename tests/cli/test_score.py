"""Two label files in, one number per metric out."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from roifile import ImagejRoi

from harness.datasets.formats import labels
from harness.datasets.formats.hdf5_trial import Trial
from harness.datasets.readers import LazyLabels, read_labels, write_labels
from tests.cli.project import Cli


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    truth = np.zeros((20, 20), np.uint16)
    truth[2:8, 2:8], truth[10:18, 10:18] = 1, 2
    prediction = truth.copy()
    prediction[2:8, 5:8] = 3
    return write_labels(tmp_path / "p.tif", prediction), write_labels(tmp_path / "t.npy", truth)


def test_named_metrics_in_json_on_one_line(cli: Cli, files: tuple[Path, Path]) -> None:
    code, out, err = cli("score", *files, "--metric", "map.gonuclear", "arand.elf", "--json")
    assert (code, err) == (0, "")
    metrics = json.loads(out)["metrics"]
    assert list(metrics) == ["map.gonuclear", "arand.elf"]
    assert 0 < metrics["map.gonuclear"] < 1
    assert out.count("\n") == 1


def test_repeated_metric_options(cli: Cli, files: tuple[Path, Path]) -> None:
    found = cli.json("score", *files, "--metric", "pq", "--metric", "sq", "--json")
    assert list(found["metrics"]) == ["pq", "sq"]


def test_every_metric_when_none_is_named(cli: Cli, files: tuple[Path, Path]) -> None:
    metrics = cli.json("score", *files, "--json")["metrics"]
    assert {"map.gonuclear", "map.stardist", "arand.skimage", "arand.elf", "arand.cremi", "sbd.cvppp"} <= set(metrics)


def test_undefined_is_null_in_json_and_said_in_text(cli: Cli, tmp_path: Path) -> None:
    empty = write_labels(tmp_path / "empty.npy", np.zeros((8, 8), np.uint8))
    metrics = cli.json("score", empty, empty, "--json")["metrics"]
    undefined = [name for name, value in metrics.items() if value is None]
    assert undefined
    code, out, _ = cli("score", empty, empty, "--metric", undefined[0])
    assert code == 0
    assert out.splitlines()[1].split() == [undefined[0], "undefined"]


def test_one_process_tries_the_hdf5_files_of_a_command(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Trial] = []
    started = Trial._started
    monkeypatch.setattr(Trial, "_started", lambda trial: (begun.append(trial), started(trial))[1])
    for folder in ("p", "t"):
        for name in ("a.h5", "b.h5"):
            write_labels(tmp_path / folder / name, np.asarray(read_labels(files[0])))
    cli.json("score", tmp_path / "p" / "a.h5", tmp_path / "t" / "a.h5", "--metric", "pq", "--json")
    assert len(begun) == 1
    cli.json("score", tmp_path / "p", tmp_path / "t", "--metric", "pq", "--json")
    assert len(begun) == 2
    cli.json("score", *files, "--metric", "pq", "--json")
    assert len(begun) == 2


def test_mistakes_are_one_line(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    other = write_labels(tmp_path / "other.npy", np.zeros((5, 5), np.uint8))
    for arguments in ((files[0], other), (files[0], tmp_path / "absent.tif"), (*files, "--metric", "map.gonucler")):
        code, out, err = cli("score", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("harness: error: ")
        assert err.count("\n") == 1


def test_metric_options_before_the_files_do_not_swallow_them(cli: Cli, files: tuple[Path, Path]) -> None:
    for arguments in (
        ("--metric", "pq", "sq", *files),
        (files[0], "--metric", "pq", "sq", files[1]),
        ("--metric", "pq", "sq", "--json", *files),
        (files[0], "--json", files[1], "--metric", "pq", "sq"),
    ):
        found = cli.json("score", *arguments, *(() if "--json" in arguments else ("--json",)))
        assert list(found["metrics"]) == ["pq", "sq"]
    code, _, err = cli("score", "--metric", "pq", files[0])
    assert code == 2
    assert "score needs PRED and GT" in err


@pytest.fixture
def displaced(tmp_path: Path) -> tuple[Path, Path]:
    """Files of ImageJ with pixels of half a micrometre, of an object that lies two pixels lower in the prediction."""
    truth = np.zeros((20, 20), np.uint8)
    truth[2:10, 2:8] = 1
    names = (tmp_path / "pred.tif", tmp_path / "truth.tif")
    for name, labels_of_it in zip(names, (np.roll(truth, 2, axis=0), truth), strict=True):
        tifffile.imwrite(name, labels_of_it, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    return names


def test_surfaces_are_measured_in_the_micrometres_of_the_files(cli: Cli, displaced: tuple[Path, Path]) -> None:
    names = ("hd.voxels", "hd.voxels.matched", "nsd.voxels.1um")
    found = cli.json("score", *displaced, "--metric", *names, "--json")["metrics"]
    assert found == pytest.approx({"hd.voxels": 1.0, "hd.voxels.matched": 1.0, "nsd.voxels.1um": 1.0})


def test_a_given_spacing_counts_and_swallows_no_file(cli: Cli, displaced: tuple[Path, Path]) -> None:
    named = ("--metric", "hd.surfels")
    for arguments in (
        ("--spacing", "3", "0.5", *displaced, *named),
        (displaced[0], "--spacing", "3", "0.5", displaced[1], *named),
        (*displaced, *named, "--spacing", "3", "0.5"),
    ):
        assert cli.json("score", *arguments, "--json")["metrics"] == {"hd.surfels": 6.0}


@pytest.mark.parametrize(
    ("spacing", "metric", "message"),
    [
        (("0", "1"), "hd.voxels", "the spacing is 0 1; accepted: positive numbers"),
        (("-1", "1"), "pq", "the spacing is -1 1; accepted: positive numbers"),
        (("1",), "pq", "the spacing 1 has 1 numbers for an image of 2 axes; accepted: 2"),
        (("one", "1"), "pq", "the spacing is one 1; accepted: positive numbers"),
        (("1", "1"), "nsd.voxels.2px", "a tolerance in pixels where a voxel is known to be 1 x 1 um"),
        ((), "nsd.voxels.2px", "a tolerance in pixels where a voxel is known to be 0.5 x 0.5 um"),
        ((), "nsd.voxels.two", "unknown metric 'nsd.voxels.two'; accepted: 'nsd.voxels.<tolerance>um'"),
    ],
)
def test_a_wrong_spacing_is_one_line(
    cli: Cli, displaced: tuple[Path, Path], spacing: tuple[str, ...], metric: str, message: str
) -> None:
    given = ("--spacing", *spacing) if spacing else ()
    code, out, err = cli("score", *displaced, "--metric", metric, *given)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_surfaces_of_files_without_a_spacing_are_refused(cli: Cli, files: tuple[Path, Path]) -> None:
    code, _, err = cli("score", *files, "--metric", "hd.voxels")
    assert code == 2
    assert "the size of a voxel is unknown; accepted: --spacing Z Y X" in err
    assert cli.json("score", *files, "--metric", "nsd.voxels.1px", "--json")["metrics"] == {"nsd.voxels.1px": 1.0}


@pytest.fixture
def folders(tmp_path: Path, files: tuple[Path, Path]) -> tuple[Path, Path]:
    """Three pairs, one of which has unequal shapes, and a name without partner on either side."""
    prediction, truth = (read_labels(file) for file in files)
    for name in ("a", "b", "=c"):
        write_labels(tmp_path / "p" / f"{name}.tif", np.asarray(prediction))
        write_labels(tmp_path / "t" / f"{name}.npy", np.asarray(truth))
    write_labels(tmp_path / "p" / "b.tif", np.asarray(truth))
    write_labels(tmp_path / "t" / "=c.npy", np.zeros((3, 3), np.uint8))
    write_labels(tmp_path / "p" / "only.png", np.asarray(truth))
    write_labels(tmp_path / "t" / "lost.png", np.asarray(truth))
    return tmp_path / "p", tmp_path / "t"


def test_two_folders_are_matched_by_name(cli: Cli, folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out" / "scores.csv"
    code, text, err = cli("score", *folders, "--metric", "map.gonuclear", "--csv", out)
    assert code == 3
    header, mean, how, left_out = text.splitlines()
    assert how == "images of one value: per-image"
    assert header.split("  ")[0] == "metric"
    assert mean.split()[0] == "map.gonuclear"
    assert mean.split()[-1] == "2"
    assert left_out == "3 of 5 names have no scores"
    lines = {line["name"]: line for line in csv.DictReader(out.open())}
    assert sorted(lines) == ["'=c", "a", "b", "lost", "only"]
    assert lines["lost"]["problem"] == "no prediction of this name"
    assert lines["only"]["problem"] == "no truth of this name"
    assert "has shape" in lines["'=c"]["problem"]
    assert float(lines["b"]["map.gonuclear"]) == 1.0
    assert all(f"harness: {name}: " in err for name in ("lost", "only", "=c"))
    found = json.loads(cli("score", *folders, "--metric", "map.gonuclear", "--json")[1])
    scores = [float(lines[name]["map.gonuclear"]) for name in ("a", "b")]
    assert found["means"]["map.gonuclear"]["mean"] == pytest.approx(sum(scores) / 2)
    assert found["means"]["map.gonuclear"]["low"] is None


def test_complete_folders_end_with_0_and_a_folder_with_a_file_is_refused(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path
) -> None:
    for side, file in zip("pt", files, strict=True):
        write_labels(tmp_path / side / "x.tif", np.asarray(read_labels(file)))
    assert cli("score", tmp_path / "p", tmp_path / "t", "--metric", "pq")[0] == 0
    code, _, err = cli("score", tmp_path / "p", files[1])
    assert (code, "one is a folder and one is not" in err) == (2, True)


def _cells(labels: np.ndarray) -> list[dict[str, Any]]:
    """Return the rectangles of a label image as features of QuPath."""
    features = []
    for label in np.unique(labels[labels > 0]):
        rows, columns = np.nonzero(labels == label)
        top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
        polygon = {"type": "Polygon", "coordinates": [[[int(x), int(y)] for x, y in ring]]}
        features.append({"type": "Feature", "geometry": polygon, "properties": {"objectType": "cell"}})
    return features


@pytest.fixture
def foreign(files: tuple[Path, Path], tmp_path: Path) -> dict[str, Path]:
    """The truth as other programs keep it."""
    truth = np.asarray(read_labels(files[1]))
    folder = tmp_path / "foreign"
    folder.mkdir()
    paths = {name: folder / name for name in ("t_seg.npy", "t.png", "t.geojson", "t.json", "t.zip")}
    np.save(paths["t_seg.npy"], {"masks": truth, "outlines": None})  # type: ignore[arg-type]
    palette = Image.fromarray(truth.astype(np.uint8), mode="P")
    palette.putpalette([0, 0, 0] + [9, 9, 9] * 255)
    palette.save(paths["t.png"])
    cells = _cells(truth)
    paths["t.geojson"].write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
    rings = [cell["geometry"]["coordinates"][0] for cell in cells]
    annotations = [
        {"id": number, "image_id": 1, "segmentation": [[value for point in ring for value in point]]}
        for number, ring in enumerate(rings, start=1)
    ]
    image = {"id": 1, "file_name": "t.png", "height": truth.shape[0], "width": truth.shape[1]}
    paths["t.json"].write_text(json.dumps({"images": [image], "annotations": annotations}))
    with zipfile.ZipFile(paths["t.zip"], "w") as archive:
        for number, ring in enumerate(rings):
            archive.writestr(f"{number}.roi", ImagejRoi.frompoints(np.array(ring[:-1])).tobytes())
    return paths


@pytest.mark.parametrize("name", ["t_seg.npy", "t.png", "t.geojson", "t.json", "t.zip"])
def test_files_of_other_programs(
    cli: Cli, files: tuple[Path, Path], foreign: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path = foreign[name]
    for pair in ((path, files[1]), (files[1], path), (path, f"{foreign['t.json']}:t.png")):
        code, out, err = cli("score", *pair, "--metric", "pq", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["metrics"] == {"pq": 1.0}
    write_labels(tmp_path / "truths" / "t.tif", np.asarray(read_labels(files[1])))
    (tmp_path / "predictions").mkdir()
    path.rename(tmp_path / "predictions" / name)
    assert cli("score", tmp_path / "predictions", tmp_path / "truths", "--metric", "pq")[0] == 0


def test_outlines_on_both_sides_need_a_size(cli: Cli, foreign: dict[str, Path]) -> None:
    pair = (foreign["t.geojson"], foreign["t.zip"])
    code, _, err = cli("score", *pair)
    assert (code, "accepted: `harness score --shape Y X`" in err) == (2, True)
    for arguments in ((*pair, "--shape", "20", "20"), ("--shape", "20", "20", *pair)):
        assert cli.json("score", *arguments, "--metric", "pq", "--json")["metrics"] == {"pq": 1.0}
    for shape, said in ((("5", "5"), "lies outside of the image"), (("20",), "accepted: Y X or Z Y X")):
        code, _, err = cli("score", *pair, "--shape", *shape)
        assert (code, said in err) == (2, True)


def test_coco_results_are_scored_image_by_image(cli: Cli, foreign: dict[str, Path], tmp_path: Path) -> None:
    truth = json.loads(foreign["t.json"].read_text())
    truth["images"].append({**truth["images"][0], "id": 2, "file_name": "other.png"})
    foreign["t.json"].write_text(json.dumps(truth))
    results = tmp_path / "results.json"
    results.write_text(json.dumps([{**one, "score": 0.5} for one in truth["annotations"]]))
    code, out, err = cli("score", results, foreign["t.json"], "--metric", "pq", "count.pred", "--json")
    assert code == 0
    assert [line["name"] for line in json.loads(out)["pairs"]] == ["other", "t"]
    assert [line["metrics"]["count.pred"] for line in json.loads(out)["pairs"]] == [0, 2]
    assert "has no result of image 2, which counts as one without objects" in err


def test_what_a_label_image_cannot_say_is_a_note(cli: Cli, files: tuple[Path, Path], foreign: dict[str, Path]) -> None:
    path = foreign["t.geojson"]
    path.write_text(json.dumps(json.loads(path.read_text())["features"] * 2))
    code, _, err = cli("score", path, files[1], "--metric", "pq")
    assert code == 0
    assert err.startswith(f"harness: note: {path}: 100 pixels lie in several objects; each belongs to the last of them")


@pytest.mark.parametrize(
    ("name", "advice"), [("a.jpg", "JPEG alters"), ("a.nd2", "save it as TIFF"), ("a.json", "not readable")]
)
def test_files_that_are_not_read_come_with_advice(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, name: str, advice: str
) -> None:
    (tmp_path / name).touch()
    code, _, err = cli("score", tmp_path / name, files[1])
    assert (code, advice in err) == (2, True)


@pytest.mark.parametrize("kind", ["npy", "tif", "h5", "zarr"])
@pytest.mark.parametrize(("value", "shown"), [(255, 255), (1, 1), (True, 1), (65535, 65535), (7, 7)])
def test_a_mask_is_said_to_be_one_object(
    cli: Cli, files: tuple[Path, Path], tmp_path: Path, value: int, shown: int, kind: str
) -> None:
    truth = np.asarray(read_labels(files[1]))
    mask = (truth > 0) if value is True else (truth > 0).astype(np.uint16) * value
    file = write_labels(tmp_path / f"mask.{kind}", mask)
    code, _, err = cli("score", file, files[1], "--metric", "count.pred")
    assert code == 0
    assert (
        f"mask.{kind}: holds 0 and {shown} alone, which is one object in 2 parts; of a foreground mask score the" in err
    )
    np.save(tmp_path / "one.npy", (truth == truth.max()).astype(np.uint16))
    assert "note" not in cli("score", tmp_path / "one.npy", files[1], "--metric", "count.pred")[2], "it is one object"


@pytest.mark.parametrize("name", ["big.h5", "big.npy"])
def test_large_files_are_read_block_by_block(
    cli: Cli, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MOST_BYTES_IN_MEMORY", 100)
    image = np.arange(6 * 7 * 8, dtype=np.uint16).reshape(1, 6, 7, 8)
    path = write_labels(tmp_path / name, image)
    lazy = read_labels(path)
    assert isinstance(lazy, LazyLabels)
    assert lazy.shape == (6, 7, 8)
    assert np.array_equal(lazy[1:3, 2:, :4], image[0, 1:3, 2:, :4])
    assert cli.json("score", path, path, "--metric", "pq", "--json")["metrics"] == {"pq": 1.0}


def test_a_line_per_object(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "objects.csv"
    code, _, err = cli("score", *files, "--objects", out)
    assert (code, err) == (0, f"wrote {out}\n")
    lines = list(csv.DictReader(out.open()))
    assert {line["name"] for line in lines} == {"t.npy"}
    found = [(line["side"], line["id"], line["class"], line["partner"]) for line in lines]
    assert found == [
        ("truth", "1", "split", "1"),
        ("truth", "2", "correct", "2"),
        ("prediction", "1", "split", "1"),
        ("prediction", "2", "correct", "2"),
        ("prediction", "3", "split", "1"),
    ]


def test_a_line_per_object_of_every_pair_of_two_folders(cli: Cli, folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "objects.csv"
    assert cli("score", *folders, "--metric", "pq", "--objects", out)[0] == 3
    assert [line["name"] for line in csv.DictReader(out.open())] == ["a"] * 5 + ["b"] * 4
    for name in ("a", "b"):
        write_labels(folders[1] / f"{name}.npy", np.zeros((3, 3), np.uint8))
    out.unlink()
    code, _, err = cli("score", *folders, "--metric", "pq", "--objects", out)
    assert (code, out.exists()) == (3, False)
    assert f"{out}: not written: no pair could be compared" in err


def test_another_format_of_objects_is_refused(cli: Cli, files: tuple[Path, Path]) -> None:
    code, out, err = cli("score", *files, "--objects", "objects.xls")
    assert (code, out) == (2, "")
    assert "written as .csv or .parquet; found the suffix '.xls'" in err


def test_a_metric_of_a_plugin_scores_files(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from harness import Metric\n"
        "MINE = Metric(id='mine', title='objects', definition='objects', source='tests', direction='none',\n"
        "    unit='count', range=(0.0, 9.0), edge_cases=(), function=lambda table: float(table.n_pred))\n"
    )
    found = cli.json("score", *files, "--plugin", plugin, "--metric", "mine", "pq", "--json")["metrics"]
    assert found["mine"] == 3.0
    assert list(found) == ["mine", "pq"]
    assert "mine" in cli.json("score", *files, "--plugin", plugin, "--json")["metrics"]
    assert "unknown metric 'mine'" in cli("score", *files, "--metric", "mine")[2]
    assert cli.json("show", "metric", "mine", "--json", "--plugin", plugin)["code"]
    listed = {entry["id"]: entry for entry in cli.json("list", "metrics", "--json", "--plugin", plugin)}
    assert listed["mine"]["origin"] == str(plugin)
