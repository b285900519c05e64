"""A damaged results file costs the record that it belongs to, and no other."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.earlier import PLACES, PlayedProject, jobs_of, set_says
from support.projects import edit
from support.tables import table_text

from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import read_results
from snakemake_looper.results.report.report import write_report
from snakemake_looper.results.table_formats import FORMATS

BAD = {
    "cut": "count:\n  sample:\n    b: {n: 'x",
    "list": "count:\n  sample: [1, 2]\n",
    "top list": "- count\n",
    "text": "count: just text\n",
    "loop": "count:\n  sample:\n    b: &x\n      n: *x\n",
    "list loop": "count:\n  sample:\n    b: {n: &x [1, *x]}\n",
    "bomb": "x: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"x{c}: &{c} [{','.join([f'*{b}'] * 10)}]\n" for b, c in itertools.pairwise("abcdefghi")
    )
    + "count:\n  sample:\n    b: {n: *i}\n",
    "deep": "count: {sample: {b: {n: " + "[" * 5000 + "]" * 5000 + "}}}\n",
    "dates": "count:\n  sample:\n    b: {2024-01-01: 3, 5: {2024-01-02: 1}}\n",
    "no date": "count:\n  sample:\n    b: {n: 2024-99-99}\n",
    "binary": "\x00\x01\x02",
    "scalar": "count:\n  sample:\n    b: 5\n",
    "of another": "count:\n  sample:\n    a: {n: 99}\n",
    "object": "count:\n  sample:\n    b: {n: !!python/object:os.system {}}\n",
}


@pytest.mark.parametrize("place", ["file", "records"])
@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_file_costs_its_own_record(
    count: Path, kind: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(count / ".looper.yaml", "results_file_path: all.yaml", PLACES[place])
    set_says(count, a="n=1", b="", c="n=3")
    played = PlayedProject(count)
    played.run(a="n=1", c="n=3")
    folder = count / "out/count/all_records" if place == "file" else count / "out"
    name = "b.yaml" if place == "file" else "rec_b.yaml"
    (folder / name).write_bytes(BAD[kind].encode())
    jobs = jobs_of(count)
    publish_all(jobs)
    results = read_results(jobs, count)
    records = dict(results[0].records)
    if kind == "of another" and place == "records":
        assert records.pop("a")["n"] in (1, 99)  # no file is known to be another's
        records["a"] = {"n": 1}
    assert {key: dict(records[key]) for key in "ac"} == {"a": {"n": 1}, "c": {"n": 3}}
    said = capsys.readouterr().err + "".join(results[0].warnings)
    assert name in said or kind == "dates" or (kind, place) == ("of another", "records")
    assert "Traceback" not in said
    for form in FORMATS:
        assert "3" in table_text(results, form)
    write_report(jobs, count / "pages", read=results)
    jobs.close()
