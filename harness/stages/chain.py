"""Checks of chains: statically when a suite is loaded, and of each output when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import ChainError, LabelError, nearest
from harness.model import Grid
from harness.stages.contract import Stage
from harness.stages.slots import CONFIDENCES, LABELS, SLOTS, TRUTH, checked, slot_of
from harness.stages.values import Confidences, Value, objects_in

ISOTROPIC = Grid("ZYX", (997, 1009, 1013), (1.0, 1.0, 1.0))
ANISOTROPIC = Grid("ZYX", (997, 1009, 1013), (4.0, 1.0, 1.0))
"""Stand for data of which nothing is known yet: on the second every stage that may resample does."""

SCORED = tuple(name for name, slot in SLOTS.items() if slot.scored)


@dataclass(frozen=True, slots=True)
class Given:
    """What the data provides to a chain besides "image" and "truth".

    reads   slots of further label images
    truths  those of them that hold the label image which is scored or trained on
    grid    that of the samples; its shape stands for any
    """

    reads: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    grid: Grid = ISOTROPIC


def check_chain(stages: Sequence[Stage], given: Given, where: str) -> None:
    """Raise `ChainError` unless the stages fit each other and what they end with can be scored.

    Every stage must find its inputs, all on one grid; only a stage that declares `uses_truth` may read the truth;
    the chain must end on the grid of the samples with one of the slots that can be scored.
    """
    if not stages:
        raise ChainError(f"{where}: the chain is empty; it needs at least one stage that makes labels")
    grids = dict.fromkeys(("image", TRUTH, *given.reads), given.grid)
    truths = {TRUTH, *given.truths}
    made: set[str] = set()
    for number, stage in enumerate(stages, start=1):
        here = f"{where}: stage {number} '{stage.id}'"
        _check_inputs(stage, list(grids), here)
        _check_truth(stage, truths, here)
        _check_targets(stage, made.union(given.reads), here)
        if CONFIDENCES in stage.makes() and LABELS not in (*stage.makes(), *stage.reads()):
            raise ChainError(f"{here} makes '{CONFIDENCES}' and neither makes nor reads the '{LABELS}' they are of")
        after = stage.grid_after(_grid_of_inputs(stage, grids, here), given.grid)
        grids.update(dict.fromkeys(stage.makes(), after))
        truths.difference_update(stage.makes())
        made.update(stage.makes())
    end = scored_slot(stages)
    if not end:
        raise ChainError(f"{where}: no stage of the chain makes 'labels'; accepted at its end: {', '.join(SCORED)}")
    if not _is_same(grids[end], given.grid):
        moving = next(stage.id for stage in reversed(stages) if stage.moves_grid())
        raise ChainError(
            f"{where}: the chain ends with '{end}' on another grid than the truth's: '{moving}' resamples and nothing "
            f"brings '{end}' back; 'to-original-grid' does that for labels"
        )


def _check_targets(stage: Stage, present: set[str], where: str) -> None:
    """Refuse to learn what is not there; further label images are: training samples are guarded, whatever they show."""
    if not stage.trains():
        return
    accepted = {TRUTH, *present}
    for slot in (*stage.learns(), *stage.validates()):
        if slot not in accepted:
            raise ChainError(f"{where} learns '{slot}', which nothing before it makes{nearest(slot, accepted)}")


def checked_outputs(stage: Stage, inputs: Mapping[str, Value], returned: object, sample: Grid) -> dict[str, Value]:
    """Return what a stage made, one value per slot; raises `LabelError` or `ChainError` if it is wrong.

    `sample` is the sample's own grid, before any resampling stage.
    """
    made = stage.makes()
    where = f"stage '{stage.id}'"
    outputs = dict(returned) if isinstance(returned, Mapping) else {made[0]: returned}
    if set(outputs) != set(made):
        raise ChainError(f"{where} returned {_listed(outputs)}; declared: {_listed(made)}")
    values = {slot: checked(where, slot, value) for slot, value in outputs.items()}
    found = inputs[stage.reads()[0]].grid
    expected = stage.grid_after(found, sample)
    for slot, value in values.items():
        if value.grid.shape != expected.shape:
            what = "of shape" if slot_of(slot).on_grid else "for a grid of shape"
            asked = f"its input has {found.shape}" if expected == found else f"its grid is {expected.shape}"
            raise LabelError(f"{where} returned {slot} {what} {value.grid.shape}; {asked}")
    if isinstance(confidences := values.get(CONFIDENCES), Confidences):
        _check_confidences(confidences, {**inputs, **values}[LABELS], where)
    return values


def _check_confidences(confidences: Confidences, labels: Value, where: str) -> None:
    """Refuse confidences of other objects than the labels beside them have."""
    given, found = set(confidences.objects.tolist()), set(objects_in(labels.arrays()["array"]).tolist())
    if given != found:
        number = min(given ^ found)
        what = f"a score for object {number}, which its labels lack" if number in given else f"none for object {number}"
        raise LabelError(
            f"{where} returned {CONFIDENCES} with {what}; accepted: one for each of its {len(found)} labels"
        )


def _check_inputs(stage: Stage, present: Sequence[str], where: str) -> None:
    for slot in stage.reads():
        if slot not in present:
            raise ChainError(f"{where} reads '{slot}', which nothing before it makes{nearest(slot, sorted(present))}")


def _check_truth(stage: Stage, truths: set[str], where: str) -> None:
    read = [slot for slot in stage.reads() if slot in truths]
    if read and not stage.truth_use():
        name = "the ground truth" if read[0] == TRUTH else f"'{read[0]}', which is the ground truth here,"
        raise ChainError(f"{where} reads {name} and does not declare it; only controls and makers of prompts may")
    if read and stage.truth_use() == "prompts" and set(stage.makes()) != {"prompts"}:
        raise ChainError(
            f"{where} reads the ground truth for prompts and makes {_listed(stage.makes())}; accepted: prompts alone"
        )


def _grid_of_inputs(stage: Stage, grids: Mapping[str, Grid], where: str) -> Grid:
    """Return the grid on which a stage works; raises `ChainError` if its inputs lie on several."""
    first, *others = stage.reads()
    for other in others:
        if not _is_same(grids[first], grids[other]) and not stage.moves_grid():
            raise ChainError(
                f"{where} reads '{first}' and '{other}', which lie on different grids: one was resampled; "
                "resample both or none"
            )
    return grids[first]


def scored_slot(stages: Sequence[Stage]) -> str:
    """Return the slot that is scored: the labels, else what the last stage makes that can be scored, else ""."""
    made = [slot for stage in stages for slot in stage.makes()]
    if "labels" in made:
        return "labels"
    return next((slot for slot in reversed(made) if slot in SCORED), "")


def gives_confidences(stages: Sequence[Stage]) -> bool:
    """Whether the labels at the end of a chain are those that a stage gave its confidences for."""
    given = False
    for stage in stages:
        if CONFIDENCES in stage.makes():
            given = True
        elif LABELS in stage.makes():
            given = given and stage.keeps_labels
    return given


def _is_same(one: Grid, other: Grid) -> bool:
    return one.axes == other.axes and one.shape == other.shape


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(sorted(str(name) for name in names)) or "nothing"
