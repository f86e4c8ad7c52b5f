"""The chain of a row on a tier: parameters laid over each other, validated, and put in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from traceback import extract_tb
from typing import Any

from harness.errors import ChainError, ConfigError, HarnessError, ParameterError, RegistryError
from harness.escaping import one_line
from harness.model import StageSpec, Tier
from harness.registry import StageRegistry
from harness.stages.chain import Given, check_chain
from harness.stages.contract import Stage
from harness.suite.suite import Row, StageUse, Suite
from harness.toml_lines import KeyPath

FOLD = "{fold}"
"""Stands in a string parameter for the id of the fold, e.g. where each fold has its own weights."""


def resolve_chain(suite: Suite, row: Row, tier: Tier, registry: StageRegistry) -> tuple[Stage, ...]:
    """Return the stages of a row with the parameters they have on a tier.

    The row's parameters come first, those of the tier lie over them, those of the row's tier over both. Raises
    `ConfigError` for an unknown stage and `ParameterError` for a wrong parameter; each names file, line and key.
    """
    return tuple(_resolve_stage(suite, row, tier, number, registry) for number in range(len(row.stages)))


def check_order(suite: Suite, row: Row, chain: tuple[Stage, ...], given: Given) -> None:
    """Raise `ChainError`, with file, line and key, unless the stages of a row fit each other and the data."""
    try:
        check_chain(chain, given, "")
    except Exception:  # a mistake, or a plug-in that fails: only then is the place looked up, and all is asked again
        where = place(suite, row, (*row.place, "stages"))
        with plugged(chain, where):
            check_chain(chain, given, where)
        raise


def stage_specs(row: Row, chain: tuple[Stage, ...], fold: str, registry: StageRegistry) -> tuple[StageSpec, ...]:
    """Return the specifications of a row's chain, with the fold's id in place of "{fold}"."""
    return tuple(
        stage_spec(stage, _with_fold(dict(stage.options), fold), registry, use.name)
        for stage, use in zip(chain, row.stages, strict=True)
    )


def stage_spec(stage: Stage, parameters: Mapping[str, Any], registry: StageRegistry, name: str = "") -> StageSpec:
    """Return the specification of a stage with these parameters, and with the origin that it has in a registry.

    `name` is what the row calls this use of it.
    """
    return StageSpec(
        stage.id,
        stage.version,
        parameters,
        origin=registry.entry(stage.id).code(),
        name=name,
        uses_truth=stage.truth_use(),
        run_only=_run_only(type(stage)),
    )


@cache
def _run_only(kind: type[Stage]) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in kind.parameters if parameter.when == "run")


def is_per_fold(chain: tuple[Stage, ...]) -> bool:
    """Whether a parameter of the chain depends on the fold."""
    return any(isinstance(value, str) and FOLD in value for stage in chain for _, value in stage.options)


def weights_of(chain: tuple[Stage, ...], fold: str) -> Iterator[tuple[str, str]]:
    """Yield stage id and value of each weights parameter that names something."""
    for stage in chain:
        for parameter in stage.parameters:
            if parameter.kind == "weights" and (value := str(stage.options[parameter.name])):
                yield stage.id, value.replace(FOLD, fold)


def place(suite: Suite, row: Row, key: KeyPath) -> str:
    """Return "file:line: key (row 'x')" for a message about a row."""
    return f"{suite.source_file.where(key)} (row '{row.id}')"


def _resolve_stage(suite: Suite, row: Row, tier: Tier, number: int, registry: StageRegistry) -> Stage:
    use = row.stages[number]
    key = (*row.place, "stages", number)
    try:
        stage_class = registry.get(use.id)
    except RegistryError as error:
        raise ConfigError(f"{place(suite, row, (*key, 'id'))}: {error}") from error
    layers = list(_layers(suite, row, tier, use, key))
    if len(layers) > 1:  # a mistake must not hide below what lies over it
        _check_layers(suite, row, stage_class, layers)
    merged = {name: value for layer, _ in layers for name, value in layer.items()}
    where = f"{place(suite, row, key)}: stage '{use.id}'"
    with plugged([stage_class], where):
        try:
            stage = stage_class(merged, where=where)
        except ParameterError:
            _check_layers(suite, row, stage_class, layers)
            raise
        stage.trains()  # asked of the chain again and again from here on
    return stage


@contextmanager
def plugged(stages: Sequence[Stage | type[Stage]], where: str) -> Iterator[None]:
    """Say where the code of a plug-in failed that is asked what it reads and makes; raises `ChainError`.

    What fails in a stage of the tree is a mistake of the harness, and stays what it is.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:  # a plug-in may fail in any way; it is said, with the line that failed
        kinds = [stage if isinstance(stage, type) else type(stage) for stage in stages]
        modules = {sys.modules[kind.__module__] for kind in kinds if not kind.__module__.startswith("harness.")}
        files = {module.__file__ for module in modules}
        frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename in files]
        if not frames:
            raise
        last = frames[-1]
        raise ChainError(
            f"{where}: {type(error).__name__}: {one_line(str(error))} ({last.filename}:{last.lineno}, in {last.name})"
        ) from error


def _layers(
    suite: Suite, row: Row, tier: Tier, use: StageUse, key: KeyPath
) -> Iterator[tuple[Mapping[str, Any], KeyPath]]:
    """Yield the parameters that each place of the file states, and the place; those that state none are left out."""
    if use.parameters:
        yield use.parameters, key
    of_tier = suite.tier(tier).stages.get(use.called)
    if of_tier:
        yield of_tier, ("tiers", tier, "stages", use.called)
    of_row = row.overrides(tier).stages.get(use.called)
    if of_row:
        yield of_row, (*row.place, "tiers", tier, "stages", use.called)


def _check_layers(
    suite: Suite, row: Row, stage: type[Stage], layers: Sequence[tuple[Mapping[str, Any], KeyPath]]
) -> None:
    """Validate the parameters of each place in the file by itself, so that the message can name its line."""
    lines = [
        f"{place(suite, row, (*key, mistake.name))}: stage '{stage.id}': {mistake.problem}"
        for layer, key in layers
        for mistake in stage.Options.mistakes(layer)
    ]
    if lines:
        raise ParameterError("\n".join(lines))


def _with_fold(options: Mapping[str, Any], fold: str) -> dict[str, Any]:
    return {name: value.replace(FOLD, fold) if isinstance(value, str) else value for name, value in options.items()}
