"""Files of confidences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.cli.confidences import read_confidences
from harness.errors import DataError
from tests.cli.project import Cli


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"3": 0.5, "12": 1}'),
        ("a.csv", "label,confidence\n3,0.5\n12,1\n"),
        ("a.csv", "\ufeffconfidence,area,label\n0.5,9,3\n1,9,12\n"),
    ],
)
def test_json_and_csv_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_confidences(path) == {3: 0.5, 12: 1.0}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "[1, 2]", "accepted: one object"),
        ("a.json", "{", "no JSON"),
        ("a.json", '{"1": 0.5, "1": 0.6}', "label 1 has two confidences"),
        ("a.json", '{"one": 0.5}', "'one': 0.5; accepted: a label"),
        ("a.json", '{"1": null}', "'1': None; accepted"),
        pytest.param("a.json", "[" * 100_000, "no JSON", id="deep"),
        pytest.param("a.csv", f"label,confidence\n{'1' * 140_000},0.5\n", "no CSV: field larger than", id="long"),
        ("a.csv", "id,score\n1,0.5\n", "columns id, score; accepted: label and confidence"),
        ("a.csv", "", "columns none"),
        ("a.csv", "label,confidence\n1.5,0.5\n", "'1.5': '0.5'"),
    ],
)
def test_what_is_no_list_of_confidences_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_confidences(path)


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_confidences(tmp_path / "absent.json")


def test_two_files_are_ranked_by_confidences(cli: Cli, tmp_path: Path) -> None:
    truth, pred = np.array([[1, 1, 0, 0]], np.uint8), np.array([[1, 1, 0, 2]], np.uint8)
    files = []
    for name, image in (("pred", pred), ("truth", truth)):
        files.append(tmp_path / f"{name}.npy")
        np.save(files[-1], image)
    sure = tmp_path / "sure.json"
    for confidences, value in (('{"1": 0.9, "2": 0.1}', 1.0), ('{"1": 0.1, "2": 0.9}', 0.5)):
        sure.write_text(confidences)
        found = cli.json("score", *files, "--metric", "coco.ap50", "--confidences", sure, "--json")
        assert found["metrics"]["coco.ap50"] == pytest.approx(value)
    sure.write_text('{"1": 0.9, "3": 0.1}')
    code, _, err = cli("score", *files, "--metric", "coco.ap50", "--confidences", sure)
    assert (code, "label 3, which is not in the prediction" in err) == (2, True)
    code, _, err = cli("score", tmp_path, tmp_path, "--confidences", sure)
    assert (code, "accepted: two files" in err) == (2, True)
