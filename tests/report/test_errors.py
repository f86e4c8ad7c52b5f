from __future__ import annotations

import numpy as np

from harness.metrics.errormap import CLASS_COLOURS
from harness.report.errors import error_picture


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
