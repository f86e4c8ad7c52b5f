"""The report in a real browser, opened from a disk: every promise that needs one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from harness.cli.main import main
from harness.project import Project
from harness.report import write_report
from tests.cli.project import CATALOGUE, SUITE
from tests.report.browser import opened

PAGES = (
    "index.html",
    "toy-v1-smoke.html",
    "toy-v1-smoke-records.html",
    "samples/toy/v1/smoke/blobs-a.html",
    "status.html",
)
"""One page of each kind."""
HOSTILE = "<img src=x onerror=window.hacked=1>"
NOTE = "'\"><script>window.hacked=2</script>{{7*7}}=cmd|' /C calc'!A0"
ROWS = """
[[rows]]
id = "watershed"
label = "Distance watershed"
stages = [{ id = "distance-watershed" }]
[[rows]]
id = "log"
label = "LoG watershed"
stages = [{ id = "log-watershed" }]
[[rows]]
id = "nothing"
label = "Nothing"
stages = [{ id = "empty" }]
[[rows]]
id = "hostile"
label = "@HOSTILE@"
group = "@NOTE@"
stages = [{ id = "otsu-components" }]
"""

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]


@dataclass(frozen=True)
class Site:
    """A report and a browser context that counts what it asks a network for."""

    folder: Path
    browser: Any
    contexts: list[Any] = field(default_factory=list)

    def context(self, **options: Any) -> Any:
        """Return a context that is closed after the test: one that stays keeps a quarter of a gigabyte a page."""
        self.contexts.append(self.browser.new_context(**options))
        return self.contexts[-1]

    def page(self, name: str = "toy-v1-smoke.html", *, width: int = 1400, scheme: str = "light", hash: str = "") -> Any:
        """Open a page and wait until its tables and plots stand."""
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "accept_downloads": True}
        page = self.context(**options).new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self._note(page, request.url))
        page.goto((self.folder / name).resolve().as_uri() + hash)
        page.wait_for_selector("html[data-ready=yes]")
        return page

    @staticmethod
    def _note(page: Any, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            page.problems.append(f"asked the network for {url}")


@pytest.fixture
def site(written: Site) -> Iterator[Site]:
    """The report, with what a test opened closed after it."""
    yield written
    while written.contexts:
        written.contexts.pop().close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A report of a suite that was run, with a row and a group of hostile names, and a failed cell."""
    with opened() as browser, pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("site")
        patch.chdir(folder)
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        (folder / "suites").mkdir()
        (folder / "datasets.toml").write_text(CATALOGUE.replace("[datasets.absent]", VOLUMES + "[datasets.absent]"))
        rows = ROWS.replace('"@HOSTILE@"', json.dumps(HOSTILE)).replace('"@NOTE@"', json.dumps(NOTE))
        (folder / "suites" / "toy.toml").write_text(SUITE.replace("[[claims]]", rows + "[[claims]]"))
        (folder / "suites" / "deep.toml").write_text(DEEP)
        for suite in ("toy", "deep"):
            assert main(["run", suite]) == 0
        project = Project.find(folder)
        write_report(project, project.suites(), Path("runs"), Path("report"))
        (folder / "advisories.toml").write_text(ADVISORY)
        project = Project.find(folder)
        write_report(project, project.suites(["toy"]), Path("runs"), Path("report/struck"))
        yield Site(folder / "report", browser)


ADVISORY = """
schema = 1
[[advisories]]
id = "A-1"
metric = "map.gonuclear"
reason = "half of it"
action = "rescore it"
"""
VOLUMES = """
[datasets.volumes]
kind = "generated"
title = "Volumes"
licence = "CC0"
citation = "tests"
generator = "nuclei-3d"
parameters = { shape = [24, 40, 40], spacing_um = [0.5, 0.5, 0.5], diameter_um = 5.0 }
samples.v = { parameters = { seed = 1 } }
"""
DEEP = """
schema = 1
id = "deep"
version = 1
title = "Deep"
metrics = ["map.gonuclear", "count.pred"]
[tiers.smoke]
data = [{ dataset = "volumes" }]
[tiers.mini]
data = [{ dataset = "volumes" }]
[[rows]]
id = "split"
stages = [{ id = "split" }]
[[rows]]
id = "otsu"
stages = [{ id = "otsu-components" }]
"""


def fragment(page: Any) -> str:
    """Return what stands behind the # of the address, as the page has it now: `page.url` may be a moment older."""
    return urlsplit(page.evaluate("location.href")).fragment


