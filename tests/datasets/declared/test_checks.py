from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.datasets.catalogue import Catalogue
from harness.errors import ConfigError
from tests.datasets.declared.catalogues import REMOTE

Write = Callable[[str], Catalogue]


def test_a_right_catalogue_passes(catalogue: Write) -> None:
    assert catalogue(REMOTE).dataset_ids() == ("cells",)


def test_what_is_not_to_be_compared_is_declared(catalogue: Write) -> None:
    plain, told = (
        catalogue(text).dataset("cells").declaration
        for text in (REMOTE, REMOTE.replace("axes = ", "ignore = 255\nsparse = true\naxes = "))
    )
    assert (plain.ignore, plain.sparse, told.ignore, told.sparse) == (None, False, 255, True)
    masked = catalogue(REMOTE.replace("axes = ", 'ignore = { image = "initial" }\naxes = '))
    assert masked.dataset("cells").declaration.ignore.image == "initial"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('from = "whole", crop = [[0, 4], [0, 8], [0, 4]]', 'from = "whole"', r":17: .*needs both `from` and `crop`"),
        (
            'from = "whole", crop = [[0, 4], [0, 8], [4',
            'from = "hole", crop = [[0, 4], [0, 8], [4',
            r"no sample 'hole'",
        ),
        ('right = { from = "whole"', 'right = { from = "left"', r":18: .*'left' is itself a crop"),
        ("[0, 8], [4, 8]]", "[8, 8], [4, 8]]", r":18: .*start < stop"),
        ("[[0, 4], [0, 8], [4, 8]]", "[[0, 8], [4, 8]]", r":18: .*has 2 entries; 3 spatial axes"),
        ("shape = [4, 8, 8]", "shape = [8, 8]", r":16: .*shape: has 2 entries"),
        (
            "axes = ",
            'ignore = { image = "glod" }\naxes = ',
            r":9: .*ignore.image: no label 'glod'; did you mean 'gold'",
        ),
        ("axes = ", "ignore = true\naxes = ", r":9: .*ignore"),
        ("axes = ", 'sparse = "yes"\naxes = ', r":9: .*sparse"),
        ("gold = 3", "glod = 3", r":16: .*no label 'glod'; did you mean 'gold'"),
        ("spacing_um = [1.0, 0.5, 0.5]", "spacing_um = [0.5, 0.5]", r":10: .*has 2 entries for the axes 'ZYX'"),
        ('from = "gold"', 'from = "golf"', r":13: .*no stored label 'golf'; did you mean 'gold'"),
        ('from = "gold"', 'from = "initial"', r":13: .*no stored label 'initial'"),
        (
            'wall = { file = "a.h5" }',
            'wall = { file = "b.h5" }',
            r":11: .*no file 'b.h5' is declared; did you mean 'a.h5'",
        ),
        ('wall = { file = "a.h5" }', 'wall = { glob = "*.h5" }', r":11: .*`glob` is for kind"),
        ('wall = { file = "a.h5" }', "wall = { }", r":11: .*needs either `file` or `glob`"),
        ('images.wall = { file = "a.h5" }\n', "", r"`images` is missing"),
        ('axes = "ZYX"\n', "", r":3: datasets.cells: `axes` is missing"),
        ('test = ["right"]', 'test = ["rihgt"]', r":20: .*no sample 'rihgt'; did you mean 'right'"),
        ('test = ["right"]', 'test = ["whole"]', r":20: .*test sample 'whole' and train sample 'left' share voxels"),
        ('test = ["right"]', 'test = ["@big"]', r"no sample '@big'"),
        (', urls = ["http://host/a.h5"]', "", r":14: .*'a.h5' needs `urls`"),
        ('sha256 = "' + "0" * 64 + '"', "size = 3", r":14: .*'a.h5' needs a checksum"),
        ('sha256 = "' + "0" * 64 + '"', 'match = ["*"]', r":14: .*needs a `listing`"),
        ("files = [", 'files = [{ name = "a.h5", first_seen = true, urls = ["http://x"] }, ', r":14: .*declared twice"),
    ],
)
def test_wrong_references_name_file_line_and_key(catalogue: Write, old: str, new: str, message: str) -> None:
    assert old in REMOTE
    with pytest.raises(ConfigError, match=f"datasets.toml.*{message}"):
        catalogue(REMOTE.replace(old, new))


