from __future__ import annotations

import numpy as np

from harness.report.errors import FOUND, INVENTED, MISSED, error_picture


def test_found_missed_and_invented_objects_have_their_colours() -> None:
    truth, pred = np.zeros((2, 20, 40), np.uint16)
    truth[3:9, 3:9], truth[3:9, 13:19] = 1, 2
    pred[3:9, 3:9], pred[12:18, 30:36] = 7, 8
    picture = error_picture(np.arange(800, dtype=np.float32).reshape(20, 40), truth, pred)
    assert (picture.shape, picture.dtype) == ((20, 40, 3), np.uint8)
    assert tuple(picture[3, 3]) == FOUND
    assert tuple(picture[3, 13]) == MISSED
    assert tuple(picture[12, 30]) == INVENTED
    inside = picture[5, 5]
    assert inside[0] == inside[1] == inside[2], "the image is seen inside"


def test_an_empty_prediction_and_a_flat_image() -> None:
    truth = np.zeros((8, 8), np.uint8)
    truth[2:5, 2:5] = 1
    picture = error_picture(np.full((8, 8), 5), truth, np.zeros_like(truth))
    assert tuple(picture[2, 2]) == MISSED
    assert not picture[7, 7].any()
