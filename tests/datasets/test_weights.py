from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.datasets import load_catalogue
from harness.datasets.catalogue import Catalogue
from harness.errors import ConfigError, DataError
from tests.datasets.server import FileServer, sha256

Write = Callable[[str], Catalogue]


def _entry(files: str, more: str = "") -> str:
    return f'[weights.net]\ntitle = "net"\nlicence = "MIT"\n{more}\nfiles = [{files}]\n'


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_one_file(server: FileServer, catalogue: Write) -> None:
    url = server.add("/net", b"1")
    weights = catalogue(_entry(f'{{ name = "net.pt", urls = ["{url}"], sha256 = "{sha256(b"1")}" }}')).weights("net")
    assert not weights.is_ready()
    identity = weights.hash()
    assert weights.fetch().name == "net.pt"
    assert weights.is_ready()
    assert weights.hash() == identity
    assert "first_seen_hash" not in weights.provenance()


def test_several_files_are_their_folder_or_the_main_one(server: FileServer, catalogue: Write) -> None:
    files = ", ".join(
        f'{{ name = "{name}", urls = ["{server.add("/" + name, name.encode())}"], sha256 = "{sha256(name.encode())}" }}'
        for name in ("a.onnx", "b.yaml")
    )
    folder = catalogue(_entry(files)).weights("net").fetch()
    assert sorted(path.name for path in folder.iterdir()) == ["a.onnx", "b.yaml"]
    main = catalogue(_entry(files, 'main = "a.onnx"')).weights("net").fetch()
    assert main == folder / "a.onnx"


def test_an_archive_is_handed_over_unpacked(server: FileServer, catalogue: Write) -> None:
    content = _zip({"config.json": b"{}", "weights/best.h5": b"w"})
    url = server.add("/net.zip", content)
    text = _entry(f'{{ name = "net.zip", urls = ["{url}"], sha256 = "{sha256(content)}" }}', "unpack = true")
    weights = catalogue(text).weights("net")
    folder = weights.fetch()
    assert (folder / "weights" / "best.h5").read_bytes() == b"w"
    assert weights.fetch() == folder


def test_an_archive_that_leaves_its_folder_is_refused(server: FileServer, catalogue: Write) -> None:
    content = _zip({"../evil": b""})
    url = server.add("/net.zip", content)
    text = _entry(f'{{ name = "net.zip", urls = ["{url}"], sha256 = "{sha256(content)}" }}', "unpack = true")
    with pytest.raises(DataError, match="unsafe archive"):
        catalogue(text).weights("net").fetch()


def test_a_local_path(catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = catalogue('[weights.net]\ntitle = "n"\nlicence = "l"\npath = "mine/net.pt"\n').weights("net")
    assert not weights.is_ready()
    with pytest.raises(DataError, match=r"net.pt does not exist; HARNESS_DATA"):
        weights.fetch()
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.pt").write_bytes(b"1")
    assert weights.fetch() == tmp_path / "mine" / "net.pt"
    assert weights.hash() == sha256(b"1")


def test_private_weights(catalogue: Write) -> None:
    text = '[weights.net]\ntitle = "n"\nlicence = "none"\navailability = "private-never-released"\nnote = "lost"\n'
    weights = catalogue(text).weights("net")
    assert not weights.is_ready()
    with pytest.raises(DataError, match="'net' were never released: lost"):
        weights.fetch()


def test_weights_of_the_mirror(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    catalogue = load_catalogue()
    broad = catalogue.weights("unet2d-nuclei-broad").fetch()
    assert broad.name == "weights.onnx"
    assert broad.with_name("test_input.npy").is_file()
    assert catalogue.weights("panseg-unet3d-checkpoint").fetch().name == "best_checkpoint.pytorch"


RECIPE = """
[datasets.discs]
kind = "generated"
title = "t"
licence = "CC0"
citation = "nobody"
generator = "nuclei-2d"
parameters = { shape = [8, 8] }
samples.a = {}
[weights.cooked]
title = "n"
licence = "l"
availability = "generated"
recipe = { stage = "s", dataset = "discs", samples = ["a"], truth = "gold" }
"""


def test_weights_of_a_recipe_have_no_file(catalogue: Write) -> None:
    cooked = catalogue(RECIPE).weights("cooked")
    assert cooked.is_ready()
    assert cooked.provenance()["availability"] == "generated"
    assert cooked.hash() != catalogue(RECIPE.replace('"s"', '"other"')).weights("cooked").hash()
    with pytest.raises(DataError, match="'cooked' are trained where a cell needs them: there is no file to fetch"):
        cooked.fetch()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("recipe =", 'path = "net.pt"\nrecipe =', "needs one of `files`, `path` and `recipe`; found path and recipe"),
        ('availability = "generated"\nrecipe', "recipe", 'is "generated" for a `recipe`, and for nothing else'),
        ('samples = ["a"]', "samples = []", "at least 1 item"),
        ("recipe =", "variants = { 1 = {} }\nrecipe =", "is for `files` and `path`: a recipe is one entry"),
        ('stage = "s", ', "", "required key 'stage' is missing"),
    ],
)
def test_mistakes_in_a_recipe(catalogue: Write, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        catalogue(RECIPE.replace(old, new))


def test_only_recipes_are_generated(catalogue: Write) -> None:
    with pytest.raises(ConfigError, match="found none"):
        catalogue('[weights.net]\ntitle = "n"\nlicence = "l"\n')
    with pytest.raises(ConfigError, match="and for nothing else"):
        catalogue('[weights.net]\ntitle = "n"\nlicence = "l"\npath = "x"\navailability = "generated"\n')
