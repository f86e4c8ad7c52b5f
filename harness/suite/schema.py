"""What a suite file may say: every key once, with type, default and description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt
from pydantic.config import JsonDict

from harness.claims.naming import Scalar, Selector
from harness.claims.rules import Rule
from harness.config import Strict
from harness.model import Aggregation, Tier
from harness.suite.compared import Compared

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+@-]*$")]
SlotName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Count = Annotated[StrictInt, Field(ge=0)]
AtLeastOne = Annotated[StrictInt, Field(ge=1)]
Repeats = Annotated[StrictInt, Field(ge=1, le=1000)]
Positive = Annotated[StrictFloat, Field(gt=0)]
NotNegative = Annotated[StrictFloat, Field(ge=0)]
PrintedValue = Scalar | tuple[Scalar, ...]
SpreadOver = Literal["folds", "samples", "repeats"]
DataTable = Literal["dataset-summary", "channels", "folds", "weights-inventory", "availability", "patches"]


def _unless(other: str, *names: str) -> Callable[[JsonDict], None]:
    """Return what says in a JSON schema that a file may leave out some keys where it gives another.

    The models are validated on merged data (`harness.suite.shared`) and require them.
    """

    def amend(schema: JsonDict) -> None:
        required = schema.pop("required", [])
        kept = [name for name in required if name not in names] if isinstance(required, list) else []
        if kept:
            schema["required"] = kept
        schema["anyOf"] = [{"required": [other]}, {"required": list(names)}]

    return amend


class Published(Strict):
    """A printed score of one row and one metric; a value that the source lost is absent."""

    mean: StrictFloat | None = Field(default=None, description="The printed mean.")
    sd: NotNegative | None = Field(default=None, description="The printed standard deviation.")
    unit: Literal["fraction", "percent", "count", "nats", "seconds"] = Field(
        default="fraction", description="Unit of mean and sd; percent is divided by 100 before it is compared."
    )
    note: str = Field(default="", description="What a reader must know about the value.")
    conflict: str = Field(default="", description="Where the source contradicts itself about the value.")
    illegible: StrictBool = Field(default=False, description="The source prints a value that cannot be read.")

    def in_metric_unit(self) -> tuple[float | None, float | None]:
        """Return mean and sd in the unit of the metric (fractions where percent is printed)."""
        scale = 100.0 if self.unit == "percent" else 1.0
        return (
            None if self.mean is None else self.mean / scale,
            None if self.sd is None else self.sd / scale,
        )


class DataSpec(Strict):
    """Which samples of a dataset are tested on, and which train: a named split, or samples by id."""

    dataset: str = Field(description="Id of a dataset.")
    split: str = Field(default="", description="A named split of the dataset; its folds are run.")
    folds: tuple[str, ...] = Field(default=(), description="Only these folds of the split; empty: all.")
    samples: tuple[str, ...] = Field(default=(), description="Test samples; empty without a split: every sample.")
    train: tuple[str, ...] = Field(default=(), description="Training samples for `samples`.")
    validation: tuple[str, ...] = Field(default=(), description="Validation samples for `samples`.")


class ScoresSpec(Compared):
    """A further pair that is scored; its metrics are called "name:metric"."""

    truth: str = Field(description="A label image of the data, or a slot that the chain makes or reads.")
    pred: str = Field(default="labels", description="A slot that the chain makes.")
    metrics: tuple[str, ...] = Field(min_length=1, description="Metric ids.")
    threshold: StrictFloat = Field(default=0.5, description="Where the slot holds reals: voxels above are foreground.")


class DataChoice(Compared):
    """What is read: samples, image channels and label images. A tier, a row and a row's tier may each say it."""

    data: tuple[DataSpec, ...] | None = Field(default=None, description="Datasets with their split or samples.")
    channels: tuple[str, ...] | None = Field(default=None, description="Image channels in this order; empty: all.")
    truth: str | None = Field(
        default=None, description="Label image scored against; needed where a dataset has several."
    )
    train_truth: str | None = Field(default=None, description="Label image trained on; default: `truth`.")
    reads: dict[SlotName, str] | None = Field(
        default=None, description="Further label images by the slot in which stages find them; never the truth."
    )
    scores: dict[Name, ScoresSpec] | None = Field(
        default=None,
        description="Further pairs that are scored, by name; a truth that the data lack is not applicable.",
    )


