"""Jobs that lack a file, and those that wait for a file of a job that is not planned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from snakemake_looper.plan.context import PlanContext
from snakemake_looper.plan.drafts import Draft
from snakemake_looper.plan.input_files import FileSizes, InputFiles
from snakemake_looper.plan.missing_files import without_missing_files
from snakemake_looper.plan.rules import PlannedRule
from snakemake_looper.plan.wildcards import Producer


def draft(rule: str, record: str, files: InputFiles, checked: bool = True) -> Draft:
    planned: Any = SimpleNamespace(
        rule=SimpleNamespace(name=rule, pipeline=rule), validator=object() if checked else None
    )
    return Draft(cast(PlannedRule, planned), record, {}, files)


def left_and_skipped(
    folder: Path, drafts: Sequence[Draft], made_by: dict[str, Producer]
) -> tuple[list[Draft], dict[str, str]]:
    settings = SimpleNamespace(root=folder)
    context = cast(PlanContext, SimpleNamespace(rundir=folder, settings=settings))

    def producers(path: str) -> list[Producer]:
        return [made_by[path]] if path in made_by else []

    left, skipped = without_missing_files(drafts, producers, FileSizes(folder), context)
    return left, {f"{one.pipeline}:{one.record}": one.reason for one in skipped}


def names(drafts: Sequence[Draft]) -> list[str]:
    return [f"{one.planned.rule.name}:{one.record}" for one in drafts]


MADE_BY = {"a.bam": Producer("align", "a"), "a.vcf": Producer("call", "a")}
CHAIN = [
    draft("plot", "a", InputFiles(("a.vcf",), made=("a.vcf",))),
    draft("call", "a", InputFiles(("a.bam",), made=("a.bam",))),
    draft("call", "b", InputFiles()),
]


def test_a_file_that_a_planned_job_makes_is_not_missing(tmp_path: Path) -> None:
    drafts = [*CHAIN, draft("align", "a", InputFiles())]
    assert left_and_skipped(tmp_path, drafts, MADE_BY) == (drafts, {})


def test_a_skip_causes_further_skips(tmp_path: Path) -> None:
    drafts = [*CHAIN, draft("align", "a", InputFiles(("a.fq",), missing=("a.fq",)))]
    left, skipped = left_and_skipped(tmp_path, drafts, MADE_BY)
    assert names(left) == ["call:b"]
    assert skipped == {
        "align:a": "missing files: a.fq",
        "call:a": "missing files: a.bam",
        "plot:a": "missing files: a.vcf",
    }


def test_a_file_that_is_there_ends_the_chain(tmp_path: Path) -> None:
    (tmp_path / "a.bam").touch()
    left, skipped = left_and_skipped(tmp_path, CHAIN, MADE_BY)
    assert names(left) == ["plot:a", "call:a", "call:b"]
    assert skipped == {}


def test_an_unchecked_job_runs_without_the_file(tmp_path: Path) -> None:
    files = InputFiles(("a.bam", "here.txt"), made=("a.bam",))
    (left,), skipped = left_and_skipped(tmp_path, [draft("call", "a", files, False)], MADE_BY)
    assert left.files == InputFiles(("here.txt",))
    assert skipped == {}
    assert files.required == ("a.bam", "here.txt"), "a stage makes new drafts and changes none"


def test_a_file_of_a_project_level_rule_is_waited_for(tmp_path: Path) -> None:
    made_by = {"all.txt": Producer("merge", "")}
    drafts = [draft("call", "a", InputFiles(("all.txt",), made=("all.txt",)))]
    assert left_and_skipped(tmp_path, drafts, made_by) == (drafts, {})
