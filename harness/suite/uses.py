"""Uses of stages in chains, and the overrides that address them by name: what is checked of both."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from harness.errors import nearest
from harness.model import Tier
from harness.registry import StageRegistry
from harness.suite.mistakes import unknown
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath


def used_names(suite: Suite) -> list[str]:
    """Return what the rows of a suite call the stages of their chains, each name once."""
    return list(dict.fromkeys(use.called for row in suite.rows for use in row.stages))


def use_problems(suite: Suite) -> Iterator[str]:
    """Yield what is wrong with names of uses and with overrides, as far as the file alone shows it.

    That is a name that stands twice in a chain, an override of what no chain has or of two uses at once, and one for a
    tier that the suite has not.
    """
    used = used_names(suite)
    for tier, spec in suite.tiers.items():
        own = [stage for stage in spec.stages if not _is_shared(suite, ("tiers", tier, "stages", stage))]
        yield from unknown(suite, own, used, ("tiers", tier, "stages"), "stage of this suite")
    called: dict[KeyPath, set[str]] = defaultdict(set)
    for row in suite.rows:
        called[row.place].update(use.called for use in row.stages)
    yield from dict.fromkeys(problem for row in suite.rows for problem in _row_problems(suite, row, called[row.place]))


def registered_use_problems(suite: Suite, stages: StageRegistry) -> Iterator[str]:
    """Yield names of uses that are ids of other stages, and unknown stages among the overrides of a shared file.

    A stage that is known may be used by other suites on that file only.
    """
    for row in suite.rows:
        for number, use in enumerate(row.stages):
            if use.name and use.name != use.id and use.name in stages:
                problem = f"row '{row.id}': '{use.name}' is a stage of its own; name this use of '{use.id}' otherwise"
                yield str(suite.source_file.error((*row.place, "stages", number, "as"), problem))
    for tier, spec in suite.tiers.items():
        for stage in spec.stages:
            key: KeyPath = ("tiers", tier, "stages", stage)
            if stage not in stages and _is_shared(suite, key):
                names = _shared_names(suite, key)
                if stage not in names:
                    accepted = [*(entry.id for entry in stages), *names]
                    yield str(suite.source_file.error(key, f"unknown stage '{stage}'{nearest(stage, accepted)}"))


def _row_problems(suite: Suite, row: Row, accepted: Collection[str]) -> Iterator[str]:
    """Yield the wrong names and overrides of a row; `accepted` is what the rows of its matrix call their stages.

    Rows of one matrix may override what only some of them have.
    """
    if row.spec.tiers:
        yield from unknown(suite, row.spec.tiers, suite.tiers, (*row.place, "tiers"), "tier of this suite")
    called = [use.called for use in row.stages]
    uses = Counter(called) if len(set(called)) < len(called) else {}
    for name in dict.fromkeys(use.name for use in row.stages if use.name and uses.get(use.name, 0) > 1):
        problem = f"row '{row.id}': {uses[name]} uses of stages are called '{name}'"
        yield str(suite.source_file.error((*row.place, "stages"), problem))
    for tier, overrides in row.spec.tiers.items():
        if overrides.stages:
            key: KeyPath = (*row.place, "tiers", tier, "stages")
            yield from unknown(suite, overrides.stages, accepted, key, "stage of this row")
    if uses:
        yield from _ambiguous(suite, row, uses)


def _ambiguous(suite: Suite, row: Row, uses: Mapping[str, int]) -> Iterator[str]:
    """Yield overrides that would act on two uses of a stage in the row's chain."""
    for tier in suite.tiers:
        layers: Sequence[tuple[Mapping[str, Any], KeyPath]] = (
            (suite.tier(tier).stages, ("tiers", tier, "stages")),
            (row.overrides(tier).stages, (*row.place, "tiers", tier, "stages")),
        )
        for overrides, key in layers:
            for name in overrides:
                if uses.get(name, 0) > 1:
                    yield str(suite.source_file.error((*key, name), _twice(row, name, uses[name], tier)))


def _twice(row: Row, name: str, count: int, tier: Tier) -> str:
    return (
        f"row '{row.id}' has '{name}' {count} times in its chain, and this override of tier '{tier}' does not say "
        f'which it means; name the uses, {{ id = "{name}", as = "first" }}, and override them by name'
    )


def _shared_names(suite: Suite, key: KeyPath) -> list[str]:
    """Return what the methods of the shared file in which a key stands call uses of stages."""
    file, _ = suite.source_file.origin(key)
    methods = file.data.get("methods", {}).values()
    named = (stage.get("as") for method in methods for stage in method["stages"])
    return list(dict.fromkeys(name for name in named if name))


def _is_shared(suite: Suite, key: KeyPath) -> bool:
    file, _ = suite.source_file.origin(key)
    return file.path != suite.path
