"""Names of samples, pipelines and projects: each runs, or is refused when it is planned."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.projects import edit, flags, write
from support.running import cli, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.names import repetition_fault
from snakemake_looper.plan.planner import plan_project

REPORTS: Mapping[str, str] = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [name.yaml]
        pipestat: {results_file_path: results.yaml}
        """,
    "project.yaml": "name: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name\na\n",
    "name.yaml": """
        pipeline_name: name
        output_schema: schema.yaml
        sample_interface:
          command_template: >
            python report.py {pipestat.results_file | quote} {sample.sample_name | quote}
        """,
    "report.py": """
        import json, os, sys

        file, name = sys.argv[1:]
        assert name == os.environ["PIPESTAT_RECORD_IDENTIFIER"]
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as opened:
            records = {"name": {"project": {}, "sample": {name: {"size": len(name)}}}}
            json.dump(records, opened, ensure_ascii=False)
        """,
    "schema.yaml": """
        pipeline_name: name
        samples:
          size: {type: integer, description: length of the name}
        """,
}
# A flag's name is the longest of a sample's files: 24 bytes are left for names beside it.
ROOM = 255 - 24 - len("name__completed.flag")


def long_name(length: int) -> str:
    """A name without a repetition at its end."""
    return ("".join(f"{number}x" for number in range(length)))[: length - 1] + "z"


def table(names: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([["sample_name"], *([name] for name in names)])
    return text.getvalue()


RUN = [
    "with space", " lead", "trail ", "quo'te", 'dou"ble', "st*ar", "br[a]ck", "qu?est", "per%cent",
    "%s", "~tilde", "~", "-dash", "--help", "dot.", ".hidden", unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"), "ABC", "abc", "back\\slash", "a;b&c|d", "#hash!", "`tick`",
    "$(cmd)", "dollar$", "$-", "(p)<1>=:@,+^", "<A>", "007", "1e5", "None", "nan", "null", "true", "2024-01-01",
    "1:30", "日本", "😀", "x_completed", "*", "?", "'", '"', "\\", "a.yaml", "x.flag", "nb\xa0sp",
    "meta", "A" * 19, "ACGT" * 19, long_name(ROOM),
]  # fmt: skip


def test_names_that_run(project: Callable[..., Path]) -> None:
    """One sample of each kind: its flag, its log, its record in the table."""
    names = RUN
    folder = project({**REPORTS, "samples.csv": table(names)})
    done = use_looper("--quiet", cwd=folder)
    assert done.code == 0, done.text
    made = flags(folder / "results")
    assert made == sorted(f"name_{name}_completed.flag" for name in names)
    logs = {path.name for path in (folder / "results/submission").iterdir()}
    assert {f"name_{name}.log" for name in names} <= logs
    shown = cli("table", "--format", "csv", "--raw", cwd=folder)
    rows = {row["Record Identifier"]: row for row in csv.DictReader(io.StringIO(shown.out))}
    assert {name: rows[name]["size"] for name in names} == {name: str(len(name)) for name in names}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" + "0" * 22, "sample name 'x0000000000000000000000' ends in 22 times '0': Snakemake takes 20 repeats at the end of a name for an endless loop; add something after them, as in 'x0000000000000000000000_1'"),
        ("A" * 24, "sample name 'AAAAAAAAAAAAAAAAAAAAAAAA' ends in 24 times 'A'"),
        ("x" + "ACG" * 20, "sample name 'xACGACGACGACGACGACGACGACGACG…GACGACGACGACGACGACGACGACGACG' ends in 20 times 'ACG'"),
        ("a$HOME", "sample name 'a$HOME' has a '$' before 'H': pipestat takes it for a variable in the path of the record's file; leave out the '$'"),
        ("$x", "sample name '$x' has a '$' before 'x'"),
        (long_name(ROOM + 1), "sample name '0x1x2x3x4x5x6x7x8x9x10x11x12…"),
        ("éa" * 75 + "z" * 2, "sample name 'éaéaéaéaéaéaéaéaéaéaéaéaéaéa…éaéaéaéaéaéaéaéaéaéaéaéaéazz' is too long: 227 bytes, and there is room for 211 in the name of its file name_…_completed.flag; shorten it"),
        ("a{b}", "sample name 'a{b}' has a character that cannot be part of an output file's name"),
        ("a<results>", "sample name 'a<results>' has a character that cannot be part of an output file's name"),
        ("a\tb", "sample name 'a\\tb' has a character"),
        ("a\x1bb", "sample name 'a\\x1bb' has a character"),
        ("a\nb", "sample name 'a\\nb' has a character"),
        ("a\u2028b", "sample name 'a\\u2028b' has a character"),
        ("a\x85b", "sample name 'a\\x85b' has a character"),
    ],
)  # fmt: skip
def test_names_that_are_refused(project: Callable[..., Path], name: str, message: str) -> None:
    folder = project({**REPORTS, "samples.csv": table(["first", name, "last"])})
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    (problem,) = caught.value.problems
    assert problem.key == "sample_name"
    assert problem.place.line in (3, 4), "the row, of which a cell may have two lines"
    assert problem.message.startswith(message)


