from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.suite import load_suite, shared_paths, suite_paths
from tests.helpers import SUITE, Project


def problems(project: Project, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        project.suite(text)
    return str(caught.value)


def test_rows_keep_their_order_and_say_where_they_stand(project: Project) -> None:
    suite = project.suite()
    assert [row.id for row in suite.rows] == ["otsu", "net"]
    assert [use.id for use in suite.rows[0].stages] == ["blur", "cut"]
    assert suite.rows[0].stages[0].parameters == {"sigma": 2.0}
    assert suite.rows[1].place == ("rows", 1)


def test_matrix_rows_follow(project: Project) -> None:
    text = f"""{SUITE}
[[matrix]]
id = "cut-{{level}}"
axes = {{ level = [0.25, 0.75] }}
stages = [{{ id = "blur" }}, {{ id = "cut", level = "{{level}}" }}]
"""
    suite = project.suite(text)
    assert [row.id for row in suite.rows][2:] == ["cut-0.25", "cut-0.75"]
    assert suite.rows[3].stages[1].parameters == {"level": 0.75}
    assert suite.rows[3].place == ("matrix", 0)


def test_the_hash_follows_the_content_not_the_layout(project: Project) -> None:
    first = project.suite().hash
    assert project.suite(f"# a comment\n{SUITE}").hash == first
    assert project.suite(SUITE.replace("2.0", "2.5")).hash != first


def test_suites_are_found_from_the_folder_upwards(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project.write(SUITE)
    below = project.folder / "deep" / "er"
    below.mkdir(parents=True)
    assert suite_paths(below) == {"demo": path.resolve()}
    monkeypatch.chdir(below)
    assert load_suite("demo", stages=project.stages, metrics=project.metrics).id == "demo"


def test_shared_files_lie_in_folders_beside_the_suites(project: Project) -> None:
    assert shared_paths(project.write(SUITE).parent.parent) == {}
    for name in ("shared/b", "shared/deeper/c"):
        project.write("schema = 1", name)
    folder = project.folder.resolve() / "suites"
    assert list(suite_paths(project.folder)) == ["demo"]
    assert shared_paths(project.folder) == {
        "shared/b.toml": folder / "shared" / "b.toml",
        "shared/deeper/c.toml": folder / "shared" / "deeper" / "c.toml",
    }


def test_unknown_suite_names_the_nearest(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(SUITE)
    monkeypatch.chdir(project.folder)
    with pytest.raises(ConfigError, match=r"unknown suite 'dmeo'; did you mean 'demo'\?"):
        load_suite("dmeo")


def test_a_path_is_taken_as_it_is(project: Project) -> None:
    path = project.write(SUITE)
    assert load_suite(str(path), stages=project.stages, metrics=project.metrics).path == path
    with pytest.raises(ConfigError, match="cannot be read"):
        load_suite(project.folder / "absent.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "demo"', 'id = "other"', "demo.toml:3: id: the id 'other' is not the name of the file"),
        ('"map.toy", ', '"map.tyo", ', "demo.toml:6: metrics.0: unknown metric 'map.tyo'; did you mean 'map.toy'?"),
        ('"map.toy", ', '"map.toy", "map.toy", ', "metric 'map.toy' is declared twice, first on line 6"),
        ('id = "net"', 'id = "otsu"', "demo.toml:21: rows.1.id: row 'otsu' is declared twice, first on line 17"),
        ('id = "cut"', 'id = "cutt"', "demo.toml:18: rows.0.stages.1.id (row 'otsu'): unknown stage 'cutt'; did you"),
        ("sigma = 2.0", "sgima = 2.0", "demo.toml:18: rows.0.stages.0.sgima (row 'otsu'): stage 'blur': unknown param"),
        ("sigma = 2.0", 'sigma = "2"', "parameter 'sigma' is '2' (str); accepted: a number"),
        ('"map.toy" = {', '"arand.toi" = {', "demo.toml:24: rows.1.published.arand.toi: no metric of this suite"),
        (
            '[{ id = "blur", sigma = 2.0 }, { id = "cut" }]',
            '[{ id = "cut" }]',
            "demo.toml:18: rows.0.stages (row 'otsu'): stage 1 'cut' reads 'probability', which nothing before",
        ),
        ('[{ id = "learn", steps = 50 }]', "[]", "rows.1.stages (row 'net'): the chain is empty"),
        (
            '[{ id = "learn", steps = 50 }]',
            '[{ name = "learn" }]',
            "demo.toml:23: rows.1.stages.0: row 'net': a stage needs",
        ),
        ('metrics = ["map.toy", "arand.toy"]', "", "kind 'scores' needs 'metrics'"),
        ('title = "Demonstration"', 'title = "D"\nprimary = "pq"', "primary: no metric of this suite is called 'pq'"),
        ('title = "Demonstration"', 'title = "D"\ndefault_tier = "mini"', "no such tier; the suite has: smoke, paper"),
        ('title = "Demonstration"', 'title = "D"\ntolerance.pq = 0.1', "demo.toml:6: tolerance.pq: no metric of this"),
        (
            'title = "Demonstration"',
            'title = "D"\nhardware_tolerance.pq = 0.1',
            "demo.toml:6: hardware_tolerance.pq: no metric of this",
        ),
        ("[tiers.paper]", "[tiers.large]", "demo.toml:11: tiers.large: Input should be 'smoke', 'mini' or 'paper'"),
        (
            'truth = "gold"',
            'truht = "gold"',
            "demo.toml:13: tiers.paper.truht: unknown key 'truht'; did you mean 'truth'?",
        ),
    ],
)
def test_mistakes_name_file_line_key_and_nearest(project: Project, old: str, new: str, message: str) -> None:
    assert old in SUITE
    assert message in problems(project, SUITE.replace(old, new))


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("[tiers.smoke.stages.blru]\nsigma = 1.0", "tiers.smoke.stages.blru: no stage of this suite is called 'blru'"),
        (
            '[tiers.smoke.stages.blur]\nsigma = "x"',
            "demo.toml:26: tiers.smoke.stages.blur.sigma (row 'otsu'): stage 'blur': parameter 'sigma' is 'x'",
        ),
        ("[rows.tiers.smoke.stages.blur]\nsigma = 1.0", "rows.1.tiers.smoke.stages.blur: no stage of this row"),
        ("[rows.tiers.mini]\ntruth = 'x'", "rows.1.tiers.mini: no tier of this suite is called 'mini'"),
        (
            "[rows.tiers.smoke.stages.learn]\nsteps = -1",
            "demo.toml:26: rows.1.tiers.smoke.stages.learn.steps (row 'net')",
        ),
    ],
)
def test_mistakes_in_overrides(project: Project, added: str, message: str) -> None:
    assert message in problems(project, f"{SUITE}{added}\n")


