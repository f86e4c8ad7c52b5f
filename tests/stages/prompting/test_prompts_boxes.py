from __future__ import annotations

import numpy as np
import pytest

from harness.errors import ChainError, DataError
from harness.stages.chain import Given, check_chain
from harness.stages.prompting.prompts_boxes import PromptsBoxes
from tests.stages.prompting.scenes import Facts, labels, prompts_of, two_objects


def test_boxes_are_half_open_and_carry_the_ids() -> None:
    facts = Facts()
    made = prompts_of(PromptsBoxes(), labels(two_objects()), facts=facts)
    assert made.box_objects.tolist() == [3, 7]
    assert made.boxes.tolist() == [[[1, 2], [3, 8]], [[6, 10], [10, 14]]]
    assert len(made.points) == 0
    assert facts.numbers == {"boxes": 2, "vanished": 0}


def test_grown_boxes_end_at_the_border() -> None:
    made = prompts_of(PromptsBoxes({"grow_px": [2, 3]}), labels(two_objects()))
    assert made.boxes.tolist() == [[[0, 0], [5, 11]], [[4, 7], [12, 16]]]


def test_micrometres_follow_the_spacing() -> None:
    made = prompts_of(PromptsBoxes({"grow_um": 1.0}), labels(two_objects(), (1.0, 0.5)))
    assert made.boxes[1].tolist() == [[5, 8], [11, 16]]


def test_a_box_that_shrinks_to_nothing_is_dropped_and_counted() -> None:
    facts = Facts()
    made = prompts_of(PromptsBoxes({"grow_px": [-1]}), labels(two_objects()), facts=facts)
    assert made.box_objects.tolist() == [7], "the bar is two pixels thick"
    assert made.boxes.tolist() == [[[7, 11], [9, 13]]]
    assert facts.numbers == {"boxes": 1, "vanished": 1}


def test_a_volume_has_boxes_on_the_chosen_planes() -> None:
    volume = np.stack([two_objects()] * 4)
    made = prompts_of(PromptsBoxes({"first_plane": 1, "every": 2}), labels(volume))
    assert made.box_objects.tolist() == [3, 7, 3, 7]
    assert made.boxes[0].tolist() == [[1, 1, 2], [2, 3, 8]]
    assert made.boxes[3].tolist() == [[3, 6, 10], [4, 10, 14]]


def test_no_object_asks_for_nothing() -> None:
    made = prompts_of(PromptsBoxes(), labels(np.zeros((4, 5), dtype=np.uint8)))
    assert made.boxes.shape == (0, 2, 2)
    assert made.objects.size == 0


def test_only_boxes_of_the_truth_are_declared_as_made_from_it() -> None:
    assert PromptsBoxes().truth_use() == "prompts"
    other = PromptsBoxes({"of": "nuclei"})
    assert other.truth_use() == ""
    assert other.reads() == ("nuclei",)


def test_another_name_for_the_truth_does_not_hide_it() -> None:
    with pytest.raises(ChainError, match="reads 'nuclei', which is the ground truth here"):
        check_chain([PromptsBoxes({"of": "nuclei"})], Given(("nuclei",), ("nuclei",)), "row")


def test_a_label_image_of_reals_is_an_error() -> None:
    with pytest.raises(DataError, match="of type float32"):
        prompts_of(PromptsBoxes(), labels(np.ones((3, 3), dtype=np.float32)))