def test_all_bad_names_in_one_go_with_other_faults(project: Callable[..., Path]) -> None:
    names = ["a/b", "0" * 30, long_name(250), "fine", "$x"]
    folder = project({**REPORTS, "samples.csv": table(names)})
    edit(folder / "name.yaml", "pipestat.results_file", "pipestat.result_file")
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    places = [Path(str(one.place)).name for one in caught.value.problems]
    table_lines = [f"samples.csv:{line}" for line in (2, 3, 4, 6)]
    assert sorted(places) == ["name.yaml:5", *table_lines]


def test_a_name_that_is_not_selected_is_let_be(project: Callable[..., Path]) -> None:
    folder = project({**REPORTS, "samples.csv": table(["a", "0" * 30, long_name(250)])})
    for options in (Options(samples=("a",)), Options(limit="1")):
        assert [job.record for job in plan_project(folder / ".looper.yaml", options).jobs] == ["a"]


def test_a_dollar_where_nothing_is_reported(project: Callable[..., Path]) -> None:
    """Without pipestat nobody takes it for a variable but a shell, from which `quote` keeps it."""
    folder = project({**REPORTS, "samples.csv": table(["a$HOME"])})
    edit(folder / ".looper.yaml", "pipestat: {results_file_path: results.yaml}", "")
    write(folder, {"name.yaml": "pipeline_name: name\nsample_interface:\n  command_template: echo {sample.sample_name | quote}\n"})  # fmt: skip
    assert use_looper("--quiet", cwd=folder).code == 0
    assert (folder / "results/submission/name_a$HOME.log").read_text() == "a$HOME\n"
    assert flags(folder / "results") == ["name_a$HOME_completed.flag"]


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("name.yaml", "pipeline_name: name", f"pipeline_name: {long_name(240)}", "pipeline_name"),
        ("name.yaml", "pipeline_name: name", f"pipeline_name: {long_name(222)}", "pipeline_name"),
        ("project.yaml", "name: demo", f"name: {long_name(240)}", "name"),
        (".looper.yaml", "results.yaml}", f"results.yaml, project_name: {long_name(240)}}}", "pipestat.project_name"),
    ],
)  # fmt: skip
def test_other_names_that_are_too_long(
    project: Callable[..., Path], file: str, old: str, new: str, key: str
) -> None:
    """Where the name stands: the pipeline's, the PEP's, or that of the pipestat section."""
    both = "project_interface: {command_template: 'echo {pipestat.config_file}'}\n"
    folder = project(REPORTS)
    with (folder / "name.yaml").open("a") as opened:
        opened.write(both)
    assert len(plan_project(folder / ".looper.yaml").jobs) == 2
    edit(folder / file, old, new)
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    problems = {(Path(one.place.file).name, one.key) for one in caught.value.problems}
    assert problems == {(file, key)}
    assert all("too long for the name of its file" in str(one) for one in caught.value.problems)


def test_a_path_that_is_too_long(project: Callable[..., Path]) -> None:
    folder = project(REPORTS)
    deep = "/".join(["d" * 250] * 17)[: 4090 - len(str(folder))]
    edit(folder / ".looper.yaml", "output_dir: results", f"output_dir: {deep}")
    with pytest.raises(ProjectError, match="too long"):
        plan_project(folder / ".looper.yaml")


def test_repetition_is_what_snakemake_takes_for_one() -> None:
    """Word for word what Snakemake's detector says, where that is a repetition at the end."""
    from snakemake.io import PeriodicityDetector

    detector = PeriodicityDetector()
    parts = ["A", "AB", "ABC", "0", "00", "é", "A-", "AAB"]
    for part in parts:
        for count in (18, 19, 20, 21, 40, 99, 101):
            for before, behind in (("", ""), ("x", ""), ("", "x"), ("AAAB", ""), ("B", "B")):
                name = before + part * count + behind
                expected = detector.is_periodic(name) is not None
                assert (repetition_fault(name) is not None) == expected, name


@pytest.mark.parametrize("where", ["output_dir: r<a>", "flag_file_dir: f<a>"])
def test_a_path_variable_of_snakemake_in_a_folder(project: Callable[..., Path], where: str) -> None:
    """Snakemake replaces `<word>` in paths, or refuses it; `<A>` and `<1>` are left alone."""
    folder = project(REPORTS)
    key, _, value = where.partition(": ")
    old = "output_dir: results" if key == "output_dir" else "results.yaml}"
    new = where if key == "output_dir" else f"results.yaml, {where}}}"
    edit(folder / ".looper.yaml", old, new)
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    (problem,) = caught.value.problems
    assert "has '<a>', which is a path variable to Snakemake; rename" in problem.message
    edit(folder / ".looper.yaml", value, value.upper())
    assert plan_project(folder / ".looper.yaml").jobs
