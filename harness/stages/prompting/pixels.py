"""Images as networks of the SAM family take them: three channels of 8 bits, the longer side of a fixed length."""

from __future__ import annotations

from typing import Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.examples import channels_first
from harness.stages.prompting.planes import plane_of

GreyValues = Literal["min-max", "as-is"]
CHANNELS = 3
EPSILON = 1e-7
"""Added to the range of grey values, so that a plane of one value is black."""
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
"""Of ImageNet's red, green and blue in 8 bits, as the published networks were trained with."""


def as_rgb(image: Volume, plane: int, grey_values: GreyValues, where: str) -> np.ndarray:
    """Return one plane of an image as uint8 (Y, X, 3).

    One channel is repeated, two are red and green with no blue, three are red, green and blue. "min-max" spreads each
    channel of the plane over 0 … 255, whatever its type, and cuts what is behind the point (the rule of micro-sam);
    "as-is" takes 8 bits as they are. Raises `DataError` for more channels, an empty image, values that are not finite,
    and for another type than uint8 with "as-is".
    """
    if grey_values == "as-is" and image.array.dtype != np.uint8:
        raise DataError(f'{where}: grey_values = "as-is" for an image of {image.array.dtype}; accepted: uint8')
    channels = channels_first(image, where)
    if len(channels) > CHANNELS:
        raise DataError(
            f"{where}: the image has {len(channels)} channels; accepted: 1, 2 or {CHANNELS}, as `channels` in a suite "
            "or 'select-channel' choose them"
        )
    found = plane_of(channels, len(image.grid.shape), plane).astype(np.float32)
    if grey_values == "min-max":
        low = found.min(axis=(1, 2), keepdims=True)
        found = (found - low) / (found.max(axis=(1, 2), keepdims=True) - low + EPSILON) * 255
    if len(found) == 1:
        found = np.repeat(found, CHANNELS, axis=0)
    rgb = np.zeros((*found.shape[1:], CHANNELS), dtype=np.uint8)
    rgb[..., : len(found)] = np.moveaxis(found, 0, -1)
    return rgb


def fitted_shape(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Return a shape (Y, X) with its longer side brought to `size`, the other one in proportion, at least 1.

    >>> fitted_shape((300, 400), 1024)
    (768, 1024)
    """
    scale = size / max(shape)
    height, width = (max(int(side * scale + 0.5), 1) for side in shape)
    return height, width


def fitted(rgb: np.ndarray, size: int) -> np.ndarray:
    """Return an 8-bit image (Y, X, 3) with its longer side brought to `size`: bilinear, without aliasing, by Pillow."""
    from PIL import Image

    height, width = fitted_shape((rgb.shape[0], rgb.shape[1]), size)
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))


def network_input(rgb: np.ndarray, size: int) -> np.ndarray:
    """Return what a network takes of an 8-bit image (Y, X, 3): float32 (3, size, size).

    Resized, standardised with ImageNet's mean and deviation, and padded with 0 below and to the right.
    """
    resized = fitted(rgb, size).astype(np.float32)
    standardised = (resized - np.array(MEAN, dtype=np.float32)) / np.array(STD, dtype=np.float32)
    padded = np.zeros((CHANNELS, size, size), dtype=np.float32)
    padded[:, : resized.shape[0], : resized.shape[1]] = np.moveaxis(standardised, -1, 0)
    return padded
