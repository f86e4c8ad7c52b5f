"""Shipped suites, their shared files and the catalogue with lines altered: every mistake is said with file and line."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.datasets import Catalogue, load_catalogue
from harness.errors import HarnessError
from harness.suite import check_suite, load_suite
from tests.campaign.mutations import damaged

REPOSITORY = Path(__file__).resolve().parents[2]
SUITES = sorted((REPOSITORY / "suites").glob("*.toml"))
SHARED = sorted((REPOSITORY / "suites").glob("*/**/*.toml"))
CATALOGUE = REPOSITORY / "datasets.toml"

VALUES = (
    "nan", "-inf", "1e400", "1979-05-27", "07:32:00", "9223372036854775808", "0x" + "f" * 40, "-1", "0", "1.5", "true",
    '""', '"x"', '"**x"', '"/x"', '"../x"', r'"a\u0000b"', r'"\u001b[31m"', '"' + "x" * 5000 + '"', '"\U0001f600"',
    "[]", "[[]]", "[1, 'a']", '["x", "x"]', "{}", "{ id = 1 }", "{ a = { b = { c = [nan] } } }", "[{}]", '[""]',
    "[" * 20 + "]" * 20, "[" * 3000 + "]" * 3000, "{ mean = inf }", '"@nothing"', '"{id}"', '"{"', '"*"', '"a\nb"',
)  # fmt: skip
"""What a value is replaced by."""

LINES = ("x = 1", "[x]", "[[rows]]", "[[x.y]]", "= 1", "a.b.c = 2", '"" = 1', "[tiers.smoke]", "[rows]", "id = 'x'")
"""What is put between lines."""

WITH_PLACE = re.compile(r"[^:]+:\d+: ")
PAIR = re.compile(r"(\s*[A-Za-z0-9_.\"'-]+\s*=\s*)\S.*")


@dataclass(frozen=True)
class TomlFiles:
    """Files that a user writes."""

    name: str = "toml"

    def prepare(self, folder: Path) -> Catalogue:
        """Read the catalogue that suites are checked against."""
        return load_catalogue(CATALOGUE)

    def attempt(self, originals: Catalogue, random: Random, folder: Path) -> None:
        """Alter one file, and check it."""
        path = random.choice([*SUITES, *SHARED, CATALOGUE, CATALOGUE, CATALOGUE])
        text = mutated(random, path.read_text(encoding="utf-8")).encode()
        text = damaged(random, text) if random.random() < 0.1 else text
        try:
            if path == CATALOGUE:
                (folder / path.name).write_bytes(text)
                load_catalogue(folder / path.name)
                return
            suites = Path(shutil.copytree(REPOSITORY / "suites", folder / "suites"))
            (suites / path.relative_to(REPOSITORY / "suites")).write_bytes(text)
            suite = suites / path.name if path in SUITES else suites / random.choice(SUITES).name
            check_suite(load_suite(suite), originals)
        except HarnessError as error:
            for line in str(error).splitlines():
                assert WITH_PLACE.match(line), f"no file and line: {line[:500]}"
            raise


def mutated(random: Random, text: str) -> str:
    """Return a text with one to three lines altered."""
    lines = text.splitlines()
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        kind = random.choice(("value", "value", "value", "key", "drop", "double", "add", "cut", "swap"))
        pair = PAIR.fullmatch(lines[at])
        if kind == "value" and pair:
            lines[at] = pair[1] + random.choice(VALUES)
        elif kind == "key" and pair:
            lines[at] = "x" + lines[at].lstrip()
        elif kind == "drop":
            lines[at] = ""
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "add":
            lines.insert(at, random.choice(LINES))
        elif kind == "cut":
            lines[at] = lines[at][: random.randint(0, 30)]
        else:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines) + "\n"
