"""The contract of a stage: literal metadata, `load`, `run`, and `fit` where it learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import ChainError
from harness.model import Grid, UsesTruth, Volume
from harness.parameters import Parameter, StageOptions, described, options_of
from harness.stages.slots import TRUTH
from harness.stages.values import Value

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage may know besides its inputs.

    grid      the sample's own grid, before any resampling stage
    model     folder written by `fit` in an earlier call; None for a stage that was not fitted
    weights   resolved file or folder of each non-empty "weights" parameter
    draw      in `fit`, a seed that all rows share on a fold and a repeat: initial weights and sampled objects come from
              it where the source pairs rows; `seed` depends on the parameters too
    scratch   an empty folder that is removed after the call
    log       where progress lines go (stderr of the run)
    report    takes an exact number by name, which becomes a fact of the fit or the run in the cell's record; "busy_s",
              the seconds that the device worked on gradient steps, adds up and stands in the fit's timing instead
    """

    grid: Grid
    seed: int
    scratch: Path
    device: str = "cpu"
    threads: int = 1
    model: Path | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    log: Callable[[str], None] = lambda line: None
    report: Callable[[str, float], None] = lambda name, value: None
    draw: int = 0

    def rng(self) -> np.random.Generator:
        """Return a fresh generator seeded with `seed`."""
        import numpy as np

        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One training sample as the stage sees it: its input slots, and by slot what it learns (or validates on).

    The truth lies on the grid that the stages before have made. Voxels of that grid where `ignored` is not 0 are not
    to be taught: nobody knows what they are; None where all are known.
    """

    inputs: Mapping[str, Volume]
    targets: Mapping[str, Volume]
    ignored: Volume | None = None


class Stage(ABC):
    """One step of a method. Subclass it in one file: the literals below, `run`, and what else is needed.

    The class is created with validated parameters and may be kept between samples: whatever `load` builds stays on
    `self`. Import the library inside `load` (or `run`/`fit`), never at module level. What one of these changes of the
    process (environment, working folder, signal handlers, error handling of NumPy, default type of torch, …:
    `harness.process_state`) is set back when it returns: other stages share the process.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it when the same input and parameters give another output: it is part of every cache key."""
    inputs: ClassVar[tuple[str, ...]] = ("image",)
    outputs: ClassVar[tuple[str, ...]] = ("labels",)
    Options: ClassVar[type[StageOptions]] = StageOptions
    """The parameters: a class of typed options. A plug-in of one file may write `parameters` instead."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """The options as they are listed: follows from `Options`, or makes it."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Importable modules without which the stage cannot run."""
    needs_versions: ClassVar[tuple[str, ...]] = ()
    """What distributions must be, if not any version of them will do: "cellpose>=4"."""
    extra: ClassVar[str] = ""
    """The extra of this package that installs `needs`."""
    dimensions: ClassVar[tuple[int, ...]] = (2, 3)
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    uses_truth: ClassVar[UsesTruth] = ""
    """Declared by a stage that reads the ground truth; it stands in every record and table of its rows."""
    keeps_labels: ClassVar[bool] = False
    """Declared by a stage whose labels are those it read, moved, smaller or gone, and none called otherwise: the
    confidences of earlier labels then hold for them."""
    cacheable: ClassVar[bool] = True
    """False where recomputing is cheaper than reading the cache."""

    options: StageOptions

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "Options" in vars(cls):
            cls.parameters = described(cls.Options)
        elif "parameters" in vars(cls):
            cls.Options = options_of(cls.parameters)

    def __init__(self, given: Mapping[str, Any] | None = None, *, where: str = "") -> None:
        self.options = self.Options.read(given or {}, where or self.where)

    @property
    def where(self) -> str:
        """How messages begin that are about this stage."""
        return f"stage '{self.id}'"

    def reads(self) -> tuple[str, ...]:
        """Return the slots that this instance reads; override it where parameters name them."""
        return self.inputs

    def makes(self) -> tuple[str, ...]:
        """Return the slots that this instance makes; override it where parameters name them."""
        return self.outputs

    def truth_use(self) -> UsesTruth:
        """Return what this instance reads the ground truth for; override it where parameters name the slots."""
        return self.uses_truth

    def grid_after(self, grid: Grid, sample: Grid) -> Grid:
        """Return the grid of the outputs for inputs on `grid`; a stage that resamples overrides it, and `map_truth`.

        `sample` is the sample's own grid. Called with the declared grid before there is data.
        """
        return grid

    def moves_grid(self) -> bool:
        """Whether outputs may lie on another grid than the inputs (True wherever `grid_after` is implemented)."""
        return type(self).grid_after is not Stage.grid_after

    def trains(self) -> bool:
        """Whether these parameters ask for `fit` before `run` (True wherever `fit` is implemented by default)."""
        return type(self).fit is not Stage.fit

    def learns(self) -> tuple[str, ...]:
        """Return the slots that `fit` learns, the targets of its training examples.

        "truth" is the label image that the data names for training; the others are made by stages before this one, or
        are further label images of the data.
        """
        return (TRUTH,)

    def validates(self) -> tuple[str, ...]:
        """Return the slots that `fit` validates on, the targets of its validation examples."""
        return self.learns()

    def gpu_problem(self) -> str:
        """Why the library of a stage that names "cuda" among its devices can use none here, "" if it can.

        By default the library is torch.
        """
        try:
            import torch
        except ImportError:
            return "torch is not installed"
        return "" if torch.cuda.is_available() else f"torch {torch.__version__} finds no CUDA device"

    def load(self, context: Context) -> None:  # noqa: B027 - optional hook
        """Import the library and read weights; called once per model before `run`."""

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the examples and write everything `load` needs into the existing, empty folder `model`.

        `validation` may be empty. All randomness comes from `context.seed`. Nothing may depend on a test sample.
        """
        raise ChainError(f"stage '{self.id}' does not train")

    def map_truth(self, truth: Volume, context: Context) -> Volume:
        """Return the truth on the grid of this stage's outputs (called where `grid_after` is implemented)."""
        return truth

    @abstractmethod
    def run(self, inputs: Mapping[str, Any], context: Context) -> Value | Mapping[str, Value]:
        """Return the output, or one per slot that the stage makes. Inputs must not be changed in place.

        `inputs` holds a value for each slot that the stage reads, of the type that `harness list slots` names.
        """
