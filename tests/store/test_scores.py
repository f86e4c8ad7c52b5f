"""Records of a file are the same whether their checksums are compared here or by a second process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store import scores
from harness.store.scores import read_scores
from harness.threads import usable_cores
from tests.records import make_record

SCRIPT = """
import sys
from pathlib import Path
from harness.store import records, scores
found = []
for many in (10**9, 1):
    scores.MANY_LINES = many
    read = scores.read_scores(Path(sys.argv[1]))
    known = [records._SOUND.get(id(record)) is record for record in read]
    found.append((read, known, [record.is_altered for record in read]))
assert scores.can_work_beside()
assert found[0] == found[1]
print(found[1][1:])
"""


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


def test_what_was_altered_is_seen(tmp_path: Path) -> None:
    assert [record.is_altered for record in read_scores(written(tmp_path))] == [False, True, True, False]
    assert read_scores(tmp_path / "absent") == ()


@pytest.mark.skipif(
    sys.platform != "linux" or usable_cores() < 2, reason="a second process needs Linux and another core"
)
def test_a_second_process_finds_the_same(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(written(tmp_path))], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "([True, False, False, False], [False, True, True, False])\n"


@pytest.mark.parametrize("many", [1, 1000])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MANY_LINES", many)
    path = written(tmp_path)
    path.write_text(path.read_text() + "{]\n")
    with pytest.raises(StoreError, match=r"scores\.jsonl:5: not a JSON object"):
        read_scores(path)


def test_lines_that_say_nothing_are_not_sound() -> None:
    assert scores._sound([make_record().to_line().encode(), b"", b"[]", b"{]", b"7"]) == b"\x01\x00\x00\x00\x00"
