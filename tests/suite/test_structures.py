"""The rows of the suites of cell surfaces and of networks with heads, against the names that the source prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.datasets import Catalogue, load_catalogue
from harness.model import Cell
from harness.suite import expand, load_suite

ROOT = Path(__file__).resolve().parents[2]
SURFACES = {
    "initial",
    "initial-mix-raw",
    "initial-plus",
    "initial-mix-raw-plus",
    "initial-plus-val",
    "initial-mix-raw-plus-val",
    "second",
    "second-mix-raw",
    "second-mix-label",
    "second-mix-raw-mix-label",
    "second-mix-label-rand",
    "second-mix-raw-mix-label-rand",
    "second-mix-label-val",
    "second-mix-raw-mix-label-val",
    "second-mix-label-rand-val",
    "second-mix-raw-mix-label-rand-val",
}
PLANNED = {"third-val", "third-mix-label", "third-mix-label-val"}
HEADS = {"1a", "1b", "2a", "2b", "3", "4", "5", "2a-primed", "2b-primed", "3-primed", "4-primed", "5-primed"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "datasets.toml")


def cells(suite: str, tier: str, catalogue: Catalogue) -> dict[str, Cell]:
    """Return one cell of each row."""
    loaded = load_suite(ROOT / "suites" / f"{suite}.toml")
    return {cell.row: cell for cell in expand(loaded, tier, catalogue, registry.stages(), registry.metrics())}  # type: ignore[arg-type]


def test_table_5_1_has_the_printed_rows_and_those_of_table_5_2(catalogue: Catalogue) -> None:
    found = cells("table-5.1", "mini", catalogue)
    trained = {row for row, cell in found.items() if any(spec.id == "unet-labels" for spec in cell.chain)}
    assert trained == SURFACES | PLANNED
    assert "ilastik-itself" in found


def test_second_rounds_learn_what_one_and_the_same_first_model_makes(catalogue: Catalogue) -> None:
    found = cells("table-5.1", "mini", catalogue)
    rounds = {row: [spec for spec in found[row].chain if spec.id == "unet-labels"] for row in SURFACES}
    firsts = [specs[0].fit_json() for specs in rounds.values() if len(specs) == 2]
    assert len(firsts) == 12
    assert firsts == [rounds["initial"][0].fit_json()] * 12
    for row, specs in rounds.items():
        parameters = specs[-1].parameters
        assert ("actin" in parameters["channels"]) == ("mix-raw" in row)
        assert parameters["volumes"] == (4 if row in ("initial", "initial-mix-raw") else 9)
        assert ("ilastik" in parameters["learns"]) == (row.startswith("initial") or "mix-label" in row)
        assert parameters["order"] == ("random" if "rand" in row else "alternate")


def test_table_a_2_has_the_twelve_architectures(catalogue: Catalogue) -> None:
    found = cells("table-a.2", "mini", catalogue)
    assert set(found) == HEADS | {"1a-noisy"}
    for row, cell in found.items():
        parameters = cell.chain[0].parameters
        assert (len(parameters["inputs"]) == 2) == row.endswith("primed")
        assert {pair.name for pair in cell.scores if pair.name} >= ({"nuclei"} if "b" not in row else {"cells"})


def test_figure_a_1_has_six_terms_at_three_lengths(catalogue: Catalogue) -> None:
    for tier, steps in (("smoke", {2, 3, 4}), ("mini", {80, 240, 720}), ("paper", {200, 1000, 3000})):
        found = cells("figure-a.1", tier, catalogue)
        assert len({row.rsplit("-", 1)[0] for row in found}) == 6
        assert {cell.chain[0].parameters["max_iterations"] for cell in found.values()} == steps


def test_networks_with_heads_are_the_same_on_real_images(catalogue: Catalogue) -> None:
    for tier, channels in (("smoke", "clear+wall"), ("mini", "first+second"), ("paper", "nuclei+serum")):
        found = cells("table-a.2-images", tier, catalogue)
        assert set(found) == HEADS
        for row, cell in found.items():
            inputs = cell.chain[0].parameters["inputs"]
            wanted = channels.split("+")
            alone = {"1a": wanted[:1], "1b": wanted[1:]}
            assert list(inputs) == alone.get(row, wanted if row.endswith("primed") else [channels])


def test_cells_of_a_gastrula_are_learnt_by_every_route_of_the_text(catalogue: Catalogue) -> None:
    found = cells("drosophila-phantom", "mini", catalogue)
    routes = {row: [spec.id for spec in cell.chain] for row, cell in found.items() if row.startswith("unet")}
    assert set(routes) == {"unet-dilated"} | {
        f"unet-stitched{clean}{planes}" for clean in ("", "-denoised") for planes in ("", "-masked")
    }
    for row, stages in routes.items():
        network = next(spec for spec in found[row].chain if spec.id == "unet-labels").parameters
        assert ("noise2void" in stages) == ("denoised" in row)
        assert network["ignores"] == ("unreliable" if "masked" in row else "")
    tracks = {row for row, cell in found.items() if cell.data.dataset == "phantom-gastrula-video"}
    assert tracks == {"frames-linked", "frames-linked-gap2", "time-as-axis", "control-truth-tracks"}


def test_ultrack_gets_the_maps_and_videos_of_the_rows_that_link(catalogue: Catalogue) -> None:
    found, others = cells("drosophila-ultrack", "mini", catalogue), cells("drosophila-phantom", "mini", catalogue)
    linked = {"frames-linked", "frames-linked-gap2"}
    assert set(found) == linked | {"ultrack", "control-truth"}
    for row in linked:
        assert found[row].chain == others[row].chain
        assert found["ultrack"].chain[:2] == found[row].chain[:2]
        assert found["ultrack"].data == found[row].data == others[row].data
