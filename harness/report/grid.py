"""Pictures side by side: an image, its truth, its embedding as colours, and what rows made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.claims.naming import Scalar, selected
from harness.datasets.fetching.places import cache_folder
from harness.errors import BackendError, ConfigError, IncompleteError, StoreError, nearest
from harness.model import Cell, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.report.errors import grey_plane, kept_labels
from harness.report.figure import SETTINGS
from harness.stages.contract import Context
from harness.standing import Standing
from harness.store import Record
from harness.suite import Suite
from harness.suite.schema import THRESHOLD, FigureSpec
from harness.worker.cache import CorruptEntryError, StageCache
from harness.worker.sources import SampleSlots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg")
EMBEDDING = "embedding"
_COLOURS = 3
_FLOW = 6
"""Pictures in a line where no axis says where they stand."""
_PANEL_INCHES = 1.7
_GOLDEN = 0.6180339887
_ALONE = (150, 150, 150)
"""Objects that share no pixel with any of the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A picture, (Y, X, 3) uint8, with what it is."""

    title: str
    pixels: np.ndarray


def write_grid(project: Project, standing: Standing, path: Path, *, figure: str = "") -> tuple[Path, tuple[str, ...]]:
    """Write the pictures of one sample and return the path, and what could not be drawn and why.

    The first line shows the image, the truth and the embedding that the first row clusters, as its first three
    principal components. Below stand the kept labels of the rows, those of a figure of the suite as the figure lays
    them out: a line of pictures for each of its lines, side by side by its x. An object has the colour of the true
    object that it shares most pixels with. Of a volume it is the middle plane.

    Raises `ConfigError` for an ending that is not `FORMATS`, an unknown figure or one without such axes, and cells of
    several samples; `IncompleteError` if no labels are here; `StoreError` if the file cannot be written.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path}: unknown ending '{path.suffix}'; accepted: {', '.join(FORMATS)}")
    spec = _figure(standing.suite, figure) if figure else None
    rows = _rows(standing.suite, spec)
    cells = [cell for cell in standing.cells if cell.row in rows]
    samples = dict.fromkeys(f"{cell.data.dataset}/{cell.sample}" for cell in cells)
    if len(samples) > 1:
        raise ConfigError(
            f"cells of {len(samples)} samples ({', '.join(list(samples)[:4])}, …); choose one by --sample"
        )
    predictions = Predictions(cache_folder())
    made: list[tuple[Cell, Record, Volume]] = []
    missing: list[str] = []
    for cell in cells:
        record = standing.current.get(cell.id)
        labels = None if record is None else kept_labels(predictions, record)
        if record is None or labels is None:
            missing.append(f"{cell}: {'not run' if record is None else 'its labels are not here: run it again'}")
        else:
            made.append((cell, record, labels))
    if not made:
        raise IncompleteError(f"no labels to draw: {missing[0] if missing else 'no cell'}")
    cell, record, _ = made[0]
    slots = SampleSlots(project.catalogue).slots(cell.data, cell.sample, truth=cell.data.truth)
    truth = _plane(slots["truth"].volume().array) if cell.data.truth else None
    reference = _plane(made[0][2].array) if truth is None else truth
    above = [Panel("image", image_colours(slots["image"].volume()))]
    if truth is not None:
        above.append(Panel("truth", object_colours(truth, truth)))
    if any(EMBEDDING in project.stages.get(stage.id)(stage.parameters).makes() for stage in cell.chain):
        embedding = _embedding(record)
        if isinstance(embedding, str):
            missing.append(f"{cell}: {embedding}")
        else:
            above.append(Panel("embedding", embedding_colours(project, embedding)))
    drawn = {one.row: Panel(one.row, object_colours(_plane(of.array), reference)) for one, _, of in made}
    lines: list[Sequence[Panel | None]] = [above, *_laid_out(drawn, rows, spec)]
    _draw(lines, f"{standing.suite.id}, {cell.data.dataset}/{cell.sample}", path)
    return path, tuple(missing)


def image_colours(image: Volume) -> np.ndarray:
    """Return an image as (Y, X, 3) uint8: three channels as colours, else the mean of all in grey."""
    array = np.asarray(image.array)
    channels = array[None] if "C" not in image.axes else np.moveaxis(array, image.axes.index("C"), 0)
    planes = [_plane(channel) for channel in channels]
    if len(planes) == _COLOURS:
        return np.stack([grey_plane(plane) for plane in planes], axis=-1)
    return np.repeat(grey_plane(np.mean(planes, axis=0))[..., None], _COLOURS, axis=-1)


def embedding_colours(project: Project, embedding: Volume) -> np.ndarray:
    """Return the first three principal components of an embedding as (Y, X, 3) uint8, in one range for all three."""
    components = {"components": min(_COLOURS, len(embedding.array)), "scale": "uint8-joint"}
    stage = project.stages.get("pca")(components)
    with tempfile.TemporaryDirectory() as scratch:
        made = stage.run({EMBEDDING: embedding}, Context(embedding.grid, 0, Path(scratch)))
    image = made["image"] if isinstance(made, Mapping) else made
    assert isinstance(image, Volume)
    planes = [_plane(channel) for channel in image.array]
    return np.stack([*planes, *[np.zeros_like(planes[0])] * (_COLOURS - len(planes))], axis=-1)