CLAIM = """
[[claims]]
id = "c"
sentence = "net is better"
rule = {{ kind = "ranks above", better = ["{better}"], worse = ["otsu"] }}
{more}
"""


@pytest.mark.parametrize(
    ("better", "more", "message"),
    [
        ("nett", "", "demo.toml:29: claims.0.rule: claim 'c': unknown row 'nett'; did you mean 'net'?"),
        ("net", 'metric = "pq"', "demo.toml:30: claims.0.metric: no metric of this suite is called 'pq'"),
        ("net", 'tiers = ["mini"]', "claims.0.tiers: no tier of this suite is called 'mini'"),
    ],
)
def test_mistakes_in_claims(project: Project, better: str, more: str, message: str) -> None:
    assert message in problems(project, SUITE + CLAIM.format(better=better, more=more))


def test_good_claims_pass_and_seconds_are_a_metric(project: Project) -> None:
    suite = project.suite(SUITE + CLAIM.format(better="net", more='metric = "seconds"'))
    assert suite.claims[0].metric == "seconds"


def test_claims_on_unknown_stages_and_printed_seconds(project: Project) -> None:
    text = f"""{SUITE}
[[claims]]
id = "c"
sentence = ""
rule = {{ kind = "fastest", row = "otsu", stage = "ctu" }}

[[claims]]
id = "c"
sentence = ""
metric = "seconds"
rule = {{ kind = "equal published", entries = ["otsu", "net"] }}
"""
    found = problems(project, text)
    assert "claims.0.rule.stage: no stage of this suite is called 'ctu'; did you mean 'cut'?" in found
    assert "claims.1.id: claim 'c' is declared twice, first on line 27" in found
    assert "printed values have a metric, not recorded seconds" in found


