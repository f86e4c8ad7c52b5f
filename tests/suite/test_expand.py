from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.hashing import derive_seed, hash_value
from harness.model import Cell
from harness.suite import expand
from harness.suite.expand import cell_key, sample_text
from tests.helpers import SUITE, FakeCatalogue, FakeDataset, FakeSample, Project, temp_project


def keys(cells: Sequence[Cell]) -> list[str]:
    return [cell.key for cell in cells]


@given(sample=st.text(), content=st.text(), repeat=st.integers(0, 99), seed=st.integers(0, 2**32 - 1))
def test_the_key_of_a_cell_is_the_hash_of_what_it_is_made_of(sample: str, content: str, repeat: int, seed: int) -> None:
    base = hash_value(["of a row"])
    key = hash_value([base, sample, content, repeat, seed])
    assert cell_key(base, sample_text(sample, content), repeat, seed) == key


def test_cells_come_by_row_fold_sample_and_repeat(project: Project) -> None:
    cells = project.cells(SUITE.replace("[tiers.paper]", "[tiers.paper]\nrepeats = 2"), "paper")
    assert [(cell.row, cell.fold.id, cell.sample, cell.repeat) for cell in cells] == [
        (row, str(fold), f"N{fold}", repeat) for row in ("otsu", "net") for fold in range(1, 6) for repeat in range(2)
    ]


def test_a_cell_says_everything(project: Project) -> None:
    cell = project.cells(tier="paper", rows=["net"], folds=["2"])[0]
    assert (cell.suite, cell.version, cell.tier, cell.row) == ("demo", 1, "paper", "net")
    assert cell.fold.train == ("N3", "N4", "N1")
    assert cell.data.channels == ("noisy",)
    assert [spec.to_json() for spec in cell.chain] == [
        {"id": "learn", "version": 3, "parameters": {"steps": 50, "weights": ""}}
    ]
    assert cell.metrics == ("map.toy", "arand.toy")


def test_seeds_are_shared_by_rows_and_differ_otherwise(project: Project) -> None:
    cells = project.cells(SUITE.replace("[tiers.paper]", "[tiers.paper]\nrepeats = 3"), "paper")
    otsu, net = ([cell.seed for cell in cells if cell.row == row] for row in ("otsu", "net"))
    assert otsu == net
    assert len(set(otsu)) == 15
    assert otsu[0] == derive_seed("demo", "volumes", "1", "N1", 0)


def test_suites_of_one_seed_group_share_seeds(project: Project) -> None:
    own = project.cells()[0].seed
    first = project.cells(SUITE.replace("version = 1", 'version = 1\nseed_group = "chapter"'))[0].seed
    assert own != first == derive_seed("chapter", "flat", "", "a", 0)


def test_keys_are_unique_and_repeat(project: Project) -> None:
    cells = project.cells(tier="paper")
    assert len(set(keys(cells))) == len(cells)
    assert keys(cells) == keys(project.cells(tier="paper"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('label = "Network"', 'label = "Another name"'),
        ('title = "Demonstration"', 'title = "Another"'),
        ("mean = 78.5", "mean = 12.5"),
        ("version = 1", "version = 2"),
        ("[tiers.smoke]", '[tiers.smoke]\ndata_note = "note"'),
        ("[tiers.smoke]", "[tiers.smoke]\nlimits = { memory_gb = 1 }"),
        ("steps = 50", 'steps = 50, weights = ""'),
    ],
)
def test_keys_do_not_depend_on_words_and_limits(project: Project, old: str, new: str) -> None:
    assert keys(project.cells(SUITE.replace(old, new))) == keys(project.cells())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("steps = 50", "steps = 51"),
        ('samples = ["a"], train = ["b"]', 'samples = ["b"], train = ["a"]'),
        ('metrics = ["map.toy", "arand.toy"]', 'metrics = ["map.toy"]'),
        ("version = 1", 'version = 1\nseed_group = "x"'),
        ('train = ["b"]', 'train = ["b"], validation = ["b"]'),
    ],
)
def test_keys_depend_on_what_determines_scores(project: Project, old: str, new: str) -> None:
    before = keys(project.cells(rows=["net"]))
    assert not set(before) & set(keys(project.cells(SUITE.replace(old, new), rows=["net"])))


