from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.datatables import DataTableRow, data_table_rows
from harness.errors import ConfigError
from harness.model import Tier
from tests.datatables.demo import SUMMARY, demo_project, head, stored
from tests.helpers import FakeAvailability, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return demo_project(tmp_path)


def one_row(project: Project, text: str = SUMMARY, tier: Tier = "paper") -> DataTableRow:
    suite = project.suite(text)
    (row,) = data_table_rows(suite, tier, project.catalogue, stored(project, suite, tier))
    return row


def test_stored_facts_are_compared(project: Project) -> None:
    row = one_row(project)
    assert (row.id, row.title, row.missing, row.absent, row.stated) == ("N1", "First", "", "", {"stage": "3-V"})
    assert row.computed["count"] == 2
    assert {name: verdict.outcome for name, verdict in row.verdicts.items()} == {
        "count": "reproduced",
        "spacing_xyz": "reproduced",
        "channels": "reproduced",
    }
    assert row.conflicts == {"count": "printed 3 elsewhere"}


def test_differences_are_named(project: Project) -> None:
    text = SUMMARY.replace("count = 2", "count = 3").replace("spacing_xyz = 0.001", "spacing_xyz = 0.0001")
    row = one_row(project, text.replace('["noisy", "clear"]', '["noisy"]'))
    assert {verdict.outcome for verdict in row.verdicts.values()} == {"not reproduced"}
    assert row.verdicts["count"].reason == "computed 2, printed 3"
    assert row.verdicts["channels"].reason == "computed noisy, clear, printed noisy"
    assert row.verdicts["spacing_xyz"].reason == (
        "computed 0.1268, 0.1268, 0.2837, printed 0.126, 0.126, 0.284 (allowed difference: 0.0001)"
    )


def test_smaller_tiers_are_shown_and_not_judged(project: Project) -> None:
    row = one_row(project, tier="smoke")
    assert row.computed["count"] == 2
    assert {verdict.outcome for verdict in row.verdicts.values()} == {"not comparable"}


def test_what_was_not_computed_is_missing_with_the_command(project: Project) -> None:
    suite = project.suite(SUMMARY)
    (row,) = data_table_rows(suite, "paper", project.catalogue, ())
    assert row.missing == "not computed yet; `harness run demo --tier paper` does it"
    assert row.computed == {}
    assert {verdict.outcome for verdict in row.verdicts.values()} == {"missing"}


def test_facts_of_other_data_are_not_shown(project: Project) -> None:
    suite = project.suite(SUMMARY)
    records = stored(project, suite, "paper")
    project.catalogue.dataset("volumes").hashes = {"N1": "changed"}
    (row,) = data_table_rows(suite, "paper", project.catalogue, records)
    assert row.missing.startswith("stored facts are of other data or another declaration")
    assert row.computed == {}


def test_altered_facts_are_not_shown(project: Project) -> None:
    suite = project.suite(SUMMARY)
    (record,) = stored(project, suite, "paper")
    sealed = replace(record, checksum="of something else")
    (row,) = data_table_rows(suite, "paper", project.catalogue, [sealed])
    assert row.missing.startswith("stored facts were altered after they were computed; `harness run demo")
    assert row.computed == {}


def test_data_that_is_not_here_is_missing_unless_it_was_computed_before(project: Project) -> None:
    suite = project.suite(SUMMARY)
    records = stored(project, suite, "paper")
    project.catalogue.dataset("volumes").found = FakeAvailability(False, "needs registration", "fill in the form")
    (row,) = data_table_rows(suite, "paper", project.catalogue, ())
    assert row.missing == "dataset 'volumes': needs registration; fill in the form"
    (row,) = data_table_rows(suite, "paper", project.catalogue, records)
    assert (row.missing, row.computed["count"]) == ("", 2)


def test_a_row_that_a_tier_has_not_says_why(project: Project) -> None:
    text = SUMMARY + '    tiers.smoke = { absent = "no such crop" }\n'
    suite = project.suite(text)
    (row,) = data_table_rows(suite, "smoke", project.catalogue, stored(project, suite, "paper"))
    assert (row.absent, row.missing, row.computed) == ("no such crop", "", {})
    assert one_row(project, text).absent == ""


def test_values_that_the_data_does_not_say_are_missing(project: Project) -> None:
    suite = project.suite(SUMMARY)
    (record,) = stored(project, suite, "paper")
    facts = {name: value for name, value in record.facts.items() if name != "spacing_xyz"}
    (row,) = data_table_rows(suite, "paper", project.catalogue, [replace(record, facts=facts)])
    assert row.verdicts["spacing_xyz"].outcome == "missing"
    assert row.verdicts["spacing_xyz"].reason == "the data does not say it"


def test_a_name_that_the_catalogue_has_not_is_missing_with_the_error(project: Project) -> None:
    text = head("folds") + '[[data_rows]]\nid = "1"\ndataset = "volumes"\nsplit = "default"\nfold = "9"\n'
    (row,) = data_table_rows(project.suite(text), "paper", project.catalogue, ())
    assert row.missing == "dataset 'volumes' has no fold '9' in a split 'default'"


def test_a_suite_of_scores_is_refused(project: Project) -> None:
    with pytest.raises(ConfigError, match="suite 'demo' is of kind 'scores', not 'data-table'"):
        data_table_rows(project.suite(), "paper", project.catalogue, ())
    with pytest.raises(ConfigError, match="has no tier 'mini'"):
        data_table_rows(project.suite(SUMMARY), "mini", project.catalogue, ())
