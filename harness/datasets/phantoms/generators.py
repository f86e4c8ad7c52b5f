"""Phantoms: seeded images with known objects, of any size.

Most objects sit on a jittered lattice, so a phantom of any size costs time and memory in proportion to its voxels. Each
object is the part of an ellipsoid that is nearer to its centre than to any other, in the sense of a power diagram
(Aurenhammer 1987, doi:10.1137/0216006): objects never overlap, are convex, and touch where the lattice is crowded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.datasets.phantoms.embedding import FIRST, SECOND, embed
from harness.datasets.phantoms.fragments import film
from harness.datasets.phantoms.gastrula import depth_of_light, flow, settle, unreliable_planes, with_holes
from harness.datasets.phantoms.mitochondria import micrograph
from harness.datasets.phantoms.painting import Objects, consecutive, find_walls, paint, place
from harness.datasets.phantoms.parameters import (
    EmbeddingParameters,
    FlowParameters,
    ImageParameters,
    PhantomParameters,
    SurfaceParameters,
    TissueParameters,
    VideoParameters,
)
from harness.datasets.phantoms.rosette import colours, draw_leaves
from harness.datasets.phantoms.surface import scribble, shape_cell, shell_of, surface_light
from harness.errors import DataError
from harness.model import Volume

GENERATOR_VERSION = 2
"""Part of every phantom's hash: to be raised when the same parameters would give other voxels."""

_BACKGROUND = 20.0
_BRIGHT = 120.0
_WALL_UM = 0.35
_REACH = 1.2
_CLEAR_NOISE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A generated sample: an image (uint8; float32 for an embedding) and its label images (uint16 or uint32)."""

    image: Volume
    labels: Mapping[str, Volume]


@dataclass(frozen=True, slots=True)
class Generator:
    """A way to make samples: number of spatial axes, names of channels and labels, model of the parameters.

    The first label is the ground truth proper. Equal parameters give equal bits.
    """

    ndim: int
    channels: tuple[str, ...]
    labels: tuple[str, ...]
    parameters: type[ImageParameters]
    make: Callable[[Any], Phantom]

    def misfit(self, parameters: ImageParameters) -> str:
        """Return what the parameters' own model cannot see: entries per spatial axis; "" if all fits."""
        if len(parameters.shape) != self.ndim:
            return f"shape {list(parameters.shape)} must have {self.ndim} entries"
        if parameters.spacing_um and len(parameters.spacing_um) != self.ndim:
            return f"spacing_um {list(parameters.spacing_um)} must have {self.ndim} entries"
        return ""


def generate(generator: str, parameters: ImageParameters) -> Phantom:
    """Return the phantom of a generator's name; raises `DataError` if the parameters do not fit it."""
    known = GENERATORS[generator]
    misfit = known.misfit(parameters)
    if misfit:
        raise DataError(f"phantom '{generator}': {misfit}")
    return known.make(parameters)


