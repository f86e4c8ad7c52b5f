from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from harness.model import Cell, CellId, DataSelection, Fold, Grid, Scope, ScoredPair, StageSpec, Volume


def test_anisotropy_is_relative_to_the_finest_axis() -> None:
    assert Grid("ZYX", (4, 5, 6), (0.5, 0.25, 0.25)).anisotropy == (2.0, 1.0, 1.0)


def test_anisotropy_of_unknown_spacing_is_one() -> None:
    assert Grid("YX", (4, 5)).anisotropy == (1.0, 1.0)


def test_grid_of_a_volume_leaves_the_channel_axis_out() -> None:
    volume = Volume(np.zeros((2, 3, 4, 5)), "CZYX", (1.0, 0.5, 0.5), ("a", "b"))
    assert volume.grid == Grid("ZYX", (3, 4, 5), (1.0, 0.5, 0.5))


def test_axes_that_do_not_fit_the_array_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = Volume(np.zeros((3, 4)), "ZYX").grid


def test_channel_by_name() -> None:
    array = np.arange(8).reshape(2, 2, 2)
    volume = Volume(array, "CYX", channels=("a", "b"))
    np.testing.assert_array_equal(volume.channel("b"), array[1])


def test_unknown_channel_names_those_present() -> None:
    with pytest.raises(KeyError, match=r"no channel 'c'; present: a, b"):
        Volume(np.zeros((2, 2, 2)), "CYX", channels=("a", "b")).channel("c")


def test_nouns_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Fold("1", ("a",)).id = "2"  # type: ignore[misc]


def test_json_forms_are_plain() -> None:
    assert StageSpec("gasp", 2, {"beta": 0.5}).to_json() == {"id": "gasp", "version": 2, "parameters": {"beta": 0.5}}
    assert DataSelection("d", ("c",), "gold", "initial").to_json() == {
        "dataset": "d",
        "channels": ["c"],
        "truth": "gold",
        "train_truth": "initial",
        "reads": {},
    }


def test_the_name_of_a_cell_tells_fold_and_repeat_only_where_there_are_several() -> None:
    assert str(CellId("otsu", "dots", "a", "", 0)) == "otsu on dots/a"
    assert str(CellId("otsu", "dots", "a", "2", 1)) == "otsu on dots/a fold 2 repeat 1"


def test_a_cell_and_its_message_carry_its_identity() -> None:
    data = DataSelection("dots", (), "gold", "gold")
    cell = Cell("demo", 1, "smoke", "r", data, "a", Fold("2", ("a",)), 1, 7, (), (), "key")
    assert cell.id == CellId("r", "dots", "a", "2", 1)
    assert str(cell) == "demo smoke: r on dots/a fold 2 repeat 1"


def test_a_scope_says_only_what_differs_from_comparing_everything() -> None:
    assert (Scope().to_json(), Scope().words) == ({}, "")
    assert Scope(border_px=3).to_json() == {}
    assert Scope(0, "drop", 2, sparse=True).to_json() == {"ignore": 0, "border": "drop", "border_px": 2, "sparse": True}
    assert Scope("mask").to_json() == {"ignore": "mask"}
    assert Scope("mask", sparse=True).words == "voxels of label image 'mask' are ignored; the truth is sparse"
    assert Scope(7, "drop").words == (
        "voxels of the truth's label 7 are ignored; objects within 1 px of the border are dropped"
    )
    plain = ScoredPair("fg", "labels", "truth", ("pq",))
    assert set(plain.to_json()) == {"name", "pred", "truth", "metrics", "threshold"}
    assert ScoredPair("fg", "labels", "truth", ("pq",), scope=Scope(1)).to_json()["ignore"] == 1
