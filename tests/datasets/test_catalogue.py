from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.datasets import catalogue as module
from harness.datasets import load_catalogue
from harness.datasets.catalogue import Catalogue, find_catalogue
from harness.errors import ConfigError, RegistryError

PHANTOM = """
[datasets.{name}]
kind = "generated"
title = "p"
licence = "CC0"
citation = "x"
generator = "nuclei-2d"
parameters = {{ shape = [8, 8] }}
samples.a = {{}}
"""


def _write(folder: Path, name: str = "mine") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / "datasets.toml"
    path.write_text("schema = 1\n" + PHANTOM.format(name=name))
    return path


def test_unknown_ids_get_the_nearest(catalogue: Callable[[str], Catalogue]) -> None:
    loaded = catalogue(PHANTOM.format(name="nuclei"))
    assert loaded.dataset("nuclei").id == "nuclei"
    with pytest.raises(RegistryError, match=r"unknown dataset 'nucleus'; did you mean 'nuclei'\?"):
        loaded.dataset("nucleus")
    with pytest.raises(RegistryError, match="unknown weights 'x'"):
        loaded.weights("x")
    assert loaded.weight_ids() == ()


MANY_WRONG = (
    PHANTOM.format(name="one").replace('licence = "CC0"', 'licenc = "CC0"')
    + PHANTOM.format(name="two")
    .replace("nuclei-2d", "nuclei-2")
    .replace("samples.a", "splits.x = [{ test = ['b'] }]\nsamples.a")
    + PHANTOM.format(name="three").replace("samples.a = {}", "samples.a = { parameters = { sed = 3 } }")
    + PHANTOM.format(name="four")
    + """
[weights.w]
title = "w"
licence = "x"
availability = "open-direct-download"
files = [{ name = "w.pt" }]
trained_on = [
  { dataset = "four", samples = ["b"] },
  { dataset = "one", samples = ["zz"] },
  { dataset = "foru", samples = ["a"] },
]
"""
)


def test_every_independent_mistake_of_a_file_comes_in_one_message(catalogue: Callable[[str], Catalogue]) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue(MANY_WRONG)
    found = str(caught.value).splitlines()
    for text in (
        "datasets.one.licenc: unknown key 'licenc'; did you mean 'licence'?",
        "datasets.one: required key 'licence' is missing",
        "datasets.two.generator: no generator 'nuclei-2'; did you mean 'nuclei-2d'?",
        "datasets.three.samples.a.parameters.sed: unknown key 'sed'; did you mean 'seed'?",
        "weights.w.files.0: 'w.pt' needs `urls`",
        "weights.w.files.0: 'w.pt' needs a checksum",
    ):
        assert len([line for line in found if text in line]) == 1, (text, found)
    assert all(line.startswith("datasets.toml:") for line in found)


def test_references_are_checked_beside_other_mistakes_but_not_to_what_is_broken(
    catalogue: Callable[[str], Catalogue],
) -> None:
    files = 'files = [{ name = "w.pt", urls = ["https://example.org/w.pt"], first_seen = true }]'
    with pytest.raises(ConfigError) as caught:
        catalogue(MANY_WRONG.replace('files = [{ name = "w.pt" }]', files))
    found = str(caught.value)
    assert "dataset 'four' has no sample 'b'; accepted: a" in found
    assert "unknown dataset 'foru'; did you mean 'four'?" in found
    assert "'zz'" not in found, "dataset 'one' is there, with a mistake of its own"


def test_the_nearest_file_upwards_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_catalogue() == path
    assert load_catalogue().dataset("mine").id == "mine"


def test_without_one_the_project_s_own_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "stardist-2d" in load_catalogue().dataset_ids()


def test_what_ships_with_the_package_lies_below_one_s_own(tmp_path: Path) -> None:
    loaded = load_catalogue(_write(tmp_path))
    assert loaded.dataset("stardist-2d").channels == ("nuclei",)
    assert {"mine", "stardist-2d"} <= set(loaded.dataset_ids())
    assert "unet2d-nuclei-broad" in loaded.weight_ids()
    with pytest.raises(RegistryError, match="did you mean 'stardist-2d'"):
        loaded.dataset("stardist2d")


