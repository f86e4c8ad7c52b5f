"""COCO JSON: the objects of one image, of a data set or of a list of results, as polygons and run lengths.

Run lengths are those of the COCO API: columns from top to bottom, background first, as numbers or as its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from harness.datasets.formats.outlines.painting import Drawing, Outline, Pixels, Shape, polygons
from harness.errors import DataError, nearest

_LONGEST_NUMBER = 12
"""Characters of one number in the text of run lengths: 60 bits."""


def is_coco(content: Any) -> bool:
    """Return whether JSON is a COCO data set, or a list of COCO results."""
    if isinstance(content, list):
        return bool(content) and isinstance(content[0], dict) and "segmentation" in content[0]
    return isinstance(content, dict) and isinstance(content.get("annotations"), list)


@dataclass(frozen=True, slots=True, eq=False)
class CocoFile:
    """The images that a file describes and its annotations, both by image id (as text).

    `is_complete` tells a data set, which lists its images, from results, where an image without any is not named.
    """

    images: Mapping[str, Mapping[str, Any]]
    annotations: Mapping[str, Sequence[Mapping[str, Any]]]
    is_complete: bool

    @classmethod
    def of(cls, content: Any) -> CocoFile:
        """Return the parts of parsed JSON; raises what Python does for JSON that is not COCO."""
        by_image: dict[str, list[Mapping[str, Any]]] = {}
        for one in content["annotations"] if isinstance(content, dict) else content:
            by_image.setdefault(str(one.get("image_id")), []).append(one)
        known = content.get("images") if isinstance(content, dict) else None
        images = {str(one["id"]): one for one in known or ()} or {name: {"id": name} for name in by_image}
        if known and len(images) < len(known):
            raise ValueError(f"{len(known)} images have {len(images)} ids; accepted: an id of its own for each image")
        return cls(images, by_image, is_complete=bool(known))

    def name_of(self, image: str) -> str:
        """Return the file name of an image without folder and ending, "" where none is stated."""
        return PurePath(str(self.images.get(image, {}).get("file_name", ""))).stem

    @property
    def unlisted(self) -> list[str]:
        """The ids that annotations name and no image has."""
        return [image for image in self.annotations if image not in self.images]

    def called(self, name: str) -> list[str]:
        """Return the ids of the images of a file name, stem or id."""
        return [image for image, described in self.images.items() if name in (image, *_file_names(described))]


def _file_names(image: Mapping[str, Any]) -> tuple[str, ...]:
    file = str(image.get("file_name", ""))
    return (file, PurePath(file).name, PurePath(file).stem) if file else ()


def read_coco(path: Path, file: CocoFile, image: str) -> Drawing:
    """Return the objects of an image, named by its file name, stem or id; "" is the only one.

    Crowds are no single objects: they stand apart, which is noted. Results with scores come in their order, so that
    the best covers the others; an id without results is an image without objects, which is noted too, and so
    are annotations of images that the file does not list. Raises `DataError` naming the images for one that is not
    there.
    """
    found = _image(path, file, image)
    annotations = file.annotations.get(found, ())
    chosen = [one for one in annotations if not one.get("iscrowd")]
    crowds = [one for one in annotations if one.get("iscrowd")]
    if all("score" in one for one in chosen):
        chosen.sort(key=lambda one: float(one["score"]))
    shape = _stated_shape(file.images.get(found, {}), annotations)
    outlines, regions = (tuple(_outline(path, one, shape) for one in some) for some in (chosen, crowds))
    notes = [f"{len(crowds)} crowds are no single objects and are left out"] if crowds else []
    if not image and file.unlisted:
        count = sum(len(file.annotations[one]) for one in file.unlisted)
        notes.append(f"{count} annotations are of images that the file does not list, and are left out")
    if not annotations and not file.is_complete:
        notes.append(f"has no result of image {found}, which counts as one without objects")
    return Drawing(outlines, shape, tuple(notes), regions)


def _image(path: Path, file: CocoFile, name: str) -> str:
    fitting = file.called(name) if name else list(file.images)
    if len(fitting) == 1:
        return fitting[0]
    if name.isdecimal() and not file.is_complete:
        return name
    names = [next(iter(_file_names(one)), image) for image, one in file.images.items()]
    if name:
        raise DataError(f"{path}: {len(fitting)} images '{name}'{nearest(name, names)}")
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    raise DataError(f"{path}: name one of its {len(names)} images, as in {path.name}:NAME: {shown or 'none'}")


def _stated_shape(image: Mapping[str, Any], annotations: Sequence[Any]) -> Shape | None:
    """Return height and width as the image states them, else its run lengths."""
    if "height" in image and "width" in image:
        return int(image["height"]), int(image["width"])
    runs = (one.get("segmentation") for one in annotations)
    size = next((found["size"] for found in runs if isinstance(found, Mapping) and "size" in found), None)
    return None if size is None else (int(size[0]), int(size[1]))


def _outline(path: Path, annotation: Mapping[str, Any], shape: Shape | None) -> Outline:
    name = f"annotation {annotation.get('id', 'without id')}"
    found = annotation.get("segmentation")
    if isinstance(found, Mapping) and {"size", "counts"} <= found.keys():
        return _from_runs(path, name, found, shape)
    if not isinstance(found, list) or not found:
        raise DataError(f"{path}: {name} has no segmentation; accepted: polygons or run lengths, a box is no outline")
    rings = [np.asarray(line, dtype=float).reshape(-1, 2)[:, ::-1] for line in found]
    return polygons(name, [[ring] for ring in rings])


def _from_runs(path: Path, name: str, found: Mapping[str, Any], shape: Shape | None) -> Outline:
    height, width = (int(size) for size in found["size"])
    if shape is not None and (height, width) != tuple(shape):
        stated = " x ".join(map(str, shape))
        raise DataError(f"{path}: {name}: run lengths of {height} x {width} pixels; the image has {stated}")
    counts = found["counts"]
    lengths = np.array(_numbers(path, name, counts) if isinstance(counts, str) else counts, dtype=np.int64)
    if height < 1 or width < 1 or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise DataError(f"{path}: {name}: its run lengths do not fill {height} x {width} pixels")
    ends = np.cumsum(lengths)
    return Outline(name, (0, 0, height, width), partial(_run_pixels, ends, height))


def _run_pixels(ends: np.ndarray, height: int, shape: Shape) -> Pixels:
    starts, stops = ends[0::2][: len(ends) // 2], ends[1::2]
    lengths = stops - starts
    places = np.arange(int(lengths.sum())) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return places % height, places // height


def _numbers(path: Path, name: str, text: str) -> list[int]:
    """Return the run lengths of a text: five bits a character, lowest first, differences to the last but one."""
    numbers: list[int] = []
    value = place = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or place >= _LONGEST_NUMBER:
            raise DataError(f"{path}: {name}: its text of run lengths is damaged")
        value |= (bits & 31) << 5 * place
        place += 1
        if not bits & 32:
            if bits & 16:
                value |= -1 << 5 * place
            numbers.append(value + numbers[-2] if len(numbers) > 2 else value)
            value = place = 0
    return numbers
