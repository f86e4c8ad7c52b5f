"""Table 2.6 on the paper tier, from an archive's listing to verdicts, with a miniature of the deposit on this machine.

The suite and the catalogue are the real ones but for addresses, shapes and one hash; every command is a process. Rows
of two other tables train, and a suite of the test reads the deposit's TIFF form.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harness.store import Record
from tests.datasets.server import FileServer, sha256
from tests.integration.models import base_model, model_files
from tests.integration.project import ACCESSION, BASE_MODEL, ROOT, Project, data_files, make_project, override, serve
from tests.integration.volumes import LABELS_ARE_CLIPPED, SPACINGS, ZIP_NAME, Ovule

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("paper-tier")]  # one worker: the fixture takes a minute

ROWS = {
    "plantseg-gold": "gonuclear-plantseg-gold",
    "stardist-resnet-gold": "gonuclear-stardist-resnet-gold",
    "stardist-unet-gold": "gonuclear-stardist-unet-gold",
    "cellpose-nuclei-gold": "gonuclear-cellpose-nuclei-gold",
    "cellpose-cyto2-gold": "gonuclear-cellpose-cyto2-gold",
    "cellpose-scratch-gold": "gonuclear-cellpose-scratch-gold",
}
TRAINED = {
    "table-2.8": {
        "plantseg-patch-192": (
            "unet",
            "f_maps = [4]\nlevels = 3\ngroups = 2\npatch = [16, 32, 32]\nstride = [16, 16, 16]\n"
            "max_iterations = 2\nelastic = 0.0",
        ),
        "stardist-unet-grid-122": (
            "stardist-3d",
            "filters = 4\nn_rays = 16\nnet_conv_after = 8\npatch = [16, 32, 32]\nbatch = 2\n"
            "steps_per_epoch = 2\nepochs = 1\nval_patches = 2\nsearch = 2",
        ),
    },
    "table-2.7": {
        "cellpose-xy-stitched": (
            "cellpose",
            "epochs = 2\nplanes_per_epoch = 4\nbatch = 4\npatch = 32\nmin_train_masks = 1",
        ),
    },
}
"""Rows without published weights: the stage that trains, and parameters for seconds instead of days."""

TIFF_SUITE = """
schema = 1
id = "tiff"
version = 1
title = "The TIFF form of the deposit"
shared = "shared/gonuclear.toml"

[tiers.paper]
data = [{{ dataset = "gonuclear-tiff", split = "five-folds" }}]

[[rows]]
method = "plantseg-gold"
published = {{ "sbd.cvppp" = {{ mean = {mean}, sd = {sd} }} }}

