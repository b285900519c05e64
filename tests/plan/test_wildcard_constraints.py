"""Each status flag belongs to one rule and one sample, as Snakemake matches the paths of outputs.

Flags are named `<pipeline>_<sample>_completed.flag`. So a flag of one rule may look like that of
another rule, with another sample.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from snakemake.io import regex_from_filepattern, update_wildcard_constraints

from snakemake_looper.errors import Place
from snakemake_looper.model import Hooks, Interface, Job, Level, Rule
from snakemake_looper.plan.wildcards import Producer, constrained, path_pattern, producers_of

TOP = {"sample": "[^/]+"}
"""The constraint at the top of each Snakefile."""


def rule(
    pipeline: str, flag: str = "", level: Level = "sample", outputs: tuple[str, ...] = ()
) -> Rule:
    """A rule of a pipeline; its flag is in the folder `flags` unless it is given."""
    place = Place("pipeline.yaml")
    interface = Interface(
        path=Path(place.file), level=level, pipeline_name=pipeline, command_template="", data={},
        place=place, template_place=place, places={}, var_templates={}, inject_env_vars={},
        compute={}, size_table=(), input_schema=None, output_schema=None, output_paths={},
        hooks=Hooks(), linked=(), directives={}, files=(),
    )  # fmt: skip
    flag = flag or f"flags/{pipeline}_{{sample}}_completed.flag"
    name = f"{pipeline}_{level}"
    return Rule(name, interface, flag, log="", config=None, results=None, outputs=outputs)


def job(of: Rule, record: str) -> Job:
    return Job(
        rule=of.name, pipeline=of.pipeline, level=of.level, record=record, command="", env={},
        threads=1, resources={}, compute={}, inputs=(), log="",
        flag=of.flag.replace("{sample}", record),
    )  # fmt: skip


def claims(rules: list[Rule], path: str) -> set[tuple[str, str]]:
    """The rules that Snakemake finds for a path, each with the sample that it would run."""
    found = set()
    for one in rules:
        own = {"sample": one.constraint} if one.constraint else {}
        pattern = update_wildcard_constraints(one.flag, own, TOP)
        match = re.match(regex_from_filepattern(pattern), path)
        if match:
            found.add((one.name, match.groupdict().get("sample", "")))
    return found


def planned(samples: Mapping[str, list[str]]) -> tuple[list[Rule], list[Job]]:
    """The rules of pipelines, and their jobs for samples."""
    rules = [rule(pipeline) for pipeline in samples]
    jobs = [job(one, name) for one in rules for name in samples[one.pipeline]]
    return constrained(rules, jobs), jobs


def test_without_neighbours_there_is_no_constraint() -> None:
    rules, _ = planned({"count": ["a"], "align": ["a"]})
    assert [one.constraint for one in rules] == [None, None]


@pytest.mark.parametrize(
    "samples",
    [
        {"count": ["a"], "count_lines": ["a"]},
        {"count_lines": ["a"], "count": ["a"]},
        {"count": ["a", "lines_b"], "count_lines": ["a", "lines_b"]},
        {"count": ["lines_b", "lines"], "count_lines": ["c"]},
        {"count": ["a.b", "lines_a.b"], "count_lines": ["axb"]},
        {"count": ["a"], "count_lines": ["a"], "count_lines_long": ["a"]},
        {"count": ["x_completed"], "count_lines": ["x_completed"]},
    ],
)
def test_each_flag_has_one_rule_and_sample(samples: dict[str, list[str]]) -> None:
    rules, jobs = planned(samples)
    for one in jobs:
        assert claims(rules, one.flag) == {(one.rule, one.record)}


def test_the_case_is_one_without_a_constraint() -> None:
    """What the tests above are about: Snakemake alone finds two rules."""
    rules = [rule("count"), rule("count_lines")]
    both = {("count_sample", "lines_a"), ("count_lines_sample", "a")}
    assert claims(rules, "flags/count_lines_a_completed.flag") == both


NAMES = st.lists(st.sampled_from(["a", "b", "lines", "lines_a", "long", "b_lines"]), unique=True)


@given(st.fixed_dictionaries({"count": NAMES, "count_lines": NAMES, "other": NAMES}))
def test_any_samples(samples: dict[str, list[str]]) -> None:
    rules, jobs = planned(samples)
    # Records that share a flag are refused before.
    assume(len({one.flag for one in jobs}) == len(jobs))
    for one in jobs:
        assert claims(rules, one.flag) == {(one.rule, one.record)}


def test_a_project_level_record_is_no_sample() -> None:
    """The flag of the project `demo` looks like that of a sample `demo` of the same pipeline."""
    of_samples = rule("count")
    of_project = rule("count", "flags/count_demo_completed.flag", level="project")
    rules = constrained([of_samples, of_project], [job(of_samples, "a"), job(of_project, "demo")])
    assert claims(rules, "flags/count_demo_completed.flag") == {("count_project", "")}
    assert claims(rules, "flags/count_a_completed.flag") == {("count_sample", "a")}
    assert claims(rules, "flags/count_demo2_completed.flag") == {("count_sample", "demo2")}


def test_flags_in_folders_of_samples_need_no_constraint() -> None:
    own = "results/{sample}/count_{sample}_completed.flag"
    longer = "results/{sample}/count_lines_{sample}_completed.flag"
    rules = constrained([rule("count", own), rule("count_lines", longer)], [])
    assert [one.constraint for one in rules] == [None, None]
    path = "results/a/count_lines_a_completed.flag"
    assert claims(rules, path) == {("count_lines_sample", "a")}


# --- other outputs -----------------------------------------------------------------------------


def test_the_wildcard_is_the_same_name_in_all_places() -> None:
    pattern = path_pattern("out/{sample}/{sample}.bam")
    match = pattern.match("out/a/a.bam")
    assert match and match["sample"] == "a"
    assert not pattern.match("out/a/b.bam") and not pattern.match("out/a/x/a.bam")


def test_who_makes_a_file() -> None:
    align = rule("align", outputs=("out/{sample}.bam",))
    merge = rule("merge", "merge_completed.flag", "project", outputs=("out/all.bam",))
    find = producers_of([align, merge, rule("count")])
    assert find is not None
    assert find("out/a.bam") == [Producer("align_sample", "a")]
    both = [Producer("align_sample", "all"), Producer("merge_project", "")]
    assert find("out/all.bam") == both
    assert find("in/a.bam") == []
    assert producers_of([rule("count")]) is None