def test_keys_follow_the_content_of_samples_and_the_version_of_stages(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.cells()
    flat = project.catalogue.dataset("flat")
    flat.hashes = {"b": "changed"}
    assert not set(keys(before)) & set(keys(project.cells()))
    flat.hashes = {}
    monkeypatch.setattr(project.stages.get("cut"), "version", 9)
    after = project.cells()
    assert after[0].key != before[0].key
    assert after[1].key == before[1].key


READY = SUITE.replace("steps = 50", 'weights = "ready-{fold}"')


def test_each_fold_can_have_its_own_weights(project: Project) -> None:
    cells = project.cells(
        READY.replace('data = [{ dataset = "flat"', 'data = [{ dataset = "flat"'), "paper", rows=["net"]
    )
    assert [cell.chain[0].parameters["weights"] for cell in cells] == [f"ready-{n}" for n in range(1, 6)]


def test_keys_follow_the_content_of_weights(project: Project) -> None:
    before = keys(project.cells(READY, "paper", rows=["net"]))
    weights = project.catalogue.weights("ready-2")
    weights.hash = lambda: "changed"
    after = keys(project.cells(READY, "paper", rows=["net"]))
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True, True, True]


def test_weights_that_have_seen_a_test_sample_are_refused(project: Project) -> None:
    seen = SimpleNamespace(dataset="volumes", samples=(), split="default", fold="3")
    project.catalogue.weights("ready-3").declaration.seen = [seen]
    assert len(project.cells(READY, "paper", rows=["net"])) == 5
    with pytest.raises(ConfigError) as caught:
        project.cells(READY.replace("ready-{fold}", "ready-3"), "paper")
    assert str(caught.value) == (
        "demo.toml:20: rows.1 (row 'net'): stage 'learn': weights 'ready-3' were "
        "trained on sample 'N1' of dataset 'volumes', which shares content with test sample 'N1' of fold '1' of "
        "dataset 'volumes' (the same sample)"
    )


def test_weights_can_be_a_path(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    text = SUITE.replace("steps = 50", f'weights = "{path}"')
    absent = keys(project.cells(text, rows=["net"]))
    path.write_text("one", encoding="utf-8")
    present = keys(project.cells(text, rows=["net"]))
    path.write_text("two", encoding="utf-8")
    assert len({*absent, *present, *keys(project.cells(text, rows=["net"]))}) == 3


@pytest.mark.parametrize(
    ("text", "tier", "message"),
    [
        (READY, "smoke", "row 'net' uses '{fold}', but the data has no folds"),
        (READY.replace("ready-{fold}", "raedy-{fold}"), "paper", "unknown weights 'raedy-1'; did you mean 'ready-1'?"),
        (
            SUITE.replace(', train = ["b"]', ""),
            "smoke",
            "row 'net' trains 'learn', but fold '' of dataset 'flat' has no",
        ),
        (
            SUITE.replace('train = ["b"]', 'train = ["a"]'),
            "smoke",
            "training sample 'a' of fold '' of dataset 'flat' shares",
        ),
        (SUITE, "mini", "suite 'demo' has no tier 'mini'"),
    ],
)
def test_what_cannot_be_run_is_refused(project: Project, text: str, tier: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project.cells(text, tier)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_mistakes_of_every_row_and_of_all_that_is_read_come_at_once(project: Project) -> None:
    text = SUITE.replace('truth = "gold"', 'truth = "glod"').replace('channels = ["noisy"]', 'channels = ["nosy"]')
    text = text.replace('id = "net"', 'id = "net"\ndata = [{ dataset = "volumse" }]')
    with pytest.raises(ConfigError) as caught:
        project.cells(text, "paper")
    assert [line.partition(": ")[2] for line in str(caught.value).splitlines()] == [
        "tiers.paper.channels: dataset 'volumes' has no channel 'nosy'; did you mean 'noisy'?",
        "tiers.paper.truth: dataset 'volumes' has no label image 'glod'; did you mean 'gold'?",
        "rows.1.data.0.dataset: unknown dataset 'volumse'; did you mean 'volumes'?",
    ]


def test_ready_weights_need_no_training_samples(project: Project) -> None:
    text = SUITE.replace(', train = ["b"]', "").replace("steps = 50", 'weights = "ready-1"')
    assert [cell.row for cell in project.cells(text)] == ["otsu", "net"]


def test_dimensions_are_checked(project: Project) -> None:
    text = SUITE.replace('[{ id = "learn", steps = 50 }]', '[{ id = "blur" }, { id = "lift" }]')
    text = text.replace("[tiers.paper]", '[tiers.paper]\nreads = { nuclei = "nuclei" }')
    text = text.replace("[tiers.smoke]", '[tiers.smoke]\nreads = { nuclei = "spots" }')
    assert len(project.cells(text, "paper")) == 10
    project.catalogue.dataset("flat").label_names = ("gold", "spots")
    text = text.replace("[tiers.smoke]", '[tiers.smoke]\ntruth = "gold"')
    with pytest.raises(ConfigError, match="row 'net': stage 'lift' works on 3D; dataset 'flat' is 2D"):
        project.cells(text, "smoke")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"rows": ["net"]}, 5),
        ({"folds": ["1", "3"]}, 4),
        ({"datasets": ["volumes"]}, 10),
        ({"stages": ["cut"]}, 5),
        ({"stages": ["cut", "learn"], "folds": ["2"]}, 2),
    ],
)
def test_filters(project: Project, filters: dict[str, list[str]], expected: int) -> None:
    whole = project.cells(tier="paper")
    kept = project.cells(tier="paper", **filters)
    assert len(kept) == expected
    assert [cell for cell in whole if cell.key in keys(kept)] == list(kept)


