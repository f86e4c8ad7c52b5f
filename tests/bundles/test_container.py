from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bundles import open_container, write_container
from harness.errors import DataError
from tests.submission.tampering import seal

MEMBERS = [("manifest.json", b"{}"), ("labels/a", bytes(range(256)))]


@given(
    st.dictionaries(
        st.text("abc/", min_size=1).filter(lambda n: n == "/".join(filter(None, n.split("/")))), st.binary(max_size=99)
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]) -> None:
    path = tmp_path_factory.mktemp("bundle") / "x.zip"
    seal = write_container(path, members.items())
    with open_container(path) as container:
        assert container.seal == seal
        assert {name: container.read(name) for name in container.names} == members
        assert {name: container.size(name) for name in members} == {name: len(members[name]) for name in members}


def test_equal_members_make_equal_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    assert write_container(one, MEMBERS) == write_container(other, MEMBERS)
    assert one.read_bytes() == other.read_bytes()


def test_every_single_flip_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, MEMBERS)
    raw = path.read_bytes()
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(DataError), open_container(path):
            pass


@pytest.mark.parametrize("kept", [0, 1, 100, -1, -64])
def test_one_that_was_cut_short_is_seen(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, MEMBERS)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="does not end with a seal"), open_container(path):
        pass


def test_an_absent_member_and_a_folder_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, MEMBERS)
    with open_container(path) as container, pytest.raises(DataError, match="member 'b' is not there"):
        container.read("b")
    with pytest.raises(DataError, match=r"cannot be written"):
        write_container(path / "inside" / "y.zip", MEMBERS)


def test_what_the_reader_of_a_bundle_raises_is_not_said_of_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, MEMBERS)
    with pytest.raises(ValueError, match="of the reader"), open_container(path):
        raise ValueError("of the reader")


def test_a_member_whose_own_header_says_something_else_is_damaged(tmp_path: Path) -> None:
    """The list of members is checked when the bundle is opened, the header of each when it is read."""
    path = tmp_path / "x.zip"
    write_container(path, [("labels/\u00e4", b"1")])
    raw = path.read_bytes()
    path.write_bytes(seal(raw.replace("\u00e4".encode(), b"\xff\xff", 1)))
    with open_container(path) as container, pytest.raises(DataError, match="is damaged"):
        container.read("labels/\u00e4")


def test_a_bundle_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zip"
    write_container(path, MEMBERS)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"x\.zip: cannot be read: Permission denied"), open_container(path):
        pass
