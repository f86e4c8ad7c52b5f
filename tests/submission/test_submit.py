from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr

from tests.cli.project import Cli
from tests.submission.making import CARD
from tests.submission.tampering import manifest_of, members_of


def test_labels_are_ome_zarr_that_zarr_itself_reads(cli: Cli, bundle: Path) -> None:
    for name, content in members_of(bundle).items():
        path = cli.folder / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    group = zarr.open_group(str(cli.folder / "unpacked/labels/blobs/a.ome.zarr"), mode="r")
    about = group.attrs["ome"]
    assert isinstance(about, dict)
    assert about["version"] == "0.5"
    assert about["image-label"] == {"version": "0.5"}
    labels = np.asarray(zarr.open_array(str(cli.folder / "unpacked/labels/blobs/a.ome.zarr/0"), mode="r")[...])
    assert labels.max() > 3


def test_the_manifest_names_suite_method_and_scores(bundle: Path) -> None:
    manifest = manifest_of(members_of(bundle))
    assert (manifest["suite"], manifest["version"], manifest["tier"]) == ("toy", 1, "smoke")
    assert manifest["method"]["training_data"] == ["none"]
    assert set(manifest["samples"][0]["scores"]) == {"map.gonuclear", "arand.elf", "count.pred"}


def test_a_name_of_a_row_and_another_ending_are_refused(cli: Cli, predictions: Path) -> None:
    card = cli.folder / "mine.toml"
    assert (
        "accepted: a name that ends in .zip"
        in cli("submit", predictions, "--suite", "toy", "--method", card, "--out", "x.tar")[2]
    )
    card.write_text(card.read_text().replace("mine", "otsu"))
    assert "has a row of that name" in cli("submit", predictions, "--suite", "toy", "--method", card)[2]


def test_a_method_that_was_trained_on_what_is_tested_is_refused(cli: Cli, predictions: Path) -> None:
    card = cli.folder / "mine.toml"
    card.write_text(card.read_text().replace('"none"', '["blobs/a", "my own images"]'))
    code, _, err = cli("submit", predictions, "--suite", "toy", "--method", card)
    assert code == 2
    assert "was trained on 'blobs/a': its sample 'a' of dataset 'blobs' is tested as 'blobs/a'" in err


def test_seconds_of_an_author_are_marked_and_those_of_reading_the_bundle_are_not_shown(
    cli: Cli, predictions: Path
) -> None:
    card = cli.folder / "mine.toml"
    for stated, seconds, marks in (("seconds = 0.8", "0.8 (self-reported)", ["seconds self-reported"]), ("", "-", [])):
        card.write_text(f"{CARD}{stated}\n")
        assert cli("submit", predictions, "--suite", "toy", "--method", card, "--out", "mine.zip")[0] == 0
        code, out, err = cli("run", "toy", "--method", "mine.zip")
        assert code == 0, err
        (line,) = [line for line in out.splitlines() if line.startswith("| My method |")]
        assert f"| {seconds} |" in line
        shown = cli.json("table", "toy", "--method", "mine.zip", "--json")
        (row,) = [row for row in shown["rows"] if row["id"] == "mine"]
        assert row["marks"] == ["verified", *marks, "clean"]
        assert row["seconds"] == (0.8 if stated else None)
