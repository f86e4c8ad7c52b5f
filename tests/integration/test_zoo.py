"""The networks of PlantSeg's zoo on the paper tier: a miniature of networks and stacks, fetched from a server."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import PhantomParameters
from tests.conftest import REPOSITORY
from tests.datasets.server import FileServer, sha256
from tests.integration.models import zoo_network
from tests.integration.project import Project, in_place_of

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")
pytestmark = pytest.mark.slow

WALLS = "unet3d-arabidopsis-ovules-confocal-ds2x.pytorch"
LIGHT_SHEET = "unet3d-lateral-root-lightsheet-ds1x.pytorch"
OVULES = ("N_405_A_ds2x.h5", "N_422_ds2x.h5", "N_449_ds2x.h5")
ROOTS = ("Movie1_t00009_crop_gt.h5", "Movie2_T00000_crop_gt.h5", "Movie3_T00002_crop_gt.h5")
ROWS = ("control-truth", "generic-confocal-3d", "generic-light-sheet-3d")


def stack(seed: int, spacing: tuple[float, float, float]) -> bytes:
    """Return a stack of cell walls as OSF holds it."""
    parameters = PhantomParameters(shape=(16, 32, 32), spacing_um=spacing, diameter_um=2.0, density=1.0, seed=seed)
    phantom = generate("cells-3d", parameters)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["raw"] = phantom.image.array[0] if phantom.image.array.ndim == 4 else phantom.image.array
        file["label"] = phantom.labels["gold"].array
    return content.getvalue()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("zoo")
    with FileServer() as server:
        text = (REPOSITORY / "datasets.toml").read_text(encoding="utf-8")
        for number, name in enumerate(OVULES):
            text = in_place_of(text, server, name, stack(number, (0.235, 0.15, 0.15)))
        for number, name in enumerate(ROOTS, start=len(OVULES)):
            text = in_place_of(text, server, name, stack(number, (0.25, 0.1625, 0.1625)))
        for number, name in enumerate((WALLS, LIGHT_SHEET)):
            text = in_place_of(text, server, name, zoo_network(1, seed=number))
        made = folder / "project"
        shutil.copytree(REPOSITORY / "suites", made / "suites")
        (made / "datasets.toml").write_text(text, encoding="utf-8")
        yield Project(made, folder / "cache", server)


def test_networks_of_the_zoo_on_the_open_stacks(project: Project) -> None:
    before = len(project.server.requests)
    project.harness("run", "plantseg-zoo", "--tier", "paper", *(part for row in ROWS for part in ("--row", row)))
    found = project.records("plantseg-zoo")
    samples = {"plantseg-ovules": OVULES, "plantseg-root": ROOTS}
    assert {(one.row, one.dataset, one.sample) for one in found} == {
        (row, dataset, name.removesuffix("_ds2x.h5").removesuffix("_crop_gt.h5"))
        for row in ROWS
        for dataset, names in samples.items()
        for name in names
    }
    assert {one.status for one in found} == {"ok"}
    for one in found:
        if one.row != "control-truth":
            assert one.contamination == "unknown"
            assert any(f"may have seen dataset '{one.dataset}'" in note for note in one.notes)
    asked = [path for path, _ in project.server.requests[before:]]
    assert len(asked) == len(set(asked)) == len(OVULES) + len(ROOTS) + 2
    claims = {claim["id"]: claim for claim in project.table("plantseg-zoo")["claims"]}
    for name in ("light-sheet-on-roots", "confocal-on-ovules"):
        assert claims[name]["outcome"] == "open", "networks of random weights lie below the floor"


def test_a_changed_network_is_refused_with_both_hashes(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path)
    shutil.rmtree(copy.folder / "runs", ignore_errors=True)
    good = project.server.files[f"/files/{WALLS}"]
    bad = good[:-1] + bytes([good[-1] ^ 1])
    project.server.files[f"/files/{WALLS}"] = bad
    asked = ("--dataset", "plantseg-ovules", "--row", "generic-confocal-3d")
    try:
        done = copy.harness("run", "plantseg-zoo", "--tier", "paper", *asked, check=False)
    finally:
        project.server.files[f"/files/{WALLS}"] = good
    assert sha256(good) in done.stdout + done.stderr
    assert sha256(bad) in done.stdout + done.stderr
