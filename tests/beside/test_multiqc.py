"""MultiQC itself reads our export: every value is there, and it has nothing to complain of."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from support.browsers import BROWSER
from support.driven_browser import browser
from support.projects import write
from support.reports import NASTY, page, png
from support.running import BIN, Run, run

from snakemake_looper.results.multiqc.export import write_files
from snakemake_looper.results.report.report_levels import LevelReport

SCHEMA = """
    pipeline_name: count
    samples:
      reads: {type: integer, description: "Reads: all of 'them'", unit: reads, minimum: 0}
      score: {type: number, title: TSS score, description: Enrichment, maximum: 100}
      plot: {type: image, description: Lengths}
    project:
      total: {type: integer, description: All reads}
    """


def multiqc(folder: Path, *words: str) -> Run:
    """Run MultiQC over a folder, with nothing from outside: no config, no question for versions."""
    return run(
        str(BIN / "multiqc"), "--strict", "--no-ansi", "--no-version-check", "-f", "-o", "report", *words,
        cwd=folder, HOME=str(folder), MULTIQC_CONFIG_PATH="",
    )  # fmt: skip


def is_content(done: Run) -> None:
    assert done.code == 0, done.text
    said = re.findall(r".*\b(?:WARNING|ERROR|Traceback|LINT|Not able)\b.*", done.text)
    assert said == [], done.text


def data(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """The rows of a file of MultiQC's data folder, by their first column."""
    with (folder / f"report/multiqc_data/{name}.txt").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row.pop("Sample"): row for row in rows}


def exported(root: Path, *pages: LevelReport) -> Path:
    write_files(pages, root / "mqc", root)
    return root


def test_each_value_is_there(tmp_path: Path) -> None:
    schema = write(tmp_path, {"schema.yaml": SCHEMA}) / "schema.yaml"
    png(tmp_path / "a.png")
    records: dict[str, dict[str, Any]] = {
        "frog_1": {"reads": 1234567, "score": 1.25, "word": "one", "plot": {"path": "a.png"}},
        "frog_1.sorted": {"reads": -3, "score": float("nan"), "ok": True},
        "1": {"score": 1e-7, "number_as_text": "007", "link": "https://example.org/x"},
    }
    done = multiqc(
        exported(
            tmp_path,
            page(records, schema=schema),
            page({"frog_1": {"reads": 7}}, pipeline="plot it", statuses={"frog_1": "failed"}),
            page({"demo": {"total": 9, "word": "x"}}, level="project", schema=schema),
        ),
        "mqc",
    )
    is_content(done)
    stats = data(tmp_path, "multiqc_general_stats")
    numbers = {
        name: {key.rpartition("-")[2]: float(value) for key, value in row.items() if value}
        for name, row in stats.items()
    }
    first = {"count-reads": 1234567.0}
    assert set(numbers) == {"frog_1", "frog_1.sorted", "1"}, "no two samples are mixed"
    assert numbers["frog_1.sorted"] == {"reads": -3.0} and numbers["1"] == {"score": 1e-7}
    assert sorted(float(one) for one in stats["frog_1"].values() if one) == [
        1.25,
        7.0,
        *first.values(),
    ]
    texts = data(tmp_path, "multiqc_snakemake_looper_count_results_table")
    assert texts["frog_1"]["word"] == "one" and texts["frog_1.sorted"]["ok"] == "true"
    assert texts["1"]["number_as_text"] == "007" and texts["frog_1.sorted"]["score"] == "nan"
    statuses = data(tmp_path, "multiqc_snakemake_looper_status_table")
    assert statuses["frog_1"] == {
        "count_sample": "completed",
        "plot_it_sample": "failed",
        "count_project": "",
    }
    assert data(tmp_path, "multiqc_snakemake_looper_count_project_table")["total"]["demo"] == "9"
    html = (tmp_path / "report/multiqc_report.html").read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,iVBORw0KGgo' in html
    assert '<a href="https://example.org/x">' in html


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    """A page of MultiQC has no element and no script that a name or a value brought."""
    png(tmp_path / "a.png")
    values = {
        NASTY: 1,
        "word": NASTY,
        "f": {NASTY: NASTY},
        "m": "²",
        "p": {"path": "a.png", "title": NASTY},
    }
    level = page(
        {NASTY: values, "# a": {NASTY: 3, "word": '"quoted"'}, "b\t\n\x85c": {NASTY: 2.5, "word": "'"}},
        pipeline=NASTY, notes={NASTY: NASTY},
    )  # fmt: skip
    project = page({NASTY: {NASTY: NASTY, "x" * 900: 10**400}}, level="project", pipeline=NASTY)
    is_content(multiqc(exported(tmp_path, level, project), "mqc"))
    html = (tmp_path / "report/multiqc_report.html").read_text(encoding="utf-8")
    assert "<script>window.ran" not in html and "<img src=x" not in html
    assert not re.search(r'"[^"<>]*"\s+onerror', html)
    assert len(data(tmp_path, "multiqc_general_stats")) == 3
    if BROWSER is not None:
        assert acts(tmp_path / "report/multiqc_report.html", tmp_path) == []


# Shows all tooltips, plots and dialogues of a page of MultiQC, which put texts into it again.
SHOW_ALL = """(() => {
  document.querySelectorAll(".mqc_table_tooltip").forEach(one => {
    one.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    bootstrap.Tooltip.getOrCreateInstance(one).show();
  });
  document.querySelectorAll(".mqc-table-to-violin, .mqc_table_config_modal_btn, .mqc_table_make_scatter")
    .forEach(one => one.click());
  return document.querySelectorAll(".tooltip").length;
})()"""


def acts(html: Path, folder: Path) -> list[str]:
    """Faults of a page in a browser, and scripts and elements that texts have brought."""
    with browser(folder) as one:
        tab = one.open(html.as_uri())
        assert tab.get(SHOW_ALL) > 0
        found: list[str] = tab.faults()
        found += tab.get(
            "[window.ran, document.querySelector('img[src=x]')].filter(one => one).map(String)"
        )
        tab.close()
    return found


def test_more_samples_than_multiqc_draws(tmp_path: Path) -> None:
    records = {f"s{number}": {"n": number, "x": number / 7, "w": "word"} for number in range(2_500)}
    done = multiqc(exported(tmp_path, page(records)), "mqc")
    assert done.code == 0, done.text
    stats = data(tmp_path, "multiqc_general_stats")
    assert len(stats) == 2_500 and "2499" in [one.split(".")[0] for one in stats["s2499"].values()]


NAMES = (
    "#a", "1e5", "nan", "True", "a\\tb", "'x'", '""', " lead ", "x" * 300, "a,b", "a:b", "= 1+1", "a_R1",
    "a.fastq.gz", "a.fastq", "a_fastqc", "a", "A", "{a}", "%s", "$(x)", "`x`", "a|b", "null", "-", "é",
    "e\u0301", "\U0001f600", "007", "7", "7.0",
)  # fmt: skip


def test_each_name_is_a_row_and_numbers_at_the_edge_stop_nothing(tmp_path: Path) -> None:
    values = (2**53, -(2**53), 1e100, -1e100, 0, 5e-324)
    records = {name: {"n": number, name: number} for number, name in enumerate(NAMES)}
    records |= {f"edge {value}": {"edge": value, "same": 1} for value in values}
    is_content(multiqc(exported(tmp_path, page(records, pipeline="p: # {x}")), "mqc"))
    stats = data(tmp_path, "multiqc_general_stats")
    found = {name: stats[name]["custom_content_p_x-n"] for name in NAMES}
    assert found == {name: str(number) for number, name in enumerate(NAMES)}
