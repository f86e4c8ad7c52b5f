"""What an archive says about its own files: BioStudies page-tab, Zenodo records, OSF files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from posixpath import commonpath
from typing import Any
from urllib.parse import quote

from harness.archives import is_plain_relative
from harness.datasets.declared.declaration import Listing
from harness.datasets.fetching.http import TransferError, attempted, get, received, refusal, without_secrets
from harness.errors import FetchError, nearest

MAX_BYTES = 1 << 28
MAX_PAGES = 10_000
_WHOLE = 200
BASES = {
    "biostudies": "https://www.ebi.ac.uk/biostudies",
    "zenodo": "https://zenodo.org",
    "osf": "https://api.osf.io",
}
WAY_OUT = (
    "no listing is needed for files in the folder that HARNESS_MIRROR names, put there as "
    "<id of the dataset or weights>/<file name in datasets.toml>, a folder of that name where `many` is set"
)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a listing: its path there, its address, and what the archive states of it ("" and None if nothing)."""

    path: str
    url: str
    checksum: str = ""
    size: int | None = None
    name: str = ""
    """The path below the folder, where a folder is fetched."""

    def __post_init__(self) -> None:
        """Raise `TypeError` for what an archive has no business to state."""
        if not all(isinstance(text, str) for text in (self.path, self.url, self.checksum)):
            raise TypeError(f"a file's path, address and checksum are texts; found {self.path!r:.80}, {self.url!r:.80}")
        if self.size is not None and (isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 0):
            raise TypeError(f"the size of '{self.path:.80}' is {self.size!r:.80}")


def find_files(listing: Listing, patterns: Sequence[str], *, many: bool, where: str) -> list[ListedFile]:
    """Return the file of a listing that the first matching pattern names; with `many`, every file it matches.

    In a pattern, "*" also crosses "/". Raises `FetchError` if the listing cannot be read, no pattern matches,
    the first that does matches several files and `many` is not set, or a path would lead out of the folder.
    """
    listed = read_listing(listing)
    for pattern in patterns:
        matched = sorted((file for file in listed if fnmatchcase(file.path, pattern)), key=lambda file: file.path)
        if len(matched) > 1 and not many:
            some = ", ".join(f"'{file.path}'" for file in matched[:4])
            raise FetchError(f"{where}: '{pattern}' matches {len(matched)} files of {_name(listing)}: {some}")
        if matched:
            return _below_common_folder(matched, f"{where}: '{pattern}' in {_name(listing)}") if many else matched
    tried = " or ".join(f"'{pattern}'" for pattern in patterns)
    raise FetchError(f"{where}: nothing in {_name(listing)} matches {tried}{_close_by(patterns[0], listed)}")


def read_listing(listing: Listing) -> tuple[ListedFile, ...]:
    """Return every file of a record; raises `FetchError` if the archive does not answer as documented.

    A process asks for a listing once, whether it can be read or not: many files are looked up in the same one.
    """
    answer = asked_once(listing)
    if isinstance(answer, str):
        raise FetchError(answer)
    return answer


@cache
def asked_once(listing: Listing) -> tuple[ListedFile, ...] | str:
    """Return every file of a record, or why its listing cannot be read."""
    base = (listing.base or BASES[listing.archive]).rstrip("/")
    read = {"biostudies": _biostudies, "zenodo": _zenodo, "osf": _osf}[listing.archive]
    try:
        return tuple(read(base, listing.record))
    except FetchError as error:
        reason = str(error)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        reason = f"answer of {without_secrets(base)} not understood: {type(error).__name__}: {error}"
    return f"the listing of {listing.archive} {listing.record} cannot be read: {reason}; {WAY_OUT}"


def _name(listing: Listing) -> str:
    return f"{listing.archive} {listing.record} ({without_secrets(listing.base or BASES[listing.archive])})"


def _below_common_folder(files: Sequence[ListedFile], where: str) -> list[ListedFile]:
    """Name files by their path below the folder they share; raises `FetchError` if they lie in several folders.

    The folder that is meant holds a file itself: a model folder its configuration, say. The names become paths in the
    cache, so that one which leads out of the folder is refused, as in an archive.
    """
    outside = next((file.path for file in files if not is_plain_relative(file.path)), None)
    if outside is not None:
        raise FetchError(f"{where} matches '{outside}'; accepted: paths that stay inside the folder")
    folder = commonpath([file.path.rpartition("/")[0] for file in files])
    names = [file.path[len(folder) :].lstrip("/") for file in files]
    if all("/" in name for name in names):
        several = ", ".join(sorted({f"'{name.partition('/')[0]}/'" for name in names})[:4])
        raise FetchError(f"{where} matches several folders: {several}")
    return [replace(file, name=name) for file, name in zip(files, names, strict=True)]


