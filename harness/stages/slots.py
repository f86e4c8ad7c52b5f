"""What passes between stages: the one table of slots, what each may hold, and how a value of it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import LabelError
from harness.model import Volume
from harness.stages.values import Confidences, Features, Masks, Prompts, Value

TRUTH = "truth"
"""The slot of the ground truth: only a stage that declares `uses_truth` may read it."""

LABELS = "labels"
"""The slot of the objects that a method finds."""

CONFIDENCES = "confidences"
"""The slot of how sure a method is of each of its labels."""

ROUNDING = 1e-4
"""How far a probability may lie outside [0, 1]: blended tiles and splines round."""


def accept(value: Value) -> str:
    """Return "": nothing of the value can be wrong."""
    return ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A name under which a value passes from stage to stage.

    holds    the type of the value
    meaning  one sentence: dtype, axes, range, what 0 is
    check    returns what is wrong with a value of the right type, "" if nothing is
    scored   whether a chain may end with it: a label image, or what metrics of semantic maps score
    given    whether the data may provide it too, where a suite names a label image for it in `reads`
    """

    name: str
    holds: type[Value]
    meaning: str
    check: Callable[[Value], str] = accept
    scored: bool = False
    given: bool = False

    @property
    def on_grid(self) -> bool:
        """Whether the value is an array with one entry per voxel of the grid."""
        return self.holds is Volume

    def problem(self, value: object) -> str:
        """Return what is wrong with a value for this slot, "" if nothing is."""
        if not isinstance(value, self.holds):
            return f"a {type(value).__name__}; accepted: a {self.holds.__name__}"
        return _broken_volume(value) or self.check(value)


def _broken_volume(value: Value) -> str:
    if not isinstance(value, Volume):
        return ""
    if not hasattr(value.array, "dtype"):
        return f"with a {type(value.array).__name__} as its array; accepted: a NumPy array"
    if len(value.axes) != value.array.ndim:
        return f"with axes {value.axes} for an array of shape {value.array.shape}"
    return ""


def check_labels(value: Value) -> str:
    """Return what is wrong with a label image: integers, none negative."""
    array = value.arrays()["array"]
    if array.dtype.kind not in "iu":
        return f"of type {array.dtype}; accepted: integers"
    if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
        return "with negative values; accepted: 0 and above"
    return ""


def check_probability(value: Value) -> str:
    """Return what is wrong with a probability map: real numbers in [0, 1], none NaN."""
    array = value.arrays()["array"]
    if array.dtype.kind not in "biuf":
        return f"of type {array.dtype}; accepted: real numbers"
    if array.size:
        low, high = float(array.min()), float(array.max())
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            return f"with values in [{low:g}, {high:g}]; accepted: [0, 1]"
    return ""


def check_surface(value: Value) -> str:
    """Return what is wrong with a surface: a boolean or integer mask, none negative."""
    return "" if value.arrays()["array"].dtype.kind == "b" else check_labels(value)


def check_prompts(value: Value) -> str:
    """Return what is wrong with prompts: shapes that fit each other, ids above 0, boxes that hold a voxel."""
    if not isinstance(value, Prompts):
        return f"a {type(value).__name__}; accepted: a Prompts"
    ndim = len(value.grid.shape)
    if value.boxes.shape != (len(value.box_objects), 2, ndim):
        return f"with boxes of shape {value.boxes.shape}; accepted: {(len(value.box_objects), 2, ndim)}"
    if value.points.shape != (len(value.point_objects), ndim) or len(value.point_labels) != len(value.point_objects):
        return f"with points of shape {value.points.shape}; accepted: {(len(value.point_objects), ndim)}"
    if value.objects.size and int(value.objects.min()) < 1:
        return f"with object {int(value.objects.min())}; accepted: ids above 0"
    if not bool((value.boxes[:, 0] < value.boxes[:, 1]).all()):
        return "with an empty box; accepted: a lower corner below the upper one on every axis"
    if not set(value.point_labels.tolist()) <= {0, 1}:
        return f"with point labels {sorted(set(value.point_labels.tolist()))}; accepted: 0 and 1"
    return ""


def check_masks(value: Value) -> str:
    """Return what is wrong with masks: shapes that fit each other, runs that lie on the grid, scores without NaN."""
    if not isinstance(value, Masks):
        return f"a {type(value).__name__}; accepted: a Masks"
    if not len(value.runs) == len(value.scores) == len(value.objects):
        return f"with {len(value.runs)} masks, {len(value.scores)} scores and {len(value.objects)} objects"
    if not int(value.runs.sum()) == len(value.starts) == len(value.lengths):
        return f"with {len(value.starts)} starts and {len(value.lengths)} lengths for {int(value.runs.sum())} runs"
    voxels = 1
    for length in value.grid.shape:
        voxels *= length
    if len(value.starts) and not (
        int(value.starts.min()) >= 0
        and int(value.lengths.min()) > 0
        and int((value.starts + value.lengths).max()) <= voxels
    ):
        return f"with runs outside the {voxels} voxels of its grid"
    if bool((value.scores != value.scores).any()):
        return "with a score that is NaN"
    return ""


