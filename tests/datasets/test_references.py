from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.datasets.catalogue import Catalogue
from harness.datasets.declared.declaration import Origin, TrainingData
from harness.errors import ConfigError

Write = Callable[[str], Catalogue]

TWO = """
[datasets.full]
kind = "generated"
title = "full"
licence = "CC0"
citation = "nobody"
generator = "nuclei-2d"
parameters = { shape = [32, 32], spacing_um = [1.0, 1.0] }
samples.one = {}
samples.two = { parameters = { seed = 2 } }
samples.half = { from = "one", crop = [[0, 16], [0, 32]] }
splits.folds = [{ id = "1", test = ["one"], train = ["two"] }]
splits.plain = [{ test = ["two"], train = ["one"] }]
[datasets.mini]
kind = "generated"
title = "mini"
licence = "CC0"
citation = "nobody"
generator = "nuclei-2d"
parameters = { shape = [8, 8], spacing_um = [1.0, 1.0] }
samples.one = { origin = { dataset = "full", sample = "one", crop = [[8, 16], [0, 8]] } }
samples.part = { from = "one", crop = [[0, 4], [0, 8]] }
[weights.net]
title = "net"
licence = "MIT"
path = "net.pt"
trained_on = [{ dataset = "full", samples = ["one", "half"] }, { dataset = "full", split = "plain" }]
[weights.folds]
title = "a net per fold"
licence = "MIT"
path = "{variant}.pt"
variants = { 1 = { id = "one" } }
trained_on = [{ dataset = "full", split = "folds", fold = "{variant}" }, { dataset = "mini", samples = ["{id}"] }]
"""


def test_right_references(catalogue: Write) -> None:
    loaded = catalogue(TWO)
    origin = Origin(dataset="full", sample="one", crop=((8, 16), (0, 8)))
    assert loaded.dataset("mini").declaration.samples["one"].origin == origin
    assert loaded.weights("folds/1").declaration.trained_on == (
        TrainingData(dataset="full", split="folds", fold="1"),
        TrainingData(dataset="mini", samples=("one",)),
    )


def test_where_a_sample_comes_from_does_not_change_its_hash(catalogue: Write) -> None:
    before = catalogue(TWO).dataset("mini").sample_hash("one")
    after = catalogue(TWO.replace("crop = [[8, 16], [0, 8]]", "crop = [[0, 8], [0, 8]]"))
    assert after.dataset("mini").sample_hash("one") == before


ORIGIN = r"datasets\.mini\.samples\.one\.origin"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'dataset = "full", sample = "one"',
            'dataset = "ful", sample = "one"',
            ORIGIN + r"\.dataset: unknown .*'full'",
        ),
        ('sample = "one", crop', 'sample = "oen", crop', ORIGIN + r"\.sample: dataset 'full' has no sample 'oen'; did"),
        ("[[8, 16], [0, 8]]", "[[8, 8], [0, 8]]", ORIGIN + r"\.crop: each interval"),
        ("[[8, 16], [0, 8]]", "[[0, 1], [8, 16], [0, 8]]", ORIGIN + r"\.crop: has 3 entries; the sample has 2"),
        (
            "samples.two = {",
            'samples.two = { origin = { dataset = "mini", sample = "one" },',
            r"datasets\.full\.samples\.two\.origin\.sample: 'one' has an origin itself",
        ),
        (
            'samples.part = { from = "one",',
            'samples.part = { from = "one", origin = { dataset = "full", sample = "two" },',
            "a crop has the origin of the sample it is cut from",
        ),
        ('samples = ["one", "half"]', "samples = []", r"weights\.net\.trained_on\.0: needs either `samples`, or"),
        (
            'samples = ["one", "half"]',
            'samples = ["on"]',
            r"weights\.net\.trained_on\.0\.samples: dataset 'full' has no",
        ),
        ('split = "plain" }', 'split = "plan" }', r"trained_on\.1\.split: dataset 'full' has no split 'plan'; did you"),
        ('split = "plain" }', 'split = "folds" }', r"trained_on\.1\.fold: split 'folds' of dataset 'full' has no fold"),
        (
            "1 = { id",
            "2 = { id",
            r"weights\.folds\.trained_on\.0\.fold: split 'folds' of dataset 'full' has no fold '2'",
        ),
    ],
)
def test_wrong_references_name_file_and_key(catalogue: Write, old: str, new: str, message: str) -> None:
    assert TWO.count(old) == 1
    with pytest.raises(ConfigError, match=message) as caught:
        catalogue(TWO.replace(old, new))
    assert "datasets.toml:" in str(caught.value)


def test_every_mistake_is_reported_once(catalogue: Write) -> None:
    text = TWO.replace("1 = { id", '9 = { id = "one" }, 2 = { id').replace('["one", "half"]', '["on"]')
    with pytest.raises(ConfigError) as caught:
        catalogue(text)
    assert len(str(caught.value).splitlines()) == 3


def test_samples_found_in_a_folder_may_be_absent(catalogue: Write, tmp_path: Path) -> None:
    text = """
[datasets.found]
kind = "folder"
title = "found"
licence = "l"
citation = "c"
path = "not-here"
axes = "YX"
images = { nuclei = { glob = "images/*.tif" } }
[weights.net]
title = "net"
licence = "MIT"
path = "net.pt"
trained_on = [{ dataset = "found", samples = ["any"] }]
"""
    assert catalogue(text).weights("net").declaration.trained_on[0].samples == ("any",)


RECIPE = """
[weights.cooked]
title = "trained here"
licence = "MIT"
availability = "generated"
recipe = { stage = "learn", parameters = { steps = 1 }, dataset = "full", samples = ["two"], truth = "gold" }
"""


def test_a_recipe_has_seen_its_samples(catalogue: Write) -> None:
    text = RECIPE.replace('["two"]', '["two"], validation = ["one"]')
    cooked = catalogue(TWO + text).weights("cooked")
    assert cooked.declaration.seen == (TrainingData(dataset="full", samples=("two", "one")),)


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ('"full"', '"ful"', "dataset", "unknown dataset 'ful'; did you mean 'full'?"),
        ('["two"]', '["too"]', "samples", "dataset 'full' has no sample 'too'"),
        ('["two"]', '["two"], validation = ["x"]', "validation", "dataset 'full' has no sample 'x'"),
        ('["two"]', '["two"], channels = ["nuclei", "walls"]', "channels", "dataset 'full' has no channel 'walls'"),
        ('"gold"', '"golden"', "truth", "dataset 'full' has no label image 'golden'; did you mean 'gold'?"),
    ],
)
def test_wrong_references_of_a_recipe(catalogue: Write, old: str, new: str, key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue(TWO + RECIPE.replace(old, new))
    assert f"weights.cooked.recipe.{key}: " in str(caught.value)
    assert message in str(caught.value)