def _close_by(pattern: str, listed: Sequence[ListedFile]) -> str:
    """Return the tail of a message: what lies in the nearest folder that the pattern names, or the nearest path."""
    folder = pattern
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        inside = [file.path for file in listed if file.path.startswith(f"{folder}/")]
        if inside:
            shown = ", ".join(inside[:10])
            return f"; in '{folder}/' lie: {shown}{', …' if len(inside) > 10 else ''}"
    return nearest(pattern, [file.path for file in listed][:200])


def _get_json(url: str) -> Any:
    return attempted(lambda: _json(url))


def _json(url: str) -> Any:
    """Return one answer, of at most `MAX_BYTES`; raises `TransferError`."""
    with get(url, {"Accept": "application/json"}) as response:
        if response.status_code != _WHOLE:
            raise refusal(url, response)
        content, said = bytearray(), without_secrets(url)
        for chunk in received(response, said, 1 << 16):
            content += chunk
            if len(content) > MAX_BYTES:
                raise TransferError(f"{said}: a listing of more than {MAX_BYTES} bytes", is_final=True)
    try:
        return json.loads(content)
    except ValueError as error:
        raise TransferError(f"{said}: not JSON", is_final=True) from error


def _zenodo(base: str, record: str) -> Iterator[ListedFile]:
    """Read `/api/records/<id>`: files with key, size, checksum ("md5:…") and links.self."""
    for file in _get_json(f"{base}/api/records/{quote(record)}")["files"]:
        yield ListedFile(file["key"], file["links"]["self"], file.get("checksum", ""), file.get("size"))


def _osf(base: str, node: str) -> Iterator[ListedFile]:
    """Read `/v2/nodes/<id>/files/osfstorage/`, page by page, folder by folder, each page once."""
    waiting = [(f"{base}/v2/nodes/{quote(node)}/files/osfstorage/", "")]
    seen: set[str] = set()
    while waiting:
        url, folder = waiting.pop()
        if url in seen:
            raise FetchError(f"{without_secrets(url)}: the listing links to itself")
        seen.add(url)
        if len(seen) > MAX_PAGES:
            raise FetchError(f"{without_secrets(base)}: a listing of more than {MAX_PAGES} pages")
        page = _get_json(url)
        following = (page.get("links") or {}).get("next")
        if following:
            waiting.append((str(following), folder))
        for entry in page["data"]:
            attributes = entry["attributes"]
            path = f"{folder}{attributes['name']}"
            if attributes["kind"] == "folder":
                waiting.append((str(entry["relationships"]["files"]["links"]["related"]["href"]), f"{path}/"))
                continue
            hashes = attributes.get("extra", {}).get("hashes", {})
            checksum = next((f"{name}:{hashes[name]}" for name in ("sha256", "md5") if hashes.get(name)), "")
            yield ListedFile(path, entry["links"]["download"], checksum, attributes.get("size"))


def _biostudies(base: str, accession: str) -> Iterator[ListedFile]:
    """Read the study's page-tab: files of its sections, and the file lists that sections refer to.

    Files lie at `/files/<accession>/<path>`; BioStudies states sizes and no checksums.
    """
    study = _get_json(f"{base}/api/v1/studies/{quote(accession)}")
    files = f"{base}/files/{quote(accession)}"
    seen: set[str] = set()
    for section in _sections(study["section"]):
        entries: list[Any] = list(_flat(section.get("files", [])))
        for attribute in section.get("attributes", []):
            if attribute.get("name", "").lower() == "file list":
                name = attribute["value"].rpartition(".")[0] or attribute["value"]
                entries += _get_json(f"{files}/{quote(name)}.json")
        for entry in entries:
            path = entry["path"]
            if path not in seen and entry.get("type", "file") != "directory":
                seen.add(path)
                size = entry.get("size")
                yield ListedFile(path, f"{files}/{quote(path)}", "", int(size) if size is not None else None)


def _sections(section: Any) -> Iterator[dict[str, Any]]:
    yield section
    for inner in _flat(section.get("subsections", [])):
        yield from _sections(inner)


def _flat(entries: Any) -> Iterator[Any]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _flat(entry)
        else:
            yield entry
