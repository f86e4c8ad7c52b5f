"""Files of confidences."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.confidences import read_confidences
from harness.errors import DataError


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