def check_confidences(value: Value) -> str:
    """Return what is wrong with confidences: one finite score a label, labels above 0 and each once."""
    if not isinstance(value, Confidences):
        return f"a {type(value).__name__}; accepted: a Confidences"
    if not value.objects.ndim == value.scores.ndim == 1 or len(value.objects) != len(value.scores):
        return f"with {value.objects.shape} objects and {value.scores.shape} scores; accepted: one score an object"
    if value.objects.dtype.kind not in "iu" or value.scores.dtype.kind != "f":
        return f"of types {value.objects.dtype} and {value.scores.dtype}; accepted: integers and reals"
    if len(value) and int(value.objects.min()) < 1:
        return f"of object {int(value.objects.min())}; accepted: labels above 0"
    if len(set(value.objects.tolist())) < len(value):
        return "with two scores of one object"
    if not bool((abs(value.scores) < float("inf")).all()):
        return "with a score that is no finite number"
    return ""


_TABLE = (
    Slot("image", Volume, "the image as read, or as an earlier stage left it; axes (C)(Z)YX, any real dtype"),
    Slot("probability", Volume, 'float32 in [0, 1]; axes C(Z)YX, channels named ("foreground", "boundary")',
         check_probability, scored=True),
    Slot("foreground", Volume, "float32 in [0, 1]: how likely a voxel lies in an object; axes (Z)YX",
         check_probability, scored=True),
    Slot("boundary", Volume, "float32 in [0, 1]: how likely a voxel lies between objects; axes (Z)YX",
         check_probability, scored=True),
    Slot("untiled", Volume, "a map in [0, 1] that was predicted in one pass, to compare others with; axes (Z)YX",
         check_probability),
    Slot("seams", Volume, "where tiles were joined: bit a between a voxel and the next along axis a; axes (Z)YX",
         check_labels),
    Slot("surface", Volume, "mask of a surface (bool or integers, 0 is none); axes (Z)YX", check_surface, scored=True),
    Slot("structures", Volume, 'float32 in [0, 1]; axes C(Z)YX, channels "<name>:foreground", "<name>:boundary"',
         check_probability),
    Slot("region", Volume, "mask of where to look (bool or integers, 0 is outside); axes (Z)YX", check_surface),
    Slot("frame-objects", Volume, "objects of single frames: integers, ids of each plane apart, 0 is none; axes ZYX",
         check_labels),
    Slot("distance", Volume, "float32 distance to the boundary of the voxel's object, 0 outside; axes (C)(Z)YX"),
    Slot("embedding", Volume, "float32 vector of each voxel; axes C(Z)YX"),
    Slot("embedding-twin", Volume, "the same by a second network on a second view of the image; axes C(Z)YX"),
    Slot("features", Features, "what an image encoder makes, at a resolution of its own"),
    Slot("superpixels", Volume, "integer over-segmentation, no 0 unless masked; axes (Z)YX", check_labels),
    Slot(LABELS, Volume, "integer instances, 0 is background; axes (Z)YX", check_labels, scored=True),
    Slot(CONFIDENCES, Confidences, "how sure the method is of each of its `labels`", check_confidences),
    Slot("reference", Volume, "labels of another method, which `labels` are compared with; axes (Z)YX", check_labels),
    Slot("nuclei", Volume, "labels of nuclei that guide cells, given by the data or made; axes (Z)YX", check_labels,
         given=True),
    Slot("prompts", Prompts, "boxes and points that ask for objects, in voxels of the grid", check_prompts),
    Slot("masks", Masks, "masks that may overlap, each with a score", check_masks),
    Slot(TRUTH, Volume, "the ground truth; only a stage that declares `uses_truth` may read it", check_labels),
)  # fmt: skip

SLOTS = {slot.name: slot for slot in _TABLE}
"""Every slot by name. A suite adds further label images under names of its own with `reads`."""


def slot_of(name: str) -> Slot:
    """Return a slot of the table, or that of a further label image which a suite names in `reads`."""
    return SLOTS.get(name) or Slot(name, Volume, "a further label image of the sample", check_labels)


def checked(where: str, name: str, value: object) -> Value:
    """Return a value that a slot may hold; raises `LabelError` ("<where> returned labels of type float32; …")."""
    problem = slot_of(name).problem(value)
    if problem:
        raise LabelError(f"{where} returned {name} {problem}")
    assert isinstance(value, Value)
    return value
