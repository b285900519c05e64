"""Targets as people type them, checked against the plan before Snakemake sees them.

A target is a rule of the plan or a file. People also type a pipeline's name as the interface has it
(`count-lines` for the rule `count_lines`), or a sample's. Snakemake would call all of these missing
rules, and for a wrong one it names no right one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ..errors import Problems, near
from ..workspace.plan_folder import PlanFolder

_RULE = re.compile(
    r'^rule (\w+):\n( {4}"""(?:Run (?:every|the|pipeline)|Write the results) )?', re.M
)
"""A rule of a plan's Snakefile; its docstring tells whether it is a target."""
_MOST_SHOWN = 12
"""The greatest number of targets in a message."""


def resolved(
    words: Iterable[str], folder: PlanFolder, problems: Problems, samples: str
) -> tuple[str, ...]:
    """The targets that these words mean.

    Args:
        words: the words, as they were typed.
        folder: the plan.
        problems: gets each word that is no target.
        samples: how samples are selected here, as in `--samples`.
    """
    names = list(words)
    if not names:
        return ()
    found = _RULE.findall(folder.snakefile.read_text(encoding="utf-8"))
    rules = {rule for rule, _ in found}
    if all(name in rules for name in names):
        return tuple(names)
    targets = [rule for rule, text in found if text]
    pipelines, records = _names(folder)
    kept = []
    for name in names:
        if name in rules or pipelines.get(name) in rules:
            kept.append(name if name in rules else pipelines[name])
        elif name in records:
            problems.add(name, "", f"is a sample and no target; write {samples.format(name)}")
        elif _may_be_file(name):
            kept.append(name)
        else:
            problems.add(name, "", _unknown(name, targets, [*rules, *pipelines, *records]))
    return tuple(kept)


def _names(folder: PlanFolder) -> tuple[dict[str, str], set[str]]:
    """The target of each pipeline by the pipeline's name, and the names of samples."""
    pipelines: dict[str, str] = {}
    records = set()
    table = folder.jobs()
    try:
        for brief in table.briefs():
            pipelines.setdefault(brief.pipeline, brief.rule.removesuffix(f"_{brief.level}"))
            if brief.level == "sample":
                records.add(brief.record)
        records |= {skip.record for skip in table.skipped()}
    finally:
        table.close()
    return pipelines, records


def _may_be_file(name: str) -> bool:
    """Whether a word has the form of a path. Snakemake knows which files it can make."""
    return os.sep in name or "." in name


def _unknown(name: str, targets: list[str], known: list[str]) -> str:
    if name == "project":
        return "there is no such target: no pipeline has a project level; leave it out"
    shown = ", ".join(targets[:_MOST_SHOWN])
    return f"is no target{near(name, known)}; write one of {shown}, or the path of a file"
