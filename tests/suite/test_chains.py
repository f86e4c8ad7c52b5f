from __future__ import annotations

from typing import Self

import pytest
from pydantic import model_validator

from harness.errors import ChainError, ConfigError, ParameterError
from harness.registry import add_file
from harness.stages.chain import Given
from harness.suite.chains import check_order, is_per_fold, resolve_chain, stage_specs, weights_of
from tests.helpers import SUITE, Project

LAYERED = f"""{SUITE}
[rows.tiers.paper.stages.learn]
steps = 7

[tiers.paper.stages.learn]
steps = 5
weights = "ready-{{fold}}"
"""


def test_parameters_are_laid_over_each_other(project: Project) -> None:
    suite = project.suite(LAYERED)
    row = suite.row("net")
    (smoke,) = resolve_chain(suite, row, "smoke", project.stages)
    (paper,) = resolve_chain(suite, row, "paper", project.stages)
    assert dict(smoke.options) == {"steps": 50, "weights": ""}
    assert dict(paper.options) == {"steps": 7, "weights": "ready-{fold}"}


def test_specifications_hold_every_parameter_and_the_fold(project: Project) -> None:
    suite = project.suite(LAYERED)
    chain = resolve_chain(suite, suite.row("net"), "paper", project.stages)
    assert is_per_fold(chain)
    (spec,) = stage_specs(suite.row("net"), chain, "3", project.stages)
    assert spec.to_json() == {"id": "learn", "version": 3, "parameters": {"steps": 7, "weights": "ready-3"}}
    assert list(weights_of(chain, "3")) == [("learn", "ready-3")]


def test_chains_without_a_fold_in_them(project: Project) -> None:
    suite = project.suite()
    chain = resolve_chain(suite, suite.row("otsu"), "smoke", project.stages)
    assert not is_per_fold(chain)
    assert list(weights_of(chain, "1")) == []
    specs = stage_specs(suite.row("otsu"), chain, "", project.stages)
    assert [spec.parameters["sigma"] for spec in specs if spec.id == "blur"] == [2.0]


def test_the_message_names_the_layer_that_is_wrong(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"demo\.toml:30: tiers\.paper\.stages\.learn\.steps \(row 'net'\)"):
        project.suite(LAYERED.replace("steps = 5\n", 'steps = "5"\n'))


def test_an_empty_chain_is_an_error(project: Project) -> None:
    suite = project.suite()
    with pytest.raises(ChainError, match="the chain is empty"):
        check_order(suite, suite.row("net"), (), Given())


def test_a_wrong_combination_is_an_error_of_the_row(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = project.stages.get("learn")

    class Refusing(learn.Options):  # type: ignore[name-defined, misc]
        @model_validator(mode="after")
        def _refuse(self) -> Self:
            raise ValueError("not together")

    suite = project.suite()
    monkeypatch.setattr(learn, "Options", Refusing)
    with pytest.raises(ParameterError, match=r"demo\.toml:23: rows\.1\.stages\.0 \(row 'net'\): stage 'learn': not"):
        resolve_chain(suite, suite.row("net"), "smoke", project.stages)


TWICE = """
[[rows]]
id = "twice"
stages = [{ id = "blur", as = "first", sigma = 1.0 }, { id = "blur", as = "second" }, { id = "cut" }]
[rows.tiers.paper.stages.second]
sigma = 4.0
[tiers.paper.stages.first]
sigma = 3.0
"""


def test_overrides_address_a_use_by_its_name(project: Project) -> None:
    suite = project.suite(SUITE + TWICE)
    row = suite.row("twice")
    assert [use.called for use in row.stages] == ["first", "second", "cut"]
    sigmas = {
        tier: [spec.parameters.get("sigma") for spec in specs]
        for tier in suite.tiers
        if (specs := stage_specs(row, resolve_chain(suite, row, tier, project.stages), "", project.stages))
    }
    assert sigmas == {"smoke": [1.0, 1.0, None], "paper": [3.0, 4.0, None]}
    chain = resolve_chain(suite, row, "paper", project.stages)
    specs = stage_specs(row, chain, "", project.stages)
    assert [(spec.id, spec.name, spec.called) for spec in specs[1:]] == [
        ("blur", "second", "second"),
        ("cut", "", "cut"),
    ]
    assert "name" not in specs[0].to_json(), "a name is no part of any key"


FAILING = """
from harness import Parameter, Stage

class Failing(Stage):
    id = "failing"
    title = "Fails before anything runs"
    parameters = (Parameter("where", "str", "makes", "in which method"),)

    def makes(self):
        if self.options["where"] == "makes":
            return {}["slot"]
        return ("labels",)

    def trains(self):
        return self.options["where"] == "trains" and 1 / 0

    def grid_after(self, grid, sample):
        return grid.no_such_thing if self.options["where"] == "grid_after" else grid

    def run(self, inputs, context):
        return inputs["image"]
"""


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("makes", "KeyError: 'slot' ({file}:11, in makes)"),
        ("trains", "ZeroDivisionError: division by zero ({file}:15, in trains)"),
        ("grid_after", "AttributeError: 'Grid' object has no attribute 'no_such_thing' ({file}:18, in grid_after)"),
    ],
)
def test_a_plugin_that_fails_before_a_run_is_said_with_its_line(project: Project, where: str, message: str) -> None:
    file = project.folder / "failing.py"
    file.write_text(FAILING, encoding="utf-8")
    add_file(file, project.stages, project.metrics)
    text = SUITE.replace(
        'stages = [{ id = "learn", steps = 50 }]', f'stages = [{{ id = "failing", where = "{where}" }}]'
    )
    with pytest.raises(ConfigError) as caught:
        project.suite(text)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("demo.toml:23: rows.1.stages")
    assert line.endswith(message.format(file=file))


def test_a_bug_in_the_tree_stays_a_bug(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = project.suite()
    chain = resolve_chain(suite, suite.row("otsu"), "smoke", project.stages)
    monkeypatch.setattr("harness.suite.chains.check_chain", lambda *_: {}["a bug"])
    with pytest.raises(KeyError, match="a bug"):
        check_order(suite, suite.row("otsu"), chain, Given())
