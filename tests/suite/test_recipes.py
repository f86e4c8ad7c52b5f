from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from harness.datasets.overlap import check_weights, contamination, lineage
from harness.errors import ConfigError, DataError
from harness.hashing import hash_value
from harness.model import DataSelection, Fold, StageSpec
from harness.parameters import Parameter
from harness.registry import Entry
from harness.suite import recipe_bases, recipe_data, recipe_of, recipe_problems, recipe_spec, weights_hash
from tests.helpers import FakeCatalogue, Learn, toy_catalogue, toy_stages, toy_weights

CATALOGUE = toy_catalogue()


@dataclass(frozen=True)
class Recipe:
    stage: str = "learn"
    parameters: Any = None
    dataset: str = "volumes"
    samples: tuple[str, ...] = ("N1", "N2")
    validation: tuple[str, ...] = ("N3",)
    channels: tuple[str, ...] = ()
    truth: str = "gold"

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", self.parameters or {})


def with_recipe(recipe: Recipe) -> FakeCatalogue:
    """The toy catalogue with two weights entries: a file and a recipe."""
    entry = toy_weights("cooked", "generated")
    seen = SimpleNamespace(dataset=recipe.dataset, samples=(*recipe.samples, *recipe.validation), split="", fold="")
    entry.declaration.recipe, entry.declaration.seen = recipe, (seen,)
    datasets = [CATALOGUE.dataset(name) for name in CATALOGUE.dataset_ids()]
    return FakeCatalogue(datasets, {"file": toy_weights("file"), "cooked": entry})


def test_a_recipe_is_a_stage_with_every_parameter_and_its_data() -> None:
    catalogue = with_recipe(Recipe(parameters={"steps": 7}))
    assert recipe_of(catalogue, "file") is None
    recipe = recipe_of(catalogue, "cooked")
    assert recipe is not None
    assert recipe_spec(recipe, "cooked", toy_stages()) == StageSpec("learn", 3, {"steps": 7, "weights": ""})
    assert recipe_data(recipe, catalogue) == DataSelection("volumes", ("noisy", "clear"), "gold", "gold")
    assert recipe_data(Recipe(channels=("clear",)), catalogue).channels == ("clear",)


def test_files_are_identified_by_their_hash() -> None:
    assert weights_hash("file", with_recipe(Recipe()), toy_stages()) == hash_value("file")


@pytest.mark.parametrize(
    "other",
    [
        Recipe(parameters={"steps": 1}),
        Recipe(samples=("N1",)),
        Recipe(samples=("N2", "N1")),
        Recipe(validation=()),
        Recipe(channels=("noisy",)),
        Recipe(truth="initial"),
    ],
)
def test_what_a_recipe_says_identifies_its_weights(other: Recipe) -> None:
    plain = weights_hash("cooked", with_recipe(Recipe()), toy_stages())
    assert weights_hash("cooked", with_recipe(Recipe(parameters={"steps": 100})), toy_stages()) == plain, "a default"
    assert weights_hash("cooked", with_recipe(other), toy_stages()) != plain


def test_content_and_stage_version_identify_the_weights_too() -> None:
    catalogue = with_recipe(Recipe())
    plain = weights_hash("cooked", catalogue, toy_stages())
    newer = toy_stages()
    learn = newer.get("learn")
    before = learn.version
    try:
        learn.version = before + 1
        assert weights_hash("cooked", catalogue, newer) != plain
    finally:
        learn.version = before
    changed = replace(CATALOGUE.dataset("volumes"), hashes={"N1": "other"})
    moved = FakeCatalogue([changed], {"cooked": catalogue.weights("cooked")})
    assert weights_hash("cooked", moved, toy_stages()) != plain


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(stage="lern"), "weights 'cooked': recipe: unknown stage 'lern'; did you mean 'learn'?"),
        (Recipe(parameters={"step": 1}), "unknown parameter 'step'; did you mean 'steps'?"),
        (Recipe(parameters={"weights": "file"}), "stage 'learn' does not train with these parameters"),
        (Recipe(stage="cut"), "stage 'cut' does not train with these parameters"),
    ],
)
def test_recipes_that_cannot_be_trained(recipe: Recipe, message: str) -> None:
    catalogue = with_recipe(recipe)
    problems = recipe_problems(catalogue, toy_stages())
    assert len(problems) == 1
    assert problems[0].startswith("weights 'cooked': recipe")
    assert message in problems[0]
    with pytest.raises(ConfigError):
        weights_hash("cooked", catalogue, toy_stages())
    assert recipe_problems(with_recipe(Recipe()), toy_stages()) == []