@pytest.mark.parametrize("filters", [{"rows": ["ent"]}, {"folds": ["9"]}, {"datasets": ["flat"]}, {"stages": ["lift"]}])
def test_filters_that_name_nothing_are_refused(project: Project, filters: dict[str, list[str]]) -> None:
    with pytest.raises(ConfigError, match=r"suite 'demo' has no .* here"):
        project.cells(tier="paper", **filters)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=st.integers(1, 4), repeats=st.integers(1, 3), sizes=st.lists(st.integers(1, 9), min_size=1, unique=True))
def test_expansion_is_a_product_with_unique_keys_and_shared_seeds(
    tmp_path: Path, samples: int, repeats: int, sizes: list[int]
) -> None:
    base = temp_project(tmp_path)
    dataset = FakeDataset("d", {f"s{n}": FakeSample() for n in range(samples)})
    project = Project(tmp_path, FakeCatalogue([dataset]), base.stages, base.metrics)
    text = f"""
    schema = 1
    id = "demo"
    version = 1
    title = "Demonstration"
    metrics = ["map.toy"]
    repeats = {repeats}
    tiers.smoke.data = [{{ dataset = "d" }}]
    [[matrix]]
    id = "size-{{size}}"
    axes = {{ size = {sizes} }}
    stages = [{{ id = "blur" }}, {{ id = "cut", size = ["{{size}}", "{{size}}"] }}]
    """
    cells = expand(project.suite(text), "smoke", project.catalogue, project.stages, project.metrics)
    assert len(cells) == len(set(keys(cells))) == samples * repeats * len(sizes)
    assert len({cell.seed for cell in cells}) == samples * repeats


def test_repeats_of_a_row_and_of_its_tier(project: Project) -> None:
    text = SUITE.replace('label = "Network"', 'label = "Network"\nrepeats = 3')
    assert [cell.repeat for cell in project.cells(text, rows=["net"])] == [0, 1, 2]
    assert [cell.repeat for cell in project.cells(text, rows=["otsu"])] == [0]
    text = text.replace("repeats = 3", "repeats = 3\ntiers.smoke.repeats = 1").replace(
        "[tiers.smoke]", "[tiers.smoke]\nrepeats = 2"
    )
    assert [cell.repeat for cell in project.cells(text, rows=["net"])] == [0]
    assert [cell.repeat for cell in project.cells(text, rows=["otsu"])] == [0, 1]
    assert len(project.cells(text, "paper", rows=["net"])) == 15


def test_rows_draw_alike_on_a_fold_and_a_repeat(project: Project) -> None:
    text = SUITE.replace('title = "Demonstration"', 'title = "Demonstration"\nrepeats = 2')
    cells = project.cells(text, "paper")
    draws = {(cell.fold.id, cell.repeat): set[int]() for cell in cells}
    for cell in cells:
        draws[cell.fold.id, cell.repeat].add(cell.draw)
    assert all(len(own) == 1 for own in draws.values())
    assert len(set.union(*draws.values())) == len(draws) == 10
    grouped = project.cells(text.replace("repeats = 2", 'repeats = 2\nseed_group = "other"'), "paper")
    assert not {cell.draw for cell in cells} & {cell.draw for cell in grouped}


@pytest.mark.parametrize("ids", [("", ""), ("1", "1"), ("1", "")])
def test_folds_that_would_collapse_into_one_are_refused(project: Project, ids: tuple[str, str]) -> None:
    volumes = project.catalogue.dataset("volumes")
    first, second = volumes.splits["default"][:2]
    volumes.splits = {"default": (replace(first, id=ids[0]), replace(second, id=ids[1]))}
    with pytest.raises(ConfigError, match=r"several folds of dataset 'volumes' need ids of their own; found: "):
        project.cells(tier="paper")


def test_a_sample_that_is_tested_twice_in_one_place_is_refused(project: Project) -> None:
    text = SUITE.replace('samples = ["a"]', 'samples = ["a", "a"]')
    with pytest.raises(ConfigError, match=r"demo.toml:9: .*test sample 'a' of dataset 'flat' stands here twice"):
        project.cells(text)


def test_more_cells_than_anybody_can_run_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("harness.suite.expand"), "MOST_CELLS", 7)
    with pytest.raises(ConfigError, match=r"row 'net'.* has more than 7 cells on tier 'paper'"):
        project.cells(tier="paper")
