"""Figures 2.2 and 2.5 on the paper tier: published networks that were trained on other images, from server to claims.

Suites and catalogue are the real ones but for addresses, shapes and hashes; every command is a process. The networks
have random weights, so that what they find says nothing; how they are had, run, and judged does.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import PhantomParameters
from tests.datasets.server import FileServer, sha256
from tests.integration.models import base_model, stardist_export, zoo_network
from tests.integration.project import (
    ACCESSION,
    BASE_MODEL,
    ROOT,
    Project,
    Ran,
    data_files,
    in_place_of,
    make_project,
    serve,
    zenodo_in_place_of,
)
from tests.integration.volumes import SPACINGS, ZIP_NAME, Ovule

for library in ("torch", "cellpose", "stardist", "bioimage_cpp"):
    pytest.importorskip(library, reason=f"{library} is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pretrained")]  # one worker: the fixture takes a minute

OVULE_NUCLEI = "confocal_3D_unet_ovules_nuclei_ds1x.pytorch"
EMBRYO_NUCLEI = "unet-bce-dice-ab-nuclei-boundary-090121.pytorch"
ROOT_NUCLEI, ROOT_RECORD = "unet3d-lateral-root-nuclei-lightsheet.pytorch", "7774421"
ROOT_PLANES, PLANES_RECORD = "unet2d-lateral-root-nuclei-lightsheet.pytorch", "7774563"
PLATINUM, STARDIST_RECORD = "FOR2581_PlantSeg_Plant_Nuclei_3D.pytorch", "8432366"
MODELS = {
    "cellpose-nuclei": "cellpose-nuclei",
    "cellpose-cyto3": "cellpose-cyto3",
    "plantseg-ovules-nuclei": "plantseg-ovules-nuclei-3d",
    "plantseg-root-nuclei": "plantseg-root-nuclei-3d",
    "plantseg-root-nuclei-2d": "plantseg-root-nuclei-2d",
    "plantseg-mouse-embryo-nuclei": "plantseg-mouse-embryo-nuclei-3d",
}
"""Beginnings of rows of figure 2.2, and the weights that they run."""
EMBRYOS = ("embryo-1", "embryo-2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, ovules: list[Ovule]) -> Iterator[Project]:
    folder, models = (tmp_path_factory.mktemp(name) for name in ("pretrained", "models"))
    files = data_files(ovules)
    with FileServer() as server:
        serve(server, files)
        made = make_project(folder, server, ovules, files[f"{ROOT}/{ZIP_NAME}"])
        server.add(BASE_MODEL, base_model(ovules, models))
        catalogue = made.folder / "datasets.toml"
        text = catalogue.read_text(encoding="utf-8")
        text = in_place_of(text, server, "cyto3", base_model(ovules, models, diameter=30.0))
        text = in_place_of(text, server, OVULE_NUCLEI, zoo_network(1, seed=1))
        text = in_place_of(text, server, EMBRYO_NUCLEI, zoo_network(1, seed=4))
        text = in_place_of(text, server, PLATINUM, zoo_network(2, seed=2))
        text = zenodo_in_place_of(text, server, ROOT_RECORD, {ROOT_NUCLEI: zoo_network(1, seed=3)})
        text = zenodo_in_place_of(text, server, PLANES_RECORD, {ROOT_PLANES: zoo_network(1, seed=5, ndim=2)})
        text = zenodo_in_place_of(text, server, STARDIST_RECORD, stardist_export(models))
        catalogue.write_text(text, encoding="utf-8")
        yield made


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    """Every row of figure 2.2 on five volumes."""
    return project.run("figure-2.2")


def embryos(folder: Path) -> None:
    """Write two embryos as they lie when the archive is unpacked."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for seed, name in enumerate(EMBRYOS, start=1):
        parameters = PhantomParameters(
            shape=(12, 60, 60), spacing_um=(2.0, 0.208, 0.208), diameter_um=5.0, seed=seed, noise=0.1
        )
        phantom = generate("nuclei-3d", parameters)
        image = phantom.image.array
        np.save(folder / "images" / f"{name}.npy", image[0] if image.ndim == 4 else image)
        np.save(folder / "labels" / f"{name}.npy", phantom.labels["gold"].array)


def test_every_pretrained_network_is_run_on_both_channels(ran: Ran, ovules: list[Ovule]) -> None:
    places = [(record.row, record.sample, record.status) for record in ran.records]
    assert places == [
        (f"{model}-{channel}", name, "ok") for channel in ("noisy", "clear") for model in MODELS for name in SPACINGS
    ]
    nuclei = {ovule.id: ovule.nuclei for ovule in ovules}
    for record in ran.records:
        assert record.metrics["count.truth"] == nuclei[record.sample]
        [used] = [stage for stage in record.stages if stage.weights]
        assert used.parameters["weights"] == MODELS[record.row.rpartition("-")[0]]
        assert used.model is None
    by_channel = {
        channel: [one.metrics for one in ran.records if one.row.endswith(channel)] for channel in ("noisy", "clear")
    }
    assert by_channel["noisy"] != by_channel["clear"], "each channel is read"


