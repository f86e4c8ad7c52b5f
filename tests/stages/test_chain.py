from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ChainError, LabelError
from harness.model import Grid, UsesTruth, Volume
from harness.parameters import Parameter
from harness.stages.chain import (
    ANISOTROPIC,
    ISOTROPIC,
    SCORED,
    Given,
    check_chain,
    checked_outputs,
    gives_confidences,
)
from harness.stages.contract import Context, Stage
from harness.stages.values import Confidences, Features, Masks, Prompts
from tests.stages.chains import make

SLOTS = ("image", "features", "superpixels", "labels", "nuclei", "masks")
GRID = Grid("YX", (2, 2))


def stage(
    inputs: tuple[str, ...], outputs: tuple[str, ...], *, uses: UsesTruth = "", shape: tuple[int, ...] = ()
) -> Stage:
    """A stage with these slots; one with a shape puts its outputs on a grid of it."""

    class Made(Stage):
        id = "made"
        title = "Made"
        uses_truth = uses

        def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
            volume: Volume = inputs["image"]
            return volume

    class Resampling(Made):
        def grid_after(self, grid: Grid, sample: Grid) -> Grid:
            return Grid(grid.axes, shape)

    kind = Resampling if shape else Made
    kind.inputs, kind.outputs = inputs, outputs
    return kind()


def learner(*slots: str) -> Stage:
    """A stage that learns these slots."""

    class Learner(type(stage(("image",), ("labels",)))):  # type: ignore[misc]
        def fit(self, training: Any, validation: Any, context: Context, model: Path) -> None: ...

        def learns(self) -> tuple[str, ...]:
            return slots

    Learner.inputs, Learner.outputs = ("image",), ("labels",)
    return Learner()


def test_what_earlier_stages_made_can_be_learnt_and_further_label_images() -> None:
    check_chain((BOUNDARY, learner("probability", "truth")), Given(), "here")
    check_chain((learner("nuclei"),), Given(reads=("nuclei",)), "here")
    with pytest.raises(ChainError, match="here: stage 1 'made' learns 'probability', which nothing before it makes"):
        check_chain((learner("probability"),), Given(), "here")
    with pytest.raises(ChainError, match="learns 'nuclei', which nothing before it makes"):
        check_chain((learner("nuclei"),), Given(reads=("cells",)), "here")


BOUNDARY = stage(("image",), ("probability",))
WATERSHED = stage(("probability",), ("superpixels",))
AGGLOMERATE = stage(("probability", "superpixels"), ("labels",))


def test_a_chain_in_order_passes() -> None:
    check_chain([BOUNDARY, WATERSHED, AGGLOMERATE], Given(), "row")


def test_a_stage_before_its_input_names_what_lacks_and_what_is_there() -> None:
    with pytest.raises(ChainError) as caught:
        check_chain([BOUNDARY, AGGLOMERATE], Given(), "suite.toml:4")
    assert str(caught.value) == (
        "suite.toml:4: stage 2 'made' reads 'superpixels', which nothing before it makes; "
        "accepted: image, probability, truth"
    )


def test_a_misspelt_slot_names_the_nearest() -> None:
    with pytest.raises(ChainError, match=r"reads 'probabilty', which nothing before it makes; did you mean 'probab"):
        check_chain([BOUNDARY, stage(("probabilty",), ("labels",))], Given(), "row")


@pytest.mark.parametrize("slot", SCORED)
def test_a_chain_may_end_with_what_can_be_scored(slot: str) -> None:
    check_chain([stage(("image",), (slot,))], Given(), "row")


def test_a_chain_that_makes_nothing_to_score_is_refused() -> None:
    with pytest.raises(ChainError, match="no stage of the chain makes 'labels'; accepted at its end: probability"):
        check_chain([stage(("image",), ("superpixels",))], Given(), "row")


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(ChainError, match="the chain is empty"):
        check_chain([], Given(), "row")


def test_only_who_declares_it_reads_the_truth() -> None:
    check_chain([stage(("truth",), ("labels",), uses="control")], Given(), "row")
    named = stage(("truth",), ("labels",))
    type(named).__module__ = "my_controls"
    with pytest.raises(ChainError, match="reads the ground truth and does not declare it"):
        check_chain([named], Given(), "row")


def test_who_reads_the_truth_for_prompts_makes_nothing_else() -> None:
    rest = stage(("prompts",), ("labels",))
    check_chain([stage(("truth",), ("prompts",), uses="prompts"), rest], Given(), "row")
    with pytest.raises(ChainError, match="for prompts and makes labels; accepted: prompts alone"):
        check_chain([stage(("truth",), ("labels",), uses="prompts")], Given(), "row")


