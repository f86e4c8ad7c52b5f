from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.nets.sampling import Patches, PatchFilter, TrainingVolume, made_ahead, strided_places


def volume(shape: tuple[int, ...] = (20, 24), *, filled: bool = True) -> TrainingVolume:
    labels = np.full(shape, int(filled), dtype=np.int32)
    return TrainingVolume(np.arange(labels.size, dtype=np.float32).reshape(1, *shape), labels)


def patches_of(volumes: list[TrainingVolume], *, sampling: str = "strided", seed: int = 1) -> Patches:
    return Patches(volumes, patch=(8, 8), stride=(4, 8), sampling=sampling, accept=PatchFilter(), seed=seed)


def test_the_last_patch_ends_with_the_volume() -> None:
    places = strided_places((10, 8), (4, 8), (4, 8))
    assert [place[0].start for place in places] == [0, 4, 6]
    assert len(strided_places((10, 10, 10), (4, 4, 4), (2, 3, 6))) == 4 * 3 * 2


def test_an_epoch_visits_every_patch_once() -> None:
    patches = patches_of([volume(), volume((8, 8))])
    assert patches.epoch == 4 * 3 + 1
    for epoch in range(2):
        first = {float(patches[index][0].flat[0]) for index in range(epoch * 13, (epoch + 1) * 13)}
        assert len(first) == 12
    orders = [[float(patches[index + start][0].flat[0]) for index in range(13)] for start in (0, 13)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize("sampling", ["strided", "random"])
def test_patches_are_views_and_depend_on_their_number_alone(sampling: str) -> None:
    one = volume()
    first, again = patches_of([one], sampling=sampling), patches_of([one], sampling=sampling)
    backwards = {index: again[index] for index in reversed(range(10))}
    for index in range(10):
        image, labels, rng = first[index]
        assert np.shares_memory(image, one.image)
        assert np.shares_memory(labels, one.labels)
        assert image.shape == (1, 8, 8)
        np.testing.assert_array_equal(image, backwards[index][0])
        assert rng.random() == backwards[index][2].random()


def test_random_patches_differ_between_seeds() -> None:
    corners = [
        [float(patches_of([volume()], sampling="random", seed=seed)[i][0].flat[0]) for i in range(8)] for seed in (1, 2)
    ]
    assert corners[0] != corners[1]


def test_poor_patches_are_left_out() -> None:
    half = volume((40, 8))
    half.labels[20:] = 0
    strided = Patches([half], patch=(8, 8), stride=(4, 8), sampling="strided", accept=PatchFilter(0.01, 0), seed=0)
    assert strided.epoch == 5
    drawn = Patches([half], patch=(8, 8), stride=(4, 8), sampling="random", accept=PatchFilter(0.5, 0), seed=0)
    assert all(drawn[index][1].mean() > 0.5 for index in range(50))


def test_what_is_ignored_goes_with_the_patch_and_does_not_count_as_labelled() -> None:
    plain, masked = volume((40, 8)), volume((40, 8))
    masked = replace(masked, ignored=np.arange(320).reshape(40, 8) < 160)
    patches = Patches(
        [plain, masked], patch=(8, 8), stride=(8, 8), sampling="strided", accept=PatchFilter(0.5, 0), seed=0
    )
    assert patches.has_ignored
    assert not patches_of([plain]).has_ignored
    assert patches.epoch == 5 + 2, "two patches are ignored, and one is labelled on no more than half its pixels"
    taught = []
    for index in range(patches.epoch):
        labels, kept = patches.split_ignored(patches[index][1])
        assert labels.shape == kept.shape == (8, 8)
        assert labels.all()
        taught.append(int(kept.sum()))
    assert sorted(taught) == [64] * 7
    np.testing.assert_array_equal(masked.taught_at((slice(16, 24), slice(0, 8)))[:, 0], [0] * 4 + [1] * 4)
    assert not plain.ignored_at((slice(0, 3), slice(0, 2))).any()


def test_stacked_labels_stay_stacked_beside_what_is_ignored() -> None:
    one = volume((8, 8))
    stacked = TrainingVolume(one.image, np.stack([one.labels, 2 * one.labels]), np.eye(8, dtype=bool))
    patches = patches_of([stacked])
    labels, kept = patches.split_ignored(patches[0][1])
    assert labels.tolist() == stacked.labels.tolist()
    np.testing.assert_array_equal(kept, ~np.eye(8, dtype=bool))


def test_no_patch_is_good_enough() -> None:
    with pytest.raises(DataError, match="no patch of"):
        Patches(
            [volume(filled=False)], patch=(8, 8), stride=(8, 8), sampling="strided", accept=PatchFilter(0.01, 0), seed=0
        )
    hopeless = Patches(
        [volume(filled=False)], patch=(8, 8), stride=(8, 8), sampling="random", accept=PatchFilter(0, 0), seed=0
    )
    assert hopeless[0][1].shape == (8, 8)


@pytest.mark.parametrize("workers", [1, 3])
def test_items_come_in_order_from_other_threads(workers: int) -> None:
    names = set()

    def make(number: int) -> int:
        names.add(threading.current_thread().name)
        return number * number

    assert list(made_ahead(make, 20, workers=workers)) == [number * number for number in range(20)]
    assert threading.main_thread().name not in names


def test_errors_of_other_threads_arrive() -> None:
    def make(number: int) -> int:
        return 1 // (3 - number)

    items = made_ahead(make, 10, workers=2)
    assert [next(items) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(items)
