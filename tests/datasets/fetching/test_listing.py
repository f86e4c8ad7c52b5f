from __future__ import annotations

import pytest

from harness.datasets.declared.declaration import Listing
from harness.datasets.fetching import http
from harness.datasets.fetching.http import ATTEMPTS
from harness.datasets.fetching.listing import WAY_OUT, find_files, read_listing
from harness.errors import FetchError
from tests.datasets.server import FileServer


def biostudies(server: FileServer, files: dict[str, bytes], accession: str = "S-BIAD1026") -> Listing:
    """Serve a study: the first file in a section's own list, the others in a file list of a subsection."""
    entries = [
        {"path": path, "size": len(content), "type": "file", "attributes": []} for path, content in files.items()
    ]
    study = {
        "accno": accession,
        "section": {
            "attributes": [{"name": "Title", "value": "ovules"}],
            "files": [entries[:1]],
            "subsections": [[{"type": "Study Component", "attributes": [{"name": "File List", "value": "all.tsv"}]}]],
        },
    }
    server.add_json(f"/api/v1/studies/{accession}", study)
    server.add_json(f"/files/{accession}/all.json", [*entries, {"path": "Models", "type": "directory"}])
    for path, content in files.items():
        server.add(f"/files/{accession}/{path}", content)
    return Listing(archive="biostudies", record=accession, base=server.url)


FILES = {
    "Training data/3d_all_in_one/1135.h5": b"1",
    "Training data/3d_all_in_one/1136.h5": b"22",
    "Models/stardist/gold/1135/config.json": b"{}",
    "Models/stardist/gold/1135/weights/best.h5": b"w",
    "Models/stardist/gold/1136/config.json": b"{}",
}


def test_biostudies_lists_every_file_once(server: FileServer) -> None:
    listed = {file.path: file for file in read_listing(biostudies(server, FILES))}
    assert sorted(listed) == sorted(FILES)
    first = listed["Training data/3d_all_in_one/1136.h5"]
    assert first.url == f"{server.url}/files/S-BIAD1026/Training%20data/3d_all_in_one/1136.h5"
    assert (first.size, first.checksum) == (2, "")


def test_a_listing_is_asked_for_once(server: FileServer) -> None:
    listing = biostudies(server, FILES)
    first = read_listing(listing)
    asked = len(server.requests)
    assert find_files(listing, ["*/1135.h5"], many=False, where="dataset")[0] in first
    assert len(server.requests) == asked


def test_the_first_pattern_that_matches_names_the_file(server: FileServer) -> None:
    listing = biostudies(server, FILES)
    found = find_files(listing, ["*/1135.hdf5", "*3d_all_in_one/1135.h5"], many=False, where="dataset")
    assert [file.path for file in found] == ["Training data/3d_all_in_one/1135.h5"]


def test_an_ambiguous_match_is_an_error(server: FileServer) -> None:
    with pytest.raises(FetchError, match=r"weights 'x': '\*one/113\*.h5' matches 2 files of biostudies S-BIAD1026"):
        find_files(biostudies(server, FILES), ["*one/113*.h5"], many=False, where="weights 'x'")


def test_no_match_shows_what_lies_close_by(server: FileServer) -> None:
    with pytest.raises(FetchError, match=r"in 'Training data/3d_all_in_one/' lie: Training data/3d_all_in_one/1135.h5"):
        find_files(biostudies(server, FILES), ["Training data/3d_all_in_one/N1/1135.h5"], many=False, where="dataset")
    with pytest.raises(FetchError, match="nothing in biostudies"):
        find_files(biostudies(server, FILES), ["Data/1135.h5"], many=False, where="dataset")


def test_a_folder_is_named_from_its_top(server: FileServer) -> None:
    found = find_files(biostudies(server, FILES), ["*stardist/gold/*1135*/*"], many=True, where="weights")
    assert [file.name for file in found] == ["config.json", "weights/best.h5"]


def test_two_folders_are_ambiguous(server: FileServer) -> None:
    with pytest.raises(FetchError, match="matches several folders: '1135/', '1136/'"):
        find_files(biostudies(server, FILES), ["*stardist/gold/*113*/*"], many=True, where="weights")


@pytest.mark.parametrize("path", ["Models/stardist/gold/1135/../../../../../x.json", "/stardist/gold/1135/x.json"])
def test_a_path_out_of_the_folder_is_refused(server: FileServer, path: str) -> None:
    with pytest.raises(
        FetchError, match=r"weights: '.*' in biostudies .* matches '.*x\.json'; accepted: paths that stay"
    ):
        find_files(biostudies(server, {**FILES, path: b"x"}), ["*stardist/gold/1135/*"], many=True, where="weights")


def test_zenodo_states_checksums(server: FileServer) -> None:
    entry = {"key": "w.h5", "size": 3, "checksum": "md5:abc", "links": {"self": f"{server.url}/content"}}
    server.add_json("/api/records/8432366", {"id": 8432366, "files": [entry]})
    [file] = read_listing(Listing(archive="zenodo", record="8432366", base=server.url + "/"))
    assert (file.path, file.url, file.checksum, file.size) == ("w.h5", f"{server.url}/content", "md5:abc", 3)


