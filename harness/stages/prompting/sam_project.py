"""The stage `sam-project`: masks of one plane carried through a volume, each asking on the next plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.parameters import option
from harness.stages.contract import Context
from harness.stages.nets.compute import Compute, torch_threads
from harness.stages.prompting.decoding import Network, Rules, decode_plane, require_inside
from harness.stages.prompting.network import TransformersSam
from harness.stages.prompting.stages import DecodeOptions, DecodeStage
from harness.stages.values import Features, Masks, Prompts

Slice = tuple[int, np.ndarray, float]
"""A plane, the mask on it, and the predicted IoU."""


class SamProject(DecodeStage):
    """Prompts on one plane of a volume become objects through its planes, upwards and downwards.

    The box of the mask on one plane asks on the next one, as micro-sam does in volumes, until the mask there has too
    little in common with the one before, or the planes end.
    """

    id = "sam-project"
    title = "SAM: masks carried through planes"
    needs = ("torch", "transformers")
    extra = "prompting"
    dimensions = (3,)
    licence = "Apache-2.0"
    citation = "After Archit et al. 2025, Nature Methods 22, doi:10.1038/s41592-024-02580-4"

    class Options(DecodeOptions):
        least_overlap: float = option(0.5, "IoU of a mask with that of the plane before, at least", ge=0.0, le=1.0)

    options: Options

    def read_network(self, path: Path, compute: Compute) -> TransformersSam:
        """Return the network of a checkpoint."""
        return TransformersSam.load(path, compute)

    def run(self, inputs: Mapping[str, Any], context: Context) -> Masks:
        """Return a mask per object and plane; reports "masks" and "objects".

        Raises `DataError` for an object that asks on several planes, for planes without features between the first and
        the last one, and for what `sam-decode` refuses.
        """
        features, prompts = inputs["features"], inputs["prompts"]
        require_inside(prompts, self.where)
        self._check(features, prompts)
        found: list[tuple[int, Slice]] = []
        with torch_threads(context.threads):
            for name in prompts.objects.tolist():
                own = _of_object(prompts, name)
                slices = self._carried(features, own, context.device)
                found += [(name, one) for one in slices]
        context.report("masks", len(found))
        context.report("objects", len({name for name, _ in found}))
        return Masks.of(
            prompts.grid,
            [mask for _, (_, mask, _) in found],
            scores=[score for _, (_, _, score) in found],
            objects=[name for name, _ in found],
            planes=[plane for _, (plane, _, _) in found],
        )

    def _check(self, features: Features, prompts: Prompts) -> None:
        planes = features.about["planes"]
        if planes != list(range(prompts.grid.shape[0])):
            raise DataError(f"{self.where}: planes {planes} are encoded; accepted: every plane of the volume")
        if features.about["network"] != self.held.fingerprint:
            raise DataError(f"{self.where}: the features were made with other weights; accepted: the same 'weights'")
        starts: dict[int, set[int]] = {name: set() for name in prompts.objects.tolist()}
        for name, box in zip(prompts.box_objects.tolist(), prompts.boxes, strict=True):
            starts[name].update(range(int(box[0, 0]), int(np.ceil(box[1, 0]))))
        for name, point in zip(prompts.point_objects.tolist(), prompts.points, strict=True):
            starts[name].add(int(point[0]))
        for name, own in starts.items():
            if len(own) > 1:
                raise DataError(
                    f"{self.where}: object {name} asks on planes {sorted(own)}; accepted: one plane an object, as "
                    'planes_of_object = "fullest" makes them'
                )

    def _carried(self, features: Features, prompts: Prompts, device: str) -> Iterator[Slice]:
        """Yield the masks of one object, its own plane first, then those above, then those below."""
        start = int(prompts.boxes[0, 0, 0] if len(prompts.boxes) else prompts.points[0, 0])
        first = _best(self.held, features, prompts, start, self.options.rules(), device)
        if first is None:
            return
        yield start, *first
        for step in (1, -1):
            mask, plane = first[0], start + step
            while 0 <= plane < prompts.grid.shape[0]:
                asked = _box_of(mask, plane, prompts)
                found = _best(self.held, features, asked, plane, self.options.rules(), device)
                if found is None or _overlap(mask, found[0]) < self.options.least_overlap:
                    break
                yield plane, *found
                mask, plane = found[0], plane + step


def _best(
    network: Network, features: Features, prompts: Prompts, plane: int, rules: Rules, device: str
) -> tuple[np.ndarray, float] | None:
    """Return the mask of the highest predicted IoU with a pixel, None if there is none."""
    found = decode_plane(network, features.array[plane], prompts, plane, rules, device)
    for number in np.argsort(-found.scores, kind="stable").tolist():
        if found.masks[number].any():
            return found.masks[number], float(found.scores[number])
    return None


def _of_object(prompts: Prompts, name: int) -> Prompts:
    boxes, points = prompts.box_objects == name, prompts.point_objects == name
    return Prompts(
        prompts.grid,
        boxes=prompts.boxes[boxes],
        box_objects=prompts.box_objects[boxes],
        points=prompts.points[points],
        point_objects=prompts.point_objects[points],
        point_labels=prompts.point_labels[points],
    )


def _box_of(mask: np.ndarray, plane: int, prompts: Prompts) -> Prompts:
    """Return the box of a mask as a prompt on a plane."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low, high = (plane, rows[0], columns[0]), (plane + 1, rows[-1] + 1, columns[-1] + 1)
    return Prompts.of(prompts.grid, boxes={int(prompts.objects[0]): (low, high)})


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())
