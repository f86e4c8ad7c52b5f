from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from harness.metrics.errormap import CLASS_COLOURS
from harness.model import Sample, Scope, ScoredPair, Volume
from harness.report.errors import cell_picture, error_picture
from tests.helpers import FakeCatalogue, FakeDataset
from tests.runner.bench import a_cell


def test_objects_have_the_colours_of_their_classes() -> None:
    truth, pred = np.zeros((2, 20, 40), np.uint16)
    truth[3:9, 3:9], truth[3:9, 13:19], truth[12:18, 3:9], truth[12:18, 13:25] = 1, 2, 3, 4
    pred[3:9, 3:9], pred[12:18, 30:36], pred[12:15, 3:9], pred[12:18, 13:19], pred[12:18, 19:25] = 7, 8, 9, 10, 11
    picture = error_picture(np.arange(800, dtype=np.float32).reshape(20, 40), truth, pred)
    assert (picture.shape, picture.dtype) == ((20, 40, 3), np.uint8)
    assert tuple(picture[3, 3]) == CLASS_COLOURS["correct"]
    assert tuple(picture[3, 13]) == CLASS_COLOURS["missed"]
    assert tuple(picture[12, 30]) == CLASS_COLOURS["spurious"]
    assert tuple(picture[17, 5]) == tuple(picture[12, 5]) == CLASS_COLOURS["poor boundary"]
    assert tuple(picture[12, 24]) == CLASS_COLOURS["split"]
    inside = picture[5, 5]
    assert inside[0] == inside[1] == inside[2], "the image is seen inside"


def test_an_empty_prediction_and_a_flat_image() -> None:
    truth = np.zeros((8, 8), np.uint8)
    truth[2:5, 2:5] = 1
    picture = error_picture(np.full((8, 8), 5), truth, np.zeros_like(truth))
    assert tuple(picture[2, 2]) == CLASS_COLOURS["missed"]
    assert not picture[7, 7].any()


def test_what_is_not_compared_has_no_outline() -> None:
    truth, pred = np.zeros((2, 12, 12), np.uint16)
    truth[2:5, 2:5], truth[7:10, 7:10], truth[0:2, 8:11] = 1, 2, 3
    pred[2:5, 2:5] = 4
    mask = np.zeros((12, 12), np.uint8)
    mask[7:10, 7:10] = 1
    labels = {"gold": Volume(truth, "YX"), "unsure": Volume(mask, "YX")}
    image = Volume(np.zeros((12, 12), np.uint8), "YX")
    catalogue = FakeCatalogue([FakeDataset("dots", {}, content={"a": Sample("dots", "a", image, labels, "")})])
    project = SimpleNamespace(catalogue=catalogue)

    def coloured(scope: Scope) -> set[tuple[int, int]]:
        cell = replace(a_cell(), scores=(ScoredPair("", "labels", "truth", ("pq",), scope=scope),))
        picture = cell_picture(project, cell, Volume(pred, "YX"))  # type: ignore[arg-type]
        return set(zip(*np.nonzero(picture.any(axis=-1)), strict=True))

    everything = coloured(Scope())
    assert {(2, 2), (7, 7), (1, 8)} <= everything
    assert everything - coloured(Scope("unsure")) >= {(7, 7)}
    assert not coloured(Scope("unsure")) & {(7, 7), (9, 9)}
    assert not coloured(Scope(border="drop")) & {(1, 8), (0, 8)}
    assert (2, 2) in coloured(Scope("unsure", border="drop"))
    assert not coloured(Scope(1)) & {(2, 2)}