FOLDER = """
[datasets.mine]
kind = "folder"
title = "mine"
licence = "own"
citation = "me"
path = "mine"
axes = "YX"
images.raw = { file = "raw/{id}.tif" }
labels.gold = { file = "gold/{id}*.tif" }
samples.a = { shape = [8, 8] }
samples.left = { from = "a", crop = [[0, 8], [0, 4]] }
"""
HASH = f'sha256 = "{"0" * 64}"'


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ('{ name = "raw/a.tif", size = 3 }', "'raw/a.tif' needs `sha256`: a file of a folder"),
        (f'{{ name = "raw/b.tif", {HASH} }}', r"no sample reads 'raw/b.tif'; did you mean 'raw/a.tif'"),
        (f'{{ name = "raw/left.tif", {HASH} }}', "no sample reads 'raw/left.tif'"),
        (", ".join([f'{{ name = "raw/a.tif", {HASH} }}'] * 2), "'raw/a.tif' is declared twice"),
    ],
)
def test_files_of_a_folder_that_are_declared_for_their_hash(catalogue: Write, files: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"datasets.toml:14: .*{message}"):
        catalogue(f"{FOLDER}files = [{files}]\n")


def test_files_with_long_names_are_not_all_listed(catalogue: Write) -> None:
    names = [f"{number:080}" for number in range(20)]
    samples = "".join(f"samples.s{name} = {{ shape = [8, 8] }}\n" for name in names)
    with pytest.raises(ConfigError) as caught:
        catalogue(f'{FOLDER}{samples}files = [{{ name = "other", {HASH} }}]\n')
    (line,) = str(caught.value).splitlines()
    assert "no sample reads 'other'; accepted: gold/a*.tif, gold/s" in line
    assert line.endswith(" and 37 more")
    assert len(line) < 1000


def test_files_of_a_folder_that_samples_read(catalogue: Write) -> None:
    files = ", ".join(f'{{ name = "{name}", {HASH} }}' for name in ("raw/a.tif", "gold/a_1.tif"))
    found = catalogue(f"{FOLDER}files = [{files}]\n").dataset("mine")
    assert list(found.vouchers()) == ["raw/a.tif", "gold/a_1.tif"]
    found_there = f"{FOLDER}files = [{files}]\n".replace("file =", "glob =").replace("raw/a", "raw/z")
    assert list(catalogue(found_there).dataset("mine").vouchers()) == ["raw/z.tif", "gold/a_1.tif"]


def test_every_mistake_is_reported(catalogue: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue(REMOTE.replace('from = "gold"', 'from = "x"').replace("gold = 3", "x = 3"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_fold_may_share_samples_with_a_reason(catalogue: Write) -> None:
    shared = REMOTE.replace('test = ["right"]', 'test = ["whole"], shared = "a demonstration"')
    assert catalogue(shared).dataset("cells").splits["default"][0].test == ("whole",)


def test_tags_and_patterns_select_samples(catalogue: Write) -> None:
    text = REMOTE.replace("right = {", 'right = { tags = ["big"],').replace('["right"]', '["@big"]')
    text = text.replace('train = ["left"]', 'train = ["l*"]')
    fold = catalogue(text).dataset("cells").splits["default"][0]
    assert (fold.test, fold.train) == (("right",), ("left",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`samples`"),
        ("samples.a = { }\nsplits.x = [{ test = ['b'] }]", "no sample 'b'"),
        ("samples.a = { parameters = { shape = [8] } }", "must have 2 entries"),
        ("samples.a = { parameters = { sed = 3 } }", r"datasets.toml:9: .*unknown key 'sed'; did you mean 'seed'"),
        ("samples.a = { parameters = { density = 3 } }", r"datasets.toml:9: .*less than or equal to 1; found 3"),
        ("samples.a = { }\nlabels.x = { derive = 'corrupt', from = 'cells' }", "no stored label 'cells'"),
    ],
)
def test_generated_datasets(catalogue: Write, text: str, message: str) -> None:
    head = '[datasets.p]\nkind = "generated"\ntitle = "p"\nlicence = "CC0"\ncitation = "x"\n'
    with pytest.raises(ConfigError, match=message):
        catalogue(f'{head}generator = "nuclei-2d"\nparameters = {{ shape = [8, 8] }}\n{text}\n')


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('generator = "nuclei-4d"\nparameters = { shape = [8, 8] }', r"datasets.toml:7: .*no generator 'nuclei-4d'"),
        ('generator = "nuclei-2d"\nparameters = { shape = [8, 8], nois = 0.1 }', r":8: .*did you mean 'noise'"),
    ],
)
def test_a_generator_has_its_own_parameters(catalogue: Write, lines: str, message: str) -> None:
    head = '[datasets.p]\nkind = "generated"\ntitle = "p"\nlicence = "CC0"\ncitation = "x"\n'
    with pytest.raises(ConfigError, match=message):
        catalogue(f"{head}{lines}\nsamples.a = {{}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs one of `files`, `path` and `recipe`"),
        ('path = "a"\nmain = "b"', "no file 'b' is declared"),
        ('path = "a"\nunpack = true', "`unpack`|is for entries of one file"),
        ('files = [{ name = "a", urls = ["http://x"] }]', "needs a checksum"),
        ('files = [{ name = "a", many = true, urls = ["http://x"] }]', "`many` needs `match`"),
    ],
)
def test_weights(catalogue: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        catalogue(f'[weights.w]\ntitle = "w"\nlicence = "l"\n{text}\n')
