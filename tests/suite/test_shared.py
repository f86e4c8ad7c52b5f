from __future__ import annotations

import pytest

from harness.config import TomlSource
from harness.errors import ConfigError, Gathered
from harness.model import Tier
from harness.suite import Suite
from harness.suite.chains import resolve_chain
from harness.suite.shared import MergedToml, named_methods, read_shared, shared_names, with_shared
from tests.helpers import Project

SHARED = """\
schema = 1
metrics = ["map.toy", "arand.toy"]
primary = "map.toy"
seed_group = "chapter"
limits = { deadline_s = 60.0, memory_gb = 2.0 }

[tiers.smoke]
data = [{ dataset = "flat", samples = ["a"], train = ["b"] }]
data_note = "two small images"
limits = { deadline_s = 5.0 }

[tiers.smoke.stages.learn]
steps = 3

[tiers.smoke.stages.cut]
level = 0.25
mode = "median"

[tiers.paper]
data = [{ dataset = "volumes", split = "default" }]
truth = "gold"
channels = ["noisy"]

[methods.otsu]
label = "Otsu"
group = "Classical"
stages = [{ id = "blur", sigma = 2.0 }, { id = "cut" }]

[methods.net]
label = "Network"
group = "Learned"
stages = [{ id = "learn", steps = 50 }]
train_truth = "gold"
availability = "weights of each fold"

[methods.net.tiers.paper.stages.learn]
steps = 9
weights = "ready-{fold}"
"""

SUITE = """\
schema = 1
id = "demo"
version = 1
title = "Demonstration"
shared = "shared/common.toml"

[[rows]]
method = "net"
published = { "map.toy" = { mean = 78.5, sd = 1.5, unit = "percent" } }

[[rows]]
method = "otsu"
"""

WRITTEN_OUT = """\
schema = 1
id = "demo"
version = 1
title = "Demonstration"
""" + SHARED[SHARED.index("metrics") : SHARED.index("[methods.otsu]")] + """\
[[rows]]
id = "net"
label = "Network"
group = "Learned"
stages = [{ id = "learn", steps = 50 }]
train_truth = "gold"
availability = "weights of each fold"
published = { "map.toy" = { mean = 78.5, sd = 1.5, unit = "percent" } }
tiers.paper.stages.learn = { steps = 9, weights = "ready-{fold}" }

[[rows]]
id = "otsu"
label = "Otsu"
group = "Classical"
stages = [{ id = "blur", sigma = 2.0 }, { id = "cut" }]
"""  # fmt: skip


def load(project: Project, text: str = SUITE, shared: str = SHARED) -> Suite:
    project.write(shared, "shared/common")
    return project.suite(text)


def problems(project: Project, text: str = SUITE, shared: str = SHARED) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(project, text, shared)
    return str(caught.value).splitlines()


def options(project: Project, suite: Suite, row: str, tier: Tier) -> dict[str, object]:
    chain = resolve_chain(suite, suite.row(row), tier, project.stages)
    return dict(chain[0].options)


def test_a_suite_on_a_shared_file_is_the_suite_written_out(project: Project) -> None:
    merged = load(project)
    cells = {tier: project.cells(SUITE, tier) for tier in merged.tiers}
    written = project.suite(WRITTEN_OUT)
    assert merged.file.model_copy(update={"shared": "", "rows": ()}) == written.file.model_copy(update={"rows": ()})
    assert [row.spec.model_copy(update={"method": ""}) for row in merged.rows] == [row.spec for row in written.rows]
    assert cells == {tier: project.cells(WRITTEN_OUT, tier) for tier in written.tiers}


def test_keys_of_the_suite_replace_shared_ones_whole(project: Project) -> None:
    suite = load(
        project, SUITE.replace("[[rows]]", 'metrics = ["map.toy"]\nlimits = { deadline_s = 9.0 }\n[[rows]]', 1)
    )
    assert suite.metrics == ("map.toy",)
    assert (suite.file.limits.deadline_s, suite.file.limits.memory_gb) == (9.0, 16.0)
    assert (suite.primary, suite.seed_group) == ("map.toy", "chapter")


def test_tiers_merge_key_by_key_and_stages_parameter_by_parameter(project: Project) -> None:
    own = "[tiers.smoke]\nlimits = { memory_gb = 1.0 }\nstages.cut.level = 0.75\n[tiers.mini]\ntruth = 'gold'\n"
    suite = load(project, SUITE + own)
    smoke = suite.tier("smoke")
    assert list(suite.tiers) == ["smoke", "paper", "mini"]
    assert smoke.data_note == "two small images"
    limits = suite.limits_of("smoke", suite.rows[0])
    assert (limits.deadline_s, limits.memory_gb) == (3600.0, 1.0)
    assert smoke.stages == {"learn": {"steps": 3}, "cut": {"level": 0.75, "mode": "median"}}