def _nuclei(parameters: PhantomParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    objects = place(parameters, spacing, rng)
    labels = consecutive(paint(objects, parameters.shape, spacing))
    image = _finish(_lit(labels, rng), parameters, spacing, rng, noise=parameters.noise)
    return _phantom({"nuclei": image}, {"gold": labels}, spacing)


def _cells(parameters: PhantomParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    objects = place(parameters, spacing, rng)
    inside = _in_tissue(objects, parameters, spacing)
    cells = consecutive(paint(_grown(objects), parameters.shape, spacing, keep=inside))
    wall = _wall_channel(cells, parameters, spacing, rng)
    return _phantom({"wall": wall}, {"gold": cells}, spacing)


def _ovule(parameters: PhantomParameters) -> Phantom:
    """A tissue of cells with a nucleus in each, of the same id; nuclei touch where both reach the common wall."""
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    objects = place(parameters, spacing, rng)
    inside = _in_tissue(objects, parameters, spacing)
    cells = paint(_grown(objects), parameters.shape, spacing, keep=inside)
    nuclei = paint(objects, parameters.shape, spacing, keep=inside)
    nuclei[nuclei != cells] = 0
    cells[~np.isin(cells, np.unique(nuclei))] = 0
    cells, nuclei = consecutive(cells), consecutive(nuclei)
    light = _lit(nuclei, rng)
    clear = _finish(light, parameters, spacing, rng, noise=parameters.noise * _CLEAR_NOISE)
    light = 0.5 * light + np.float32(0.25 * _BRIGHT) * (cells > 0)
    noisy = _finish(light, parameters, spacing, rng, noise=parameters.noise)
    wall = _wall_channel(cells, parameters, spacing, rng)
    return _phantom({"noisy": noisy, "clear": clear, "wall": wall}, {"gold": nuclei, "cells": cells}, spacing)


def _rosette(parameters: ImageParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    leaves = consecutive(draw_leaves(parameters, rng))
    light = colours(leaves, rng)
    image = {name: _finish(each, parameters, spacing, rng, noise=parameters.noise) for name, each in light.items()}
    return _phantom(image, {"gold": leaves, "foreground": (leaves > 0).astype(np.uint16)}, spacing)


def _mitochondria(parameters: PhantomParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    objects = place(parameters, spacing, rng)
    bodies = consecutive(paint(objects, parameters.shape, spacing))
    sites = place(parameters.model_copy(update={"density": 1.0, "objects": None}), spacing, rng)
    neurites = paint(_grown(sites), parameters.shape, spacing)
    image = _finish(micrograph(bodies, neurites, rng), parameters, spacing, rng, noise=parameters.noise)
    return _phantom({"em": image}, {"gold": bodies}, spacing)


def _embedding(parameters: EmbeddingParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    if parameters.layout == "rosette":
        labels = consecutive(draw_leaves(parameters, rng))
    else:
        labels = consecutive(paint(place(parameters, spacing, rng), parameters.shape, spacing))
    foreground = (labels > 0).astype(np.uint16)
    return _phantom(embed(labels, parameters, rng), {"gold": labels, "foreground": foreground}, spacing)


def _surface(parameters: SurfaceParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    cell = shape_cell(parameters, spacing, rng)
    surface = shell_of(cell, spacing, parameters.thickness_um)
    light = surface_light(cell, surface, parameters, spacing, rng)
    noises = {"negative": parameters.noise, "actin": parameters.actin_noise}
    image = {
        name: _finish(np.float32(_BRIGHT) * each, parameters, spacing, rng, noise=noises[name])
        for name, each in light.items()
    }
    labels = {"surface": surface.astype(np.uint16), "scribbles": scribble(surface, parameters.scribbled, rng)}
    return _phantom(image, labels, spacing)


def _fragments(parameters: VideoParameters) -> Phantom:
    """A video: time is the first axis, and where no spacing is stated the volume has none."""
    rng = np.random.default_rng(parameters.seed)
    video = film(parameters, rng)
    shots = {}
    for name, light in video.light.items():
        sharp = [_blurred(frame, parameters.blur_um, (1.0, 1.0)) for frame in light]
        shots[name] = _expose(np.stack(sharp), rng, parameters.noise)
    spacing = parameters.spacing_um or None
    image = Volume(np.stack(list(shots.values())), "CZYX", spacing, tuple(shots))
    labels = {"gold": video.labels, "masks": video.masks}
    return Phantom(image, {name: Volume(array, "ZYX", spacing) for name, array in labels.items()})


def _gastrula(parameters: TissueParameters) -> Phantom:
    rng = np.random.default_rng(parameters.seed)
    spacing = _spacing(parameters)
    cells, nuclei = settle(parameters, spacing, rng)
    light = depth_of_light(parameters.shape[0], parameters.deep)[:, None, None]
    walls = with_holes(find_walls(cells), parameters.open, parameters.hole_um, spacing, rng)
    membrane = _finish(np.float32(_BRIGHT) * light * walls, parameters, spacing, rng, noise=parameters.noise)
    stain = _finish(light * _lit(nuclei, rng), parameters, spacing, rng, noise=parameters.nuclei_noise)
    labels = {
        "gold": cells,
        "nuclei": consecutive(nuclei),
        "unreliable": unreliable_planes(parameters.shape, parameters.reliable),
    }
    return _phantom({"membrane": membrane, "nuclei": stain}, labels, spacing)


def _gastrula_video(parameters: FlowParameters) -> Phantom:
    """A video: time is the first axis, and where no spacing is stated the volume has none."""
    rng = np.random.default_rng(parameters.seed)
    cells = flow(parameters, rng)
    walls = np.stack([find_walls(frame) for frame in cells])
    light = np.float32(_BRIGHT) * with_holes(walls, parameters.open, parameters.hole_px, (1.0, 1.0, 1.0), rng)
    sharp = np.stack([_blurred(frame, parameters.blur_um, (1.0, 1.0)) for frame in light])
    image = Volume(_expose(sharp, rng, parameters.noise), "ZYX", parameters.spacing_um or None, ("membrane",))
    return Phantom(image, {"gold": Volume(cells, "ZYX", image.spacing_um)})


GENERATORS: dict[str, Generator] = {
    "nuclei-2d": Generator(2, ("nuclei",), ("gold",), PhantomParameters, _nuclei),
    "nuclei-3d": Generator(3, ("nuclei",), ("gold",), PhantomParameters, _nuclei),
    "cells-3d": Generator(3, ("wall",), ("gold",), PhantomParameters, _cells),
    "ovule-nuclei": Generator(3, ("noisy", "clear", "wall"), ("gold", "cells"), PhantomParameters, _ovule),
    "rosette-2d": Generator(2, ("red", "green", "blue"), ("gold", "foreground"), ImageParameters, _rosette),
    "mitochondria-2d": Generator(2, ("em",), ("gold",), PhantomParameters, _mitochondria),
    "cell-surface-3d": Generator(3, ("negative", "actin"), ("surface", "scribbles"), SurfaceParameters, _surface),
    "fragments-video": Generator(3, ("red", "green", "blue"), ("gold", "masks"), VideoParameters, _fragments),
    "gastrula-3d": Generator(3, ("membrane", "nuclei"), ("gold", "nuclei", "unreliable"), TissueParameters, _gastrula),
    "gastrula-video": Generator(3, ("membrane",), ("gold",), FlowParameters, _gastrula_video),
    "embedding-2d": Generator(2, FIRST + SECOND, ("gold", "foreground"), EmbeddingParameters, _embedding),
}
"""Every generator by its id: what catalogues may name, and how it is made."""


def _spacing(parameters: ImageParameters) -> tuple[float, ...]:
    return parameters.spacing_um or (0.3,) * len(parameters.shape)


def _phantom(
    channels: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], spacing: tuple[float, ...]
) -> Phantom:
    axes = "ZYX"[-len(spacing) :]
    names = tuple(channels)
    if len(names) == 1:
        image = Volume(channels[names[0]], axes, spacing, names)
    else:
        image = Volume(np.stack([channels[name] for name in names]), f"C{axes}", spacing, names)
    return Phantom(image, {name: Volume(array, axes, spacing) for name, array in labels.items()})


def _in_tissue(objects: Objects, parameters: PhantomParameters, spacing: tuple[float, ...]) -> np.ndarray:
    """Return which objects (bool) have their centre in an ellipsoid of 0.96 times the volume's extent."""
    extent = np.asarray(parameters.shape) * np.asarray(spacing)
    inside: np.ndarray = (((objects.centres_um / extent - 0.5) / 0.48) ** 2).sum(axis=1) <= 1.0
    return inside if inside.any() else np.ones_like(inside)


def _grown(objects: Objects) -> Objects:
    """Return the cells around objects: spheres that reach past their neighbours, cut to power cells when painted."""
    reach = np.maximum(_REACH * objects.pitch_um, objects.semi_axes_um)
    return replace(objects, semi_axes_um=reach)


def _lit(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return float32 light: each object of its own brightness, 0.6 to 1.4 times the mean."""
    brightness = rng.uniform(0.6, 1.4, int(labels.max(initial=0)) + 1).astype(np.float32) * np.float32(_BRIGHT)
    brightness[0] = 0
    return np.asarray(brightness[labels])


def _wall_channel(
    cells: np.ndarray, parameters: PhantomParameters, spacing: tuple[float, ...], rng: np.random.Generator
) -> np.ndarray:
    light = find_walls(cells).astype(np.float32)
    peak = _blurred(light, max(parameters.blur_um, _WALL_UM), spacing)
    light = peak * np.float32(_BRIGHT / max(float(peak.max(initial=0)), 1e-6))
    return _expose(light, rng, parameters.noise * 0.5)


def _finish(
    light: np.ndarray,
    parameters: ImageParameters,
    spacing: tuple[float, ...],
    rng: np.random.Generator,
    *,
    noise: float,
) -> np.ndarray:
    return _expose(_blurred(light, parameters.blur_um, spacing), rng, noise)


def _blurred(light: np.ndarray, sigma_um: float, spacing: tuple[float, ...]) -> np.ndarray:
    from scipy import ndimage

    widths = [sigma_um * (2.0 if index == 0 and light.ndim == 3 else 1.0) for index in range(light.ndim)]
    sigma = [width / step for width, step in zip(widths, spacing, strict=True)]
    return np.asarray(ndimage.gaussian_filter(light, sigma, truncate=3.0))


def _expose(light: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Return uint8: background, light, and noise half of which grows with the root of the light; plane by plane."""
    image = np.empty(light.shape, dtype=np.uint8)
    for index in range(light.shape[0]):
        plane = light[index] + np.float32(_BACKGROUND)
        grain = rng.standard_normal(plane.shape, dtype=np.float32) * np.float32(noise * _BRIGHT * 0.5)
        plane += grain * (1.0 + np.sqrt(plane / np.float32(_BRIGHT)))
        image[index] = np.clip(np.rint(plane), 0, 255)
    return image