def test_weights_trained_on_a_test_sample_are_refused_whoever_trains_them() -> None:
    catalogue = with_recipe(Recipe())
    volumes = catalogue.dataset("volumes")
    check_weights(catalogue, "cooked", volumes, Fold("", ("N4",)), "here")
    for tested in ("N1", "N3"):
        with pytest.raises(ConfigError, match=f"'cooked' were trained on sample '{tested}'"):
            check_weights(catalogue, "cooked", volumes, Fold("", (tested,)), "here")


def test_an_absent_file_is_an_error() -> None:
    def absent() -> str:
        raise DataError("no such file")

    catalogue = with_recipe(Recipe())
    catalogue.weights("file").hash = absent
    with pytest.raises(DataError, match="no such file"):
        weights_hash("file", catalogue, toy_stages())


def test_what_the_data_ignore_is_part_of_a_recipe_where_they_do() -> None:
    plain = with_recipe(Recipe())
    datasets = [replace(plain.dataset(name), said={"ignore": 255}) for name in plain.dataset_ids()]
    declared = FakeCatalogue(datasets, {"cooked": plain.weights("cooked")})
    assert weights_hash("cooked", declared, toy_stages()) != weights_hash("cooked", plain, toy_stages())


def chained(**entries: Recipe) -> FakeCatalogue:
    """The toy catalogue with recipes that may stand on each other, and a file."""
    made = {"file": toy_weights("file")}
    for name, recipe in entries.items():
        entry = toy_weights(name, "generated")
        seen = SimpleNamespace(dataset=recipe.dataset, samples=recipe.samples, split="", fold="")
        entry.declaration.recipe, entry.declaration.seen = recipe, (seen,)
        made[name] = entry
    return FakeCatalogue([CATALOGUE.dataset(name) for name in CATALOGUE.dataset_ids()], made)


def tuned(base: str, sample: str = "N1") -> Recipe:
    return Recipe(stage="tune", parameters={"base": base}, samples=(sample,), validation=())


def registry() -> Any:
    found = toy_stages()

    class Tune(Learn):
        id = "tune"
        title = "Trains from other weights"
        parameters = (Parameter("base", "weights", "", "what training starts from"),)

        def trains(self) -> bool:
            return True

    found.add(Entry("tune", Tune, "tests"))
    return found


def test_a_recipe_may_stand_on_a_file_or_on_another_recipe() -> None:
    catalogue = chained(generic=tuned("file", "N1"), special=tuned("generic", "N2"))
    assert recipe_bases("file", catalogue, registry()) == ()
    assert recipe_bases("generic", catalogue, registry()) == ("file",)
    assert recipe_bases("special", catalogue, registry()) == ("generic",)
    assert lineage(catalogue, "special") == ("special", "generic", "file")
    assert recipe_problems(catalogue, registry()) == []


def test_what_a_recipe_stands_on_identifies_its_weights() -> None:
    plain = weights_hash("special", chained(generic=tuned("file"), special=tuned("generic")), registry())
    other = weights_hash("special", chained(generic=tuned("file", "N4"), special=tuned("generic")), registry())
    assert plain != other


def test_weights_have_seen_what_those_have_that_they_come_from() -> None:
    catalogue = chained(generic=tuned("", "N1"), special=tuned("generic", "N2"))
    volumes = catalogue.dataset("volumes")
    check_weights(catalogue, "special", volumes, Fold("", ("N3",)), "here")
    for tested in ("N1", "N2"):
        with pytest.raises(ConfigError, match=f"were trained on sample '{tested}'"):
            check_weights(catalogue, "special", volumes, Fold("", (tested,)), "here")
    unknown = contamination(chained(special=tuned("file", "N2")), "special", volumes, Fold("", ("N3",)))
    assert unknown.outcome == "unknown"


def test_recipes_that_stand_on_nothing_or_on_each_other_in_a_circle() -> None:
    (absent,) = recipe_problems(chained(special=tuned("fil")), registry())
    assert absent == "weights 'special': recipe: no registered weights 'fil'; did you mean 'file'?"
    circle = recipe_problems(chained(one=tuned("other"), other=tuned("one")), registry())
    assert circle == [
        "weights 'one': recipe: starts from 'other', which starts from 'one'",
        "weights 'other': recipe: starts from 'one', which starts from 'other'",
    ]
