"""Object tables as data frames and files."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas
import pytest

import harness
from harness import objects
from harness.errors import BackendError, ConfigError, LabelError, StoreError
from harness.metrics import Pair
from harness.objects import file_format, joined, object_frame, object_table, strata, write_objects
from tests.metrics.images import hostile_pairs

TRUTH = np.array([[[1, 1, 0, 2], [1, 1, 0, 2]], [[0, 0, 0, 2], [0, 0, 0, 2]]])
PRED = np.array([[[5, 5, 0, 0], [5, 5, 0, 0]], [[0, 0, 0, 0], [0, 8, 0, 0]]])


def test_a_line_per_object_of_either_image() -> None:
    table = harness.object_table(PRED, TRUTH)
    assert list(table["side"]) == ["truth", "truth", "prediction", "prediction"]
    assert table["id"].tolist() == [1, 2, 5, 8]
    assert list(table["class"]) == ["correct", "missed", "correct", "spurious"]
    assert table["partner"].tolist() == [5, 0, 1, 0]
    assert table["voxels"].tolist() == [4, 4, 4, 1]
    assert table.loc[1, ["low_z", "low_y", "low_x", "high_z", "high_y", "high_x"]].tolist() == [0, 0, 3, 2, 2, 4]
    assert table.loc[1, ["centroid_z", "centroid_y", "centroid_x"]].tolist() == [0.5, 0.5, 3.0]
    assert not [name for name in table.columns if name.endswith(("_um", "_um3"))]


def test_a_spacing_adds_micrometres() -> None:
    table = object_table(PRED, TRUTH, (2.0, 0.5, 0.25))
    assert table["size_um3"].tolist() == [1.0, 1.0, 1.0, 0.25]
    assert table.loc[1, ["centroid_z_um", "centroid_y_um", "centroid_x_um"]].tolist() == [1.0, 0.25, 0.75]
    assert "size_um2" in object_table(PRED[0], TRUTH[0], (1, 1))
    assert "size_um" in object_table(PRED[0, 0], TRUTH[0, 0], [1])


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1, 0, 1), (1, 1, -2), (1, 1, float("nan")), (1, 1, float("inf"))])
def test_a_spacing_that_is_none_is_refused(spacing: tuple[float, ...]) -> None:
    with pytest.raises(LabelError, match=r"the spacing .*; accepted: (3|positive numbers)"):
        object_table(PRED, TRUTH, spacing)


def test_images_of_any_number_of_axes_and_without_objects() -> None:
    four = object_table(PRED[None], TRUTH[None])
    assert {"low_axis0", "low_z", "low_y", "low_x"} <= set(four.columns)
    empty = object_table(np.zeros((3, 3), int), np.zeros((3, 3), int), (1, 1))
    assert len(empty) == 0
    assert {"side", "class", "size_um2"} <= set(empty.columns)
    ignored = object_table([1, 1, 2], [1, 1, 3], ignore=[0, 0, 1])
    assert ignored["id"].tolist() == [1, 1]


def test_columns_of_one_value_stand_before() -> None:
    table = object_frame(Pair(TRUTH, PRED), {"row": "otsu", "fold": ""})
    assert list(table.columns[:3]) == ["row", "fold", "side"]
    assert set(table["row"]) == {"otsu"}
    both = joined([table, object_frame(Pair(PRED, TRUTH), {"row": "other", "fold": "1"})])
    assert len(both) == 8
    assert both["class"].dtype == table["class"].dtype


def test_confidences_are_the_last_column_where_there_are_any() -> None:
    assert "confidence" not in object_table(PRED, TRUTH)
    table = object_frame(Pair(TRUTH, PRED, confidences={5: 0.75, 8: 0.25}))
    assert list(table.columns)[-1] == "confidence"
    assert table["confidence"].tolist()[2:] == [0.75, 0.25]
    assert table["confidence"].isna().tolist() == [True, True, False, False]
    with pytest.raises(LabelError, match="the predicted object 8 has no confidence"):
        object_frame(Pair(TRUTH, PRED, confidences={5: 0.75}))


@pytest.mark.parametrize("name", ["shifted 2d", "all background"])
def test_csv_can_be_read_back(name: str, tmp_path: Path) -> None:
    truth, pred = hostile_pairs()[name]
    table = object_frame(Pair(truth, pred), {"name": "=cmd"})
    path = tmp_path / "deep" / "objects.csv"
    write_objects(path, table)
    read = pandas.read_csv(path)
    assert list(read.columns) == list(table.columns)
    assert read["iou"].tolist() == table["iou"].tolist()
    assert list(read["class"]) == list(table["class"])
    assert set(read["name"]) <= {"'=cmd"}
    assert [one.name for one in path.parent.iterdir()] == ["objects.csv"]


def test_parquet_can_be_read_back(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    table = object_table(PRED, TRUTH)
    write_objects(tmp_path / "objects.parquet", table)
    pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "objects.parquet"), table)


def test_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_format(Path("a.CSV")) == "csv"
    with pytest.raises(ConfigError, match=r"a\.xlsx: an object table is written as \.csv or \.parquet; found"):
        file_format(Path("a.xlsx"))
    monkeypatch.setattr(objects, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="Parquet needs pyarrow, which is not installed; pip install pyarrow"):
        file_format(Path("a.parquet"))
    monkeypatch.setattr(objects, "find_spec", find_spec)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BackendError, match="pip install pandas"):
        object_table(PRED, TRUTH)


def test_a_disk_that_refuses_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_objects(tmp_path / "file" / "objects.csv", object_table(PRED, TRUTH))


def test_strata_by_size_worked_by_hand() -> None:
    """Truth objects of 1, 2, 3, 4 and 4 voxels: the two small ones are missed, one of 4 has a poor boundary."""
    truth = [1, 0, 2, 2, 0, 3, 3, 3, 0, 4, 4, 4, 4, 0, 5, 5, 5, 5]
    pred = [0, 0, 0, 0, 0, 3, 3, 3, 0, 4, 4, 4, 4, 9, 5, 0, 0, 0]
    found = strata(object_table(pred, truth), "voxels", 2)
    assert found[["from", "to", "objects"]].values.tolist() == [[1, 3, 2], [3, 4, 3]]
    assert found["recall"].tolist() == [0, 2 / 3]
    assert found["missed"].tolist() == [2, 0]
    assert found["poor boundary"].tolist() == [0, 1]
    whole = strata(object_table(pred, truth), "voxels", 1)
    assert whole["objects"].tolist() == [5]


def test_strata_by_crowding_leave_out_who_is_alone() -> None:
    alone = object_table([[1, 0]], [[1, 0]], (1, 1))
    assert strata(alone, "nearest_um")["objects"].tolist() == [0, 0, 0, 0]
    pair = object_table([1, 0, 0, 2], [1, 0, 0, 2])
    assert pair["nearest"].tolist() == [3, 3, 3, 3]
    assert strata(pair, "nearest", 2)["objects"].tolist() == [0, 2]


def test_strata_of_what_is_no_number_are_refused() -> None:
    table = object_table(PRED, TRUTH)
    with pytest.raises(ConfigError, match="strata by 'voxel': no such column of numbers; did you mean 'voxels'"):
        strata(table, "voxel")
    with pytest.raises(ConfigError, match="no such column of numbers"):
        strata(table, "class")
    with pytest.raises(ConfigError, match="0 parts; accepted: from 1"):
        strata(table, "voxels", 0)
