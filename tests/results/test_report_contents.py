"""The contents of a report: numbers, times, marks, attributes, distributions, long texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.earlier import PlayedProject, jobs_of
from support.projects import edit, write
from support.reports import NASTY, Html, page, png, record, report, table

from snakemake_looper.results.report.report import write_report
from snakemake_looper.results.report.report_levels import Failure
from snakemake_looper.results.report.report_numbers import duration, grouped, memory, rounded
from snakemake_looper.results.report.report_spread import spread_of
from snakemake_looper.results.report.report_values import cells_of_times
from snakemake_looper.results.times import Times

# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0", "0"),
        ("2026", "2026"),
        ("12345", "12 345"),
        ("-1234567", "-1 234 567"),
        ("123456789012345", "123 456 789 012 345"),
        ("1234567890123456", "1.23457e+15"),
        ("-" + "9" * 400, "-1.00000e+400"),
        ("5.0", "5"),
        ("-0.0", "-0"),
        ("0.1234567891", "0.123457"),
        ("12345.678", "12 345.7"),
        ("1234567.891", "1 234 568"),
        ("1e+22", "1e+22"),
        ("1e-09", "1e-09"),
        ("nan", "nan"),
        ("-inf", "-inf"),
    ],
)
def test_a_number_has_sensible_digits_in_groups(exact: str, shown: str) -> None:
    html = grouped(rounded(exact))
    assert re.sub("<i>", " ", html).replace("</i>", "").removeprefix(
        '<span class="digits">'
    ).removesuffix("</span>") == shown  # fmt: skip
    assert re.sub("<.*?>", "", html) == shown.replace(" ", ""), "a copy has no separators"


def test_the_exact_number_is_there_too(tmp_path: Path) -> None:
    folder = report(tmp_path, page({"a": {"n": 0.1234567891, "m": 10**20}}))
    text = (folder / "pipelines/count/sample/index.html").read_text()
    assert '<td class="number" data-sort="0.1234567891"' in text
    assert '<span title="0.1234567891">0.123457</span>' in text
    assert f'data-sort="{10**20}"' in text
    rows = record(folder, "a").rows
    assert ["n", "0.123457 0.1234567891"] in rows
    assert ["m", f"1.00000e+20 {10**20}"] in rows


def test_text_is_no_number() -> None:
    for text in ("", "-", "1_000_000", "a12345", "12345.x", "\u0661" * 6, "<b>123456"):
        assert grouped(text) == text and not hasattr(grouped(text), "__html__")


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.004, "0.1 s"),
        (1.26, "1.3 s"),
        (9.99, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (7380, "2 h 3 min"),
        (90000, "1 d 1 h"),
        (-3, "0 s"),
    ],
)
def test_lengths_of_time_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("megabytes", "words"),
    [(0, "0 MB"), (3.456, "3.46 MB"), (340, "340 MB"), (1280, "1.25 GB"), (2e6, "1953 GB")],
)
def test_memory_in_words(megabytes: float, words: str) -> None:
    assert memory(megabytes) == words


def test_times_are_columns_and_on_the_page_of_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    times = {"a": Times(1764158400.5, 125, 1280), "b": Times(1764158410)}
    folder = report(
        tmp_path, page({"a": {"n": 1}}, {"a": "completed", "b": "running"}, times=times)
    )
    assert table(folder)[0][3:] == ["n", "Started", "Took", "Memory"]
    assert table(folder)[1][4:] == ["2025-11-26 12:00:00", "2 min 5 s", "1.25 GB"]
    assert table(folder)[2][4:] == ["2025-11-26 12:00:10", "", ""]
    text = (folder / "pipelines/count/sample/index.html").read_text()
    assert '<time datetime="2025-11-26T12:00:00+0000">' in text
    assert 'data-sort="1764158400.5"' in text and 'data-sort="125"' in text
    text = (folder / "pipelines/count/sample/a.html").read_text()
    assert "<dt>Took</dt><dd>2 min 5 s</dd>" in text
    assert "Memory" not in (folder / "pipelines/count/sample/b.html").read_text()


def test_times_that_nobody_knows_have_no_column(tmp_path: Path) -> None:
    folder = report(tmp_path, page({"a": {"n": 1}}, times={"a": Times()}))
    assert table(folder)[0] == ["Record", "Status", "Log", "n"]
    assert "<dl" not in (folder / "pipelines/count/sample/a.html").read_text()


@pytest.mark.parametrize("number", [1e300, float("nan"), float("inf"), -1e300])
def test_a_time_that_is_none_is_not_known(number: float) -> None:
    assert "Started" not in cells_of_times(number)
    assert "Took" not in cells_of_times(0, number)


# --- attributes of samples ------------------------------------------------------------------------


def test_attributes_stand_behind_the_results(tmp_path: Path) -> None:
    attributes = {"a": {"reads": "x.fq", "n": ["1", "2"]}, "b": {"n": None, "more": NASTY}}
    folder = report(tmp_path, page({"a": {"n": 1}, "b": {}}, attributes=attributes))
    assert table(folder)[0][3:] == ["n", "reads", "n", "more"]
    assert table(folder)[1][3:] == ["1", "x.fq", "1, 2", ""]
    assert ["n", "1, 2"] in record(folder, "a").rows
    assert ["more", NASTY] in record(folder, "b").rows
    text = (folder / "pipelines/count/sample/index.html").read_text()
    assert text.count('data-group="sample"') == 3 * 3


def test_attributes_are_no_links_to_files(tmp_path: Path) -> None:
    """A cell may name any file of this machine, and a zip would take it along."""
    attributes = {"a": {"f": "secret.txt", "g": {"path": "secret.txt"}}}
    write(tmp_path, {"secret.txt": "x"})
    folder = report(tmp_path, page({"a": {"n": 1}}, attributes=attributes))
    assert not [link for link in record(folder, "a").links if "secret" in link]


def test_attributes_are_those_of_the_plan(count: Path) -> None:
    edit(count / "samples.csv", "sample_name", "sample_name,organ")
    text = (
        (count / "samples.csv").read_text().replace("\na", "\na,liver").replace("\nb", "\nb,skin")
    )
    (count / "samples.csv").write_text(text)
    PlayedProject(count).run(a="n=1", b="n=2")
    jobs = jobs_of(count)
    write_report(jobs, count / "pages")
    assert ["organ", "liver"] in record_of(count / "pages", "a").rows
    (count / "project.yaml").write_text("no: [PEP")
    write_report(jobs, count / "pages")
    jobs.close()
    assert "liver" not in record_of(count / "pages", "a").text


def record_of(pages: Path, name: str) -> Html:
    return Html(pages / f"pipelines/count/sample/{name}.html")


# --- marks ----------------------------------------------------------------------------------------


def test_values_of_an_earlier_run_are_marked(tmp_path: Path) -> None:
    images = [{"path": f"p/{number}.png", "title": "t"} for number in range(2)]
    for one in images:
        png(tmp_path / one["path"])
    results = {"a": {"n": 1, "old": 12345, "text": "x", "plots": images}}
    folder = report(
        tmp_path,
        page(
            results,
            {"a": "failed"},
            notes={"a": "failed; some values are of an earlier run"},
            earlier={"a": frozenset({"old", "text", "plots"})},
            failures={"a": Failure("exit code 3")},
        ),
    )
    row = table(folder)[1]
    assert row[1] == "failed exit code 3 some values are of an earlier run"
    assert row[3:] == ["1", "earlier 12345", "earlier x", "earlier"]
    text = (folder / "pipelines/count/sample/index.html").read_text()
    assert 'data-sort="12345"' in text and 'data-sort="x"' in text, "the mark is not sorted by"
    rows = record(folder, "a").rows
    assert ["n", "1"] in rows and ["old", "12345 of an earlier run"] in rows


def test_samples_that_left_are_marked(tmp_path: Path) -> None:
    notes = {"gone": "not in the sample table"}
    statuses = {"a": "completed", "gone": "failed"}
    folder = report(tmp_path, page({"a": {"n": 1}, "gone": {"n": 2}}, statuses, notes=notes))
    assert table(folder)[2] == ["gone", "failed not in the sample table", "", "2"]
    assert ["n", "2 not in the sample table"] in record(folder, "gone").rows
    assert "gone" not in Html(folder / "index.html").text, "nobody has to mend it"


def test_the_values_of_an_earlier_run_are_told_from_the_store(count: Path) -> None:
    played = PlayedProject(count)
    played.run(a="n=1 m=5")

    played.run(a="n=2!")
    jobs = jobs_of(count)
    write_report(jobs, count / "pages")
    jobs.close()
    rows = record_of(count / "pages", "a").rows
    assert ["n a number", "2"] in rows and ["m another", "5 of an earlier run"] in rows


# --- distributions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "label"),
    [
        ("1 2 3 4 10", "min 1, median 3, max 10"),
        ("1 2", "min 1, median 1.5, max 2"),
        ("5 5 5", "all 3 are 5"),
        ("0.5 nan inf -inf 1.5", "min 0.5, median 1, max 1.5"),
        ("1 1000 1000000", "min 1, median 1000, max 1000000, logarithmic scale"),
        ("-1 0 1000000", "min -1, median 0, max 1000000"),
        ("-1.7e308 1.7e308 1.7e308", "min -1.7e+308, median 1.7e+308, max 1.7e+308"),
        ("1.7e308 1.6e308", "min 1.6e+308, median 1.65e+308, max 1.7e+308"),
        ("5e-324 5e-324 1e-323", "min 4.94066e-324, median 4.94066e-324, max 9.88131e-324"),
        ("1e-320 1e300", "min 9.99989e-321, median 5e+299, max 1e+300, logarithmic scale"),
        ("0 " + "9" * 400 + " 7", "min 0, median 3.5, max 7"),
    ],
)
def test_distributions(numbers: str, label: str) -> None:
    spread = spread_of(numbers.split())
    assert spread and spread.label == label
    assert f'role="img" aria-label="{label}"' in spread.picture()
    steps = [float(one) for one in re.findall(r"[hv](-?[\d.]+)", spread.bars)]
    assert all(abs(one) <= 24 for one in steps) and spread.bars.count("h") == 20
    for own in numbers.split():
        place = re.search(r'class="own" d="M([\d.]+) 0v24"', spread.picture(own))
        assert bool(place) == (own not in ("nan", "inf", "-inf") and len(own) < 400)
        assert place is None or 0 <= float(place[1]) <= 100


@pytest.mark.parametrize("numbers", ["", "1", "nan inf", "1 nan"])
def test_one_number_has_no_distribution(numbers: str) -> None:
    assert spread_of(numbers.split()) is None


def test_the_own_place_of_a_record() -> None:
    spread = spread_of(["0", "5", "10"])
    assert spread
    assert 'd="M20.0 0v24"' in spread.picture("2")
    assert 'aria-label="this record: 2; min 0, median 5, max 10"' in spread.picture("2")
    assert 'd="M100.0 0v24"' in spread.picture("99"), "an earlier value may lie outside"


def test_distributions_stand_in_the_head_and_on_the_pages(tmp_path: Path) -> None:
    records: dict[str, dict[str, Any]] = {
        "a": {"n": 1, "t": "x", "one": 1}, "b": {"n": 3, "t": 4}, "c": {"n": 900}, "d": {"n": 800}
    }  # fmt: skip
    notes, earlier = {"c": "not in the sample table"}, {"d": frozenset({"n"})}
    folder = report(tmp_path, page(records, notes=notes, earlier=earlier))
    text = (folder / "pipelines/count/sample/index.html").read_text()
    assert re.findall(r'aria-label="(min.*?)"', text) == ["min 1, median 2, max 3"]
    assert ["n", "1", "1 … 2 … 3"] in record(folder, "a").rows
    assert ["t", "x", ""] in record(folder, "a").rows
    assert "Among all records" in record(folder, "c").text


# --- long texts, pictures, the index --------------------------------------------------------------


@pytest.mark.parametrize("value", ["word " * 100, "\n" * 30, list(range(200)), {"a": ["x" * 400]}])
def test_long_texts_are_folded(tmp_path: Path, value: Any) -> None:
    folder = report(tmp_path, page({"a": {"t": value, "u": "short"}}))
    text = (folder / "pipelines/count/sample/a.html").read_text()
    assert text.count('<details class="long">') == 1


def test_pictures_have_sizes_and_wait_until_they_are_seen(tmp_path: Path) -> None:
    png(tmp_path / "p.png")
    folder = (
        report(tmp_path, page({"a": {"plot": [{"path": "p.png"}] * 2}})) / "pipelines/count/sample"
    )
    for name, size in {"index": 'width="58" height="38" ', "images": 'width="240" height="176" ', "a": ""}.items():  # fmt: skip
        assert f'{size}loading="lazy" decoding="async"' in (folder / f"{name}.html").read_text()


def test_the_index_begins_with_the_results_of_the_project(tmp_path: Path) -> None:
    png(tmp_path / "p.png")
    results = {"demo": {"total": 98765, "plot": {"path": "p.png", "title": "All"}}}
    folder = report(
        tmp_path,
        page({"a": {"n": 1}}),
        page(results, level="project", pipeline="sum"),
        page({"demo": {}}, level="project", pipeline="none"),
    )
    html = Html(folder / "index.html")
    assert html.rows[:2] == [["Result", "Value"], ["total", "98765"]]
    assert len(html.images) == 1 and html.rows[2][0] == "Pipeline"
    assert html.text.index("sum: demo") < html.text.index("Pipelines")
    assert "none: demo" not in html.text


def test_the_index_names_the_skipped_ones_too(tmp_path: Path) -> None:
    statuses = {"a": "skipped", "b": "partial", "c": "failed", "d": "none"}
    failures = {"a": Failure("x.fq is missing")}
    folder = report(tmp_path, page(statuses=statuses, failures=failures))
    html = Html(folder / "index.html")
    assert "Failed, partial or skipped" in html.text
    assert [row[3] for row in html.rows[3:]] == ["skipped x.fq is missing", "partial", "failed"]
    assert "x.fq is missing" in record(folder, "a").text
    assert table(folder)[1][1] == "skipped x.fq is missing"


@pytest.mark.parametrize("name", ["__class__", "items", "__html__", "0", "", NASTY])
def test_odd_names_of_results_and_attributes(tmp_path: Path, name: str) -> None:
    records = {"a": {name: 1}, "b": {name: 2}}
    attributes = {"a": {name: "x"}}
    earlier = {"a": frozenset({name})}
    folder = report(tmp_path, page(records, attributes=attributes, earlier=earlier))
    assert table(folder)[1][3:] == ["earlier 1", "x"] and table(folder)[2][3:] == ["2", ""]
    text = (folder / "pipelines/count/sample/a.html").read_text()
    assert "<script>window" not in text and "<img" not in text
