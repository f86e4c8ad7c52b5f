from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.datasets import Availability, load_catalogue
from harness.errors import FetchError
from harness.hashing import hash_path
from harness.runner.preparing import Preparation
from tests.runner.bench import a_cell, spec, tiny_registry
from tests.runner.project import Project

TUNED = """
[weights.retuned]
title = "trained here from what was trained here"
licence = "CC0-1.0"
availability = "generated"
recipe = { stage = "tune", parameters = { base = "cooked" }, dataset = "dots", samples = ["b"], truth = "gold" }
"""


class Away:
    """A dataset that is not to be had, or whose fetch fails."""

    def __init__(self, *, ok: bool) -> None:
        self.id = "dots"
        self.declaration = SimpleNamespace(collections=())
        self.found = Availability(ok, "no folder", "set HARNESS_DATA")
        self.fetches = 0

    def availability(self) -> Availability:
        return self.found

    def fetch(self, progress: bool) -> None:
        self.fetches += 1
        raise FetchError("every address failed")

    def provenance(self) -> dict[str, Any]:
        return {"first_seen_hash": True}


class OneDataset:
    def __init__(self, dataset: Away) -> None:
        self.only = dataset

    def dataset(self, name: str) -> Away:
        return self.only


def preparation(project: Project, catalogue: Any = None) -> Preparation:
    chosen = catalogue or load_catalogue(project.folder / "datasets.toml")
    return Preparation(chosen, tiny_registry(project))


def test_absent_data_have_a_reason_and_a_way(project: Project) -> None:
    absent = preparation(project, OneDataset(Away(ok=False)))
    assert absent.missing_data(a_cell(), fetch=True) == "dataset 'dots': no folder; set HARNESS_DATA"


def test_failed_fetch_is_a_reason_and_is_tried_once(project: Project) -> None:
    dataset = Away(ok=True)
    failing = preparation(project, OneDataset(dataset))
    assert failing.missing_data(a_cell(), fetch=True) == "every address failed"
    assert failing.missing_data(a_cell(), fetch=True) == "every address failed"
    assert dataset.fetches == 1
    assert preparation(project, OneDataset(dataset)).missing_data(a_cell(), fetch=False) == ""
    assert failing.notes(a_cell()) == ("no published checksum: the data are pinned by the first download",)
    assert preparation(project).notes(a_cell()) == ()


class PinnedWeights(OneDataset):
    """Weights whose hashes rest on different things."""

    def weight_ids(self) -> tuple[str, ...]:
        return ("pinned", "stated", "listed", "mixed")

    def weights(self, name: str) -> Any:
        keys = {"pinned": ["first_seen_hash"], "listed": ["listed_hash"], "mixed": ["listed_hash", "first_seen_hash"]}
        said = dict.fromkeys(keys.get(name, []), True)
        declaration = SimpleNamespace(recipe=None, seen=(), collections=("dsb2018",) if name == "mixed" else ())
        return SimpleNamespace(provenance=lambda: said, declaration=declaration, description=lambda: None)


def test_records_name_weights_without_a_declared_checksum(project: Project, tmp_path: Path) -> None:
    dataset = Away(ok=True)
    dataset.provenance = dict  # type: ignore[method-assign, assignment]
    noting = preparation(project, PinnedWeights(dataset))
    names = ("pinned", "stated", "listed", "mixed", str(tmp_path))
    cell = a_cell(*(spec(project, "weighted", level=name) for name in names))
    none, listed = "no published checksum: ", "checksum stated by the archive's own listing: "
    assert noting.notes(cell) == (
        f"{none}the weights 'pinned' are pinned by the first download",
        f"{listed}the weights 'listed' were verified against it at the first download",
        f"{none}some files of the weights 'mixed' are pinned by the first download",
        f"{listed}some files of the weights 'mixed' were verified against it at the first download",
        *(
            f"weights '{name}' may have seen dataset 'dots': what trained them is not declared"
            for name in ("pinned", "stated", "listed")
        ),
        f"weights '{tmp_path}' may have seen dataset 'dots': a file that no catalogue describes",
    )


def test_weights_are_files_of_the_catalogue_or_paths(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_text("0.5")
    ready = preparation(project)
    found = ready.weights(a_cell(spec(project, "weighted", level=str(path)), spec(project, "weighted")))
    assert not isinstance(found, str)
    assert (found[str(path)].path, found[str(path)].hash) == (str(path), hash_path(path))
    missing = ready.weights(a_cell(spec(project, "weighted", level="no-such-weights")))
    assert missing == "weights 'no-such-weights': no such file or folder, and no such id in the catalogue"


def test_weights_with_a_recipe_are_left_to_the_worker(project: Project) -> None:
    project.add_recipe()
    ready = preparation(project)
    cell = a_cell(spec(project, "tune", base="cooked"))
    found = ready.weights(cell)
    assert not isinstance(found, str)
    source = found["cooked"]
    assert source.path == ""
    assert source.recipe is not None
    assert (source.recipe.spec.id, source.recipe.training, source.recipe.validation) == ("tune", ("c", "d"), ())
    assert ready.notes(cell) == ("the weights 'cooked' were trained here: stage 'tune' on dataset 'dots'",)
    assert ready.contamination(cell) == "clean"


def test_a_record_says_whether_anybody_knows_what_its_weights_have_seen(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_text("0.5")
    ready = preparation(project)
    assert ready.contamination(a_cell(spec(project, "weighted", level=str(path)))) == "unknown"
    assert ready.contamination(a_cell(spec(project, "noop"))) == ""


def test_a_recipe_without_its_data_is_a_reason(project: Project) -> None:
    project.add_recipe()
    catalogue = load_catalogue(project.folder / "datasets.toml")
    absent = Away(ok=False)
    mixed: Any = SimpleNamespace(
        dataset=lambda name: absent, weight_ids=catalogue.weight_ids, weights=catalogue.weights
    )
    cell = a_cell(spec(project, "tune", base="cooked"))
    found = preparation(project, mixed).weights(cell)
    assert found == "weights 'cooked': dataset 'dots': no folder; set HARNESS_DATA"


def test_a_recipe_brings_along_what_it_stands_on(project: Project) -> None:
    project.add_recipe()
    with (project.folder / "datasets.toml").open("a") as file:
        file.write(TUNED)
    found = preparation(project).weights(a_cell(spec(project, "tune", base="retuned")))
    assert not isinstance(found, str)
    recipe = found["retuned"].recipe
    assert recipe is not None
    assert set(recipe.weights) == {"cooked"}
    base = recipe.weights["cooked"].recipe
    assert base is not None
    assert base.training == ("c", "d")
