"""Records and timings of a file are the same by whichever of the two ways a line is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store import scores
from harness.store.records import read_record, read_timing
from harness.store.scores import read_scores, read_timings
from tests.records import make_record, make_timing


def written(folder: Path) -> Path:
    """Write a sound record, an altered one, one without its checksum, and one from before there were any."""
    whole = [make_record("otsu", sample).to_line() for sample in "abcd"]
    seal = whole[0][whole[0].index(',"checksum"') :]
    lines = [
        whole[0],
        whole[1].replace('"seed":7', '"seed":8'),
        whole[2][: -len(seal)] + "}",
        (whole[3][: -len(seal)] + "}").replace('"schema":2', '"schema":1'),
    ]
    path = folder / "scores.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("many", [1, scores.MANY_RECORDS], ids=["beside", "alone"])
def test_what_was_altered_is_seen(many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MANY_RECORDS", many)
    path = written(tmp_path)
    found = read_scores(path)
    assert [record.is_altered for record in found] == [False, True, True, False]
    assert found == tuple(read_record(json.loads(line), "x") for line in path.read_text().splitlines())
    assert read_scores(tmp_path / "absent") == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{]", "not a JSON object"),
        ("[]", "not a record"),
        ('{"schema":9}', "record of schema 9, written by a newer version"),
        ('{"schema":2}', "key 'cell'"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path)
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(StoreError, match=rf"scores\.jsonl:5: {said}"):
        read_scores(path)


def test_timings_are_read_with_older_lines_among_them(tmp_path: Path) -> None:
    line = make_timing("otsu", "a").to_line()
    path = tmp_path / "m.jsonl"
    older, misspelt = line.replace('"schema":2', '"schema":1'), line.replace('"threads"', '"thread"')
    path.write_text(f"{line}\n{older}\n")
    assert read_timings(path) == (read_timing(json.loads(line), "x"),) * 2
    path.write_text(f"{line}\n{misspelt}\n")
    with pytest.raises(StoreError, match=r"m\.jsonl:2: key 'thread"):
        read_timings(path)
