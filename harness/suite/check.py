"""Every check of a suite that can be made before anything runs; each mistake is one line with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness import registry
from harness.claims.naming import axes_of, selected
from harness.claims.printed import EqualPublished
from harness.claims.ranking import Fastest
from harness.claims.rules import SECONDS
from harness.errors import ConfigError, HarnessError, nearest
from harness.model import Tier
from harness.registry import MetricRegistry, StageRegistry
from harness.stages.chain import Given
from harness.suite.chains import check_order, resolve_chain
from harness.suite.datarows import computed_names, data_row_problems
from harness.suite.expand import expand
from harness.suite.schema import THRESHOLD, ClaimSpec, FigureSpec, SecondsOf
from harness.suite.selection import chosen
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Catalogue


def check_suite(suite: Suite, catalogue: Catalogue, stages: StageRegistry | None = None) -> None:
    """Raise `ConfigError` with one line per tier that cannot be expanded or computed with this catalogue."""
    problems: list[str] = []
    for tier in suite.tiers:
        try:
            expand(suite, tier, catalogue, registry.stages() if stages is None else stages)
        except HarnessError as error:
            problems.append(str(error))
    problems += data_row_problems(suite, catalogue)
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def file_problems(suite: Suite) -> Iterator[str]:
    """Yield the mistakes that the file alone shows."""
    source, file = suite.source_file, suite.file
    if file.id != suite.path.stem:
        yield str(source.error(("id",), f"the id '{file.id}' is not the name of the file '{suite.path.name}'"))
    if file.default_tier is not None and file.default_tier not in file.tiers:
        yield str(source.error(("default_tier",), f"no such tier; the suite has: {', '.join(file.tiers)}"))
    yield from _kind_problems(suite)
    yield from _doubled(suite, ((row.id, (*row.place, "id")) for row in suite.rows), "row")
    yield from _doubled(suite, ((c.id, ("claims", n, "id")) for n, c in enumerate(suite.claims)), "claim")
    yield from _doubled(suite, ((r.id, ("data_rows", n, "id")) for n, r in enumerate(suite.data_rows)), "data row")
    yield from _metric_problems(suite)
    yield from _override_problems(suite)
    yield from _doubled(suite, ((f.id, ("figures", n, "id")) for n, f in enumerate(suite.figures)), "figure")
    for number, figure in enumerate(suite.figures):
        yield from _figure_problems(suite, figure, ("figures", number))
    for number, claim in enumerate(suite.claims):
        yield from _claim_problems(suite, claim, ("claims", number))


def registry_problems(suite: Suite, stages: StageRegistry, metrics: MetricRegistry) -> Iterator[str]:
    """Yield unknown metrics and stages, wrong parameters and chains in a wrong order, on every tier."""
    known = [entry.id for entry in metrics]
    named: list[tuple[KeyPath, str]] = [(("metrics", number), one) for number, one in enumerate(suite.file.metrics)]
    for place, _, spec in suite.further_pairs():
        named += [((*place, "metrics", number), one) for number, one in enumerate(spec.metrics)]
    for key, metric in dict.fromkeys(named):
        if metric not in metrics:
            yield str(suite.source_file.error(key, f"unknown metric '{metric}'{nearest(metric, known)}"))
    yield from _series_problems(suite, metrics)
    yield from _shared_override_problems(suite, stages)
    seen: set[str] = set()
    for row in suite.rows:
        for tier in suite.tiers:
            try:
                check_order(suite, row, resolve_chain(suite, row, tier, stages), _given(suite, row, tier))
            except HarnessError as error:
                if str(error) not in seen:
                    seen.add(str(error))
                    yield str(error)


def _given(suite: Suite, row: Row, tier: Tier) -> Given:
    """Return what the file says of the data of a row; which truth a dataset has by default, it does not say."""
    reads: dict[str, str] = chosen(suite, row, tier, "reads")[0] or {}
    truths = [chosen(suite, row, tier, name)[0] for name in ("truth", "train_truth")]
    return Given(tuple(reads), tuple(slot for slot, label in reads.items() if label in truths))


def _series_problems(suite: Suite, metrics: MetricRegistry) -> Iterator[str]:
    """Yield figures over thresholds of a series that no metric of the suite belongs to."""
    for number, figure in enumerate(suite.figures):
        if figure.x == THRESHOLD and isinstance(figure.y, str):
            known = (metrics.get(metric).at for metric in suite.metrics if metric in metrics)
            series = dict.fromkeys(at[0] for at in known if at is not None)
            yield from _unknown(suite, [figure.y], series, ("figures", number, "y"), "series of metrics", nested=False)


def _kind_problems(suite: Suite) -> Iterator[str]:
    file, source = suite.file, suite.source_file
    scores, data = ("metrics",), ("table", "data_rows")
    needed, refused = (
        (scores, data) if file.kind == "scores" else (data, (*scores, "rows", "matrix", "claims", "figures"))
    )
    for name in needed:
        if not getattr(file, name):
            yield str(source.error(("kind",), f"kind '{file.kind}' needs '{name}'"))
    for name in refused:
        if getattr(file, name):
            yield str(source.error((name,), f"'{name}' does not belong to kind '{file.kind}'"))
    if file.kind == "scores" and not suite.rows:
        yield str(source.error(("kind",), "kind 'scores' needs 'rows' or 'matrix'"))
    if file.kind == "data-table" and file.table:
        accepted = computed_names(file.table)
        for number, row in enumerate(file.data_rows):
            for part in ("values", "tolerance"):
                yield from _unknown(suite, getattr(row, part), accepted, ("data_rows", number, part), "value")
            known = (*accepted, *row.stated)
            yield from _unknown(suite, row.conflict, known, ("data_rows", number, "conflict"), "value")


def _metric_problems(suite: Suite) -> Iterator[str]:
    yield from _doubled(suite, ((m, ("metrics", n)) for n, m in enumerate(suite.file.metrics)), "metric")
    if suite.primary and suite.primary not in suite.metrics:
        yield from _unknown(suite, [suite.primary], suite.metrics, ("primary",), "metric of this suite", nested=False)
    for name, given in (("tolerance", suite.tolerance), ("hardware_tolerance", suite.hardware_tolerance)):
        yield from _unknown(suite, given, suite.metrics, (name,), "metric of this suite")
    for row in suite.rows:
        yield from _unknown(suite, row.published, suite.metrics, (*row.place, "published"), "metric of this suite")


def _override_problems(suite: Suite) -> Iterator[str]:
    """Yield the suite's own overrides of stages that no chain has, and those of tiers that it has not."""
    used = {use.id for row in suite.rows for use in row.stages}
    for tier, spec in suite.tiers.items():
        own = [stage for stage in spec.stages if not _is_shared(suite, ("tiers", tier, "stages", stage))]
        yield from _unknown(suite, own, used, ("tiers", tier, "stages"), "stage of this suite")
    yield from dict.fromkeys(problem for row in suite.rows for problem in _row_override_problems(suite, row))