class Timing(Strict):
    """How steady calls are timed."""

    warmup: Count = Field(default=0, description="Calls of `run` that are made and not counted.")
    repeats: Count = Field(default=0, description="Further calls of `run` whose seconds are recorded as steady.")


class Limits(Strict):
    """What one cell may use before it is stopped and recorded as a failure."""

    deadline_s: Positive = Field(default=3600.0, description="Seconds after which a cell is killed.")
    memory_gb: Positive = Field(default=16.0, description="Memory of the cell's processes together, in 10^9 bytes.")


class Overrides(DataChoice):
    """What a tier changes for one row: data, parameters, and what a cell may take; never the chain."""

    stages: dict[str, dict[str, Any]] = Field(
        default={}, description="Parameters by stage id, or by the name of a use (`as`), laid over those of the row."
    )
    repeats: Repeats | None = Field(
        default=None, description="Seeds per sample and fold; the row's tier, the row, the tier, the suite may say it."
    )
    timing: Timing | None = Field(
        default=None, description="Timing protocol; the row's tier, the tier, the suite may say it."
    )
    limits: Limits | None = Field(
        default=None, description="Limits of one cell; the row's tier, the tier, the suite may say them."
    )


class TierSpec(Overrides):
    """How much of the suite a tier runs, and on what."""

    data_note: str = Field(default="", description="Printed with every table of this tier.")
    repeats: Repeats | None = Field(default=None, description="Seeds per row, sample and fold; default: the suite's.")


class MethodSpec(DataChoice):
    """A chain of stages and what it reads: what rows of several suites can share."""

    label: str = Field(default="", description="Name in tables; default: the id.")
    group: str = Field(default="", description="Heading under which tables put the row.")
    stages: tuple[dict[str, Any], ...] = Field(
        description="The chain: tables of `id` and parameters; `as` names a use of a stage that stands there twice."
    )
    availability: str = Field(
        default="", description="Where weights and data of the row come from, or why they are absent."
    )
    repeats: Repeats | None = Field(
        default=None, description="Seeds per sample and fold of this row, e.g. 1 where nothing is drawn."
    )
    tiers: dict[Tier, Overrides] = Field(default={}, description="What a tier changes for this row.")


class RowSpec(MethodSpec):
    """One row: a method, and what the source printed for it."""

    model_config = ConfigDict(json_schema_extra=_unless("method", "id", "stages"))

    id: Name = Field(description="Name of the row, unique in the suite; default: that of its method.")
    method: str = Field(
        default="",
        description="A method of the shared file; what the row says itself wins: whole keys, below `tiers` key by key.",
    )
    axes: dict[str, Scalar] = Field(
        default={}, description="What figures and claims may find the row by; rows of a matrix have its axes."
    )
    published: dict[str, Published] = Field(default={}, description="Printed values by metric id.")
    reported_s: float | None = Field(
        default=None,
        ge=0.0,
        description="Seconds an image that the author of label images from elsewhere states (self-reported).",
    )


class MatrixSpec(Compared):
    """Rows generated from the product of axes; "{name}" in a string stands for the value of an axis."""

    id: str = Field(description='Row ids, e.g. "mean-shift-{components}".')
    axes: dict[str, tuple[Any, ...]] = Field(description="Values by axis; numbers, strings, stage tables, lists.")
    include: tuple[dict[str, Any], ...] = Field(default=(), description="Further combinations, each with every axis.")
    exclude: tuple[dict[str, Any], ...] = Field(
        default=(), description="Combinations left out; axes not named match all."
    )
    label: str = Field(default="", description="As for rows.")
    group: str = Field(default="", description="As for rows.")
    stages: tuple[Any, ...] = Field(description='As for rows; an item "{name}" may stand for stage tables.')
    data: tuple[dict[str, Any], ...] | None = Field(default=None, description="As for rows.")
    channels: tuple[Any, ...] | str | None = Field(default=None, description="As for rows.")
    truth: str | None = Field(default=None, description="As for rows.")
    train_truth: str | None = Field(default=None, description="As for rows.")
    reads: dict[SlotName, str] | None = Field(default=None, description="As for rows.")
    scores: dict[Name, ScoresSpec] | None = Field(default=None, description="As for rows.")
    availability: str = Field(default="", description="As for rows.")
    repeats: Any = Field(default=None, description="As for rows.")
    tiers: dict[Tier, dict[str, Any]] = Field(default={}, description="As for rows.")


