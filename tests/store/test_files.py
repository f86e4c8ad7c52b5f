from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.store import files
from harness.store.files import Journal, is_read_only, parsed, partial_name, read_lines, replace_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
"""Half characters among them, numbers of any size, and what JSON has no number for."""


def test_torn_tail_is_left_out_only_where_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"a"')
    assert read_lines(path, lambda data, where: (data, where), torn_tail=True) == (({"a": 1}, f"{path}:1"),)
    with pytest.raises(StoreError, match=r"x\.jsonl:2: not a JSON object"):
        read_lines(path, lambda data, where: data)
    assert read_lines(tmp_path / "absent", lambda data, where: data) == ()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9))
def test_a_line_says_what_the_standard_library_reads(value: object) -> None:
    for ascii_only in (True, False):
        line = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "backslashreplace")
        assert repr(parsed(line, "x:1")) == repr(json.loads(line)), "repr tells 1 from 1.0 and 0.0 from -0.0"


@pytest.mark.parametrize(
    "line",
    ["", "{]", "[1,]", "01", ".5", "'a'", "{a:1}", '"\t"', '{"a":1}x', "[" * 100_000, "1" * 5000],
    ids=lambda line: line[:8] or "nothing",
)
def test_what_is_no_json_is_an_error_of_its_line(line: str) -> None:
    with pytest.raises(StoreError, match=r"^x:1: not a JSON object"):
        parsed(line.encode(), "x:1")


@pytest.mark.parametrize("line", ['{"a":1,"a":2}', "-0", "1e999", "NaN", "18446744073709551616", '"\\ud800"', " 1\r"])
def test_what_is_read_in_two_ways_is_read_as_before(line: str) -> None:
    assert repr(parsed(line.encode(), "x:1")) == repr(json.loads(line))


def test_half_characters_are_written_and_read_back(tmp_path: Path) -> None:
    line = json.dumps({"name": "Zelle_\udcfc"}, ensure_ascii=False)
    replace_text(tmp_path / "x.jsonl", f"{line}\n")
    with_journal = Journal(tmp_path / "y.jsonl")
    with_journal.append([line])
    for name in ("x.jsonl", "y.jsonl"):
        assert read_lines(tmp_path / name, lambda data, where: data) == ({"name": "Zelle_\udcfc"},)


def test_replace_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.txt"
    replace_text(path, "one")
    replace_text(path, "two")
    assert path.read_text() == "two"
    assert [item.name for item in path.parent.iterdir()] == ["x.txt"]


def test_replace_of_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        replace_text(tmp_path, "x")


def test_journal_appends_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for word in ("1", "2"):
        journal = Journal(path)
        journal.append([word])
        journal.close()
    assert path.read_text() == "1\n2\n"
    journal.remove()
    assert not path.exists()


@pytest.mark.parametrize("harm", ["removed", "replaced by a copy", "cut", "folder removed"])
def test_a_journal_that_is_harmed_while_it_is_written_is_whole_in_the_end(tmp_path: Path, harm: str) -> None:
    path, said = tmp_path / "r" / "j", list[str]()
    journal = Journal(path, said.append)
    journal.append(["1"])
    journal.append(["2"])
    if harm == "removed":
        path.unlink()
    elif harm == "replaced by a copy":
        shutil.copy(path, tmp_path / "x")
        (tmp_path / "x").replace(path)
    elif harm == "cut":
        path.write_text("1\n")
    else:
        shutil.rmtree(path.parent)
    journal.append(["3"])
    assert path.read_text() == "1\n2\n3\n"
    assert said == [f"{path}: was removed or changed while this run writes it; its 2 lines are written again"]


def test_a_journal_is_compared_byte_for_byte_at_the_end(tmp_path: Path) -> None:
    path, said = tmp_path / "j", list[str]()
    journal = Journal(path, said.append)
    journal.secure()
    assert not path.exists(), "nothing was appended, nothing is written"
    journal.append(["1"])
    path.write_text("2\n")
    journal.secure()
    journal.secure()
    assert path.read_text() == "1\n"
    assert len(said) == 1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_line_is_kept_when_an_interrupt_comes_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(["first"])

    def interrupted(fd: int, content: bytes) -> None:
        os.write(fd, content[: round(share * len(content))])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append(["second"])
    journal.secure()
    assert journal.path.read_text() == "first\nsecond\n"
    journal.append(["third"])
    assert journal.path.read_text() == "first\nsecond\nthird\n"


def test_partial_names_are_hidden_and_differ(tmp_path: Path) -> None:
    first, second = partial_name(tmp_path / "a.h5"), partial_name(tmp_path / "a.h5")
    assert first != second
    assert first.parent == tmp_path
    assert first.name.startswith(".a.h5.")


@pytest.mark.parametrize(("code", "expected"), [(errno.EACCES, True), (errno.EROFS, True), (errno.ENOSPC, False)])
def test_a_place_that_may_only_be_read_is_told_from_a_full_one(code: int, expected: bool) -> None:
    cause = OSError(code, os.strerror(code))
    error = StoreError("x")
    error.__cause__ = cause
    assert is_read_only(cause) == is_read_only(error) == expected
    assert not is_read_only(StoreError("x"))


@pytest.mark.parametrize("umask", [0o002, 0o077])
def test_a_journal_has_the_access_that_the_umask_grants(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        journal = Journal(tmp_path / "j")
        journal.append(["x"])
        journal.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o666 & ~umask
