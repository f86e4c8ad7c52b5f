from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ChainError, LabelError
from harness.model import Volume
from harness.stages.chain import check_chain, checked_outputs
from harness.stages.contract import Context, Stage

SLOTS = ("image", "probability", "superpixels", "labels", "nuclei", "masks")


def stage(
    inputs: tuple[str, ...], outputs: tuple[str, ...], *, module: str = "tests", resamples: bool = False
) -> Stage:
    """A stage with these slots."""

    class Made(Stage):
        id = "made"
        title = "Made"

        def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
            return inputs["image"]

    Made.inputs, Made.outputs, Made.changes_grid, Made.__module__ = inputs, outputs, resamples, module
    return Made()


BOUNDARY = stage(("image",), ("probability",))
WATERSHED = stage(("probability",), ("superpixels",))
AGGLOMERATE = stage(("probability", "superpixels"), ("labels",))


def test_a_chain_in_order_passes() -> None:
    check_chain([BOUNDARY, WATERSHED, AGGLOMERATE], ("image",), "row")


def test_a_stage_before_its_input_names_what_lacks_and_what_is_there() -> None:
    with pytest.raises(ChainError) as caught:
        check_chain([BOUNDARY, AGGLOMERATE], ("image",), "suite.toml:4")
    assert str(caught.value) == (
        "suite.toml:4: stage 2 'made' reads 'superpixels', which nothing before it makes; present: image, probability"
    )


def test_a_chain_without_labels_is_refused() -> None:
    with pytest.raises(ChainError, match="no stage of the chain makes 'labels'"):
        check_chain([BOUNDARY], ("image", "truth"), "row")


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(ChainError, match="the chain is empty"):
        check_chain([], ("image",), "row")


def test_only_controls_read_the_truth() -> None:
    check_chain([stage(("truth",), ("labels",), module="harness.stages.controls.truth")], ("image", "truth"), "row")
    with pytest.raises(ChainError, match="reads the ground truth and is not a control"):
        check_chain([stage(("truth",), ("labels",))], ("image", "truth"), "row")


def test_slots_the_data_does_not_give_are_missed() -> None:
    lifted = stage(("image", "nuclei"), ("labels",))
    check_chain([lifted], ("image", "nuclei"), "row")
    with pytest.raises(ChainError, match="reads 'nuclei'"):
        check_chain([lifted], ("image",), "row")


SLOT_SETS = st.lists(st.sampled_from(SLOTS), min_size=1, max_size=2, unique=True).map(tuple)


@given(st.lists(st.builds(stage, SLOT_SETS, SLOT_SETS), min_size=1, max_size=5))
def test_a_chain_passes_exactly_if_replaying_it_finds_every_input(chain: list[Stage]) -> None:
    present = {"image"}
    runs = True
    for one in chain:
        runs = runs and present.issuperset(one.inputs)
        present.update(one.outputs)
    makes_labels = any("labels" in one.outputs for one in chain)
    if runs and makes_labels:
        check_chain(chain, ("image",), "row")
    else:
        with pytest.raises(ChainError):
            check_chain(chain, ("image",), "row")


def labels(array: np.ndarray) -> Volume:
    return Volume(array, "YX")


INPUT = {"image": Volume(np.zeros((3, 2, 2)), "CYX", channels=("a", "b", "c"))}


def test_a_single_volume_fills_the_only_slot() -> None:
    made = labels(np.ones((2, 2), np.uint16))
    assert checked_outputs(stage(("image",), ("labels",)), INPUT, made) == {"labels": made}


def test_every_declared_slot_must_be_returned() -> None:
    both = stage(("image",), ("labels", "probability"))
    with pytest.raises(ChainError, match=r"returned \['labels'\]; declared: \['labels', 'probability'\]"):
        checked_outputs(both, INPUT, labels(np.ones((2, 2), np.uint16)))


def test_another_shape_is_refused_unless_the_stage_resamples() -> None:
    made = labels(np.ones((4, 4), np.uint16))
    with pytest.raises(LabelError, match=r"shape \(4, 4\); its input has \(2, 2\)"):
        checked_outputs(stage(("image",), ("labels",)), INPUT, made)
    assert checked_outputs(stage(("image",), ("labels",), resamples=True), INPUT, made) == {"labels": made}


@pytest.mark.parametrize("slot", ["labels", "superpixels"])
@pytest.mark.parametrize("dtype", ["float32", "bool", "complex64"])
def test_labels_must_be_integers(slot: str, dtype: str) -> None:
    with pytest.raises(LabelError, match=f"returned {slot} of type {dtype}"):
        checked_outputs(stage(("image",), (slot,)), INPUT, labels(np.zeros((2, 2), dtype)))


def test_negative_labels_are_refused_and_signed_ones_are_not() -> None:
    one = stage(("image",), ("labels",))
    checked_outputs(one, INPUT, labels(np.array([[0, 1], [2, 3]], np.int64)))
    with pytest.raises(LabelError, match="negative values"):
        checked_outputs(one, INPUT, labels(np.array([[0, -1], [2, 3]], np.int64)))


def test_probabilities_may_be_floats_and_empty_images_pass() -> None:
    checked_outputs(stage(("image",), ("probability",)), INPUT, labels(np.zeros((2, 2), np.float32)))
    empty = {"image": labels(np.zeros((0, 2)))}
    checked_outputs(stage(("image",), ("labels",)), empty, labels(np.zeros((0, 2), np.int32)))