class ClaimSpec(Strict):
    """A sentence of the source as a rule over records."""

    id: Name = Field(description="Name of the claim, unique in the suite.")
    sentence: str = Field(description="What is claimed, in own words.")
    where: str = Field(default="", description="Where the source says it.")
    metric: str = Field(
        default="", description='Metric the rule reads; default: the primary one; "seconds": recorded time.'
    )
    tiers: tuple[Tier, ...] = Field(default=(), description="Tiers on which it is checked; empty: all.")
    dataset: str = Field(default="", description="Only records of this dataset; empty: all.")
    since: str = Field(default="", description="Seconds of the stages after this one; empty: of the whole chain.")
    floor: StrictFloat | dict[str, StrictFloat] | None = Field(
        default=None,
        description="Below it nothing was learnt, and nothing is decided where a named row is; of an error: above it. "
        "A number is of the claim's metric; other metrics by id.",
    )
    exact: StrictBool = Field(
        default=False,
        description="The means decide, whatever their number: for controls whose order is known beforehand.",
    )
    rule: Rule = Field(description="What must hold.")


THRESHOLD = "threshold"
"""The x of figures of a series of metrics (`Metric.at`)."""


class SecondsOf(Strict):
    """Recorded seconds as the y of a figure."""

    seconds: Literal[True] = Field(description="Always true.")
    since: str = Field(default="", description="Of the stages after this one; empty: of the whole chain.")


class FigureSpec(Strict):
    """A figure of the suite's rows: what is drawn over what, in which lines and panels."""

    id: Name = Field(description="Name of the figure, unique in the suite; its files are called figure-<id>.")
    title: str = Field(default="", description="Heading; default: y over x.")
    x: str = Field(description='An axis of the rows, or "threshold".')
    y: str | SecondsOf = Field(
        description='A metric id, { seconds = true }, or for x = "threshold" a series of metrics, e.g. "ap.gonuclear".'
    )
    lines: str = Field(
        default="", description="The axis whose values are lines; empty: rows over thresholds, else one."
    )
    panels: str = Field(default="", description="The axis whose values are panels; empty: one panel.")
    scale: Literal["linear", "log"] = Field(default="linear", description="Scale of y.")
    error: Literal["none", "sd", "se"] = Field(
        default="none", description="Error bars: standard deviation, or that of the mean (standard error)."
    )
    rows: Selector = Field(
        default={}, description='Only rows with these axis values: { filter = "solid", n = [4, 5] }.'
    )


class DataSource(Strict):
    """What a row of a data table is computed from."""

    dataset: str | None = Field(default=None, description="Id of a dataset.")
    sample: str | None = Field(default=None, description="Id of a sample; absent: the dataset as a whole.")
    label: str | None = Field(default=None, description="Label image whose objects are counted.")
    channel: str | None = Field(default=None, description="Image channel (table = channels).")
    split: str | None = Field(default=None, description="Named split (table = folds).")
    fold: str | None = Field(default=None, description="Fold of the split (table = folds).")
    weights: tuple[str, ...] | None = Field(default=None, description="Weight ids; * stands for any characters.")
    volume: tuple[AtLeastOne, ...] | None = Field(
        default=None, description="Sides of a volume in voxels (table = patches)."
    )
    feasible: tuple[AtLeastOne, ...] | None = Field(
        default=None, description="Sides of the largest network input that fits in memory (table = patches)."
    )
    levels: Annotated[StrictInt, Field(ge=2, le=8)] | None = Field(
        default=None, description="Resolutions of the plain U-Net whose halo it is (table = patches)."
    )
    absent: str = Field(default="", description="Why there is nothing to compute the row from.")


class DataRowSpec(DataSource):
    """One row of a data table with the printed values."""

    id: Name = Field(description="Name of the row, unique in the suite.")
    title: str = Field(default="", description="Name in tables; default: the id.")
    values: dict[str, PrintedValue] = Field(default={}, description="Printed values that the harness computes too.")
    stated: dict[str, PrintedValue] = Field(
        default={}, description="Printed facts that no file holds; shown, not compared."
    )
    tolerance: dict[str, NotNegative] = Field(
        default={}, description="Largest difference that counts as equal, by value."
    )
    conflict: dict[str, str] = Field(
        default={}, description="Where the source contradicts itself or cannot be read, by computed or stated value."
    )
    tiers: dict[Tier, DataSource] = Field(default={}, description="What a tier computes the row from instead.")


