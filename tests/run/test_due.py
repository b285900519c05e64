"""What is due and why: jobs as Snakemake's log names them in, groups with causes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write

from snakemake_looper.layout import flag_with
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.option_sources import from_config
from snakemake_looper.run.due import MOST_NAMED, AllDue, DueJobs
from snakemake_looper.run.log_events import HandedOver
from snakemake_looper.workspace.plan_folder_writer import write_plan
from snakemake_looper.workspace.rows import Brief

PROJECT = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {results_file_path: results.yaml}
        """,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        output_schema: output.yaml
        sample_interface:
          command_template: echo {sample.word} {pipestat.config_file}
        project_interface:
          command_template: echo {pipestat.config_file}
        """,
    "output.yaml": """
        title: t
        type: object
        properties:
          pipeline_name: touch
          samples:
            type: array
            items: {type: object, properties: {n: {type: integer, description: n}}}
          project: {type: object, properties: {m: {type: integer, description: m}}}
        """,
}
FORCED = "Forced execution"
MISSING = "Missing output files: "
NEWER = "Updated input files: "
ANEW = "Input files updated by another job: "
PARAMS = (
    "Params have changed since last execution:"
    " Union of exclusive params before and now across all output: before: {!r} now: {!r} "
)


class Dry:
    """A dry run of the project with samples a, b and c, some of whose records have statuses."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.table = write_plan(plan_project(folder / ".looper.yaml", from_config(options))).jobs()
        self.briefs = {(one.level, one.record): one for one in self.table.briefs()}
        self.jobs: list[HandedOver] = []

    def brief(self, record: str) -> Brief:
        return next(one for one in self.table.briefs() if one.record == record)

    def was(self, status: str, *records: str) -> Dry:
        """Let records have a status, as if they had run."""
        for record in records:
            brief = self.brief(record)
            for path in (flag_with(brief.flag, status), brief.log):
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).touch()
        return self

    def runs(self, record: str, reason: str) -> Dry:
        brief = self.brief(record)
        text = reason.replace("FLAG", brief.flag)
        self.jobs.append(HandedOver(1, brief.rule, (brief.flag,), text))
        return self

    def due(self) -> AllDue:
        jobs = DueJobs(self.table, self.folder)
        for job in self.jobs:
            jobs.add(job)
        return jobs.all()

    def told(self, level: str = "sample") -> list[tuple[str, str, str]]:
        """Begin, cause, and the records with their details."""
        (pipeline,) = (one for one in self.due().pipelines if one.level == level)
        return [
            (
                group.cause.begins, group.cause.why,
                " ".join(f"{one.record}[{one.detail}]" for one in group.first),
            )
            for group in pipeline.groups
        ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, PROJECT)


def test_records_that_have_not_completed(folder: Path) -> None:
    dry = Dry(folder).was("failed", "a").was("partial", "b")
    for record in "cba":
        dry.runs(record, f"{MISSING}FLAG; {ANEW}results/x.yaml")
    assert dry.told() == [
        ("again", "failed in the last run", "a[]"),
        ("again", "stopped before the end", "b[]"),
        ("first time", "", "c[]"),
    ]


def test_a_flag_that_was_removed_and_a_record_of_another_run(folder: Path) -> None:
    dry = Dry(folder).was("completed", "a").was("running", "b").runs("a", f"{MISSING}FLAG")
    (folder / dry.brief("a").flag).unlink()
    dry.runs("b", f"{MISSING}FLAG")
    assert dry.told() == [
        ("again", "the status flag is missing", "a[]"),
        ("running now", "", "b[]"),
    ]


EXPORTS = "cd /p\nexport X='1'\nexport Y=2\n"


@pytest.mark.parametrize(
    ("reason", "why", "detail"),
    [
        (FORCED, "forced", ""),
        (f"{MISSING}o/b.bam, o/a.bam", "an output is missing", "o/a.bam, o/b.bam"),
        ("Incomplete output files: FLAG", "the last run was cut off", ""),
        (f"{NEWER}a.txt", "an input file is newer", "a.txt"),
        (PARAMS.format("wc -l x", "cat x"), "the command changed", "'wc -l' is now 'cat'"),
        (PARAMS.format("sort x", "sort -u x"), "the command changed", "'-u' was added"),
        (PARAMS.format("sort -u x", "sort x"), "the command changed", "'-u' was removed"),
        (PARAMS.format("a " + "b" * 50, "c"), "the command changed", ""),
        (PARAMS.format(f"{EXPORTS}a b", f"{EXPORTS}a c"), "the command changed", "'b' is now 'c'"),
        (
            PARAMS.format(f"{EXPORTS}a", "cd /p\nexport Y=3\na"),
            "the environment changed",
            "X, Y",
        ),
        (PARAMS.format("0" * 16, "1" * 16), "the pipestat config changed", ""),
        ("Params have changed since last execution: True", "the command changed", ""),
        (
            "Set of input files has changed since last execution",
            "the list of input files changed",
            "",
        ),
        (
            "Software environment definition has changed since last execution",
            "the container or environment changed",
            "",
        ),
        ("Code has changed since last execution", "the rule in the Snakefile changed", ""),
        (f"{ANEW}x.txt", "an input file is made anew", "x.txt"),
        ("A sentence of a later version", "see --verbose", ""),
    ],
)
def test_completed_records(folder: Path, reason: str, why: str, detail: str) -> None:
    dry = Dry(folder).was("completed", "a").runs("a", reason)
    assert dry.told() == [("again", why, f"a[{detail}]")]