def test_what_a_row_says_wins_over_its_method(project: Project) -> None:
    own = 'id = "other"\nlabel = "Other"\nmethod = "net"\ntrain_truth = "initial"\nstages = [{ id = "learn" }]'
    suite = load(project, SUITE.replace('method = "net"', own))
    row = suite.row("other")
    assert (row.label, row.group, row.spec.train_truth, row.availability) == (
        "Other", "Learned", "initial", "weights of each fold",
    )  # fmt: skip
    assert dict(row.stages[0].parameters) == {}


def test_parameters_come_from_the_nearest_layer(project: Project) -> None:
    shared = f"{SHARED}\n[tiers.paper.stages.learn]\nsteps = 7\n"
    suite_tier = "[tiers.paper.stages.learn]\nsteps = 8\n"
    row_tier = "\n[rows.tiers.paper.stages.learn]\nsteps = 10\n"
    of_row = SUITE.replace('\n[[rows]]\nmethod = "otsu"', f'{row_tier}\n[[rows]]\nmethod = "otsu"')

    def steps(text: str, shared: str) -> object:
        return options(project, load(project, text, shared), "net", "paper")["steps"]

    of_method = "steps = 9\nweights"
    assert steps(of_row + suite_tier, shared) == 10
    assert steps(SUITE + suite_tier, shared) == 9
    assert steps(SUITE + suite_tier, shared.replace(of_method, "weights")) == 8
    assert steps(SUITE, shared.replace(of_method, "weights")) == 7
    assert steps(SUITE, SHARED.replace(of_method, "weights")) == 50
    assert options(project, load(project, of_row), "net", "paper")["weights"] == "ready-{fold}"


def test_a_tier_of_a_method_that_the_suite_has_not_is_left_out(project: Project) -> None:
    shared = SHARED[: SHARED.index("[tiers.paper]")] + SHARED[SHARED.index("[methods.otsu]") :]
    suite = load(project, shared=shared)
    assert suite.row("net").spec.tiers == {}


def test_shared_methods_and_parameters_may_be_for_other_suites(project: Project) -> None:
    suite = load(project, SUITE.replace('[[rows]]\nmethod = "otsu"\n', ""))
    assert [row.id for row in suite.rows] == ["net"]
    assert set(suite.tier("smoke").stages) == {"learn", "cut"}


def test_the_hash_covers_what_is_merged(project: Project) -> None:
    first = load(project).hash
    assert load(project, shared=f"# a comment\n{SHARED}").hash == first
    assert load(project, shared=SHARED.replace("steps = 50", "steps = 51")).hash != first
    assert load(project, shared=SHARED.replace("deadline_s = 60.0", "deadline_s = 61.0")).hash != first
    assert load(project, shared=f'{SHARED}[methods.unused]\nstages = [{{ id = "learn" }}]\n').hash == first


def test_each_key_leads_to_the_file_it_stands_in(project: Project) -> None:
    own = '\n[rows.tiers.paper]\ntruth = "initial"\n\n[tiers.smoke.stages.learn]\nsteps = 4\n'
    source = load(project, SUITE + own).source_file
    assert source.where(("title",)) == "demo.toml:4: title"
    assert source.where(("metrics", 1)) == "shared/common.toml:2: metrics.1"
    assert source.where(("rows", 0, "stages", 0, "steps")) == "shared/common.toml:32: methods.net.stages.0.steps"
    assert source.where(("rows", 0, "id")) == "demo.toml:8: rows.0.method"
    assert source.where(("rows", 1, "tiers", "paper", "truth")) == "demo.toml:15: rows.1.tiers.paper.truth"
    assert source.where(("tiers", "smoke", "stages", "learn", "steps")) == (
        "demo.toml:18: tiers.smoke.stages.learn.steps"
    )
    assert source.where(("tiers", "smoke", "stages", "cut", "mode")) == (
        "shared/common.toml:17: tiers.smoke.stages.cut.mode"
    )
    assert source.where(("tiers", "smoke", "absent")) == "demo.toml:17: tiers.smoke.absent"


