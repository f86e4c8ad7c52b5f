from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets import load_catalogue
from harness.datasets.readers import write_labels
from harness.errors import ChainError, DataError
from harness.model import DataSelection, Grid
from harness.stages.values import Prompts
from harness.worker.sources import Recent, SampleSlots, Source
from tests.runner.project import Project


def test_recent_items_stay_up_to_a_size() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    recent: Recent[str] = Recent(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert recent.get(name, lambda name=name: make(name)) == name  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    assert recent.get("large", lambda: make("large"), size=lambda item: 9.0) == "large"
    recent.get("large", lambda: make("large"))
    assert made[-1] == "large"
    assert made.count("large") == 1, "the newest stays however large it is"
    recent.clear()
    recent.get("b", lambda: make("b"))
    assert made.count("b") == 3


def test_samples_become_slots_whose_keys_need_no_reading(project: Project) -> None:
    samples = SampleSlots(load_catalogue(project.folder / "datasets.toml"))
    selection = DataSelection("dots", (), "gold", "gold", reads=(("nuclei", "gold"),))
    slots = samples.slots(selection, "a", truth="gold")
    assert set(slots) == {"image", "truth", "nuclei"}
    assert slots["image"].key != slots["truth"].key == slots["nuclei"].key
    assert samples.slots(selection, "b", truth="gold")["image"].key != slots["image"].key
    image = slots["image"].volume()
    assert image.grid == slots["truth"].volume().grid
    assert samples.slots(selection, "a", truth="gold")["image"].volume().array is image.array
    samples.forget()
    assert samples.slots(selection, "a", truth="gold")["image"].volume().array is not image.array


MASKS = """
schema = 1
[datasets.masks]
kind = "folder"
title = "t"
licence = "l"
citation = "c"
path = "data"
axes = "YX"
images.raw = { file = "{id}.tif" }
labels.gold = { file = "{id}.tif" }
labels.ones = { file = "{id}.tif", components = true }
samples.a = {}
samples.b = {}
"""


def test_a_truth_that_is_a_mask_of_several_parts_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    mask = np.zeros((8, 9), np.uint16)
    mask[1:3, 1:3] = mask[5:7, 5:7] = 1
    for name in "ab":
        write_labels(tmp_path / "data" / f"{name}.tif", mask)
    (tmp_path / "datasets.toml").write_text(MASKS, encoding="utf-8")
    samples = SampleSlots(load_catalogue(tmp_path / "datasets.toml"))
    plain, parted, none = (DataSelection("masks", (), truth, truth) for truth in ("gold", "ones", ""))
    assert samples.mask_remark(plain, "a") == (
        "dataset 'masks': label 'gold' of sample 'a' holds 0 and 1 alone, which is one object in 2 parts; with "
        "`components = true` each part is an object"
    )
    assert [samples.mask_remark(*one) for one in ((plain, "b"), (parted, "a"), (none, "a"))] == ["", "", ""]


def test_unknown_label_names_the_nearest(project: Project) -> None:
    samples = SampleSlots(load_catalogue(project.folder / "datasets.toml"))
    slots = samples.slots(DataSelection("dots", (), "god", ""), "a", truth="god")
    with pytest.raises(DataError, match="no label image 'god'; did you mean 'gold'"):
        slots["truth"].volume()


def test_a_value_is_made_once() -> None:
    calls: list[int] = []

    def make() -> None:
        calls.append(1)
        raise ValueError("no")

    slot = Source("k", make)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            slot.value()
    assert len(calls) == 2, "a failure is not kept"


def test_a_slot_of_other_values_holds_no_volume() -> None:
    prompts = Prompts.of(Grid("YX", (4, 4)), points=[(1, (1.0, 2.0), True)])
    source = Source("k", lambda: prompts)
    assert source.value() is source.value() is prompts
    with pytest.raises(ChainError, match="found a Prompts; accepted: a Volume"):
        source.volume()


def test_what_is_ignored_is_a_label_of_the_truth_or_a_label_image(project: Project) -> None:
    samples = SampleSlots(load_catalogue(project.folder / "datasets.toml"))
    selection = DataSelection("dots", (), "gold", "gold")
    truth = samples.slots(selection, "a", truth="gold")["truth"]
    assert samples.ignored(selection, "a", truth, None) is None
    one, two = (samples.ignored(selection, "a", truth, label) for label in (1, 2))
    assert one is not None
    assert two is not None
    assert one.key != two.key != truth.key
    assert (one.volume().array == (truth.volume().array == 1)).all()
    assert one.volume().grid == truth.volume().grid
    image = samples.ignored(selection, "a", truth, "gold")
    assert image is not None
    assert image.key == truth.key


@pytest.mark.parametrize(
    ("said", "found"), [("", None), ("ignore = 255", 255), ('ignore = { image = "gold" }', "gold")]
)
def test_a_dataset_says_what_is_ignored(project: Project, said: str, found: int | str | None) -> None:
    path = project.folder / "datasets.toml"
    path.write_text(path.read_text().replace("[datasets.dots]\n", f"[datasets.dots]\n{said}\n", 1))
    assert SampleSlots(load_catalogue(path)).declared_ignore("dots") == found