class VerdictRule(Strict):
    """When a mean counts as a reproduction: |mean - printed| <= max(tolerance, spreads * printed sd)."""

    tolerance: NotNegative = Field(default=0.0, description="In the unit of the metric.")
    spreads: NotNegative = Field(
        default=1.0, description="Printed standard deviations; the own spread where none is printed."
    )


class Head(Strict):
    """How rows are run and scored: what several suites can share."""

    schema_: Literal[1] = Field(alias="schema", description="Version of this format.")
    metrics: tuple[str, ...] = Field(default=(), description="Metric ids in the order of the columns.")
    scores: dict[Name, ScoresSpec] = Field(
        default={}, description="Further pairs that are scored, by name, where neither row nor tier says others."
    )
    primary: str = Field(default="", description="The metric that ranks rows; default: the first.")
    repeats: Repeats = Field(default=1, description="Seeds per row, sample and fold.")
    seed_group: str = Field(
        default="", description="Suites that name the same group share seeds, and so trained models; default: the id."
    )
    spread_ddof: Literal[0, 1] = Field(default=1, description="Delta degrees of freedom of the spread in tables.")
    aggregation: Aggregation = Field(
        default="per-image",
        description="How images become one value: mean of images, mean of data sets, or pooled counts.",
    )
    spread_over: SpreadOver = Field(default="folds", description="What one value of a mean is: fold, sample, repeat.")
    pooled: bool = Field(
        default=False, description="Whether a table of several data sets also has lines over all of them."
    )
    default_tier: Tier | None = Field(
        default=None, description="Tier run when none is named; default: the smallest there is."
    )
    timing: Timing = Field(default=Timing(), description="Timing protocol.")
    limits: Limits = Field(default=Limits(), description="Limits of one cell.")
    verdict: VerdictRule = Field(default=VerdictRule(), description="When a value counts as reproduced.")
    tolerance: dict[str, NotNegative] = Field(
        default={}, description="Largest difference by metric id that the gate takes for equal; 0 where none is given."
    )
    hardware_tolerance: dict[str, NotNegative] = Field(
        default={},
        description="The same by metric id for networks on other hardware than the baseline's; others are not judged.",
    )
    tiers: dict[Tier, TierSpec] = Field(default={}, description="What each tier runs.")


class SharedFile(Head):
    """A file of which suites take what they do not say themselves."""

    methods: dict[Name, MethodSpec] = Field(default={}, description="Methods that a row can name, by id.")


class SuiteFile(Head):
    """A suite file, with what its shared file adds."""

    model_config = ConfigDict(json_schema_extra=_unless("shared", "tiers"))

    id: Name = Field(description="Name of the suite; the file is called <id>.toml.")
    version: AtLeastOne = Field(description="Raise it when old results are no longer comparable.")
    title: str = Field(description="Heading of its table.")
    source: str = Field(default="", description="Which table or figure of which work it repeats.")
    kind: Literal["scores", "data-table"] = Field(
        default="scores", description="Scores of methods, or facts about data."
    )
    shared: str = Field(
        default="",
        description="Shared file, relative to this one and in a folder below; "
        "what the suite says itself wins: whole keys, below `tiers` key by key.",
    )
    tiers: dict[Tier, TierSpec] = Field(min_length=1, description="What each tier runs.")
    rows: tuple[RowSpec, ...] = Field(default=(), description="Rows in the order of the table.")
    matrix: tuple[MatrixSpec, ...] = Field(default=(), description="Generated rows, after `rows`.")
    claims: tuple[ClaimSpec, ...] = Field(default=(), description="Sentences to check.")
    figures: tuple[FigureSpec, ...] = Field(default=(), description="Figures drawn of the rows.")
    table: DataTable | None = Field(default=None, description="What a data table computes.")
    data_rows: tuple[DataRowSpec, ...] = Field(default=(), description="Rows of a data table.")


def suite_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a suite file, descriptions included."""
    return SuiteFile.model_json_schema(by_alias=True)


def shared_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a shared file, descriptions included."""
    return SharedFile.model_json_schema(by_alias=True)