def _row_override_problems(suite: Suite, row: Row) -> Iterator[str]:
    """Yield the wrong overrides of a row; rows of one matrix may override a stage that only some of them have."""
    yield from _unknown(suite, row.spec.tiers, suite.tiers, (*row.place, "tiers"), "tier of this suite")
    for tier, overrides in row.spec.tiers.items():
        if overrides.stages:
            own = {use.id for other in suite.rows if other.place == row.place for use in other.stages}
            key = (*row.place, "tiers", tier, "stages")
            yield from _unknown(suite, overrides.stages, own, key, "stage of this row")


def _shared_override_problems(suite: Suite, stages: StageRegistry) -> Iterator[str]:
    """Yield unknown stages among the overrides of a shared file; a known one may be used by other suites only."""
    accepted = [entry.id for entry in stages]
    for tier, spec in suite.tiers.items():
        for stage in spec.stages:
            key: KeyPath = ("tiers", tier, "stages", stage)
            if stage not in stages and _is_shared(suite, key):
                yield str(suite.source_file.error(key, f"unknown stage '{stage}'{nearest(stage, accepted)}"))


def _is_shared(suite: Suite, key: KeyPath) -> bool:
    file, _ = suite.source_file.origin(key)
    return file.path != suite.path


def _claim_problems(suite: Suite, claim: ClaimSpec, key: KeyPath) -> Iterator[str]:
    try:
        claim.rule.bound(suite.named_rows)
    except ConfigError as error:
        yield str(suite.source_file.error((*key, "rule"), f"claim '{claim.id}': {error}"))
    accepted = (*suite.metrics, SECONDS)
    if claim.metric:
        yield from _unknown(suite, [claim.metric], accepted, (*key, "metric"), "metric of this suite", nested=False)
    if isinstance(claim.rule, EqualPublished) and (claim.metric or suite.primary) == SECONDS:
        yield str(suite.source_file.error((*key, "metric"), "printed values have a metric, not recorded seconds"))
    yield from _unknown(suite, claim.tiers, suite.tiers, (*key, "tiers"), "tier of this suite", nested=False)
    used = {use.id for row in suite.rows for use in row.stages}
    if isinstance(claim.rule, Fastest) and claim.rule.stage:
        yield from _unknown(
            suite, [claim.rule.stage], used, (*key, "rule", "stage"), "stage of this suite", nested=False
        )
    is_timed = claim.metric == SECONDS or isinstance(claim.rule, Fastest)
    if claim.since:
        yield from _unknown(suite, [claim.since], used, (*key, "since"), "stage of this suite", nested=False)
        if not is_timed:
            yield str(suite.source_file.error((*key, "since"), "a claim on scores has no seconds"))
    if isinstance(claim.floor, dict):
        yield from _unknown(suite, claim.floor, suite.metrics, (*key, "floor"), "metric of this suite")
    elif claim.floor is not None and is_timed:
        yield str(suite.source_file.error((*key, "floor"), "a floor is of a score: { <metric> = <value> }"))


