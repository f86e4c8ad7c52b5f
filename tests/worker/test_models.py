from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.worker.cache import CorruptEntryError, Setting
from harness.worker.models import FitCost, Model, ModelStore

KEY = "ab" + "0" * 62
HERE = Setting("m", "cpu", 2, "e")
COST = FitCost(1.0, 2.0, None, 3, None)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path)


def kept(store: ModelStore) -> Model:
    draft = store.draft(KEY)
    (draft / "weights").write_text("w")
    return store.keep(KEY, draft, HERE, COST, {"best_epoch": 7, "loss": 0.5})


def test_round_trip(store: ModelStore) -> None:
    assert store.find(KEY) is None
    model = kept(store)
    assert store.find(KEY) == model
    assert (model.folder / "weights").read_text() == "w"
    assert (model.cost, model.made, dict(model.facts)) == (COST, HERE, {"best_epoch": 7, "loss": 0.5})


def test_a_spoilt_model_is_noticed_and_can_be_made_again(store: ModelStore) -> None:
    meta = kept(store).folder.parent / "meta.json"
    said = json.loads(meta.read_text())
    broken: list[Any] = [[], {}, None, {**said, "schema": 99}, {**said, "cost": {"seconds": "x"}}]
    broken += [{name: value for name, value in said.items() if name != left_out} for left_out in said]
    for text in ("", "{", *(json.dumps(one) for one in broken)):
        meta.write_text(text)
        with pytest.raises(CorruptEntryError, match=r"meta\.json"):
            store.find(KEY)
    meta.unlink()
    with pytest.raises(CorruptEntryError, match="files of it are gone"):
        store.find(KEY)
    store.drop(KEY)
    (kept(store).folder / "weights").write_text("v")
    with pytest.raises(CorruptEntryError, match="its files have changed"):
        store.find(KEY)
    store.drop(KEY)
    meta.parent.write_text("a file in place of the folder")
    with pytest.raises(CorruptEntryError, match="files of it are gone"):
        store.find(KEY)
    store.drop(KEY)
    kept(store)
    assert store.find(KEY) is not None


def test_what_the_disk_refuses_leaves_nothing(store: ModelStore) -> None:
    draft = store.draft(KEY)
    draft.parent.with_suffix("").mkdir()
    (draft.parent.with_suffix("") / "x").write_text("in the way")
    with pytest.raises(StoreError, match=r"a model cannot be kept \(Directory not empty\)"):
        store.keep(KEY, draft, HERE, COST, {})
    assert not draft.exists()
    store.drop(KEY)
    draft.parent.parent.rmdir()
    draft.parent.parent.write_text("a file in place of the folder")
    with pytest.raises(StoreError, match="a model cannot be kept"):
        store.draft(KEY)


def test_the_draft_of_a_training_that_takes_days_is_not_swept(store: ModelStore) -> None:
    lock = store.lock(KEY)
    assert lock.acquire()
    draft = store.draft(KEY)
    in_a_week_s = time.time() + 7 * 24 * 3600.0
    store.sweep(now_s=in_a_week_s)
    assert draft.is_dir()
    lock.release()
    store.sweep()
    assert draft.is_dir(), "it is of today"
    store.sweep(now_s=in_a_week_s)
    assert not draft.exists(), "nobody trains it any more"
    assert lock.acquire()
    lock.release()
