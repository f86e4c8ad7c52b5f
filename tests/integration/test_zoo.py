"""Published networks on open tissues, the paper tier: a miniature of their files, fetched from a server and run."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import PhantomParameters
from harness.store import Record, Store
from tests.conftest import REPOSITORY
from tests.datasets.server import FileServer, sha256
from tests.integration.project import Project

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")
pytestmark = pytest.mark.slow

WALLS = "unet3d-arabidopsis-ovules-confocal-ds2x.pytorch"
NUCLEI = "confocal_3D_unet_ovules_nuclei_ds1x.pytorch"
PLATINUM = "FOR2581_PlantSeg_Plant_Nuclei_3D.pytorch"
STACKS = ("N_405_A_ds2x.h5", "N_422_ds2x.h5", "N_449_ds2x.h5")


def network(channels: int, seed: int) -> bytes:
    """Return a checkpoint as pytorch-3dunet writes it, random weights, both signs among the logits."""
    import torch

    from harness.stages.nets.build import build_network
    from harness.stages.nets.networks import NetworkSpec

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = build_network(NetworkSpec(f_maps=(8, 16, 32), out_channels=channels)).eval()
    with torch.no_grad():
        logits = built(torch.randn(1, 1, 16, 32, 32, generator=torch.Generator().manual_seed(seed)))
        scale = (2.0 / logits.std(dim=(0, 2, 3, 4))).reshape(-1)
        built.final_conv.weight.mul_(scale.reshape(-1, 1, 1, 1, 1))
        built.final_conv.bias.sub_(logits.mean(dim=(0, 2, 3, 4))).mul_(scale)
    content = io.BytesIO()
    torch.save({"model_state_dict": built.state_dict()}, content)
    return content.getvalue()


def stack(seed: int) -> bytes:
    """Return a stack of cell walls as OSF holds it."""
    spacing = (0.235, 0.15, 0.15)
    parameters = PhantomParameters(shape=(16, 32, 32), spacing_um=spacing, diameter_um=2.0, density=1.0, seed=seed)
    phantom = generate("cells-3d", parameters)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["raw"] = phantom.image.array[0] if phantom.image.array.ndim == 4 else phantom.image.array
        file["label"] = phantom.labels["gold"].array
    return content.getvalue()


def serve(text: str, server: FileServer, name: str, content: bytes) -> str:
    """Return the catalogue with a file of the miniature in place of the published one."""
    line = re.compile(rf'^  \{{ name = "{re.escape(name)}",.*sha256 = .*\}},$', re.MULTILINE)
    url = server.add(f"/files/{name}", content)
    entry = f'  {{ name = "{name}", size = {len(content)}, sha256 = "{sha256(content)}", urls = ["{url}"] }},'
    changed, count = line.subn(entry.replace("\\", "\\\\"), text)
    assert count == 1, name
    return changed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("zoo")
    with FileServer() as server:
        text = (REPOSITORY / "datasets.toml").read_text(encoding="utf-8")
        for number, name in enumerate(STACKS):
            text = serve(text, server, name, stack(number))
        for number, (name, channels) in enumerate(((WALLS, 1), (NUCLEI, 1), (PLATINUM, 2))):
            text = serve(text, server, name, network(channels, number))
        made = folder / "project"
        shutil.copytree(REPOSITORY / "suites", made / "suites")
        (made / "datasets.toml").write_text(text, encoding="utf-8")
        embryos(made / "blastospim")
        yield Project(made, folder / "cache", server)


def embryos(folder: Path) -> None:
    """Write two embryos as they lie when the archive is unpacked."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for seed in (1, 2):
        parameters = PhantomParameters(
            shape=(12, 60, 60), spacing_um=(2.0, 0.208, 0.208), diameter_um=5.0, seed=seed, noise=0.1
        )
        phantom = generate("nuclei-3d", parameters)
        image = phantom.image.array
        np.save(folder / "images" / f"embryo-{seed}.npy", image[0] if image.ndim == 4 else image)
        np.save(folder / "labels" / f"embryo-{seed}.npy", phantom.labels["gold"].array)


def records(project: Project, suite: str) -> tuple[Record, ...]:
    return Store(project.folder / "runs", suite, 1, "paper").records()


def test_a_network_of_the_zoo_on_the_open_ovules(project: Project) -> None:
    arguments = ("--tier", "paper", "--dataset", "plantseg-ovules")
    rows = ("--row", "control-truth", "--row", "generic-confocal-3d")
    project.harness("run", "plantseg-zoo", *arguments, *rows)
    found = records(project, "plantseg-zoo")
    assert {(one.row, one.sample) for one in found} == {
        (row, sample) for row in ("control-truth", "generic-confocal-3d") for sample in ("N_405_A", "N_422", "N_449")
    }
    assert {one.status for one in found} == {"ok"}
    zoo = [one for one in found if one.row == "generic-confocal-3d"]
    assert all(one.contamination == "unknown" for one in zoo)
    assert any("may have seen dataset 'plantseg-ovules'" in note for note in zoo[0].notes)


def test_the_platinum_network_on_unpacked_embryos(project: Project) -> None:
    project.harness("run", "figure-2.5", "--tier", "paper", "--row", "plantseg-platinum")
    found = records(project, "figure-2.5")
    assert sorted(one.sample for one in found) == ["embryo-1", "embryo-2"]
    assert {one.status for one in found} == {"ok"}
    assert {one.contamination for one in found} == {"clean"}


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