def state(page: Any) -> dict[str, str]:
    """Return what stands in the address."""
    return {name: values[0] for name, values in parse_qs(fragment(page)).items()}


def labels(page: Any, table: str = "leaderboard") -> list[str]:
    return [text.strip() for text in page.locator(f"#{table} tbody tr td:first-child").all_inner_texts()]


def condition(page: Any, column: str, kind: str) -> None:
    """Begin a filter by a column."""
    page.get_by_role("button", name="filter").first.click()
    page.wait_for_selector(".dtsb-group")
    if not page.locator("select.dtsb-data").count():
        page.get_by_role("button", name="Add Condition").click()
    page.locator("select.dtsb-data").first.select_option(label=column)
    page.locator("select.dtsb-condition").first.select_option(label=kind)


def sort(page: Any, title: str, way: str = "ascending") -> None:
    """Click a heading and wait until the table says that it is sorted so."""
    heading(page, title).click()
    page.wait_for_selector(f"#leaderboard th[aria-sort={way}]", state="attached")


def heading(page: Any, title: str, table: str = "leaderboard") -> Any:
    return page.locator(f"#{table} thead th", has_text=title).first


@pytest.mark.parametrize("name", PAGES)
def test_pages_load_from_a_disk_without_an_error_or_a_network(site: Site, name: str) -> None:
    page = site.page(name)
    assert page.problems == []
    assert page.title()


def test_a_click_on_a_heading_sorts_by_number(site: Site) -> None:
    page = site.page()
    sort(page, "count.pred")
    index = page.locator("#leaderboard thead th").all_inner_texts().index(heading(page, "count.pred").inner_text())
    cells = page.locator(f"#leaderboard tbody tr td:nth-child({index + 1})").all_inner_texts()
    numbers = [float(re.match(r"[\d.]+", text).group()) for text in cells]  # type: ignore[union-attr]
    assert numbers == sorted(numbers)
    sort(page, "count.pred", "descending")
    again = page.locator(f"#leaderboard tbody tr td:nth-child({index + 1})").all_inner_texts()
    assert [float(re.match(r"[\d.]+", text).group()) for text in again] == sorted(numbers, reverse=True)  # type: ignore[union-attr]


def test_rows_without_a_number_sort_before_all_numbers(site: Site) -> None:
    page = site.page()
    sort(page, "rank")
    at = page.locator("#leaderboard thead th").all_inner_texts().index(heading(page, "rank").inner_text())
    ranks = page.locator(f"#leaderboard tbody tr td:nth-child({at + 1})").all_inner_texts()
    assert {ranks[0], ranks[1]} <= {"ceiling", "floor"}


def test_search_keeps_rows_that_hold_the_words(site: Site) -> None:
    page = site.page()
    page.get_by_role("searchbox").first.fill("watershed")
    assert labels(page) == ["Distance watershed", "LoG watershed"]


def test_the_search_stands_in_the_address_and_comes_back(site: Site) -> None:
    page = site.page()
    page.get_by_role("searchbox").first.fill("LoG")
    page.wait_for_function("location.hash.includes('LoG')")
    assert json.loads(state(page)["leaderboard"])["q"] == "LoG"
    again = site.page(hash="#" + fragment(page))
    assert labels(again) == ["LoG watershed"]
    assert again.get_by_role("searchbox").first.input_value() == "LoG"


def test_the_order_stands_in_the_address_and_comes_back(site: Site) -> None:
    page = site.page()
    heading(page, "count.pred").click()
    page.wait_for_function("location.hash.includes('leaderboard')")
    again = site.page(hash="#" + fragment(page))
    assert labels(again) == labels(page)


def test_hidden_columns_stand_in_the_address_and_come_back(site: Site) -> None:
    page = site.page()
    page.locator("#leaderboard_wrapper").get_by_role("button", name="columns").click()
    page.locator(".dt-button-collection button", has_text="arand.elf").click()
    page.keyboard.press("Escape")
    assert not any("arand.elf" in text for text in page.locator("#leaderboard thead th").all_inner_texts())
    again = site.page(hash="#" + fragment(page))
    assert not any("arand.elf" in text for text in again.locator("#leaderboard thead th").all_inner_texts())


