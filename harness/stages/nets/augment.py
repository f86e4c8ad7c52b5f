"""Augmentation of training patches: the same geometry for image and labels, noise for the image alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, pi

import numpy as np

NEGLIGIBLE = 1e-4
"""Frequencies that the smoothing of a displacement field weakens below this share are left out."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Which augmentations a patch may meet, in the order they are applied.

    `planes` are pairs of spatial axes, one of which is drawn for each rotation; an empty tuple means none.
    Angles are uniform in +-`degrees`. `alpha` scales displacements in pixels, `sigma` smooths them; noise has a
    strength uniform in [0, 1] of the standardised image.
    """

    flip: float = 0.5
    quarter_turns: bool = True
    degrees: float = 30.0
    planes: tuple[tuple[int, int], ...] = ((-2, -1),)
    elastic: float = 0.1
    alpha: float = 2000.0
    sigma: float = 50.0
    gaussian: float = 0.1
    poisson: float = 0.1

    def __call__(
        self, image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return an augmented copy of an image (C, (Z) Y X) float32 and its labels (…, (Z) Y X), shapes kept."""
        both = (image, labels)
        shape = image.shape[1:]
        for axis in range(-len(shape), 0):
            if rng.random() < self.flip:
                both = (np.flip(both[0], axis), np.flip(both[1], axis))
        if self.quarter_turns:
            turns = int(rng.integers(4))
            turns -= turns % 2 if labels.shape[-1] != labels.shape[-2] else 0
            both = (np.rot90(both[0], turns, (-2, -1)), np.rot90(both[1], turns, (-2, -1)))
        if self.planes and self.degrees:
            plane = self.planes[int(rng.integers(len(self.planes)))]
            angle = float(rng.uniform(-self.degrees, self.degrees))
            both = (rotated(both[0], angle, plane), rotated(both[1], angle, plane))
        if rng.random() < self.elastic:
            both = _deformed(*both, displacement(shape, self.alpha, self.sigma, rng))
        return self._noisy(both[0], rng), np.ascontiguousarray(both[1])

    def _noisy(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        noisy = np.array(image, dtype=np.float32, order="C")
        if rng.random() < self.gaussian:
            noisy += rng.uniform(0, 1) * rng.standard_normal(image.shape, dtype=np.float32)
        if rng.random() < self.poisson:
            noisy += rng.poisson(rng.uniform(0, 1), image.shape).astype(np.float32)
        return noisy


def rotated(array: np.ndarray, degrees: float, plane: tuple[int, int]) -> np.ndarray:
    """Return an array rotated about its centre in a plane of two (negative) axes, with its shape kept.

    Nearest neighbour, borders continued by reflection: `scipy.ndimage.rotate(order=0, mode="reflect")`, computed
    once for the plane instead of for every voxel.
    """
    first, second = plane
    moved = np.moveaxis(array, (first, second), (-2, -1))
    height, width = moved.shape[-2:]
    radians = np.deg2rad(degrees)
    cosine, sine = np.cos(radians), np.sin(radians)
    y, x = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    rows = _reflected(np.rint(cosine * y + sine * x + (height - 1) / 2).astype(np.intp), height)
    columns = _reflected(np.rint(cosine * x - sine * y + (width - 1) / 2).astype(np.intp), width)
    flat = np.ascontiguousarray(moved).reshape(*moved.shape[:-2], height * width)
    turned = np.take(flat, (rows * width + columns).ravel(), axis=-1).reshape(moved.shape)
    return np.moveaxis(turned, (-2, -1), (first, second))


def _reflected(index: np.ndarray, length: int) -> np.ndarray:
    folded = np.mod(index, 2 * length)
    return np.asarray(np.minimum(folded, 2 * length - 1 - folded))


def displacement(shape: tuple[int, ...], alpha: float, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random displacement in pixels, one component per axis, (ndim, (Z) Y X) float32.

    Distributed as white noise smoothed with a Gaussian of `sigma` under reflection and scaled by `alpha`. Smoothing
    under reflection is a product in the cosine basis, in which white noise stays white: drawing the few frequencies
    that survive takes milliseconds where smoothing takes seconds.
    """
    counts = [min(length, ceil(length / (pi * sigma) * (-2 * log(NEGLIGIBLE)) ** 0.5) + 1) for length in shape]
    spectra = rng.standard_normal((len(shape), *counts))
    fields = [alpha * smooth_field(spectrum, shape, sigma) for spectrum in spectra]
    return np.asarray(np.stack(fields), dtype=np.float32)


def smooth_field(spectrum: np.ndarray, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Return the field whose first orthonormal cosine coefficients are `spectrum`, smoothed with `sigma`."""
    field = spectrum
    for axis, (count, length) in enumerate(zip(spectrum.shape, shape, strict=True)):
        frequency = np.arange(count)
        gain = np.exp(-0.5 * (pi * sigma * frequency / length) ** 2) * np.where(frequency > 0, 2, 1) ** 0.5
        basis = np.cos(pi / length * np.outer(np.arange(length) + 0.5, frequency)) * gain / length**0.5
        field = np.moveaxis(np.tensordot(basis, field, axes=(1, axis)), 0, axis)
    return field


def _deformed(image: np.ndarray, labels: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy import ndimage

    shape = image.shape[1:]
    places = np.indices(shape, dtype=np.float32) + shift
    channels = [ndimage.map_coordinates(channel, places, order=3, mode="reflect") for channel in image]
    moved = [ndimage.map_coordinates(one, places, order=0, mode="reflect") for one in labels.reshape(-1, *shape)]
    return np.stack(channels), np.stack(moved).reshape(labels.shape)
