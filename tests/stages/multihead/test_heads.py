from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.multihead.heads import HeadNames
from harness.stages.unet.targets import training_targets
from tests.stages.multihead.examples import SHAPE, example


def test_heads_are_read_from_their_names() -> None:
    names = HeadNames.of(["clear+wall", "noisy"], ["nuclei+cell", "nuclei/cell"])
    assert names.inputs == (("clear", "wall"), ("noisy",))
    assert names.structures == ("nuclei", "cell", "nuclei/cell")
    assert names.slots == ("nuclei", "cell")
    assert names.channels[:2] == ("nuclei:foreground", "nuclei:boundary")
    assert not names.problem


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [
        ([], ["nuclei"], "'inputs' is []"),
        (["clear+"], ["nuclei"], "'inputs' is ['clear+']"),
        (["clear"], ["nuclei/"], "'outputs' is ['nuclei/']"),
        (["clear"], ["nuclei", "cell+nuclei"], "each structure once"),
    ],
)
def test_names_that_cannot_work(inputs: list[str], outputs: list[str], problem: str) -> None:
    assert problem in HeadNames.of(inputs, outputs).problem


def test_an_image_has_the_channels_of_its_heads_in_their_order() -> None:
    image = example().inputs["image"]
    made = HeadNames.of(["wall", "clear+wall"], ["nuclei"]).image(image, "here")
    np.testing.assert_array_equal(made, image.array[[1, 0, 1]].astype(np.float32))


def test_a_head_that_names_an_absent_channel_is_told_the_nearest() -> None:
    with pytest.raises(DataError, match=r"here: a head names the channel 'walls'.*wall"):
        HeadNames.of(["walls"], ["nuclei"]).image(example().inputs["image"], "here")


def test_targets_are_those_of_each_slot_and_of_unions() -> None:
    one = example()
    names = HeadNames.of(["clear"], ["cell", "nuclei/cell"])
    labels = names.labels(one, "here")
    assert labels.shape == (2, *SHAPE)
    made = names.targets(labels, names.structures)
    cell, nuclei = (
        training_targets(one.targets[name].array, ("foreground", "boundary")) for name in ("cell", "nuclei")
    )
    np.testing.assert_array_equal(made, np.concatenate([cell, np.maximum(cell, nuclei)]))


def test_labels_of_another_shape_are_refused() -> None:
    one = example()
    small = type(one)(one.inputs, {**one.targets, "cell": type(one.targets["cell"])(np.zeros((2, 2, 2), int), "ZYX")})
    with pytest.raises(DataError, match="its labels 'cell'"):
        HeadNames.of(["clear"], ["cell"]).labels(small, "here")