def test_a_pipestat_config_that_changed(folder: Path) -> None:
    dry = Dry(folder).was("completed", "a")
    (config,) = (one for one in dry.table.configs(folder) if one.rule == dry.brief("a").rule)
    dry.runs("a", ANEW + config.path)
    assert dry.told() == [("again", "the pipestat config is missing", "a[]")]
    (folder / config.path).parent.mkdir(parents=True, exist_ok=True)
    text = (folder / config.source).read_text().replace("project_name: demo", "project_name: x")
    (folder / config.path).write_text(text)
    assert dry.told() == [("again", "the pipestat config changed", "a[project_name]")]
    (folder / config.path).write_text("[")
    assert dry.told() == [("again", "the pipestat config changed", "a[]")]


def test_the_project_level(folder: Path) -> None:
    dry = Dry(folder).was("completed", "a", "b", "c")
    assert [one.left_out for one in dry.due().pipelines] == ["", "it was not asked for"]
    dry.was("completed", "demo")
    assert [one.left_out for one in dry.due().pipelines] == ["", ""], "it is up to date"
    dry.runs("demo", ANEW + dry.brief("b").flag)
    assert dry.told("project") == [("after", "its samples", "demo[]")]
    dry.jobs.clear()
    dry.runs("demo", PARAMS.format("x", "y"))
    assert dry.told("project") == [("again", "the command changed", "demo['x' is now 'y']")]


def test_the_project_level_is_left_out(folder: Path) -> None:
    dry = Dry(folder).was("completed", "a", "demo").runs("a", FORCED)
    assert dry.due().pipelines[1].left_out == "it was not asked for"
    limited = Dry(folder, limit="1").runs("a", FORCED)
    assert limited.due().pipelines[1].left_out == "--limit selected samples"


def test_a_pipeline_that_comes_after_another(tmp_path: Path) -> None:
    folder = write(tmp_path, TOUCH)
    edit(folder / ".looper.yaml", "[touch.yaml]", "[touch.yaml, more.yaml]")
    text = (folder / "touch.yaml").read_text().replace("name: touch", "name: more")
    (folder / "more.yaml").write_text(f"{text}snakemake: {{depends_on: touch}}\n")
    dry = Dry(folder)
    first, second = (one for one in dry.table.briefs() if one.record == "a")
    for brief in (first, second):
        for path in (brief.flag, brief.log):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
    dry.jobs.append(HandedOver(1, second.rule, (second.flag,), ANEW + first.flag))
    group = dry.due().pipelines[1].groups[0]
    assert (group.cause.why, group.first[0].detail) == ("another pipeline runs first", "touch")


def test_the_first_of_many_in_the_order_of_the_table(tmp_path: Path) -> None:
    folder = write(tmp_path, TOUCH)
    names = [f"s{number}" for number in range(40)]
    rows = "".join(f"{name},a.txt,x\n" for name in names)
    (folder / "samples.csv").write_text(f"sample_name,file,word\n{rows}")
    dry = Dry(folder)
    for name in reversed(names):
        dry.runs(name, f"{MISSING}FLAG")
    (group,) = dry.due().pipelines[0].groups
    assert [one.record for one in group.first] == names[:MOST_NAMED] and group.count == 40
    assert dry.due().pipelines[0].total == 40


def test_skipped_samples_and_those_that_were_not_selected(folder: Path) -> None:
    (folder / "b.txt").unlink()
    (folder / "c.txt").unlink()
    (group,) = Dry(folder).due().pipelines[0].skipped
    assert (group.cause.why, group.count) == ("missing files", 2)
    assert [(one.record, one.detail) for one in group.first] == [("b", "b.txt"), ("c", "c.txt")]
    assert Dry(folder, samples="a").due().pipelines[0].skipped == ()
    (folder / "a.txt").unlink()
    (only,) = Dry(folder).due().pipelines[:1]
    assert (only.total, only.count, len(only.skipped)) == (0, 0, 1) or only.level == "project"


def test_rules_that_run_no_pipeline(folder: Path) -> None:
    dry = Dry(folder)
    config = dry.table.configs(folder)[0].path
    dry.jobs += [HandedOver(1, "all", ()), HandedOver(2, "pipestat_config", (config,))]
    due = dry.due()
    assert (due.files, due.is_anything, due.count) == ((), True, 0)
    dry.jobs.append(HandedOver(3, "table", ("results/t.csv (update)",)))
    assert dry.due().files == ("results/t.csv",)
    dry.jobs = [HandedOver(1, "all", ())]
    assert not dry.due().is_anything
