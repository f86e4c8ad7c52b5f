"""Table 5.3 and the prompting strategies on the paper tier: networks of the SAM family, from server to claims.

Suites and catalogue are the real ones but for addresses, shapes and hashes; every command is a process. The networks
have the published layout in a few channels and random weights: what they find says nothing; how they are had, run, and
judged does.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from harness.store import Record
from tests.datasets.server import FileServer, sha256
from tests.integration.project import ROOT, Project, Ran, data_files, in_place_of, make_project, serve
from tests.integration.volumes import LABELS_ARE_CLIPPED, SHAPES, SPACINGS, ZIP_NAME, Ovule
from tests.stages.prompting.published import published_state
from tests.stages.prompting.scenes import TINY

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prompting")]  # one worker: the fixture takes a minute

FILES = {
    "sam-vit-b": "sam_vit_b_01ec64.pth",
    "sam-vit-l": "sam_vit_l_0b3195.pth",
    "sam-vit-h": "sam_vit_h_4b8939.pth",
    "microsam-v1-vit-b-lm": "vit_b_lm.pth",
    "microsam-v1-vit-h-lm": "vit_h_lm.pth",
    "microsam-v1-vit-b-em": "vit_b_em.pth",
    "microsam-v1-vit-h-em": "vit_h_em.pth",
}
"""Files of published networks by the ids of their weights; declared with a SHA-256, or given one here."""
SECOND = "microsam-v2-vit-l-lm"
ROWS = {
    "amg-sam-base": "sam-vit-b",
    "amg-sam-large": "sam-vit-l",
    "amg-sam-huge": "sam-vit-h",
    "boxes-sam-base": "sam-vit-b",
    "boxes-sam-large": "sam-vit-l",
    "boxes-sam-huge": "sam-vit-h",
    "boxes-usam-base-lm": "microsam-v1-vit-b-lm",
    "boxes-usam-huge-lm": "microsam-v1-vit-h-lm",
    "boxes-usam-base-em": "microsam-v1-vit-b-em",
    "boxes-usam-huge-em": "microsam-v1-vit-h-em",
    "points-usam-huge-lm": "microsam-v1-vit-h-lm",
    "boxes-sam-base-ovules": "sam-vit-b-ovules",
}
STRATEGIES = (
    "amg-wall-usam",
    "boxes-own-noisy-usam",
    "boxes-other-wall-usam",
    "boxes-moved-wall-sam",
    "multi-1p-1n-near-clear-oracle-usam",
    "multi-1p-Nn-noisy-predicted-sam",
    "single-1p-1n-random-clear-usam",
    "single-1p-1n-near-other-wall-usam",
    "rgb-boxes-cells-usam",
    "rgb-points-nuclei-sam",
    "volume-boxes-noisy-usam",
    "volume-carried-noisy-sam",
)
"""A row of every kind of the prompting strategies."""


def published_file(seed: int) -> bytes:
    """Return a checkpoint as `segment-anything` and micro-sam write it: a state dict of tensors."""
    content = io.BytesIO()
    torch.save(published_state(TINY, seed=seed, scale=0.2), content)
    return content.getvalue()


def with_planes_of_the_miniature(text: str, dataset: str, *, is_clipped: bool) -> str:
    """Return the text of a catalogue whose planes end where the miniature of a data set does."""
    start = text.index(f"[datasets.{dataset}.samples]")
    for name, (depth, height, width) in SHAPES.items():
        if is_clipped and name in LABELS_ARE_CLIPPED:
            height, width = height - 3, width - 2
        line = re.compile(rf"^({name}-planes = .* crop = )\[\[.*\]\](, planes = .*)$", re.MULTILINE)
        changed, count = line.subn(rf"\g<1>[[0, {depth}], [0, {height}], [0, {width}]]\g<2>", text[start:], count=1)
        assert count == 1, name
        text = text[:start] + changed
    return text


def with_second_release(text: str, server: FileServer) -> str:
    """Return the text of a catalogue with served files in place of micro-SAM's second release and its decoder."""
    start = text.index(f"[weights.{SECOND}]")
    end = text.index("\n]\n", start)
    entries = []
    for name, content in (("vit_l.pt", published_file(seed=9)), ("vit_l_decoder.pt", b"no decoder: boxes need none")):
        url = server.add(f"/idealistic-rat/{name}", content)
        entries.append(
            f'  {{ name = "{name}", size = {len(content)}, sha256 = "{sha256(content)}", urls = ["{url}"] }},'
        )
    head = text[start:end].partition("files = [")[0]
    return text[:start] + head + "files = [\n" + "\n".join(entries) + text[end:]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, ovules: list[Ovule]) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("prompting")
    files = data_files(ovules)
    with FileServer() as server:
        serve(server, files)
        made = make_project(folder, server, ovules, files[f"{ROOT}/{ZIP_NAME}"])
        catalogue = made.folder / "datasets.toml"
        text = catalogue.read_text(encoding="utf-8")
        for seed, name in enumerate(FILES.values()):
            text = in_place_of(text, server, name, published_file(seed))
        text = with_second_release(text, server)
        text = with_planes_of_the_miniature(text, "gonuclear", is_clipped=False)
        text = with_planes_of_the_miniature(text, "gonuclear-tiff", is_clipped=True)
        long = "objects = 25, iterations = 10000, learning_rate = 1e-5"
        assert text.count(long) == 1
        text = text.replace(long, "objects = 2, iterations = 2, learning_rate = 1e-5")
        catalogue.write_text(text, encoding="utf-8")
        yield made


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    """Every row of table 5.3 on planes of five volumes."""
    return project.run("table-5.3")


