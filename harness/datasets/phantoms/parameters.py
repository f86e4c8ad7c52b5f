"""How a generated sample is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.config import Strict


class ImageParameters(Strict):
    """What every generator asks for; lengths in micrometres, see `harness.datasets.phantoms.generators`."""

    shape: tuple[Annotated[int, Field(ge=1)], ...] = ()
    spacing_um: tuple[Annotated[float, Field(gt=0)], ...] = ()
    objects: int | None = Field(default=None, ge=0)
    """Number of objects; without it, the generator decides."""
    noise: float = Field(default=0.15, ge=0)
    """Standard deviation of the noise relative to the mean brightness of an object."""
    blur_um: float = Field(default=0.25, ge=0)
    """Standard deviation of the point spread in YX; twice that in Z."""
    seed: int = Field(default=0, ge=0)


class PhantomParameters(ImageParameters):
    """How objects on a jittered lattice are placed; without `objects`, `density` decides how many."""

    density: float = Field(default=0.8, ge=0, le=1)
    """Share of the sites of the jittered lattice that carry an object."""
    diameter_um: float = Field(default=5.0, gt=0)
    variation: float = Field(default=0.15, ge=0, le=0.3)
    """Relative spread of the diameters (uniform, plus or minus)."""
    crowding: float = Field(default=0.85, gt=0, le=1.3)
    """Mean diameter over distance of neighbouring sites; from about 1 on, neighbours touch."""


class EmbeddingParameters(PhantomParameters):
    """How an embedding with known objects is made; `layout` says which phantom the objects are those of."""

    layout: Literal["rosette", "nuclei"] = "rosette"
    noise: float = Field(default=0.08, ge=0)
    """Standard deviation of the noise in each channel."""
    separation: float = Field(default=4.0, gt=0)
    """Distance of the means of two objects, roughly: twice the delta_dist of a training."""
    mixing_px: float = Field(default=0.6, ge=0)
    """Standard deviation, in pixels, over which embeddings of neighbours mix along their border."""


class SurfaceParameters(ImageParameters):
    """How a cell surface with filopodia is made, in a faithful channel and in a patchy one."""

    noise: float = Field(default=0.25, ge=0)
    actin_noise: float = Field(default=0.4, ge=0)
    """The same of the channel `actin`."""
    filopodia: int = Field(default=10, ge=0)
    """How many thin rods stick out of the cell."""
    filopodium_um: float = Field(default=2.0, gt=0)
    """Their length."""
    width_um: float = Field(default=0.7, gt=0)
    """Their diameter."""
    thickness_um: float = Field(default=0.5, gt=0)
    """Thickness of the surface, at least one voxel."""
    ruffle_um: float = Field(default=1.2, gt=0)
    """Length over which the surface wanders in and out."""
    scribbled: float = Field(default=0.006, gt=0, lt=0.01)
    """Share of the voxels that a user has scribbled on."""


class VideoParameters(ImageParameters):
    """How a video of fragments in a round well is made; the first axis counts frames, the others pixels."""

    noise: float = Field(default=0.06, ge=0)
    blur_um: float = Field(default=0.8, ge=0)
    """Standard deviation of the blur of a frame, in pixels: a video has no size of a pixel."""
    radius_px: float = Field(default=7.0, gt=0)
    """Mean half length of a fragment, in pixels."""
    step_px: float = Field(default=1.0, ge=0)
    """How far a fragment moves from frame to frame."""
    missing: float = Field(default=0.1, ge=0, lt=1)
    """Share of the masks that are missing: a fragment fades for some frames, and whoever segments frames misses it."""
    crossings: int = Field(default=1, ge=0)
    """Pairs of fragments that cross each other's way, one above the other."""


class TissueParameters(PhantomParameters):
    """How a tissue of touching cells is made, in a volume; `diameter_um` is that of a nucleus, `crowding` its share."""

    diameter_um: float = Field(default=2.6, gt=0)
    crowding: float = Field(default=0.65, gt=0, le=1.3)
    tall: float = Field(default=2.0, gt=0)
    """Height of a cell, along Z, over its width."""
    density: float = Field(default=1.0, ge=0, le=1)
    noise: float = Field(default=0.4, ge=0)
    nuclei_noise: float = Field(default=0.2, ge=0)
    """The same of the channel `nuclei`."""
    open: float = Field(default=0.1, ge=0, lt=1)
    """Share of the membranes that is open."""
    hole_um: float = Field(default=1.0, gt=0)
    """About how wide a hole is."""
    deep: float = Field(default=0.3, gt=0, le=1)
    """Share of the light that is left in the deepest plane."""
    reliable: float = Field(default=0.5, ge=0, le=1)
    """Share of the planes, from the first, in which an annotation is to be trusted."""


class FlowParameters(ImageParameters):
    """How a video of one plane of a drifting tissue is made; the first axis counts frames, the others pixels."""

    noise: float = Field(default=0.4, ge=0)
    blur_um: float = Field(default=0.8, ge=0)
    """Standard deviation of the blur of a frame, in pixels: a video has no size of a pixel."""
    pitch_px: float = Field(default=14.0, ge=3)
    """Distance of neighbouring cells."""
    drift_px: float = Field(default=1.0, ge=0)
    """How far the tissue moves from frame to frame."""
    wander_px: float = Field(default=0.3, ge=0)
    """Standard deviation of what a cell does by itself from frame to frame."""
    open: float = Field(default=0.1, ge=0, lt=1)
    """Share of the membranes that is open."""
    hole_px: float = Field(default=2.5, gt=0)
    """About how wide a hole is, in pixels, and how long it lasts, in frames."""