def test_records_say_what_vouches_for_a_network_and_that_nobody_knows_what_it_has_seen(ran: Ran) -> None:
    pinned = "no published checksum: {} are pinned by the first download"
    listed = "checksum stated by the archive's own listing: {} were verified against it at the first download"
    vouched = {"cellpose-nuclei": pinned, "plantseg-root-nuclei-3d": listed, "plantseg-root-nuclei-2d": listed}
    for record in ran.records:
        weights = MODELS[record.row.rpartition("-")[0]]
        of_weights = [vouched[weights].format(f"the weights '{weights}'")] if weights in vouched else []
        assert list(record.notes) == [
            pinned.format("the data"),
            *of_weights,
            f"weights '{weights}' may have seen dataset 'gonuclear': what trained them is not declared",
        ]
        assert record.contamination == "unknown"


def test_each_file_is_asked_for_once(project: Project, ran: Ran) -> None:
    assert len(ran.asked) == len(set(ran.asked))
    data = {f"/files/{ACCESSION}/{ROOT}/Training data/3d_all_in_one/{name}.h5" for name in SPACINGS}
    networks = {
        BASE_MODEL,
        "/files/cyto3",
        f"/files/{OVULE_NUCLEI}",
        f"/files/{EMBRYO_NUCLEI}",
        f"/record/{ROOT_RECORD}/files/{ROOT_NUCLEI}",
        f"/record/{PLANES_RECORD}/files/{ROOT_PLANES}",
    }
    assert data | networks <= set(ran.asked)
    listings = {f"/api/records/{record}" for record in (ROOT_RECORD, PLANES_RECORD)}
    assert {path for path in ran.asked if "/records/" in path} == listings
    before = len(project.server.requests)
    again = project.harness("run", "figure-2.2", "--tier", "paper")
    assert "60 cells, 0 computed, 60 cached, 0 failed, 0 missing" in again.stderr
    assert len(project.server.requests) == before


def test_networks_that_find_nothing_decide_no_claim(project: Project, ran: Ran) -> None:
    claims = {claim["id"]: claim for claim in project.table("figure-2.2")["claims"]}
    assert {record.metrics["ap50.gonuclear"] for record in ran.records if record.row.startswith("cellpose")} == {0.0}
    for name in ("pretrained-fail-on-noisy", "nuclei-works-on-clear"):
        assert claims[name]["outcome"] == "open", "a network that finds nothing anywhere has not failed on a channel"
        assert "every row scores 0" in claims[name]["detail"]


def test_a_network_that_is_not_what_the_archive_lists_is_refused(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path)
    (copy.folder / "datasets.lock.toml").unlink(missing_ok=True)
    place = f"/record/{ROOT_RECORD}/files/{ROOT_NUCLEI}"
    listed_place = f"/records/{ROOT_RECORD}/files/{ROOT_NUCLEI}"
    good = project.server.files[place]
    bad = good[:-1] + bytes([good[-1] ^ 1])
    project.server.files |= {place: bad, listed_place: bad}
    try:
        done = copy.harness("fetch", "plantseg-root-nuclei-3d", check=False)
    finally:
        project.server.files |= {place: good, listed_place: good}
    assert done.returncode == 3
    found, stated = (hashlib.md5(content).hexdigest() for content in (bad, good))
    assert f"checksum is md5:{found}, declared md5:{stated}" in done.stderr
    assert not (copy.cache / "weights" / "plantseg-root-nuclei-3d" / ROOT_NUCLEI).exists()


def test_embryos_that_nobody_unpacked_are_missing_and_said_how_to_get(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path)
    for made in ("blastospim", "runs"):
        shutil.rmtree(copy.folder / made, ignore_errors=True)
    done = copy.harness("run", "figure-2.5", "--tier", "paper", check=False)
    assert "set HARNESS_DATA to the folder that holds 'blastospim'" in done.stdout + done.stderr
    assert copy.records("figure-2.5") == ()


def test_both_platinum_models_on_unpacked_embryos(project: Project) -> None:
    embryos(project.folder / "blastospim")
    project.harness("run", "figure-2.5", "--tier", "paper")
    found = project.records("figure-2.5")
    assert [(one.row, one.sample, one.status) for one in found] == [
        (row, name, "ok") for row in ("plantseg-platinum", "stardist-platinum") for name in EMBRYOS
    ]
    assert {one.contamination for one in found} == {"clean"}, "they declare what trained them: other volumes"
    hashes = {one.row: next(stage.weights for stage in one.stages if stage.weights) for one in found}
    assert hashes["plantseg-platinum"] != hashes["stardist-platinum"]
    content = project.server.files[f"/records/{STARDIST_RECORD}/files/stardist_weights.h5"]
    pinned = (project.folder / "datasets.lock.toml").read_text(encoding="utf-8")
    assert sha256(content) in pinned
    [claim] = project.table("figure-2.5")["claims"]
    assert (claim["outcome"], "every row scores 0" in claim["detail"]) == ("open", True)