def test_a_further_label_image_that_is_the_truth_is_guarded_like_it() -> None:
    lifted = stage(("image", "nuclei"), ("labels",))
    check_chain([lifted], Given(("nuclei",)), "row")
    with pytest.raises(ChainError, match="reads 'nuclei', which is the ground truth here"):
        check_chain([lifted], Given(("nuclei",), truths=("nuclei",)), "row")
    resampled = stage(("nuclei",), ("nuclei",))
    with pytest.raises(ChainError, match="which is the ground truth here"):
        check_chain([resampled, lifted], Given(("nuclei",), truths=("nuclei",)), "row")


def test_slots_the_data_does_not_give_are_missed() -> None:
    with pytest.raises(ChainError, match="reads 'nuclei'"):
        check_chain([stage(("image", "nuclei"), ("labels",))], Given(), "row")


SLOT_SETS = st.lists(st.sampled_from(SLOTS), min_size=1, max_size=2, unique=True).map(tuple)


@given(st.lists(st.builds(stage, SLOT_SETS, SLOT_SETS), min_size=1, max_size=5))
def test_a_chain_passes_exactly_if_replaying_it_finds_every_input(chain: list[Stage]) -> None:
    present = {"image"}
    runs = True
    for one in chain:
        runs = runs and present.issuperset(one.reads())
        present.update(one.makes())
    if runs and any("labels" in one.makes() for one in chain):
        check_chain(chain, Given(), "row")
    else:
        with pytest.raises(ChainError):
            check_chain(chain, Given(), "row")


AWAY = make("to-isotropic")
BACK = make("to-original-grid")
SEGMENT = stage(("image",), ("labels",))


def test_a_chain_that_leaves_the_grid_must_come_back() -> None:
    anisotropic = Given(grid=ANISOTROPIC)
    check_chain([AWAY, SEGMENT, BACK], anisotropic, "row")
    with pytest.raises(ChainError) as caught:
        check_chain([AWAY, SEGMENT], anisotropic, "suite.toml:4")
    assert str(caught.value) == (
        "suite.toml:4: the chain ends with 'labels' on another grid than the truth's: 'to-isotropic' resamples and "
        "nothing brings 'labels' back; 'to-original-grid' does that for labels"
    )


def test_resampling_what_is_isotropic_leaves_the_grid_alone() -> None:
    check_chain([AWAY, SEGMENT], Given(grid=ISOTROPIC), "row")
    with pytest.raises(ChainError, match="on another grid than the truth's"):
        check_chain([make("to-isotropic", target=2.0), SEGMENT], Given(grid=ISOTROPIC), "row")


def test_inputs_of_two_grids_are_refused_before_anything_runs() -> None:
    lifted = stage(("image", "nuclei"), ("labels",))
    given = Given(("nuclei",), grid=ANISOTROPIC)
    with pytest.raises(ChainError, match="reads 'image' and 'nuclei', which lie on different grids"):
        check_chain([AWAY, lifted, BACK], given, "row")
    check_chain([make("to-isotropic", slots=["image", "nuclei"]), lifted, BACK], given, "row")


def labels(array: np.ndarray) -> Volume:
    return Volume(array, "YX")


INPUT = {"image": Volume(np.zeros((3, 2, 2)), "CYX", channels=("a", "b", "c"))}


def test_a_single_value_fills_the_only_slot() -> None:
    made = labels(np.ones((2, 2), np.uint16))
    assert checked_outputs(stage(("image",), ("labels",)), INPUT, made, GRID) == {"labels": made}


@pytest.mark.parametrize("returned", [None, np.ones((2, 2)), [1], 3])
def test_what_is_no_value_is_named(returned: object) -> None:
    with pytest.raises(LabelError, match=r"returned labels a .*; accepted: a Volume"):
        checked_outputs(stage(("image",), ("labels",)), INPUT, returned, GRID)


def test_every_declared_slot_must_be_returned() -> None:
    both = stage(("image",), ("labels", "probability"))
    with pytest.raises(ChainError, match=r"returned labels; declared: labels, probability"):
        checked_outputs(both, INPUT, labels(np.ones((2, 2), np.uint16)), GRID)


def test_another_shape_is_refused_unless_the_stage_resamples_to_it() -> None:
    made = labels(np.ones((4, 4), np.uint16))
    with pytest.raises(LabelError, match=r"shape \(4, 4\); its input has \(2, 2\)"):
        checked_outputs(stage(("image",), ("labels",)), INPUT, made, GRID)
    resampling = stage(("image",), ("labels",), shape=(4, 4))
    assert checked_outputs(resampling, INPUT, made, GRID) == {"labels": made}
    with pytest.raises(LabelError, match=r"shape \(4, 4\); its grid is \(5, 5\)"):
        checked_outputs(stage(("image",), ("labels",), shape=(5, 5)), INPUT, made, GRID)


def test_the_grid_is_that_of_the_first_slot_read_whatever_the_order_of_the_inputs() -> None:
    both = stage(("image", "nuclei"), ("labels",))
    inputs = {"nuclei": labels(np.ones((9, 9), np.uint16)), **INPUT}
    checked_outputs(both, inputs, labels(np.ones((2, 2), np.uint16)), GRID)