def test_osf_walks_pages_and_folders(server: FileServer) -> None:
    def file(name: str, hashes: dict[str, str]) -> dict[str, object]:
        attributes = {"kind": "file", "name": name, "size": 5, "extra": {"hashes": hashes}}
        return {"attributes": attributes, "links": {"download": f"{server.url}/get/{name}"}}

    folder = {
        "attributes": {"kind": "folder", "name": "train"},
        "relationships": {"files": {"links": {"related": {"href": f"{server.url}/inner"}}}},
    }
    top = "/v2/nodes/w38uf/files/osfstorage/"
    server.add_json(top, {"data": [folder], "links": {"next": f"{server.url}/second"}})
    server.add_json("/second", {"data": [file("b.h5", {"md5": "m", "sha256": "s"})], "links": {"next": None}})
    server.add_json("/inner", {"data": [file("a.h5", {"md5": "m"})], "links": {}})
    listed = read_listing(Listing(archive="osf", record="w38uf", base=server.url))
    assert [(one.path, one.checksum) for one in listed] == [("train/a.h5", "md5:m"), ("b.h5", "sha256:s")]
    assert listed[0].url == f"{server.url}/get/a.h5"


def test_an_answer_of_another_shape_is_an_error(server: FileServer) -> None:
    server.add_json("/api/records/1", {"files": {"entries": {}}, "id": 1})
    server.add_json("/api/records/2", [])
    server.add("/api/records/3", b"<html>")
    for record in ("2", "3"):
        with pytest.raises(FetchError, match=f"the listing of zenodo {record} cannot be read: "):
            read_listing(Listing(archive="zenodo", record=record, base=server.url))
    with pytest.raises(FetchError, match=f"answer of {server.url} not understood: TypeError"):
        read_listing(Listing(archive="zenodo", record="1", base=server.url))


def test_an_absent_record_is_an_error(server: FileServer) -> None:
    with pytest.raises(FetchError, match=r"/api/records/4: HTTP 404 Not Found; "):
        read_listing(Listing(archive="zenodo", record="4", base=server.url))


def test_a_listing_that_failed_is_not_asked_for_again(server: FileServer) -> None:
    listing = biostudies(server, FILES)
    server.errors["/api/v1/studies/S-BIAD1026"] = [503] * ATTEMPTS
    reason = (
        f"the listing of biostudies S-BIAD1026 cannot be read: {server.url}/api/v1/studies/S-BIAD1026: "
        f"HTTP 503 Service Unavailable; {WAY_OUT}"
    )
    for _ in range(3):
        with pytest.raises(FetchError) as caught:
            find_files(listing, ["*/1135.h5"], many=False, where="dataset")
        assert str(caught.value) == reason
    assert len(server.requests) == ATTEMPTS
    assert "HARNESS_MIRROR" in WAY_OUT


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_busy_archive_is_asked_again(server: FileServer, status: int) -> None:
    listing = biostudies(server, FILES)
    server.errors["/api/v1/studies/S-BIAD1026"] = [status]
    assert find_files(listing, ["*/1135.h5"], many=False, where="dataset")
    assert server.headers[0]["User-Agent"].startswith("segmentation-harness/")


def test_a_listing_that_drips_is_not_waited_for(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE_S", 0.05)
    monkeypatch.setattr(http, "pause", lambda seconds: None)
    server.add_json("/api/records/1", {"files": []})
    server.drips["/api/records/1"] = 0.06
    with pytest.raises(FetchError, match="/api/records/1: slower than 1000 bytes/s"):
        read_listing(Listing(archive="zenodo", record="1", base=server.url))
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("body", [None, b"no JSON"])
def test_no_password_of_an_address_stands_in_a_message(server: FileServer, body: bytes | None) -> None:
    if body is not None:
        server.add("/api/records/1", body)
    base = server.url.replace("http://", "http://me:secret@")
    with pytest.raises(FetchError) as caught:
        find_files(Listing(archive="zenodo", record="1", base=base), ["a"], many=False, where="dataset")
    assert "secret" not in str(caught.value)


def test_a_listing_that_links_to_itself(server: FileServer) -> None:
    page = f"{server.url}/v2/nodes/abc/files/osfstorage/"
    folder = {
        "attributes": {"name": "f", "kind": "folder"},
        "relationships": {"files": {"links": {"related": {"href": page}}}},
    }
    server.add_json("/v2/nodes/abc/files/osfstorage/", {"data": [folder], "links": {"next": None}})
    with pytest.raises(FetchError, match="the listing links to itself"):
        read_listing(Listing(archive="osf", record="abc", base=server.url))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"null", b"[]", b'{"files": 3}', b'{"files": [{}]}'])
def test_odd_listings_are_an_error_of_the_archive(server: FileServer, body: bytes) -> None:
    server.add("/api/records/1", body)
    with pytest.raises(FetchError, match="the listing of zenodo 1 cannot be read"):
        read_listing(Listing(archive="zenodo", record="1", base=server.url))


def test_an_archive_that_cannot_be_reached_is_named() -> None:
    with FileServer() as gone:
        url = gone.url
    with pytest.raises(FetchError, match=f"zenodo 1 cannot be read: {url}/api/records/1: connection refused; "):
        read_listing(Listing(archive="zenodo", record="1", base=url))


@pytest.mark.parametrize(
    "file",
    [
        {"key": 5, "links": {"self": "u"}},
        {"key": "a", "links": {"self": 5}},
        {"key": "a", "links": {"self": "u"}, "checksum": []},
        {"key": "a", "links": {"self": "u"}, "size": -1},
        {"key": "a", "links": {"self": "u"}, "size": True},
        {"key": "a", "links": {"self": "u"}, "size": "5"},
    ],
)
def test_files_that_are_described_by_something_else(server: FileServer, file: dict[str, object]) -> None:
    server.add_json("/api/records/1", {"files": [file]})
    with pytest.raises(FetchError, match=r"cannot be read: answer of .* not understood: TypeError"):
        read_listing(Listing(archive="zenodo", record="1", base=server.url))