def _figure_problems(suite: Suite, figure: FigureSpec, key: KeyPath) -> Iterator[str]:
    axes = list(axes_of(suite.named_rows))
    for name in ("x", "lines", "panels"):
        axis = getattr(figure, name)
        if axis and not (name == "x" and axis == THRESHOLD):
            yield from _unknown(suite, [axis], axes, (*key, name), "axis of the rows", nested=False)
    if isinstance(figure.y, SecondsOf):
        used = {use.id for row in suite.rows for use in row.stages}
        since = [figure.y.since] if figure.y.since else []
        yield from _unknown(suite, since, used, (*key, "y", "since"), "stage of this suite", nested=False)
        if figure.x == THRESHOLD:
            yield str(suite.source_file.error((*key, "y"), "seconds have no thresholds"))
    elif figure.x != THRESHOLD:
        yield from _unknown(suite, [figure.y], suite.metrics, (*key, "y"), "metric of this suite", nested=False)
    try:
        kept = selected(figure.rows, suite.named_rows)
    except ConfigError as error:
        yield str(suite.source_file.error((*key, "rows"), f"figure '{figure.id}': {error}"))
    else:
        yield from _hidden(suite, figure, kept, key)


def _hidden(suite: Suite, figure: FigureSpec, kept: Iterable[str], key: KeyPath) -> Iterator[str]:
    """Yield rows that a figure over an axis would draw at one place."""
    if figure.x == THRESHOLD:
        return
    places: dict[tuple[Any, ...], str] = {}
    wanted = set(kept)
    axes = [axis for axis in (figure.x, figure.lines, figure.panels) if axis]
    for row in suite.rows:
        if row.id in wanted and all(axis in row.axes for axis in axes):
            other = places.setdefault(tuple(row.axes[axis] for axis in axes), row.id)
            if other != row.id:
                problem = f"figure '{figure.id}' has rows '{other}' and '{row.id}' at one place; 'rows' must choose"
                yield str(suite.source_file.error(key, problem))
                return


def _doubled(suite: Suite, named: Iterable[tuple[str, KeyPath]], kind: str) -> Iterator[str]:
    first: dict[str, KeyPath] = {}
    for name, key in named:
        if name in first:
            line = suite.source_file.line(first[name])
            yield str(suite.source_file.error(key, f"{kind} '{name}' is declared twice, first on line {line}"))
        first.setdefault(name, key)


def _unknown(
    suite: Suite, names: Iterable[Any], accepted: Iterable[str], key: KeyPath, kind: str, *, nested: bool = True
) -> Iterator[str]:
    known = list(accepted)
    for name in names:
        if name not in known:
            place = (*key, name) if nested else key
            yield str(suite.source_file.error(place, f"no {kind} is called '{name}'{nearest(name, known)}"))
