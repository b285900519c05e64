"""The benchmarks themselves: each budget has one, and its figures get to where people read them."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.running import REPOSITORY, run

BENCHMARKS = REPOSITORY / "benchmarks"
PROGRAM = str(BENCHMARKS / "run.py")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import written

    return written


def line(name: str, value: float) -> Any:
    from budgets import Line

    return Line(name, value, value, 2.0, 1.0, "2.00/1.00")


def test_every_budget_has_a_benchmark_and_every_benchmark_a_budget(written: ModuleType) -> None:
    text = (BENCHMARKS / "README.md").read_text()
    budgets = re.findall(r"^\| .* \| (.*) \| `([\w-]+)` \|$", text, re.MULTILINE)
    assert budgets == [(row.must_be, row.name) for row in written.ROWS]


def test_every_benchmark_can_be_asked_for(written: ModuleType) -> None:
    from rows import MEASURE

    assert {row.group for row in written.ROWS} == set(MEASURE)


def test_quick_benchmarks_measure_and_judge_nothing(tmp_path: Path) -> None:
    words = (sys.executable, PROGRAM, "--quick", "--folder", str(tmp_path), "plugin", "results")
    done = run(*words, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [row.split(" | ")[0][2:] for row in done.out.splitlines()] == [
        "import of the plugin package",
        "assembly of 100,000 records, against parsing the same YAML once",
        "`table` of 100,000 records, against parsing the same YAML once",
    ]
    assert "missed" not in done.out


def test_figures_get_into_the_results_and_the_readme(written: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n")
    figures = written.Figures(tmp_path / "results.json")
    figures.add([line("plugin", 7.0), line("jobs", 1.01)], tmp_path)
    figures.write(readme)
    rows = (
        "| 1,000 trivial jobs, 2 cores, plan there, against a Snakefile by hand | ≤ 1.05 × | 1.01 ×"
        " | 1.01 × | 2.00 s | 1.00 s |\n"
        "| import of the plugin package | ≤ 5 ms | 7.00 ms **missed** | 7.00 ms | 2.00 s | 1.00 s |\n"
    )
    table = f"{written.HEAD}\n{rows}"
    assert readme.read_text() == (
        f"before\n<!-- benchmarks -->\n{table}<!-- /benchmarks -->\nafter\n"
    )
    assert f"# Results\n\n{table}" in (tmp_path / "results.md").read_text()


def test_figures_of_other_benchmarks_stay(written: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmarks --><!-- /benchmarks -->")
    for lines in ([line("plugin", 7.0), line("jobs", 1.01)], [line("plugin", 4.0)]):
        figures = written.Figures(tmp_path / "results.json")
        figures.add(lines, tmp_path)
        figures.write(readme)
    assert written.Figures(tmp_path / "results.json").lines() == [
        line("jobs", 1.01),
        line("plugin", 4.0),
    ]


def test_sizes_stand_side_by_side(written: ModuleType, tmp_path: Path) -> None:
    from measuring import Measured

    found = {
        1000: {"planning": Measured(1.0, 0.9, 0.1)},
        10_000: {"planning": Measured(2.0, 1.9, 0.2), "`check`": Measured(0.5, 0.4, 0.05)},
    }
    assert written.scale_table(found).splitlines() == [
        "| s per 1,000 samples (processor time), memory | 1,000 | 10,000 |",
        "|---|---|---|",
        "| planning | 1.000 s (0.900), 100 MB | 0.200 s (0.190), 200 MB |",
        "| `check` |  | 0.050 s (0.040), 50 MB |",
    ]
    figures = written.Figures(tmp_path / "results.json")
    figures.add_scale(1000, found[1000])
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmarks --><!-- /benchmarks -->")
    figures.write(readme)
    assert json.loads((tmp_path / "results.json").read_text())["scale"]["1000"] == {
        "planning": asdict(found[1000]["planning"])
    }


def test_pairs_are_compared_by_the_median_of_their_ratios(written: ModuleType) -> None:
    from measuring import Measured, compared

    def took(*walls: float) -> list[Measured]:
        return [Measured(wall, 2 * wall, 0) for wall in walls]

    found = compared(took(1, 10, 6), took(1, 1, 2))  # an idle, a busy and a half busy moment
    assert (found.wall, found.cpu, found.ours.wall) == (3, 3, 6)
