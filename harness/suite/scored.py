"""What the cells of a row compare: the pair that every suite has, and the further pairs that its file declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import nearest
from harness.model import ScoredPair, Tier
from harness.registry import MetricRegistry
from harness.stages.chain import scored_slot
from harness.stages.contract import Stage
from harness.stages.slots import TRUTH
from harness.suite.confidences import check_confidences, with_confidences
from harness.suite.schema import ScoresSpec
from harness.suite.scopes import check_scope, scope_of
from harness.suite.selection import Selected, chosen
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Catalogue


def scored_pairs(
    suite: Suite,
    row: Row,
    tier: Tier,
    chain: Sequence[Stage],
    selected: Selected,
    catalogue: Catalogue,
    known: MetricRegistry,
) -> tuple[ScoredPair, ...]:
    """Return the pairs that cells of a row compare on a dataset.

    A further pair whose truth is a label image that other datasets have and this one lacks is not applicable here.
    Of a dataset without label images nothing is scored but slots against each other; predictions are kept all the same.
    `known` are the metrics that a suite may name; those laid over it that rank objects by confidences are left out
    where the chain gives none.
    Raises `ConfigError` with file, line and key for a slot that nothing makes, for a truth that nothing provides, for
    confidences that nothing gives, and for a chain that reads or learns the truth where there is none.
    """
    is_labelled = bool(selected.data.truth)
    if not is_labelled:
        _refuse_truth(suite, row, chain, selected)
    metrics = (*suite.file.metrics, *with_confidences(suite.added_metrics, chain, known)) if is_labelled else ()
    scope = scope_of(suite, row, tier, selected.dataset)
    pairs = [ScoredPair("", scored_slot(chain), TRUTH, metrics, scope=scope)]
    check_scope(suite, row, selected.dataset, pairs[0], ("metrics",), known)
    check_confidences(suite, row, chain, pairs[0], ("metrics",), known)
    scores, place = chosen(suite, row, tier, "scores")
    further: Mapping[str, ScoresSpec] = suite.file.scores if scores is None else scores
    place = ("scores",) if scores is None else place
    made = {slot for stage in chain for slot in stage.makes()}
    read = {TRUTH, *(slot for slot, _ in selected.data.reads)}
    for name, spec in further.items():
        at = (*place, name)
        if spec.truth == TRUTH and not is_labelled:
            continue
        if spec.pred not in made:
            raise suite.source_file.error(
                (*at, "pred"), f"row '{row.id}': no stage makes '{spec.pred}'{nearest(spec.pred, sorted(made))}"
            )
        if _is_provided(suite, row, spec.truth, made | read, selected, catalogue, (*at, "truth")):
            pairs.append(ScoredPair(name, spec.pred, spec.truth, spec.metrics, spec.threshold, spec.scope()))
            check_scope(suite, row, selected.dataset, pairs[-1], (*at, "metrics"), known)
            check_confidences(suite, row, chain, pairs[-1], (*at, "metrics"), known)
    return tuple(pairs)


def _refuse_truth(suite: Suite, row: Row, chain: Sequence[Stage], selected: Selected) -> None:
    for stage in chain:
        asked = {*stage.reads(), *(stage.learns() if stage.trains() else ())}
        if TRUTH in asked:
            problem = f"stage '{stage.id}' needs the truth; dataset '{selected.dataset.id}' has no label image"
            raise suite.source_file.error(selected.place, f"row '{row.id}': {problem}")


def _is_provided(
    suite: Suite, row: Row, truth: str, slots: set[str], selected: Selected, catalogue: Catalogue, key: KeyPath
) -> bool:
    """Return whether a cell has the truth; raises `ConfigError` for a name of nothing, or of two things."""
    labels = selected.dataset.label_names
    if truth in labels and truth in slots:
        raise suite.source_file.error(
            key, f"row '{row.id}': '{truth}' is a slot of the chain and a label image of '{selected.dataset.id}'"
        )
    if truth in labels or truth in slots:
        return True
    if any(truth in catalogue.dataset(other).label_names for other in catalogue.dataset_ids()):
        return False
    accepted = sorted({*labels, *slots})
    raise suite.source_file.error(
        key, f"row '{row.id}': no slot and no label image '{truth}'{nearest(truth, accepted)}"
    )
