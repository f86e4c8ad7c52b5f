from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.model import Volume
from harness.parameters import Parameter
from harness.registry import stages
from harness.stages.contract import Context, Stage
from harness.stages.verification import mistakes


def declared(**attributes: Any) -> type[Stage]:
    """A stage class with these attributes beside the least that is needed; None takes one away."""

    def run(self: Stage, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["image"]

    least = {"id": "mine", "title": "Mine", "run": run}
    given = {name: value for name, value in {**least, **attributes}.items() if value is not None}
    return type("Mine", (Stage,), given)


@pytest.mark.parametrize("entry", list(stages()), ids=lambda entry: entry.id)
def test_the_stages_of_the_tree_keep_the_contract(entry: Any) -> None:
    assert mistakes(entry.item) == ()


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"inputs": ("image", "nuclei"), "outputs": ("labels", "probability")},
        {"inputs": ("truth",), "uses_truth": "control"},
        {"LEVELS": (1, 2), "_hidden": 3, "helper": lambda self: 1},
        {"needs": ("scipy",), "needs_versions": ("scipy>=1",), "extra": "x", "dimensions": (2,), "devices": ("cuda",)},
    ],
)
def test_a_good_declaration_passes(attributes: dict[str, Any]) -> None:
    assert mistakes(declared(**attributes)) == ()


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"id": None}, "no id; accepted: id = a text"),
        ({"title": None}, "no title; accepted: title = a text"),
        ({"run": None}, "no run; accepted: def run(self, inputs, context)"),
        ({"id": 5}, "id is 5; accepted: a text of letters"),
        ({"id": "a b"}, "id is 'a b'"),
        ({"parameters": (Parameter("as", "int", 1, "x"),)}, "a parameter is called 'as', which in a suite is no"),
        ({"title": " "}, "title is ' '; accepted: a text"),
        ({"version": "1"}, "version is '1'; accepted: 1, 2"),
        ({"inputs": "image"}, "inputs is 'image'; accepted: a tuple of different slots, e.g. (\"image\",)"),
        ({"inputs": ()}, "inputs is (); accepted"),
        ({"inputs": ("probabilty",)}, "inputs names 'probabilty'; did you mean 'probability'?"),
        ({"outputs": ("lables",)}, "outputs names 'lables'; did you mean 'labels'?"),
        ({"outputs": ("cells",)}, "outputs names 'cells'"),
        ({"inputs": ("truth",)}, 'inputs name the truth; accepted: with uses_truth = "control" or "prompts"'),
        ({"uses_truth": "yes"}, 'uses_truth is \'yes\'; accepted: "", "control" or "prompts"'),
        ({"needs": "scipy"}, "needs is 'scipy'; accepted: a tuple of texts"),
        ({"needs_versions": ("scipy>>1",)}, "needs_versions names 'scipy>>1'; accepted: a requirement"),
        ({"dimensions": (4,)}, "dimensions is (4,); accepted: some of (2, 3)"),
        ({"devices": ("gpu",)}, "devices is ('gpu',); accepted: some of ('cpu', 'cuda')"),
        ({"cacheable": 1}, "cacheable is 1; accepted: True or False"),
        ({"fit": True}, "fit is True; accepted: a method"),
        ({"changes_grid": True}, "unknown attribute 'changes_grid'"),
        ({"licenc": "MIT"}, "unknown attribute 'licenc'; did you mean 'licence'?"),
        ({"map_turth": lambda self: 1}, "unknown method 'map_turth'; did you mean 'map_truth'?"),
    ],
)
def test_a_mistake_is_named_with_what_is_accepted(attributes: dict[str, Any], problem: str) -> None:
    (found,) = mistakes(declared(**attributes))
    assert problem in found


def test_all_mistakes_are_named_at_once() -> None:
    found = mistakes(declared(title=None, run=None, inputs="image", outputs=("lables",), devices=("gpu",)))
    assert len(found) == 5