def test_the_chain_of_prompts_stays_on_its_grid() -> None:
    features = Features(np.zeros((8, 1, 1)), GRID, {})
    prompts = Prompts.of(GRID, boxes={1: ((0, 0), (1, 1))})
    masks = Masks.of(GRID, [np.eye(2, dtype=bool)])
    checked_outputs(stage(("image",), ("features",)), INPUT, features, GRID)
    checked_outputs(stage(("features",), ("prompts",)), {"features": features}, prompts, GRID)
    checked_outputs(stage(("features",), ("masks",)), {"features": features}, masks, GRID)
    made = labels(np.ones((2, 2), np.uint16))
    assert checked_outputs(stage(("masks",), ("labels",)), {"masks": masks}, made, GRID) == {"labels": made}
    with pytest.raises(LabelError, match=r"prompts for a grid of shape \(3, 3\); its input has \(2, 2\)"):
        checked_outputs(stage(("image",), ("prompts",)), INPUT, Prompts.of(Grid("YX", (3, 3))), GRID)


def test_empty_images_pass() -> None:
    empty = {"image": labels(np.zeros((0, 2)))}
    checked_outputs(stage(("image",), ("labels",)), empty, labels(np.zeros((0, 2), np.int32)), GRID)


def test_axes_that_do_not_fit_the_array_are_named() -> None:
    with pytest.raises(LabelError, match="returned labels with axes ZYX for an array of shape"):
        checked_outputs(stage(("image",), ("labels",)), INPUT, Volume(np.ones((2, 2), np.uint16), "ZYX"), GRID)


SURE = stage(("image",), ("labels", "confidences"))
RENAMED = stage(("labels",), ("labels",))


def test_confidences_hold_until_labels_are_made_anew() -> None:
    kept = make("to-original-grid")
    assert gives_confidences([SURE])
    assert gives_confidences([SURE, kept])
    assert gives_confidences([SURE, stage(("image",), ("probability",))])
    assert gives_confidences([RENAMED, stage(("labels",), ("confidences",))])
    assert not gives_confidences([RENAMED])
    assert not gives_confidences([SURE, RENAMED])
    assert not gives_confidences([SURE, RENAMED, kept])


def test_confidences_of_no_labels_are_refused() -> None:
    check_chain([SURE], Given(), "row")
    check_chain([RENAMED_FROM_IMAGE, stage(("labels",), ("confidences",))], Given(), "row")
    with pytest.raises(ChainError, match="makes 'confidences' and neither makes nor reads the 'labels' they are of"):
        check_chain([SURE, stage(("image",), ("confidences",))], Given(), "row")


RENAMED_FROM_IMAGE = stage(("image",), ("labels",))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({1: 0.5, 3: 0.5}, ""),
        (
            {1: 0.5, 2: 0.5, 3: 0.5},
            "confidences with a score for object 2, which its labels lack; accepted: one for each",
        ),
        ({3: 0.5}, "confidences with none for object 1; accepted: one for each of its 2 labels"),
    ],
)
def test_confidences_are_those_of_the_labels(scores: dict[int, float], message: str) -> None:
    labels = Volume(np.array([[0, 1], [3, 3]]), "YX")
    sure = Confidences.of(GRID, scores)
    image = {"image": Volume(np.zeros((2, 2)), "YX")}
    own = stage(("labels",), ("confidences",))
    if not message:
        assert set(checked_outputs(SURE, image, {"labels": labels, "confidences": sure}, GRID)) == {
            "labels",
            "confidences",
        }
        assert set(checked_outputs(own, {"labels": labels}, sure, GRID)) == {"confidences"}
        return
    with pytest.raises(LabelError, match=message):
        checked_outputs(SURE, image, {"labels": labels, "confidences": sure}, GRID)
    with pytest.raises(LabelError, match=message):
        checked_outputs(own, {"labels": labels}, sure, GRID)


def test_a_stage_may_say_by_its_parameters_what_it_reads_the_truth_for() -> None:
    class Chooses(Stage):
        id = "chooses"
        title = "Prompts of a slot that a parameter names"
        inputs = ("truth",)
        outputs = ("prompts",)
        uses_truth = "prompts"
        parameters = (Parameter("of", "str", "truth", "slot"),)

        def reads(self) -> tuple[str, ...]:
            return (str(self.options["of"]),)

        def truth_use(self) -> UsesTruth:
            return "prompts" if self.options["of"] == "truth" else ""

        def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
            return Prompts.of(context.grid)

    end = stage(("prompts",), ("labels",))
    check_chain([Chooses(), end], Given(), "here")
    check_chain([Chooses({"of": "nuclei"}), end], Given(("nuclei",)), "here")
    with pytest.raises(ChainError, match="reads 'nuclei', which is the ground truth here"):
        check_chain([Chooses({"of": "nuclei"}), end], Given(("nuclei",), ("nuclei",)), "here")
