from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.model import Fold
from harness.suite.overlap import Region, check_overlap, intersects, region_of, shared_content
from tests.helpers import FakeDataset, FakeSample, toy_catalogue

CROPS = toy_catalogue().dataset("crops")


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("left", "right", ""),
        ("left", "left", "the same sample"),
        ("left", "middle", "overlapping crops of 'whole'"),
        ("right", "middle", "overlapping crops of 'whole'"),
        ("left", "whole", "overlapping crops of 'whole'"),
        ("inner", "right", "overlapping crops of 'whole'"),
        ("inner", "middle", "overlapping crops of 'whole'"),
        ("inner", "left", ""),
    ],
)
def test_crops_of_one_source(first: str, second: str, shared: str) -> None:
    assert shared_content(CROPS, first, second) == shared
    assert shared_content(CROPS, second, first) == shared


def test_crops_of_crops_lie_in_the_source() -> None:
    assert region_of(CROPS, "inner") == Region("whole", ((50, 55), (0, 10)))
    assert region_of(CROPS, "whole") == Region("whole")


def test_copies_are_found_by_their_hash() -> None:
    copied = FakeDataset("d", {"a": FakeSample(), "b": FakeSample()}, hashes={"a": "x", "b": "x"})
    assert shared_content(copied, "a", "b") == "equal hashes"


@pytest.mark.parametrize("role", ["train", "validation"])
def test_a_fold_that_leaks_is_refused(role: str) -> None:
    fold = Fold("1", ("left",), **{role: ("right", "middle")})
    with pytest.raises(ConfigError) as caught:
        check_overlap(CROPS, fold, "x.toml:3: data.0")
    named = {"train": "training", "validation": "validation"}[role]
    assert str(caught.value) == (
        f"x.toml:3: data.0: {named} sample 'middle' of fold '1' of dataset 'crops' "
        "shares content with test sample 'left' (overlapping crops of 'whole')"
    )


def test_a_clean_fold_passes() -> None:
    check_overlap(CROPS, Fold("1", ("left",), ("right",), ("inner",)), "here")


BOUNDS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=2, max_size=2).map(
    lambda parts: tuple((start, start + length) for start, length in parts)
)


@given(BOUNDS, BOUNDS)
def test_intersection_equals_having_a_common_voxel(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]
) -> None:
    def voxels(bounds: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
        return {(y, x) for y in range(*bounds[0]) for x in range(*bounds[1])}

    assert intersects(Region("s", one), Region("s", other)) == bool(voxels(one) & voxels(other))
