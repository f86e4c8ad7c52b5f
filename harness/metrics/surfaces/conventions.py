"""The conventions of surface metrics: what each computes, and where its definition stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.metrics.surfaces import measures
from harness.metrics.surfaces.measures import Measure, band_measure, extreme_measure, mean_measure, overlap_measure

NAN = math.nan
DEEPMIND = "Nikolov et al. 2021, doi:10.2196/26151; equals surface-distance 0.1 of DeepMind"
RELOADED = "Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z; equals MetricsReloaded of June 2025"
PANOPTICA = "Kofler et al. 2023, doi:10.48550/arXiv.2312.02608; equals panoptica 2.1.7"
CHENG = "Cheng et al. 2021, doi:10.1109/CVPR46437.2021.01508; equals MetricsReloaded of June 2025 for voxels of size 1"
CSURKA = "Csurka et al. 2013, doi:10.5244/C.27.32, where a distance equal to the tolerance does not count"
HEIMANN = "Heimann et al. 2009, doi:10.1109/TMI.2009.2013851"
BENES = "Benes and Zitova 2015, doi:10.1111/jmi.12186"
HUTTENLOCHER = "Huttenlocher et al. 1993, doi:10.1109/34.232073"

NSD, F1, IOU = "normalised surface dice", "boundary F1", "boundary intersection over union"
ASSD, MASD = "average symmetric surface distance", "mean average surface distance"
HD, HD95 = "Hausdorff distance", "Hausdorff distance, 95th percentile"

DICE = "elements of either surface at most the tolerance from the other surface / all elements of both"
MEAN_DICE = "mean of the fractions of either surface at most the tolerance from the other"
HARMONIC = "harmonic mean of the fractions of either surface at most the tolerance from the other"
BAND = "intersection over union of the voxels of either mask less than the tolerance from its own border voxels"
POOLED = "mean distance to the other surface over the elements of both"
MEANS = "mean of the two mean distances from the elements of a surface to the other"
LARGEST = "largest distance of an element of either surface to the other surface"
GREATER_95 = "greater of the two distances that 95 % of a surface are from the other at most"
INTERPOLATED_95 = "greater of the 95th percentiles of the distances from either surface to the other, interpolated"
JOINED_95 = "95th percentile of the distances from both surfaces to the other taken together, interpolated"

SURFELS = (
    "an element is a corner of the voxel grid whose neighbours are not alike, and counts the length (2D) or area (3D) "
    "of marching squares or cubes"
)
VOXELS = "an element is a voxel of the mask that shares a face with one outside it"


@dataclass(frozen=True, slots=True)
class Convention:
    """A measure in one convention: the first two words of its ids, and what is said of it.

    both_empty     its value where neither image has a surface
    has_tolerance  whether it is a fraction at a tolerance, or else a distance
    """

    id: str
    title: str
    formula: str
    elements: str
    source: str
    both_empty: float
    measure: Measure
    has_tolerance: bool


def _fraction(
    name: str, title: str, formula: str, elements: str, source: str, empty: float, measure: Measure
) -> Convention:
    return Convention(name, title, formula, elements, source, empty, measure, has_tolerance=True)


def _distance(
    name: str, title: str, formula: str, elements: str, source: str, empty: float, measure: Measure
) -> Convention:
    return Convention(name, title, formula, elements, source, empty, measure, has_tolerance=False)


_of, _mean, _extreme = overlap_measure, mean_measure, extreme_measure

CONVENTIONS: tuple[Convention, ...] = (
    _fraction("nsd.surfels", NSD, DICE, SURFELS, DEEPMIND, NAN, _of("surfels", measures.pooled_dice, NAN)),
    _fraction("nsd.voxels", NSD, DICE, VOXELS, RELOADED, 1, _of("voxels", measures.pooled_dice, 1)),
    _fraction("nsd.panoptica", NSD, MEAN_DICE, VOXELS, PANOPTICA, NAN, _of("voxels", measures.mean_dice, NAN)),
    _fraction("boundary-f1.surfels", F1, HARMONIC, SURFELS, CSURKA, 1, _of("surfels", measures.boundary_f1, 1)),
    _fraction("boundary-f1.voxels", F1, HARMONIC, VOXELS, CSURKA, 1, _of("voxels", measures.boundary_f1, 1)),
    _fraction("boundary-iou.voxels", IOU, BAND, VOXELS, CHENG, 1, band_measure(1)),
    _distance("assd.surfels", ASSD, POOLED, SURFELS, HEIMANN, NAN, _mean("surfels", measures.pooled_distance, NAN)),
    _distance("assd.voxels", ASSD, POOLED, VOXELS, RELOADED, 0, _mean("voxels", measures.pooled_distance, 0)),
    _distance("masd.surfels", MASD, MEANS, SURFELS, DEEPMIND, NAN, _mean("surfels", measures.mean_of_means, NAN)),
    _distance(
        "masd.voxels",
        MASD,
        f"{MEANS}, which panoptica calls ASSD",
        VOXELS,
        f"{BENES}; {RELOADED} and panoptica 2.1.7",
        0,
        _mean("voxels", measures.mean_of_means, 0),
    ),
    _distance("hd95.surfels", HD95, GREATER_95, SURFELS, DEEPMIND, NAN, _extreme("surfels", measures.weighted_95, NAN)),
    _distance(
        "hd95.voxels", HD95, INTERPOLATED_95, VOXELS, RELOADED, 0, _extreme("voxels", measures.interpolated_95, 0)
    ),
    _distance("hd95.panoptica", HD95, JOINED_95, VOXELS, PANOPTICA, NAN, _extreme("voxels", measures.joined_95, NAN)),
    _distance(
        "hd.surfels",
        HD,
        LARGEST,
        SURFELS,
        f"{HUTTENLOCHER}; {DEEPMIND}",
        NAN,
        _extreme("surfels", measures.largest, NAN),
    ),
    _distance(
        "hd.voxels",
        HD,
        LARGEST,
        VOXELS,
        f"{HUTTENLOCHER}; {RELOADED} and panoptica 2.1.7",
        0,
        _extreme("voxels", measures.largest, 0),
    ),
)
"""Every measure in every convention; the scopes and the tolerance are added to their ids."""