@pytest.fixture(scope="module")
def strategies(project: Project, ran: Ran) -> tuple[Record, ...]:
    """The records of a row of every kind of the prompting strategies, run after the table."""
    assert ran.records
    project.harness(
        "run", "prompting-strategies", "--tier", "paper", *(part for row in STRATEGIES for part in ("--row", row))
    )
    return project.records("prompting-strategies")


def test_every_row_runs_with_its_own_network_on_planes_of_all_volumes(ran: Ran) -> None:
    samples = defaultdict(list)
    for record in ran.records:
        assert record.status == "ok", record
        samples[record.row].append(record.sample)
        networks = {one.parameters["weights"] for one in record.stages if "weights" in one.parameters}
        assert networks == {ROWS[record.row]}
    assert set(samples) == set(ROWS)
    every = samples.pop("boxes-sam-base-ovules"), *samples.values()
    assert {name.partition("-")[0] for name in every[0]} == {"1135"}, "two volumes trained it, one chose its weights"
    for names in every[1:]:
        assert names == every[1]
        assert {name.partition("-")[0] for name in names} == set(SPACINGS)


def test_prompts_of_the_truth_are_marked_and_the_grid_needs_none(ran: Ran, project: Project) -> None:
    uses = {record.row: record.uses_truth for record in ran.records}
    assert {uses[row] for row in ROWS if row.startswith("amg-")} == {""}
    assert {uses[row] for row in ROWS if not row.startswith("amg-")} == {"prompts"}
    shown = project.harness("table", "table-5.3", "--tier", "paper").stdout
    assert "prompts are made from the ground truth" in shown


def test_each_object_has_a_box_and_each_box_a_mask(ran: Ran) -> None:
    for record in ran.records:
        if record.row.startswith("boxes-"):
            facts = {stage.id: stage.facts for stage in record.stages}
            assert facts["prompts-boxes"]["boxes"] == record.metrics["count.truth"]
            assert facts["sam-decode"]["masks"] == facts["prompts-boxes"]["boxes"]


def test_claims_about_published_networks_are_judged_here_and_that_about_small_ones_is_not(
    ran: Ran, project: Project
) -> None:
    assert ran.records
    claims = {claim["id"]: claim for claim in project.table("table-5.3")["claims"]}
    assert claims.pop("boxes-are-learnt")["detail"] == "checked on mini only"
    assert len(claims) == 8
    assert not [claim for claim in claims.values() if "not run" in claim["detail"] or "checked on" in claim["detail"]]
    assert claims["boxes-above-grid"]["outcome"] == "open", "networks with random weights stay below its floor"


def test_files_are_asked_for_once_and_cells_computed_once(ran: Ran, project: Project) -> None:
    assert {f"/files/{name}" for name in FILES.values()} <= set(ran.asked)
    assert len(ran.asked) == len(set(ran.asked))
    again = project.harness("run", "table-5.3", "--tier", "paper")
    assert f"{len(ran.records)} cells, 0 computed, {len(ran.records)} cached, 0 failed, 0 missing" in again.stderr


def test_every_kind_of_strategy_runs_on_three_channels_and_volumes(
    strategies: tuple[Record, ...], project: Project
) -> None:
    assert {record.row for record in strategies} == set(STRATEGIES)
    assert {record.status for record in strategies} == {"ok"}
    for record in strategies:
        networks = {one.parameters["weights"] for one in record.stages if "weights" in one.parameters}
        assert networks == {SECOND if record.row.endswith("-usam") else "sam-vit-l"}
    volumes = [record for record in strategies if record.row.startswith("volume-")]
    assert [record.sample for record in volumes] == ["1135", "1135"]
    assert "/idealistic-rat/vit_l.pt" in {path for path, _ in project.server.requests}


def test_a_network_that_is_not_the_published_one_is_refused(project: Project, tmp_path: Path) -> None:
    place = f"/files/{FILES['sam-vit-b']}"
    good = project.server.files[place]
    copy = project.copy(tmp_path)
    (copy.folder / "datasets.lock.toml").unlink(missing_ok=True)
    project.server.files[place] = good[:-1] + bytes([good[-1] ^ 1])
    try:
        done = copy.harness("fetch", "sam-vit-b", check=False)
    finally:
        project.server.files[place] = good
    assert done.returncode == 3
    assert f"declared sha256:{sha256(good)}" in done.stderr
