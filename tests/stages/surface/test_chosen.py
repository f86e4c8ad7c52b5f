from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.surface.chosen import by_label, ordered, with_channels


def example(value: int) -> Example:
    image = Volume(np.full((2, 4, 4), value, np.uint8), "CYX", None, ("negative", "actin"))
    image.array[1] += 100
    targets = {name: Volume(np.full((4, 4), number, np.uint8), "YX") for number, name in enumerate(("a", "b"), start=1)}
    return Example({"image": image}, targets)


def test_channels_come_in_the_order_asked_for() -> None:
    image = example(3).inputs["image"]
    made = with_channels(image, ["actin", "negative"], "here")
    assert made.array[:, 0, 0].tolist() == [103, 3]
    assert made.channels == ("actin", "negative")
    assert with_channels(image, [], "here") is image


def test_a_single_channel_without_an_axis_is_one_by_name() -> None:
    plain = Volume(np.zeros((4, 4), np.uint8), "YX", None, ("negative",))
    assert with_channels(plain, ["negative"], "here").array.shape == (1, 4, 4)


def test_an_absent_channel_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"here: the image has no channel 'negativ'.*negative"):
        with_channels(example(0).inputs["image"], ["negativ"], "here")


def test_an_image_is_learnt_with_each_of_its_labels_in_turns() -> None:
    made = by_label([example(0), example(1)], ["a", "b"], ["negative"], "here")
    assert [(one.inputs["image"].array[0, 0, 0], one.targets["truth"].array[0, 0]) for one in made] == [
        (0, 1),
        (0, 2),
        (1, 1),
        (1, 2),
    ]


def test_what_is_ignored_comes_from_the_example_and_from_a_mask() -> None:
    one = example(0)
    known = Volume(np.eye(4, dtype=np.uint8), "YX")
    taught = Example(one.inputs, one.targets, known)
    assert by_label([one], ["a"], [], "here")[0].ignored is None
    assert by_label([taught], ["a"], [], "here")[0].ignored is known
    assert by_label([one], ["a"], [], "here", ignores="b")[0].ignored is one.targets["b"]
    both = by_label(
        [Example(one.inputs, {**one.targets, "c": Volume(known.array[::-1], "YX")}, known)],
        ["a"],
        [],
        "here",
        ignores="c",
    )
    assert both[0].ignored is not None
    np.testing.assert_array_equal(both[0].ignored.array, np.eye(4) + np.eye(4)[::-1])


def test_random_order_begins_with_the_first_and_loses_nothing() -> None:
    examples = [example(number) for number in range(9)]
    assert ordered(examples, "alternate", 0) == examples
    shuffled = ordered(examples, "random", 3)
    assert shuffled[0] is examples[0]
    assert shuffled != examples
    assert sorted(map(id, shuffled)) == sorted(map(id, examples))
    assert ordered(examples, "random", 3) == shuffled
    assert ordered([], "random", 0) == []
