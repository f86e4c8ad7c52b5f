from __future__ import annotations

import numpy as np

from harness.stages.stardist.augment import make_augmenter


def _patch(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    return labels.astype(np.float32)[..., np.newaxis], labels


def test_image_and_labels_move_together() -> None:
    augment = make_augmenter([0, 1, 2], seed=3)
    assert augment is not None
    for _ in range(20):
        image, labels = augment(*_patch((4, 4, 4)))
        order = np.argsort(image[..., 0].ravel(), kind="stable")
        assert np.array_equal(labels.ravel()[order], np.arange(64))
        assert image.dtype == np.float32


def test_xy_never_touches_z() -> None:
    augment = make_augmenter([1, 2], seed=3)
    assert augment is not None
    for _ in range(20):
        _, labels = augment(*_patch((3, 4, 4)))
        assert (labels // 16 == np.arange(3)[:, None, None]).all()


def test_own_generator_decides() -> None:
    drawn = []
    for disturbance in (1, 2):
        np.random.seed(disturbance)  # the global state must not matter
        augment = make_augmenter([0, 1], seed=5)
        assert augment is not None
        drawn.append(augment(*_patch((4, 4))))
    assert np.array_equal(drawn[0][0], drawn[1][0])
    assert np.array_equal(drawn[0][1], drawn[1][1])


def test_no_axes_is_no_augmenter() -> None:
    assert make_augmenter([], seed=1) is None