def test_a_filter_by_a_column_keeps_what_fits(site: Site) -> None:
    page = site.page()
    condition(page, "row", "Contains")
    page.locator("input.dtsb-value").first.fill("Nothing")
    page.wait_for_function("document.querySelectorAll('#leaderboard tbody tr').length === 1")
    assert labels(page) == ["Nothing"]
    page.wait_for_function("location.hash.includes('criteria')")
    assert labels(site.page(hash="#" + fragment(page))) == ["Nothing"]


@pytest.mark.parametrize(
    "hash", ["#leaderboard=%7B", "#leaderboard=[1]", '#leaderboard={"h":[99]}', "#pick=,,,no", "#x"]
)
def test_an_address_that_says_nonsense_shows_the_whole_table(site: Site, hash: str) -> None:
    page = site.page(hash=hash)
    assert len(labels(page)) == 6
    assert page.problems == []


def test_up_to_four_rows_are_compared_side_by_side(site: Site) -> None:
    page = site.page()
    boxes = page.locator("#leaderboard input.pick")
    assert page.locator("#compared table").count() == 0
    for number in range(2):
        boxes.nth(number).check()
    assert page.locator("#compared thead th").count() == 2
    for number in (2, 3):
        boxes.nth(number).check()
    boxes.nth(4).click()
    assert not boxes.nth(4).is_checked()
    assert page.locator("#said").inner_text() == "at most 4 rows are compared"
    assert page.locator("#compared thead th").count() == 4
    assert len(state(page)["pick"].split(",")) == 4


def test_compared_rows_come_back_from_the_address(site: Site) -> None:
    page = site.page(hash="#pick=otsu,log")
    assert page.locator("#compared thead th").all_inner_texts() == ["Otsu", "LoG watershed"]
    assert page.locator("#compared td.good").count() >= 2


def test_rows_can_be_compared_while_the_table_is_filtered(site: Site) -> None:
    page = site.page(hash="#pick=otsu,log")
    page.get_by_role("searchbox").first.fill("watershed")
    assert page.locator("#compared thead th").count() == 2


def test_csv_holds_what_is_seen(site: Site) -> None:
    page = site.page()
    page.get_by_role("searchbox").first.fill("watershed")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert download.value.suggested_filename == "toy-smoke.csv"
    assert [line.split('","')[0].strip('"') for line in lines if line] == ["row", "Distance watershed", "LoG watershed"]


def test_csv_begins_no_formula(site: Site) -> None:
    page = site.page()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert not re.search(r'(^|,)"?[=+@]', text, re.MULTILINE)


def test_json_holds_what_is_seen(site: Site) -> None:
    page = site.page()
    page.get_by_role("searchbox").first.fill("LoG")
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").first.click()
    (row,) = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert row["row"] == "LoG watershed"
    assert download.value.suggested_filename == "toy-smoke.json"


@pytest.mark.parametrize(
    "name", ["toy-v1-smoke.html", "toy-v1-smoke-records.html", "samples/toy/v1/smoke/blobs-a.html", "index.html"]
)
def test_hostile_names_do_nothing(site: Site, name: str) -> None:
    page = site.page(name)
    if "records" in name:
        page.locator("#records a", has_text="hostile").first.click()
        page.wait_for_selector("#record h2")
    elif name.startswith("toy"):
        for box in page.locator(
            "#leaderboard tr[data-row=hostile] input.pick, #leaderboard tr[data-row=otsu] input.pick"
        ).all():
            box.check()
        condition(page, "group", "Equals")
    assert page.evaluate("window.hacked") is None
    assert page.problems == []


def test_the_chart_draws_every_row_with_a_cost_and_names_the_front(site: Site) -> None:
    page = site.page()
    page.wait_for_selector("#chart .main-svg")
    drawn = page.evaluate("document.getElementById('chart').data.map((trace) => trace.x.length)")
    assert drawn[0] == 4, "floors and ceilings are left out"
    assert page.locator("#front").inner_text().startswith("Pareto front: ")
    page.locator("#chart-cost").select_option("memory")
    assert state(page)["cost"] == "memory"
    again = site.page(hash="#cost=memory")
    assert again.locator("#chart-cost").input_value() == "memory"


def test_the_chart_agrees_with_the_table(site: Site) -> None:
    page = site.page()
    points = json.loads(page.locator("#points").inner_text())
    values = {row["id"]: row["values"]["map.gonuclear"] for row in points["rows"]}
    cell = page.locator("#leaderboard tr[data-row=otsu] td").all_inner_texts()
    at = next(
        n for n, text in enumerate(page.locator("#leaderboard thead th").all_inner_texts()) if "map.gonuclear" in text
    )
    assert float(cell[at].split()[0]) == pytest.approx(values["otsu"], abs=0.01)


