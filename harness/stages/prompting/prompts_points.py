"""The stage `prompts-points`: points in each object of a label image, and points in others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context
from harness.stages.prompting.outlines import ObjectOptions, ObjectPrompts, Outline
from harness.stages.prompting.planes import lifted
from harness.stages.values import Prompts

Others = Literal["near", "random"]


class PromptsPoints(ObjectPrompts):
    """Points inside each object, the first where it is deepest, and points inside other objects of the plane.

    A point outside of an object is the deepest one of another object: of those whose boxes have the nearest centres, or
    of others drawn at random. Where there are fewer others than asked for, all of them are taken.
    """

    id = "prompts-points"
    title = "Points of a label image"
    citation = "Part of this package; the first point as in doi:10.1038/s41592-024-02580-4"

    class Options(ObjectOptions):
        positives: int = option(1, "points inside: the deepest one, then drawn ones", ge=1)
        negatives: int = option(0, "points in other objects", ge=0)
        others: Others = option("near", "which other objects: the nearest ones, or any")

    options: Options

    def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
        """Return the points of each object and plane; reports "positives" and "negatives"."""
        labels: Volume = inputs[self.options.of]
        grid, rng = labels.grid, context.rng()
        ndim = len(grid.shape)
        points: list[tuple[int, tuple[float, ...], bool]] = []
        for plane, found in self.options.objects(labels, self.where):
            deepest = [outline.deepest() for outline in found]
            for number, outline in enumerate(found):
                inside = [deepest[number]]
                if self.options.positives > 1:
                    drawn = outline.drawn(self.options.positives, rng)
                    inside += [point for point in drawn if point != deepest[number]][: self.options.positives - 1]
                outside = [deepest[other] for other in self._others(found, number, rng)]
                for chosen, is_inside in ((inside, True), (outside, False)):
                    points += [(outline.id, lifted(point, plane + 0.5, ndim), is_inside) for point in chosen]
        context.report("positives", sum(is_inside for _, _, is_inside in points))
        context.report("negatives", sum(not is_inside for _, _, is_inside in points))
        return Prompts.of(grid, points=points)

    def _others(self, found: list[Outline], number: int, rng: np.random.Generator) -> list[int]:
        """Return the positions of the other objects in which points lie that are outside of one."""
        if not self.options.negatives:
            return []
        others = [other for other in range(len(found)) if other != number]
        if self.options.others == "random":
            drawn = rng.permutation(len(others))[: self.options.negatives]
            return [others[index] for index in drawn]
        away = [float(np.linalg.norm(found[other].centre - found[number].centre)) for other in others]
        order = np.argsort(away, kind="stable")[: self.options.negatives]
        return [others[index] for index in order]