[[rows]]
id = "control-truth"
stages = [{{ id = "truth" }}]
published = {{ "map.gonuclear" = {{ mean = 100.0, sd = 0.0, unit = "percent" }} }}
"""
"""A row of table 2.6 with the mean and the spread that its HDF5 form gave as the printed ones, and the truth."""


@dataclass(frozen=True)
class Ran:
    """What the commands have left: four suites run, and what the first and the others asked the server for."""

    project: Project
    files: dict[str, bytes]
    first: CompletedProcess[str]
    asked: list[str]
    asked_later: list[str]

    def records(self, suite: str = "table-2.6") -> tuple[Record, ...]:
        return self.project.records(suite)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, ovules: list[Ovule]) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("paper")
    models = tmp_path_factory.mktemp("models")
    files = data_files(ovules) | model_files(ovules, models)
    with FileServer() as server:
        serve(server, files)
        server.add(BASE_MODEL, base_model(ovules, models))
        project = make_project(folder, server, ovules, files[f"{ROOT}/{ZIP_NAME}"])
        suites = project.folder / "suites"
        for suite, rows in TRAINED.items():
            for row, (stage, parameters) in rows.items():
                override(suites / f"{suite}.toml", row, stage, parameters)
        project.harness("check")
        first = project.harness("run", "table-2.6", "--tier", "paper")
        asked = [path for path, _ in server.requests]
        printed = project.scores("table-2.6", "sbd.cvppp")["plantseg-gold"]
        text = TIFF_SUITE.format(mean=printed["mean"], sd=printed["sd_ddof1"])
        (suites / "tiff.toml").write_text(text, encoding="utf-8")
        project.harness("run", "tiff", "--tier", "paper")
        for suite, rows in TRAINED.items():
            chosen = [part for row in rows for part in ("--row", row)]
            project.harness("run", suite, "--tier", "paper", "--fold", "1", *chosen)
        later = [path for path, _ in server.requests[len(asked) :]]
        yield Ran(project, files, first, asked, later)


def test_every_row_is_scored_on_every_fold_with_its_own_weights(ran: Ran, ovules: list[Ovule]) -> None:
    records = ran.records()
    places = [(record.row, record.fold, record.sample, record.status) for record in records]
    assert places == [
        (row, str(fold), name, "ok") for row in ROWS for fold, name in enumerate(SPACINGS, start=1)
    ]  # fmt: skip
    nuclei = {ovule.id: ovule.nuclei for ovule in ovules}
    hashes: set[str] = set()
    for record in records:
        assert record.metrics["count.truth"] == nuclei[record.sample]
        assert 0 <= record.metrics["map.gonuclear"] < 0.5
        [used] = [stage for stage in record.stages if stage.weights]
        assert used.parameters["weights"] == f"{ROWS[record.row]}/{record.fold}"
        assert used.model is None
        hashes.add(used.weights["weights"])
    assert len(hashes) == len(records)


def test_records_say_that_only_the_first_download_vouches(ran: Ran) -> None:
    for record in ran.records():
        weights = f"{ROWS[record.row]}/{record.fold}"
        assert record.notes == (
            "no published checksum: the data are pinned by the first download",
            f"no published checksum: the weights '{weights}' are pinned by the first download",
        )


def test_the_lock_file_pins_everything_that_was_fetched(ran: Ran) -> None:
    pins = tomllib.loads((ran.project.folder / "datasets.lock.toml").read_text(encoding="utf-8"))
    assert sorted(pins["datasets"]) == ["gonuclear"]
    assert sorted(pins["datasets"]["gonuclear"]) == [f"{name}.h5" for name in SPACINGS]
    of_folds = [f"{weights}/{fold}" for weights in ROWS.values() for fold in range(1, 6)]
    assert sorted(pins["weights"]) == sorted([*of_folds, "cellpose-nuclei"])
    assert sorted(pins["weights"]["gonuclear-stardist-unet-gold/2"]) == [
        "model/config.json",
        "model/logs/train/events.out.tfevents",
        "model/thresholds.json",
        "model/weights_best.h5",
    ]
    server = ran.project.server
    base = pins["weights"].pop("cellpose-nuclei")["nucleitorch_0"]
    assert (base["sha256"], base["url"]) == (sha256(server.files[BASE_MODEL]), server.url + BASE_MODEL)
    served = {sha256(content): len(content) for content in ran.files.values()}
    every = [pin for owner in ("datasets", "weights") for entry in pins[owner].values() for pin in entry.values()]
    assert all(served[pin["sha256"]] == pin["size"] for pin in every)
    assert all(pin["url"].startswith(f"{server.url}/files/{ACCESSION}/") for pin in every)
    best = pins["weights"]["gonuclear-plantseg-gold/3"]["best_checkpoint.pytorch"]
    assert best["url"].endswith("/test_1137_original_one_rotate2d_fmaps16_96x4/best_checkpoint.pytorch")


def test_the_archive_is_asked_once_for_what_is_needed(ran: Ran) -> None:
    assert ran.asked.count(f"/api/v1/studies/{ACCESSION}") == 1
    assert len(set(ran.asked)) == len(ran.asked)
    assert not any("README" in path or "last_checkpoint" in path or path.endswith(".zip") for path in ran.asked)
    assert sorted(ran.asked_later) == [f"/files/{ACCESSION}/{ROOT}/{ZIP_NAME}", BASE_MODEL]


def test_nothing_is_fetched_or_computed_twice(ran: Ran) -> None:
    before = len(ran.project.server.requests)
    again = ran.project.harness("run", "table-2.6", "--tier", "paper")
    assert "30 cells, 0 computed, 30 cached, 0 failed, 0 missing" in again.stderr
    assert again.stdout == ran.first.stdout
    fetched = ran.project.harness("fetch", "table-2.6", "--tier", "paper")
    assert fetched.stdout.count("verified against the lock file") == 1 + 5 * len(ROWS)
    assert len(ran.project.server.requests) == before


def test_the_table_judges_every_printed_value(ran: Ran) -> None:
    assert "| row | map.gonuclear (percent) ↑ | published | verdict |" in ran.first.stdout
    table = ran.project.table("table-2.6")
    scores = ran.project.scores("table-2.6", "map.gonuclear")
    assert list(scores) == list(ROWS)
    assert {score["verdict"] for score in scores.values()} == {"not reproduced"}
    assert "the means differ by" in scores["plantseg-gold"]["reason"]
    assert scores["plantseg-gold"]["published"]["mean"] == 78.8
    assert [row["cells"] for row in table["rows"]] == [5] * 6
    assert {claim["outcome"] for claim in table["claims"]} <= {"holds", "does not hold", "open"}


@pytest.mark.parametrize("suite", TRAINED)
def test_rows_without_weights_train_on_the_fold(ran: Ran, suite: str) -> None:
    records = ran.records(suite)
    assert {record.row for record in records} == set(TRAINED[suite])
    rows = {row["id"]: row for row in ran.project.table(suite)["rows"]}
    for record in records:
        assert (record.fold, record.sample, record.status) == ("1", "1135", "ok")
        assert record.notes[0] == "no published checksum: the data are pinned by the first download"
        network = record.stages[0]
        assert network.id == TRAINED[suite][record.row][0]
        assert network.model is not None
        assert "weights" not in network.weights
        assert rows[record.row]["training_seconds"] > 0
        assert rows[record.row]["scores"]["map.gonuclear"]["verdict"] == "missing", "four folds were not run"


def test_cellpose_is_fine_tuned_from_the_base_model_of_its_library(ran: Ran) -> None:
    [record] = ran.records("table-2.7")
    assert record.stages[0].parameters["base"] == "cellpose-nuclei"
    assert list(record.stages[0].weights) == ["base"]
    assert record.notes[1:] == (
        "no published checksum: the weights 'cellpose-nuclei' are pinned by the first download",
        "weights 'cellpose-nuclei' may have seen dataset 'gonuclear': what trained them is not declared",
    )
    assert record.contamination == "unknown"


def test_both_forms_of_the_deposit_give_the_same_scores(ran: Ran) -> None:
    from_hdf5 = {record.sample: record for record in ran.records() if record.row == "plantseg-gold"}
    from_tiff = {record.sample: record for record in ran.records("tiff") if record.row == "plantseg-gold"}
    assert list(from_tiff) == list(SPACINGS)
    for name, record in from_tiff.items():
        assert (record.dataset, record.status) == ("gonuclear-tiff", "ok")
        assert record.metrics["sbd.cvppp"] > 0
        if name not in LABELS_ARE_CLIPPED:
            assert record.metrics == from_hdf5[name].metrics
            assert record.stages == from_hdf5[name].stages


def test_values_that_the_deposit_gives_are_reproduced(ran: Ran) -> None:
    network = ran.project.scores("tiff", "sbd.cvppp")["plantseg-gold"]
    assert network["verdict"] == "reproduced"
    assert network["reason"].endswith("(1 x printed sd)")
    truth = ran.project.scores("tiff", "map.gonuclear")["control-truth"]
    assert (truth["mean"], truth["verdict"]) == (1.0, "reproduced")


def test_a_changed_byte_is_refused_with_both_hashes(ran: Ran, tmp_path: Path) -> None:
    project, files = ran.project.copy(tmp_path), ran.project.server.files
    shutil.rmtree(project.folder / "runs")
    data = f"/files/{ACCESSION}/{ROOT}/Training data/3d_all_in_one/1137.h5"
    models = f"/files/{ACCESSION}/{ROOT}/Models/stardist/unet/gold/stardist_unet_96_grid244_1136"
    places = (data, f"{models}/weights_best.h5", BASE_MODEL)
    wanted = ("gonuclear", "gonuclear-stardist-unet-gold/2", "cellpose-nuclei")
    originals = {place: files[place] for place in places}
    changed = {place: content[:-1] + bytes([content[-1] ^ 1]) for place, content in originals.items()}
    files.update(changed)
    try:
        fetched = project.harness("fetch", *wanted, check=False)
        run = project.harness("run", "table-2.6", "--tier", "paper", "--row", "plantseg-gold", check=False)
    finally:
        files.update(originals)
    assert fetched.returncode == 3
    for place in places:
        now, then = sha256(changed[place]), sha256(originals[place])
        assert f"checksum is sha256:{now}, declared sha256:{then}" in fetched.stderr
    assert "3 of 3 could not be fetched" in fetched.stderr
    assert not (project.cache / "datasets" / "gonuclear" / "1137.h5").exists()
    assert run.returncode == 3
    assert "5 cells, 0 computed, 0 cached, 0 failed, 5 missing" in run.stderr
    assert "MISSING 5 cells: datasets 'gonuclear': file '1137.h5' could not be fetched: " in run.stderr
    assert "(table-2.6 paper: plantseg-gold on gonuclear/1135 fold 1, " in run.stderr
    assert project.records("table-2.6") == ()
    restored = project.harness("fetch", *wanted)
    assert restored.stdout.count("verified against the lock file") == 3