def test_all_mistakes_come_at_once_one_per_line(project: Project) -> None:
    text = SUITE.replace('id = "net"', 'id = "otsu"').replace('"map.toy" = {', '"pq" = {')
    assert len(problems(project, text).splitlines()) == 2


EVERY_KIND = """
schema = 1
id = "demo"
verson = 1
version = "one"
title = "Demonstration"
metrics = ["map.toy", "arand.tyo", 3]

[tiers.smoke]
data = [{ dataset = "flat", samples = ["a"], train = ["b"] }]

[tiers.paper]
data = [{ dataset = "volumes", split = "default" }]
truth = 7

[[rows]]
id = "otsu"
lable = "Otsu"
stages = [{ id = "blurr", sigma = 2.0 }, { id = "cut" }]

[[rows]]
id = "net"
stages = [{ id = "learn", stepps = 50 }]
published = { "map.toy" = { mean = 78.5, unit = "percnt" } }

[[rows]]
id = "third"
stages = [{ id = "learn", steps = -1 }]

[[rows]]
id = "fourth"
stages = [{ steps = 5 }]

[[matrix]]
id = "m-{n}"
axes = { n = [1, 2] }
stages = [{ id = "learn", steps = "{k}" }]

[[claims]]
id = "better"
sentence = "Better."
rule = { kind = "ranks abov", better = ["otsu"], worse = ["net"] }
"""


def test_every_independent_mistake_comes_in_one_message(project: Project) -> None:
    with pytest.raises(ConfigError) as caught:
        project.suite(EVERY_KIND)
    found = str(caught.value).splitlines()
    for line, text in (
        (4, "unknown key 'verson'; did you mean 'version'?"),
        (5, "version: "),
        (7, "unknown metric 'arand.tyo'; did you mean 'arand.toy'?"),
        (7, "metrics.2"),
        (14, "truth: Input should be a valid string; found 7"),
        (18, "unknown key 'lable'; did you mean 'label'?"),
        (19, "unknown stage 'blurr'; did you mean 'blur'?"),
        (24, "'percnt'; did you mean 'percent'?"),
        (28, "parameter 'steps' is -1"),
        (32, "a stage needs a string 'id'"),
        (34, "placeholder '{k}' names no axis"),
        (42, "'ranks abov'"),
    ):
        matching = [one for one in found if one.startswith(f"demo.toml:{line}:") and text in one]
        assert len(matching) == 1, (line, text, found)
    assert len(found) == 12, found


def test_no_mistake_is_said_that_follows_from_another(project: Project) -> None:
    text = SUITE.replace('id = "otsu"', "id = 5") + CLAIM.format(better="net", more="")
    with pytest.raises(ConfigError) as caught:
        project.suite(text)
    (line,) = str(caught.value).splitlines()
    assert "rows.0.id" in line


def test_mistakes_of_a_matrix_name_the_matrix(project: Project) -> None:
    text = f"""{SUITE}
[[matrix]]
id = "r {{n}}"
axes = {{ n = [1] }}
stages = []
"""
    assert "demo.toml:26: matrix.0: row 'r 1': id: String should match pattern" in problems(project, text)
    assert "matrix.0: unknown axis 'm'" in problems(project, f"{text}exclude = [{{ m = 1 }}]\n")


def test_nuclei_are_given_only_where_the_data_names_them(project: Project) -> None:
    lifted = SUITE.replace('[{ id = "learn", steps = 50 }]', '[{ id = "blur" }, { id = "lift" }]')
    assert "reads 'nuclei', which nothing before it makes" in problems(project, lifted)
    with_nuclei = lifted.replace("[tiers.smoke]", '[tiers.smoke]\nreads = { nuclei = "n" }')
    with_nuclei = with_nuclei.replace("[tiers.paper]", '[tiers.paper]\nreads = { nuclei = "n" }')
    assert [use.id for use in project.suite(with_nuclei).rows[1].stages] == ["blur", "lift"]