def test_an_id_that_is_declared_again_is_one_s_own(tmp_path: Path) -> None:
    assert load_catalogue(_write(tmp_path, "stardist-2d")).dataset("stardist-2d").sample_ids() == ("a",)


def test_several_files_are_one_catalogue(tmp_path: Path) -> None:
    loaded = load_catalogue([_write(tmp_path / "a", "one"), _write(tmp_path / "b", "two")])
    assert {"one", "two"} <= set(loaded.dataset_ids())
    with pytest.raises(RegistryError, match="declared twice"):
        load_catalogue([_write(tmp_path / "a", "one"), _write(tmp_path / "b", "one")])


def test_one_s_own_weights_may_name_what_ships(tmp_path: Path) -> None:
    path = tmp_path / "datasets.toml"
    path.write_text(
        "schema = 1\n[weights.w]\ntitle = 'w'\nlicence = 'x'\npath = 'w'\n"
        "trained_on = [{ dataset = 'stardist-2d', samples = ['train'] }]\n"
    )
    assert load_catalogue(path).weights("w").declaration.seen[0].dataset == "stardist-2d"


def _entry_points(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    points = []
    for name, value in values.items():
        monkeypatch.setattr(module, f"test_{name}", value, raising=False)
        points.append(EntryPoint(name, f"harness.datasets.catalogue:test_{name}", module.ENTRY_POINT_GROUP))
    monkeypatch.setattr(module, "entry_points", lambda group: points)


def test_entry_points_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, third = _write(tmp_path / "other", "other"), _write(tmp_path / "third", "third")
    _entry_points(monkeypatch, path=other, function=lambda: third)
    assert {"mine", "other", "third"} <= set(load_catalogue(_write(tmp_path)).dataset_ids())


def test_a_doubled_id_names_both_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _entry_points(monkeypatch, path=_write(tmp_path / "other"))
    with pytest.raises(RegistryError, match=r"dataset 'mine' is declared twice: by .*datasets.toml and by entry point"):
        load_catalogue(_write(tmp_path))


def test_a_broken_entry_point_is_kept_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Path:
        raise RuntimeError("no licence server")

    _entry_points(monkeypatch, broken=broken)
    loaded = load_catalogue(_write(tmp_path))
    assert list(loaded.broken.values()) == ["RuntimeError: no licence server"]


def test_a_file_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(tmp_path / "datasets.toml")


def test_everything_registered_has_what_it_needs() -> None:
    """The project's own catalogue: sources, licences, splits, and hashes that need no network."""
    loaded = load_catalogue(Path(__file__).parents[2] / "datasets.toml")
    assert len(loaded.dataset_ids()) >= 25
    for name in loaded.dataset_ids():
        dataset = loaded.dataset(name)
        assert dataset.declaration.licence
        assert dataset.provenance()["citation"]
        assert "all" in dataset.splits
        if dataset.declaration.kind in ("remote", "generated"):
            hashes = [dataset.sample_hash(sample) for sample in dataset.sample_ids()]
            assert len(set(hashes)) == len(hashes)
    for name in loaded.weight_ids():
        assert len(loaded.weights(name).hash()) == 64
        assert loaded.weights(name).provenance()["licence"]


def test_the_five_folds_are_those_of_the_thesis() -> None:
    folds = load_catalogue(Path(__file__).parents[2] / "datasets.toml").dataset("gonuclear").splits["five-folds"]
    volumes = ["1135", "1136", "1137", "1139", "1170"]
    for index, fold in enumerate(folds):
        turned = volumes[index:] + volumes[:index]
        assert fold.test == (turned[0],)
        assert set(fold.train) == {turned[1], turned[2], turned[4]}
        assert fold.validation == (turned[3],)
