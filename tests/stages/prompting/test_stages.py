from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.nets.compute import Compute
from harness.stages.prompting.decoding import Network
from harness.stages.prompting.stages import DecodeStage, EncodeStage
from harness.stages.values import Features, Masks, Prompts
from tests.stages.prompting.scenes import Facts, context, run
from tests.stages.prompting.test_decoding import BoxPainter

IMAGE = Volume(np.zeros((3, 32, 64), dtype=np.uint8), "ZYX")
BOXES = Prompts.of(IMAGE.grid, boxes={4: ((1, 4, 8), (3, 12, 24))})


class Encode(EncodeStage):
    id = "test-encode"
    title = "Encode"

    def read_network(self, path: Path, compute: Compute) -> Network:
        return BoxPainter(fingerprint=path.name)


class Decode(DecodeStage):
    id = "test-decode"
    title = "Decode"

    def read_network(self, path: Path, compute: Compute) -> Network:
        return BoxPainter(fingerprint=path.name)


def loaded(stage: EncodeStage | DecodeStage, weights: str = "sam.pth") -> Any:
    stage.load(context(IMAGE.grid, weights={"weights": Path(weights)}))
    return stage


def features(**parameters: Any) -> Features:
    made = run(loaded(Encode(parameters)), {"image": IMAGE}, context(IMAGE.grid))
    assert isinstance(made, Features)
    return made


def masks(prompts: Prompts, given: Features, facts: Facts | None = None, **parameters: Any) -> Masks:
    made = run(loaded(Decode(parameters)), {"features": given, "prompts": prompts}, context(IMAGE.grid, facts=facts))
    assert isinstance(made, Masks)
    return made


def test_each_chosen_plane_is_encoded() -> None:
    made = features(first_plane=1, every=1)
    assert made.array.shape == (2, 32, 8, 8)
    assert made.about["planes"] == [1, 2]
    assert made.grid == IMAGE.grid


def test_a_box_through_planes_has_a_mask_on_each() -> None:
    facts = Facts()
    made = masks(BOXES, features(), facts)
    assert made.objects.tolist() == [4, 4]
    assert [int(plane.sum()) for plane in made.mask(0)] == [0, 8 * 16, 0]
    assert [int(plane.sum()) for plane in made.mask(1)] == [0, 0, 8 * 16]
    assert facts.numbers == {"masks": 2}


def test_without_weights_there_is_nothing_to_compute_with() -> None:
    with pytest.raises(DataError, match="stage 'test-encode' has no checkpoint; accepted: 'weights'"):
        Encode().load(context(IMAGE.grid))


def test_features_of_other_weights_are_refused() -> None:
    other = Features(np.zeros((3, 32, 8, 8), np.float32), IMAGE.grid, {"planes": [0, 1, 2], "network": "other.pth"})
    with pytest.raises(DataError, match="features were made with other weights"):
        masks(BOXES, other)


def test_prompts_on_planes_without_features_are_refused() -> None:
    given = features(every=5)
    with pytest.raises(DataError, match="no plane of the box of object 4 is encoded"):
        masks(BOXES, given)
    with pytest.raises(DataError, match="the plane of a point of object 2 is not encoded"):
        masks(Prompts.of(IMAGE.grid, points=[(2, (1.5, 3, 3), True)]), given)
    assert len(masks(Prompts.of(IMAGE.grid, points=[(2, (0.5, 3, 3), True)]), given)) == 1


def test_prompts_outside_and_none_at_all() -> None:
    with pytest.raises(DataError, match="lies outside of the image"):
        masks(Prompts.of(IMAGE.grid, boxes={4: ((0, 4, 8), (1, 12, 65))}), features())
    assert len(masks(Prompts.of(IMAGE.grid), features())) == 0


def test_a_plane_image_has_masks_of_its_own_shape() -> None:
    image = Volume(np.zeros((8, 16), dtype=np.float32), "YX")
    made = run(loaded(Encode()), {"image": image}, context(image.grid))
    prompts = Prompts.of(Grid("YX", (8, 16)), points=[(1, (4, 4), True)])
    found = run(loaded(Decode()), {"features": made, "prompts": prompts}, context(image.grid))
    assert isinstance(found, Masks)
    assert found.mask(0).shape == (8, 16)
