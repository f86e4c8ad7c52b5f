"""Weights that are trained here: their recipes as stage specifications, and what identifies any weights entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.datasets.content import content_of
from harness.datasets.overlap import lineage
from harness.errors import ConfigError, HarnessError, nearest
from harness.hashing import hash_value
from harness.model import DataSelection, StageSpec
from harness.registry import StageRegistry
from harness.suite.chains import stage_spec
from harness.suite.compared import ignored

if TYPE_CHECKING:
    from harness.datasets import Catalogue
    from harness.datasets.declared.declaration import Recipe


def recipe_of(catalogue: Catalogue, name: str) -> Recipe | None:
    """Return the recipe of registered weights, None for weights that are files."""
    return catalogue.weights(name).declaration.recipe


def recipe_spec(recipe: Recipe, name: str, registry: StageRegistry) -> StageSpec:
    """Return the stage that a recipe trains, with every parameter.

    Raises `ConfigError` for an unknown stage, a wrong parameter, a stage that does not train with these parameters, and
    for one that reads more than an image: a recipe is one step.
    """
    where = f"weights '{name}': recipe"
    try:
        stage = registry.get(recipe.stage)(recipe.parameters, where=where)
    except HarnessError as error:
        raise ConfigError(str(error) if str(error).startswith(where) else f"{where}: {error}") from error
    if not stage.trains():
        raise ConfigError(f"{where}: stage '{stage.id}' does not train with these parameters")
    if stage.reads() != ("image",):
        raise ConfigError(f"{where}: stage '{stage.id}' reads {', '.join(stage.reads())}; accepted: the image alone")
    if {*stage.learns(), *stage.validates()} != {"truth"}:
        raise ConfigError(f"{where}: stage '{stage.id}' learns {', '.join(stage.learns())}; accepted: the truth alone")
    return stage_spec(stage, dict(stage.options), registry)


def recipe_bases(name: str, catalogue: Catalogue, registry: StageRegistry) -> tuple[str, ...]:
    """Return the registered weights that the training of a recipe starts from, in the order of its parameters.

    Raises `ConfigError` as `recipe_spec` does, for weights that no catalogue describes, and for recipes that stand on
    each other in a circle.
    """
    recipe = recipe_of(catalogue, name)
    if recipe is None:
        return ()
    spec = recipe_spec(recipe, name, registry)
    kinds = registry.get(spec.id).parameters
    bases = tuple(str(spec.parameters[p.name]) for p in kinds if p.kind == "weights" and spec.parameters[p.name])
    for base in bases:
        known = catalogue.weight_ids()
        if base not in known:
            raise ConfigError(f"weights '{name}': recipe: no registered weights '{base}'{nearest(base, known)}")
        if name in lineage(catalogue, base):
            raise ConfigError(f"weights '{name}': recipe: starts from '{base}', which starts from '{name}'")
    return bases


def recipe_data(recipe: Recipe, catalogue: Catalogue) -> DataSelection:
    """Return what of its samples a recipe reads."""
    channels = tuple(recipe.channels) or tuple(catalogue.dataset(recipe.dataset).channels)
    return DataSelection(recipe.dataset, channels, recipe.truth, recipe.truth)


def recipe_problems(catalogue: Catalogue, registry: StageRegistry) -> list[str]:
    """Return one line for each recipe of the catalogue that cannot be trained."""
    problems = []
    for name in catalogue.weight_ids():
        recipe = recipe_of(catalogue, name)
        if recipe is not None:
            try:
                recipe_bases(name, catalogue, registry)
            except ConfigError as error:
                problems.append(str(error))
    return problems


def weights_hash(name: str, catalogue: Catalogue, registry: StageRegistry) -> str:
    """Return what identifies registered weights before they are there.

    For files their checksums; for a recipe its stage with every parameter, the content it learns from and the weights
    it starts from, since equal recipes give equal weights (on one processor model). Raises `DataError` where a local
    file is absent.
    """
    recipe = recipe_of(catalogue, name)
    if recipe is None:
        return catalogue.weights(name).hash()
    dataset = catalogue.dataset(recipe.dataset)
    ignore = ignored(dataset.declaration.ignore)
    bases = [weights_hash(base, catalogue, registry) for base in recipe_bases(name, catalogue, registry)]
    return hash_value(
        {
            **({} if ignore is None else {"ignore": ignore}),
            **({"bases": bases} if bases else {}),
            "stage": recipe_spec(recipe, name, registry).key_json(),
            "data": recipe_data(recipe, catalogue).to_json(),
            "training": [content_of(dataset, sample) for sample in recipe.samples],
            "validation": [content_of(dataset, sample) for sample in recipe.validation],
        }
    )