def test_a_record_shows_what_made_it_and_a_line_that_makes_it_again(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html")
    page.locator("#records a", has_text="otsu").first.click()
    page.wait_for_selector("#record h2")
    assert page.locator("#record h2").first.inner_text() == "otsu on blobs/a"
    line = page.locator("#again").inner_text()
    assert "harness run toy --tier smoke --row 'otsu' --dataset 'blobs' --sample 'a'" in line
    for words in ("map.gonuclear", "otsu-components", "seed", "checksum", "environment"):
        assert words in page.locator("#record").inner_text()
    assert "cell" in state(page)


def test_a_record_has_an_address(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html")
    page.locator("#records a", has_text="log").first.click()
    page.wait_for_selector("#record h2")
    again = site.page("toy-v1-smoke-records.html", hash="#" + fragment(page))
    again.wait_for_selector("#record h2")
    assert again.locator("#record h2").first.inner_text() == page.locator("#record h2").first.inner_text()
    absent = site.page("toy-v1-smoke-records.html", hash="#cell=nowhere")
    assert absent.locator("#said").inner_text() == "no record nowhere here"


def test_the_line_is_copied(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#records a", has_text="otsu").first.click()
    page.get_by_role("button", name="copy").click()
    page.wait_for_function(
        "document.querySelector('#record button').textContent + document.querySelector('#said').textContent !== 'copy'"
    )


def test_the_list_of_records_can_be_searched_and_sorted(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html")
    page.get_by_role("searchbox").fill("watershed blobs")
    assert set(labels(page, "records")) == {"watershed"}
    assert page.locator("#records tbody tr").count() == 2


def test_a_sample_shows_layers_that_can_be_left_out(site: Site) -> None:
    page = site.page("samples/toy/v1/smoke/blobs-a.html")
    view = page.locator(".view").first
    assert view.locator(".layers img").count() == 3
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    view.get_by_label("truth").uncheck()
    assert view.locator("img.truth").is_hidden()
    assert view.locator("img.prediction").is_visible()


def test_a_sample_shows_the_worst_row_first(site: Site) -> None:
    page = site.page("samples/toy/v1/smoke/blobs-a.html")
    scores = [float(text.rsplit(" ", 1)[1]) for text in page.locator(".view h2").all_inner_texts()]
    assert scores == sorted(scores)
    assert scores[-1] == 1.0


def test_slices_of_a_volume_are_stepped_through_with_the_keyboard(site: Site) -> None:
    page = site.page("samples/deep/v1/smoke/volumes-v.html")
    view = page.locator(".view").first
    slider = view.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    assert view.locator("output").inner_text().startswith("plane ")
    first = view.locator("img.image").get_attribute("src")
    page.keyboard.press("ArrowRight")
    assert view.locator("img.image").get_attribute("src") != first
    assert view.locator("img.image").get_attribute("src").endswith("image-1.png")


def test_slice_and_layers_stand_in_the_address_and_come_back(site: Site) -> None:
    name = "samples/deep/v1/smoke/volumes-v.html"
    page = site.page(name)
    view = page.locator(".view").first
    last = int(view.locator("input[type=range]").get_attribute("max"))
    view.locator("input[type=range]").focus()
    page.keyboard.press("End")
    view.get_by_label("truth").uncheck()
    key = view.get_attribute("data-view")
    assert json.loads(state(page)[key]) == {"p": last, "h": ["truth"]}
    again = site.page(name, hash="#" + fragment(page))
    found = again.locator(".view").first
    assert found.locator("output").inner_text() == view.locator("output").inner_text()
    assert found.locator("img.image").get_attribute("src").endswith(f"image-{last}.png")
    assert found.locator("img.truth").is_hidden()
    assert again.locator(".view").nth(1).locator("img.truth").is_visible()
    found.get_by_label("truth").check()
    assert json.loads(state(again)[key]) == {"p": last}


def test_what_counts_no_more_is_struck_out_on_every_page_and_in_what_is_saved(site: Site) -> None:
    page = site.page("struck/toy-v1-smoke.html", hash="#pick=otsu,log")
    struck = page.locator("#leaderboard tr[data-row=otsu] s")
    assert struck.first.get_attribute("title") == "advisory A-1"
    assert "(struck out: advisory A-1)" in page.locator("#compared").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").first.click()
    rows = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert any("(struck out: advisory A-1)" in text for text in rows[1].values())
    page = site.page("struck/toy-v1-smoke-records.html")
    assert page.locator("#records tbody s").count() == page.locator("#records tbody tr").count()
    page.locator("#records a", has_text="otsu").first.click()
    page.wait_for_selector("#record h2")
    assert "struck out: advisory A-1: half of it; rescore it" in page.locator("#record").inner_text()
    assert page.locator("#record s").count() == 1
    page = site.page("struck/samples/toy/v1/smoke/blobs-a.html")
    assert page.locator(".view h2 s").count() == page.locator(".view").count()
    assert page.problems == []


def test_csv_of_records_names_their_rows(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html")
    page.get_by_role("searchbox").fill("otsu blobs a")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith('"otsu","blobs","a"')


def test_everything_is_reached_with_the_keyboard(site: Site) -> None:
    page = site.page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
    assert {"theme", "pick"} <= seen
    assert any("dt-button" in name for name in seen)


def test_a_heading_sorts_with_the_keyboard_and_says_so(site: Site) -> None:
    page = site.page()
    control = heading(page, "count.pred").locator("[tabindex='0'], [role=button]").first
    control.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#leaderboard th[aria-sort=ascending]')")


def test_landmarks_labels_and_captions_are_there_for_a_screen_reader(site: Site) -> None:
    page = site.page()
    assert page.locator("main").count() == page.locator("header").count() == page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    assert page.locator("#leaderboard caption").inner_text()
    assert page.evaluate(
        "[...document.querySelectorAll('th')].every((cell) => cell.scope || cell.closest('.dt-scroll'))"
    )
    assert page.evaluate("[...document.querySelectorAll('img')].every((image) => image.alt)")
    names = "[...document.querySelectorAll('input,select,button')].filter((one) => one.offsetParent)"
    unnamed = f"{names}.filter((one) => !(one.labels?.length || one.ariaLabel || one.textContent.trim()))"
    assert page.evaluate(f"{unnamed}.map((one) => one.outerHTML)") == []


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_has_contrast_in_both_themes(site: Site, name: str, scheme: str) -> None:
    page = site.page(name, scheme=scheme)
    assert page.evaluate("document.documentElement.classList.contains('dark')") is (scheme == "dark")
    assert page.evaluate(CONTRAST) == []


AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
}
"""Every rule of axe-core that asks for level AA of the guidelines, and those of good practice."""


FURTHER = ("samples/deep/v1/smoke/volumes-v.html", "metrics/index.html", "metrics/map.gonuclear.html")


def violations(page: Any) -> str:
    """Return what axe-core finds on a page, rule by rule; "" for nothing; what opens has opened before."""
    page.wait_for_function(
        "[...document.querySelectorAll('.dt-button-collection')].every(one => getComputedStyle(one).opacity === '1')"
    )
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page, options=AXE)
    assert len(found.response["passes"]) > 10, "the rules were applied"
    return str(found.generate_report()) if found.violations_count else ""


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, *FURTHER])
def test_a_checker_finds_nothing_that_keeps_people_out(site: Site, name: str, scheme: str, width: int) -> None:
    assert violations(site.page(name, scheme=scheme, width=width)) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_finds_nothing_on_what_opens(site: Site, scheme: str) -> None:
    page = site.page(scheme=scheme, hash="#pick=otsu,log")
    assert violations(page) == "", "compared rows"
    condition(page, "row", "Contains")
    assert violations(page) == "", "a filter"
    page.keyboard.press("Escape")
    page = site.page(scheme=scheme)
    page.locator("#leaderboard_wrapper").get_by_role("button", name="columns").click()
    page.wait_for_selector(".dt-button-collection button")
    assert violations(page) == "", "the columns"
    page = site.page("toy-v1-smoke-records.html", scheme=scheme)
    page.locator("#records a", has_text="otsu").first.click()
    page.wait_for_selector("#record h2")
    for details in page.locator("#record summary").all():
        details.click()
    assert violations(page) == "", "a record"
    assert violations(site.page("struck/toy-v1-smoke.html", scheme=scheme)) == "", "struck scores"


IS_DARK = "document.documentElement.classList.contains('dark')"


# What one page keeps, Chromium gives to others when it comes to it, and on a busy machine sometimes never: that a
# choice is kept, and that a kept one is followed, are looked at on one page each.
def test_the_theme_can_be_chosen_and_is_kept(site: Site) -> None:
    page = site.page()
    assert page.evaluate("localStorage.getItem('theme')") is None
    for chosen in ("dark", "light"):
        page.locator("#theme").click()
        page.wait_for_function(f"{IS_DARK} === {json.dumps(chosen == 'dark')}")
        assert page.evaluate("localStorage.getItem('theme')") == chosen


@pytest.mark.parametrize(("scheme", "kept"), [("light", "dark"), ("dark", "light")])
def test_a_page_opens_in_the_theme_that_was_kept(site: Site, scheme: str, kept: str) -> None:
    context = site.context(color_scheme=scheme)
    context.add_init_script(f"localStorage.setItem('theme', '{kept}')")
    page = context.new_page()
    page.goto((site.folder / "index.html").resolve().as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    assert page.evaluate(IS_DARK) is (kept == "dark")
    assert page.locator("#theme").text_content() == scheme


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_phone(site: Site, name: str, width: int) -> None:
    page = site.page(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_record_fits_a_phone(site: Site) -> None:
    page = site.page("toy-v1-smoke-records.html", width=390)
    page.locator("#records a", has_text="otsu").first.click()
    page.wait_for_selector("#record h2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_print_leaves_the_tools_out(site: Site) -> None:
    page = site.page()
    page.emulate_media(media="print")
    assert page.locator("header").is_hidden()
    assert page.locator(".dt-buttons").first.is_hidden()
    assert page.locator("#leaderboard").is_visible()
    assert len(labels(page)) == 6


def test_without_scripts_the_tables_stand(site: Site) -> None:
    page = site.context(java_script_enabled=False).new_page()
    page.goto((site.folder / "toy-v1-smoke.html").resolve().as_uri())
    assert page.locator("#leaderboard tbody tr").count() == 6
    page.goto((site.folder / "toy-v1-smoke-records.html").resolve().as_uri())
    assert "needs a browser that runs scripts" in page.locator("noscript").inner_text()


def test_links_between_pages_lead_back_and_forth(site: Site) -> None:
    page = site.page("index.html")
    page.locator("#suites a", has_text="toy v1").click()
    page.locator("#samples a", has_text="blobs/a").click()
    page.locator("nav a", has_text="toy").click()
    page.get_by_role("link", name="records", exact=True).first.click()
    assert unquote(page.url).endswith("toy-v1-smoke-records.html")


def many_rows(site: Site) -> Any:
    """Open the page of records with ten thousand of them."""
    text = (site.folder / "toy-v1-smoke-records.html").read_text(encoding="utf-8")
    index = (site.folder / "records/toy/v1/smoke/index.js").read_text(encoding="utf-8")
    found = json.loads(index.removeprefix("report.list(").rstrip().removesuffix(");"))
    found["lines"] = [
        [f"row-{n % 40}", "blobs", f"sample-{n}", "", 0, "ok", n / 1e4, 0.1, n, "abc", f"key{n}", [0, 0]]
        for n in range(10_000)
    ]
    (site.folder / "many.js").write_text(f"report.list({json.dumps(found)});", encoding="utf-8")
    (site.folder / "many.html").write_text(text.replace("records/toy/v1/smoke/index.js", "many.js"), encoding="utf-8")
    return site.page("many.html")


DRAWN = """
(words) => {
  const box = document.querySelector(".dt-search input");
  const create = document.createElement;
  let rows = 0;
  document.createElement = (name, ...rest) => {
    rows += name.toLowerCase() === "tr";
    return create.call(document, name, ...rest);
  };
  const drawn = words.map((word) => {
    rows = 0;
    box.value = word;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    return rows;
  });
  document.createElement = create;
  return drawn;
}
"""
"""How many rows of the table are made for each of some words in the search box, one after another."""


def test_a_filter_on_ten_thousand_rows_draws_one_page_of_them(site: Site) -> None:
    page = many_rows(site)
    assert page.locator("#records tbody tr").count() == 50
    drawn = page.evaluate(DRAWN, ["sample-99", "row-7", "sample-1234", "key5", ""])
    assert drawn == [50, 48, 1, 48, 0], "a page of rows at most, and none that was made before"
    assert page.locator("#records tbody tr").count() == 50
