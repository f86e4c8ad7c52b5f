"""Every check of a suite that can be made before anything runs; each mistake is one line with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness import registry
from harness.claims.naming import axes_of, selected
from harness.claims.printed import EqualPublished
from harness.claims.ranking import Fastest
from harness.claims.rules import SECONDS
from harness.errors import ConfigError, Gathered, HarnessError
from harness.model import Tier
from harness.registry import MetricRegistry, StageRegistry
from harness.stages.chain import Given
from harness.suite.chains import check_order, resolve_chain
from harness.suite.datarows import computed_names, data_row_problems
from harness.suite.expand import expand
from harness.suite.mistakes import doubled, unknown
from harness.suite.schema import THRESHOLD, ClaimSpec, FigureSpec, SecondsOf
from harness.suite.selection import chosen
from harness.suite.suite import Row, Suite
from harness.suite.uses import registered_use_problems, use_problems, used_names
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Catalogue


def check_suite(
    suite: Suite,
    catalogue: Catalogue,
    stages: StageRegistry | None = None,
    metrics: MetricRegistry | None = None,
) -> None:
    """Raise `ConfigError` with one line per mistake that shows beside the catalogue, on whatever tier."""
    problems = catalogue_problems(
        suite,
        catalogue,
        registry.stages() if stages is None else stages,
        registry.metrics() if metrics is None else metrics,
    )
    if problems:
        raise ConfigError("\n".join(problems))


def catalogue_problems(suite: Suite, catalogue: Catalogue, stages: StageRegistry, metrics: MetricRegistry) -> list[str]:
    """Return what cannot be expanded or computed with this catalogue, one line per mistake, each once."""
    found = Gathered()
    for tier in suite.tiers:
        with found.noting():
            expand(suite, tier, catalogue, stages, metrics)
    return list(dict.fromkeys([*found.problems, *data_row_problems(suite, catalogue)]))


def file_problems(suite: Suite) -> Iterator[str]:
    """Yield the mistakes that the file alone shows."""
    source, file = suite.source_file, suite.file
    if file.id != suite.path.stem:
        yield str(source.error(("id",), f"the id '{file.id}' is not the name of the file '{suite.path.name}'"))
    if file.default_tier is not None and file.default_tier not in file.tiers:
        yield str(source.error(("default_tier",), f"no such tier; the suite has: {', '.join(file.tiers)}"))
    yield from _kind_problems(suite)
    yield from doubled(suite, ((row.id, (*row.place, "id")) for row in suite.rows), "row")
    yield from doubled(suite, ((c.id, ("claims", n, "id")) for n, c in enumerate(suite.claims)), "claim")
    yield from doubled(suite, ((r.id, ("data_rows", n, "id")) for n, r in enumerate(suite.data_rows)), "data row")
    yield from _metric_problems(suite)
    yield from use_problems(suite)
    yield from doubled(suite, ((f.id, ("figures", n, "id")) for n, f in enumerate(suite.file.figures)), "figure")
    for number, figure in enumerate(suite.file.figures):
        yield from _figure_problems(suite, figure, ("figures", number))
    for number, claim in enumerate(suite.claims):
        yield from _claim_problems(suite, claim, ("claims", number))


def registry_problems(
    suite: Suite, stages: StageRegistry, metrics: MetricRegistry, *, is_whole: bool = True
) -> Iterator[str]:
    """Yield unknown metrics and stages, wrong parameters and chains in a wrong order, on every tier.

    Of a suite that is not whole, because its shared file has mistakes, only metrics and the parameters of stages are
    judged: the rest may follow from what is not there.
    """
    named: list[tuple[KeyPath, str]] = [(("metrics", number), one) for number, one in enumerate(suite.file.metrics)]
    for place, _, spec in suite.further_pairs():
        named += [((*place, "metrics", number), one) for number, one in enumerate(spec.metrics)]
    for key, metric in dict.fromkeys(named):
        if metric not in metrics:
            yield str(suite.source_file.error(key, f"unknown metric '{metric}'{metrics.near(metric)}"))
    if is_whole:
        yield from _series_problems(suite, metrics)
        yield from registered_use_problems(suite, stages)
    seen: set[str] = set()
    for row in suite.rows:
        for tier in suite.tiers:
            try:
                chain = resolve_chain(suite, row, tier, stages)
                if is_whole:
                    check_order(suite, row, chain, _given(suite, row, tier))
            except HarnessError as error:
                if str(error) not in seen:
                    seen.add(str(error))
                    yield str(error)


def _given(suite: Suite, row: Row, tier: Tier) -> Given:
    """Return what the file says of the data of a row; which truth a dataset has by default, it does not say."""
    reads: dict[str, str] = chosen(suite, row, tier, "reads")[0] or {}
    if not reads:
        return Given()
    truths = [chosen(suite, row, tier, name)[0] for name in ("truth", "train_truth")]
    return Given(tuple(reads), tuple(slot for slot, label in reads.items() if label in truths))


def _series_problems(suite: Suite, metrics: MetricRegistry) -> Iterator[str]:
    """Yield figures over thresholds of a series that no metric of the suite belongs to."""
    for number, figure in enumerate(suite.file.figures):
        if figure.x == THRESHOLD and isinstance(figure.y, str):
            known = (metrics.get(metric).at for metric in suite.metrics if metric in metrics)
            series = dict.fromkeys(at[0] for at in known if at is not None)
            yield from unknown(suite, [figure.y], series, ("figures", number, "y"), "series of metrics", nested=False)


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
                yield from unknown(suite, getattr(row, part), accepted, ("data_rows", number, part), "value")
            known = (*accepted, *row.stated)
            yield from unknown(suite, row.conflict, known, ("data_rows", number, "conflict"), "value")


def _metric_problems(suite: Suite) -> Iterator[str]:
    yield from doubled(suite, ((m, ("metrics", n)) for n, m in enumerate(suite.file.metrics)), "metric")
    if suite.primary and suite.primary not in suite.metrics:
        yield from unknown(suite, [suite.primary], suite.metrics, ("primary",), "metric of this suite", nested=False)
    for name, given in (("tolerance", suite.file.tolerance), ("hardware_tolerance", suite.file.hardware_tolerance)):
        yield from unknown(suite, given, suite.metrics, (name,), "metric of this suite")
    for row in suite.rows:
        yield from unknown(suite, row.published, suite.metrics, (*row.place, "published"), "metric of this suite")


def _claim_problems(suite: Suite, claim: ClaimSpec, key: KeyPath) -> Iterator[str]:
    try:
        claim.rule.bound(suite.named_rows)
    except ConfigError as error:
        yield str(suite.source_file.error((*key, "rule"), f"claim '{claim.id}': {error}"))
    accepted = (*suite.metrics, SECONDS)
    if claim.metric:
        yield from unknown(suite, [claim.metric], accepted, (*key, "metric"), "metric of this suite", nested=False)
    if isinstance(claim.rule, EqualPublished) and (claim.metric or suite.primary) == SECONDS:
        yield str(suite.source_file.error((*key, "metric"), "printed values have a metric, not recorded seconds"))
    yield from unknown(suite, claim.tiers, suite.tiers, (*key, "tiers"), "tier of this suite", nested=False)
    used = used_names(suite)
    if isinstance(claim.rule, Fastest) and claim.rule.stage:
        yield from unknown(
            suite, [claim.rule.stage], used, (*key, "rule", "stage"), "stage of this suite", nested=False
        )
    is_timed = claim.metric == SECONDS or isinstance(claim.rule, Fastest)
    if claim.since:
        yield from unknown(suite, [claim.since], used, (*key, "since"), "stage of this suite", nested=False)
        if not is_timed:
            yield str(suite.source_file.error((*key, "since"), "a claim on scores has no seconds"))
    if isinstance(claim.floor, dict):
        yield from unknown(suite, claim.floor, suite.metrics, (*key, "floor"), "metric of this suite")
    elif claim.floor is not None and is_timed:
        yield str(suite.source_file.error((*key, "floor"), "a floor is of a score: { <metric> = <value> }"))


def _figure_problems(suite: Suite, figure: FigureSpec, key: KeyPath) -> Iterator[str]:
    axes = list(axes_of(suite.named_rows))
    for name in ("x", "lines", "panels"):
        axis = getattr(figure, name)
        if axis and not (name == "x" and axis == THRESHOLD):
            yield from unknown(suite, [axis], axes, (*key, name), "axis of the rows", nested=False)
    if isinstance(figure.y, SecondsOf):
        used = used_names(suite)
        since = [figure.y.since] if figure.y.since else []
        yield from unknown(suite, since, used, (*key, "y", "since"), "stage of this suite", nested=False)
        if figure.x == THRESHOLD:
            yield str(suite.source_file.error((*key, "y"), "seconds have no thresholds"))
    elif figure.x != THRESHOLD:
        yield from unknown(suite, [figure.y], suite.metrics, (*key, "y"), "metric of this suite", nested=False)
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
