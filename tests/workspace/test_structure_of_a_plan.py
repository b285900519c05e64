"""The structure of a plan, and its digest: when a generated Snakefile fits no more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from support.projects import edit, write
from support.running import EXAMPLES

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace import job_rules, rule_layout
from snakemake_looper.workspace.snakefile import snakefile
from snakemake_looper.workspace.structure import Structure, digest_of, structure_of


def structure(folder: Path) -> Structure:
    return structure_of(plan_project(folder / ".looper.yaml"))


def text(of: Structure) -> str:
    return snakefile(of, "scripts", "job.sh")


def test_the_words_of_this_package_are_no_part_of_the_digest(
    touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version may word its docstrings, comments and shell otherwise."""
    before = structure(touch)
    was = text(before), digest_of(before)
    monkeypatch.setattr(rule_layout, "_docstring", lambda text: ['    """Other words."""'])
    monkeypatch.setattr(job_rules, "_SHELL", "other {job_script}")
    after = structure(touch)
    assert text(after) != was[0]
    assert digest_of(after) == was[1]


def test_a_known_digest(touch: Path) -> None:
    """Workflows that 0.3 generated have it: with another digest, they are all refused."""
    assert digest_of(structure(touch)) == "aadaa9506b47"


def test_what_the_job_table_has_is_no_part(touch: Path) -> None:
    before = digest_of(structure(touch))
    edit(touch / "touch.yaml", "echo {sample.word}", "echo '{sample.word}'")
    with (touch / "samples.csv").open("a") as table:
        table.write("d,a.txt,four\n")
    assert digest_of(structure(touch)) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  command_template: >", "  snakemake: {retries: 1}\n  command_template: >"),
        ("pipeline_name: touch", "pipeline_name: touch\ncompute: {cores: 3}"),
        (
            "  command_template: >",
            "  snakemake: {output: 'x/{sample.sample_name}'}\n  command_template: >",
        ),
        ("pipeline_name: touch", "pipeline_name: other"),
        ("sample_interface:", "project_interface: {command_template: echo}\nsample_interface:"),
    ],
    ids=["directive", "threads", "output", "name", "rule"],
)
def test_another_rule_is_another_structure(touch: Path, old: str, new: str) -> None:
    before = digest_of(structure(touch))
    edit(touch / "touch.yaml", old, new)
    assert digest_of(structure(touch)) != before


def test_another_path_of_the_flags_is_another_structure(touch: Path) -> None:
    before = digest_of(structure(touch))
    with (touch / ".looper.yaml").open("a") as config:
        config.write("pipestat: {flag_file_dir: flags}\n")
    assert digest_of(structure(touch)) != before


def test_each_field_that_rules_show_counts(touch: Path) -> None:
    (rule,) = structure(touch).rules
    known = structure(touch)
    for changed in (
        replace(rule, threads=None),
        replace(rule, lumps="folder"),
        replace(rule, constraint="x"),
    ):
        other = replace(known, rules=(changed,))
        assert text(other) != text(known)
        assert digest_of(other) != digest_of(known)


def test_the_same_in_another_folder(
    project: Callable[..., Path], touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that was moved, or is reached by a symbolic link, keeps its workflow."""
    before = digest_of(structure(touch))
    moved = touch.parent / "elsewhere" / "moved"
    shutil.copytree(touch, moved)
    link = touch.parent / "link"
    link.symlink_to(moved)
    assert digest_of(structure(moved)) == digest_of(structure(link)) == before
    monkeypatch.chdir(moved)
    assert digest_of(structure(Path())) == before


@pytest.mark.parametrize("name", sorted(os.listdir(EXAMPLES)))
def test_examples_in_two_folders(example: Callable[[str], Path], name: str) -> None:
    here = example(name)
    there = here.parent / "there" / name
    shutil.copytree(here, there)
    assert digest_of(structure(there)) == digest_of(structure(here))


def test_fields_with_their_default_are_left_out(touch: Path) -> None:
    """So a later version may add a field, and workflows of this one fit all the same."""
    known = structure(touch)
    assert digest_of(replace(known, is_narrowed=False, looper_config="elsewhere")) == digest_of(
        known
    )


def test_the_second_of_two_names_that_are_alike_gets_a_number(touch: Path) -> None:
    write(
        touch,
        {"results.yaml": "pipeline_name: results\nsample_interface: {command_template: echo}\n"},
    )
    edit(touch / ".looper.yaml", "[touch.yaml]", "[touch.yaml, results.yaml]")
    of = structure(touch)
    names = [line for line in text(of).splitlines() if line.startswith("rule ")]
    assert len(names) == len(set(names))


def of_options(folder: Path, **options: Any) -> tuple[str, str]:
    """The text of the rules, and the digest, for a plan with options."""
    of = structure_of(plan_project(folder / ".looper.yaml", Options(**options)))
    return text(of), digest_of(of)


SELECTIONS: list[dict[str, Any]] = [
    {}, {"limit": "1"}, {"skip": "1"}, {"lump_n": 2}, {"limit": "1", "lump_n": 2},
]  # fmt: skip


@pytest.mark.parametrize("name", [*sorted(os.listdir(EXAMPLES)), "touch"])
def test_the_digest_says_no_more_than_the_text(
    example: Callable[[str], Path], touch: Path, name: str
) -> None:
    """A kept workflow is refused only if its rules would be others, and always then."""
    folder = touch if name == "touch" else example(name)
    found = [of_options(folder, **options) for options in SELECTIONS]
    for first, second in combinations(found, 2):
        assert (first[0] == second[0]) == (first[1] == second[1])


def test_a_few_samples_of_a_project_without_results_need_no_other_rules(touch: Path) -> None:
    assert of_options(touch, limit="1") == of_options(touch)