def object_colours(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return labels (Y, X) as (Y, X, 3) uint8: an object in the colour of the one it shares most with in the reference.

    Further objects of one reference object are darker, those of none grey, background black.
    """
    ids, inverse = np.unique(labels, return_inverse=True)
    names, place = np.unique(reference, return_inverse=True)
    shared = np.zeros((len(ids), len(names)), dtype=np.int64)
    np.add.at(shared, (inverse.ravel(), place.ravel()), 1)
    shared[:, names == 0] = 0
    colours = np.zeros((len(ids), _COLOURS), dtype=np.uint8)
    seen: dict[int, int] = {}
    for number in np.argsort(-shared.max(axis=1, initial=0), kind="stable"):
        if ids[number] == 0:
            continue
        if not shared[number].any():
            colours[number] = _ALONE
            continue
        best = int(shared[number].argmax())
        seen[best] = seen.get(best, 0) + 1
        colours[number] = _hue(int(names[best])) * (0.35 + 0.65 / seen[best])
    coloured: np.ndarray = colours[inverse.reshape(labels.shape)]
    return coloured


def _hue(number: int) -> np.ndarray:
    """Return a colour (float, 0 to 255) of full brightness; neighbouring numbers lie far apart."""
    angle = number * _GOLDEN % 1 * 6
    ramps = [np.clip(np.abs((angle - shift) % 6 - 3) - 1, 0, 1) for shift in (0, 2, 4)]
    return 55 + 200 * np.array(ramps)


def _embedding(record: Record) -> Volume | str:
    """Return the first embedding that a chain made, from the cache of stage outputs, or why there is none."""
    cache = StageCache(cache_folder())
    for stage in record.stages:
        entry = cache.made(stage.output)
        if entry is None or EMBEDDING not in entry.hashes:
            continue
        try:
            value = entry.read(EMBEDDING)
        except CorruptEntryError as error:
            return f"its embedding in the cache is spoilt ({error})"
        assert isinstance(value, Volume)
        return value
    return "its embedding is not in the cache of stage outputs: no picture of it"


def _plane(array: np.ndarray) -> np.ndarray:
    while array.ndim > 2:
        array = array[len(array) // 2]
    return array


def _figure(suite: Suite, name: str) -> FigureSpec:
    known = {spec.id: spec for spec in suite.file.figures}
    if name not in known:
        raise ConfigError(
            f"suite '{suite.id}' has no figure '{name}'{nearest(name, known)}; it has: {', '.join(known)}"
        )
    if known[name].x == THRESHOLD:
        raise ConfigError(
            f"figure '{name}' is drawn over thresholds, which have no pictures; accepted: one over an axis"
        )
    return known[name]


def _rows(suite: Suite, spec: FigureSpec | None) -> dict[str, Mapping[str, Scalar]]:
    """Return the axes of the rows of a figure, of all rows without one, by id."""
    named = suite.named_rows
    kept = None if spec is None or not spec.rows else set(selected(spec.rows, named))
    needed = () if spec is None else [axis for axis in (spec.x, spec.lines, spec.panels) if axis]
    return {
        row.id: row.axes
        for row in named
        if (kept is None or row.id in kept) and all(axis in row.axes for axis in needed)
    }


def _laid_out(
    drawn: Mapping[str, Panel], rows: Mapping[str, Mapping[str, Scalar]], spec: FigureSpec | None
) -> list[list[Panel | None]]:
    """Return lines of panels: those of a figure, else as many in a line as there is room for."""
    if spec is None:
        panels: list[Panel | None] = list(drawn.values())
        return [panels[first : first + _FLOW] for first in range(0, len(panels), _FLOW)]
    places = {
        (tuple(rows[row].get(axis, "") for axis in (spec.panels, spec.lines)), rows[row][spec.x]): panel
        for row, panel in drawn.items()
    }
    columns = list(dict.fromkeys(column for _, column in places))
    return [[places.get((line, column)) for column in columns] for line in dict.fromkeys(line for line, _ in places)]


def _draw(lines: Sequence[Sequence[Panel | None]], title: str, path: Path) -> None:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError("pictures need matplotlib, which is not installed; pip install '.[report]'") from error
    columns = max(len(line) for line in lines)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**SETTINGS, "font.size": 6.0})
        canvas = Figure(
            figsize=(_PANEL_INCHES * columns, (_PANEL_INCHES + 0.2) * len(lines) + 0.3), layout="constrained"
        )
        canvas.suptitle(title, fontsize=8)
        for axes, panel in zip(
            canvas.subplots(len(lines), columns, squeeze=False).ravel(),
            (line[place] if place < len(line) else None for line in lines for place in range(columns)),
            strict=True,
        ):
            _show(axes, panel)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            canvas.savefig(path, dpi=200, metadata=metadata)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error


def _show(axes: Axes, panel: Panel | None) -> None:
    axes.set_axis_off()
    if panel is not None:
        axes.imshow(panel.pixels, interpolation="nearest")
        axes.set_title(panel.title)