IN_SHARED = [
    ("metrics = [", "metrisc = [", ":2: metrisc: unknown key 'metrisc'; did you mean 'metrics'?"),
    ("schema = 1", "schema = 2", ":1: schema: Input should be 1; found 2"),
    ("schema = 1", 'schema = 1\nshared = "x/y.toml"', ":2: shared: a shared file cannot name another shared file"),
    ("schema = 1", 'schema = 1\ntitle = "x"', ":2: title: unknown key 'title'"),
    ("steps = 3", 'steps = "3"', ":13: tiers.smoke.stages.learn.steps (row 'net'): stage 'learn': parameter 'steps'"),
    ("stages.cut]", "stages.ctu]", ":15: tiers.smoke.stages.ctu: unknown stage 'ctu'; did you mean 'cut'?"),
    ("[tiers.paper]", "[tiers.papr]", ":19: tiers.papr: Input should be 'smoke', 'mini' or 'paper'"),
    ('label = "Otsu"', "label = 3", ":25: methods.otsu.label: Input should be a valid string; found 3"),
    ('group = "Classical"', "published = {}", ":26: methods.otsu.published: unknown key 'published'"),
    ('group = "Classical"', 'method = "net"', ":26: methods.otsu.method: unknown key 'method'"),
    ("sigma = 2.0", "sgima = 2.0", ":27: methods.otsu.stages.0.sgima (row 'otsu'): stage 'blur': unknown parameter"),
    ('{ id = "cut" }', '{ id = "ctu" }', ":27: methods.otsu.stages.1.id (row 'otsu'): unknown stage 'ctu'; did you"),
    ('{ id = "cut" }', '{ di = "cut" }', ":27: methods.otsu.stages.1: row 'otsu': a stage needs a string 'id'"),
    ("[methods.otsu]", "[methods.'o t']", ":24: methods.o t: String should match pattern"),
    ("stages = [{ id = \"learn\", steps = 50 }]\n", "", ":29: methods.net: required key 'stages' is missing"),
    ("steps = 9", "steps = -1", ":37: methods.net.tiers.paper.stages.learn.steps (row 'net'): stage 'learn'"),
    ("stages.learn]\nsteps = 9", "stages.blur]\nsteps = 9", ":36: methods.net.tiers.paper.stages.blur: no stage of"),
    ('primary = "map.toy"', 'primary = "pq"', ":3: primary: no metric of this suite is called 'pq'"),
    ("schema = 1", "schema 1", "common.toml:1: not valid TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), IN_SHARED)
def test_mistakes_in_the_shared_file_name_its_lines(project: Project, old: str, new: str, message: str) -> None:
    assert old in SHARED
    (found,) = (line for line in problems(project, shared=SHARED.replace(old, new, 1)) if "common.toml" in line)
    assert message in found
    assert found.startswith("shared/common.toml:") or "not valid TOML" in found


BELOW = "a TOML file in a folder beside the suite, as in 'shared/methods.toml'"
IN_SUITE = [
    ('"otsu"', '"ostu"', "demo.toml:12: rows.1.method: unknown method 'ostu'; did you mean 'otsu'?"),
    ('"otsu"', '"net"', "demo.toml:12: rows.1.method: row 'net' is declared twice, first on line 8"),
    ('"otsu"', '"otsu"\nlabell = "x"', "demo.toml:13: rows.1.labell: unknown key 'labell'; did you mean 'label'?"),
    ('"otsu"', '"otsu"\nlabel = 3', "demo.toml:13: rows.1.label: Input should be a valid string; found 3"),
    ('"otsu"', '"otsu"\ntiers.smoke.stages.blr.sigma = 1.0', "demo.toml:13: rows.1.tiers.smoke.stages.blr: no stage"),
    ('"otsu"', '"otsu"\ntiers = 3', "demo.toml:13: rows.1.tiers: Input should be a valid dictionary"),
    ("[[rows]]", "tiers.smoke.stages.lift.x = 1\n[[rows]]", "demo.toml:7: tiers.smoke.stages.lift: no stage of this"),
    ("[[rows]]", "tiers = 3\n[[rows]]", "demo.toml:7: tiers: Input should be a valid dictionary"),
    ('"map.toy" =', '"map.tyo" =', "demo.toml:9: rows.0.published.map.tyo: no metric of this suite"),
    ('"shared/common.toml"', '"shared/comon.toml"', "demo.toml:5: shared: there is no file 'shared/comon.toml'; did"),
    ('"shared/common.toml"', '"common.toml"', f"demo.toml:5: shared: must name {BELOW}; found 'common.toml'"),
    ('"shared/common.toml"', '"../a/common.toml"', f"demo.toml:5: shared: must name {BELOW}; found '../a/common.toml'"),
    ('"shared/common.toml"', '"/a/common.toml"', f"demo.toml:5: shared: must name {BELOW}; found '/a/common.toml'"),
    ('"shared/common.toml"', "3", f"demo.toml:5: shared: must name {BELOW}; found 3"),
    ('shared = "shared/common.toml"', "", "rows.0.method: unknown method 'net'; name the file that holds it"),
    ('shared = "', 'shraed = "', "demo.toml:5: shraed: unknown key 'shraed'; did you mean 'shared'?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), IN_SUITE)
def test_mistakes_in_the_suite_name_its_lines(project: Project, old: str, new: str, message: str) -> None:
    assert old in SUITE
    assert any(message in line for line in problems(project, SUITE.replace(old, new, 1)))


def test_rows_and_methods_of_a_wrong_type_are_left_to_the_schema(project: Project) -> None:
    assert any(
        "rows: Input should be a valid" in line
        for line in problems(project, SUITE.split("\n[[rows]]")[0] + "\nrows = 3\n")
    )
    found = problems(project, SUITE.replace('"otsu"', "5"))
    assert "demo.toml:12: rows.1.method: Input should be a valid string; found 5" in found


WRONG = SUITE.replace('id = "demo"', 'idd = "demo"').replace('"otsu"', '"otsu"\nlabell = "x"')
OWN_ROWS = """
[[rows]]
id = "own"
label = 3
stages = [{ id = "blur", sigma = 1.0 }]

[[rows]]
id = "mine"
stages = [{ id = "blur", sgima = 1.0 }, { id = "cut" }]
"""
OWN_MISTAKES = [
    "demo.toml:2: idd: unknown key 'idd'; did you mean 'id'?",
    "demo.toml:17: rows.2.label: Input should be a valid string; found 3",
    "demo.toml:22: rows.3.stages.0.sgima (row 'mine'): stage 'blur': unknown parameter 'sgima'",
]
OF_A_ROW = "demo.toml:13: rows.1.labell: unknown key 'labell'; did you mean 'label'?"
BROKEN = [
    ('"shared/common.toml"', '"shared/comon.toml"', "demo.toml:5: shared: there is no file 'shared/comon.toml'", False),
    ("schema = 1", "schema 1", "common.toml:1: not valid TOML", False),
    ("metrics = [", "metrisc = [", "shared/common.toml:2: metrisc: unknown key 'metrisc'", True),
    ('label = "Otsu"', "label = 3", "shared/common.toml:25: methods.otsu.label: Input should be a valid", False),
    ("[tiers.smoke]", "[tiers.smok]", "shared/common.toml:7: tiers.smok: Input should be 'smoke'", True),
]


@pytest.mark.parametrize(("old", "new", "message", "has_method"), BROKEN)
def test_a_broken_shared_file_hides_no_mistake_of_the_suite(
    project: Project, old: str, new: str, message: str, has_method: bool
) -> None:
    """A row without its method is not judged, and what follows from the broken file is no mistake."""
    is_of_suite = old.startswith('"')
    text = WRONG.replace(old, new) if is_of_suite else WRONG
    found = problems(project, text + OWN_ROWS, SHARED if is_of_suite else SHARED.replace(old, new, 1))
    expected = [message, *OWN_MISTAKES, *([OF_A_ROW] if has_method else [])]
    assert len(found) == len(expected)
    assert all(any(one in line for line in found) for one in expected)


def test_an_unknown_method_hides_no_other_mistake(project: Project) -> None:
    found = problems(project, SUITE.replace('"otsu"', '"ostu"') + OWN_ROWS)
    assert len(found) == 3
    assert "unknown method 'ostu'; did you mean 'otsu'?" in found[0]
    assert "label: Input should be" in found[1]
    assert "'sgima'" in found[2]


def test_a_suite_without_a_shared_file_stays_as_it_is(project: Project) -> None:
    source = TomlSource(project.write(WRITTEN_OUT))
    found = Gathered()
    assert with_shared(source, found) is source
    assert not found.problems


def test_the_parts_of_the_work(project: Project) -> None:
    shared = read_shared(project.write(SHARED, "shared/common"), "shared/common.toml")
    own = TomlSource(project.write(SUITE))
    assert list(named_methods(own)) == [(0, "net"), (1, "otsu")]
    assert shared_names(own.path.parent) == ["shared/common.toml"]
    merged = MergedToml(own, shared)
    assert merged.path == own.path
    assert merged.origin(("rows", 1, "label")) == (shared, ("methods", "otsu", "label"))
    assert "methods" not in merged.data
    assert own.data["rows"] == [{"method": "net", "published": own.data["rows"][0]["published"]}, {"method": "otsu"}]
