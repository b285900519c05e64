"""Targets and rules as people type them, checked against the plan before Snakemake sees them.

A target is a rule of the plan or a file. People also type a pipeline's name as the interface has it
(`count-lines` for the rule `count_lines`), or a sample's. Snakemake would call all of these missing
rules, and for a wrong one it names no right one.

`--forcerun`, `--until` and `--omit-from` are about jobs. The rule of a target has none, so
`--forcerun align` would run nothing again. The rules of the pipeline's jobs take its place, and the
flags of a sample's jobs that of a sample.

The rule of a pipeline's sample jobs has a wildcard, so Snakemake refuses it as a target. The target
with the same jobs takes its place, or the flags of its jobs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

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
        samples: how samples are selected here, as in `--samples {}`.
    """
    names = list(words)
    rules, targets = _rules(folder) if names else (set(), [])
    if set(targets).issuperset(names):
        return tuple(names)
    known = _names(folder)
    kept: list[str] = []
    for name in names:
        # A plan without jobs knows its rules, and not the names of its pipelines.
        as_rule = name.replace("-", "_")
        target = next((one for one in (name, known.targets.get(name), as_rule) if one in rules), "")
        if target or (name not in known.flags and _may_be_file(name)):
            kept += _without_wildcards(target, targets, known) if target else [name]
        elif name in known.flags:
            problems.add(name, "", f"is a sample and no target; write {samples.format(name)}")
        elif name == "project":
            what = "there is no such target: no pipeline has a project level; leave it out"
            problems.add(name, "", what)
        else:
            close = near(name, [*rules, *known.targets, *known.flags])
            what = f"write one of {_listed(targets)}, or the path of a file"
            problems.add(name, "", f"is no target{close}; {what}")
    return tuple(kept)


def rules_meant(
    option: str, words: Iterable[str], folder: PlanFolder, problems: Problems
) -> tuple[str, ...]:
    """The rules and files of jobs that the words behind an option like `--forcerun` mean."""
    names = list(words)
    rules, targets = _rules(folder) if names else (set(), [])
    if rules.difference(targets).issuperset(names):
        return tuple(names)
    known = _names(folder)
    kept: list[str] = []
    for name in names:
        found = known.rules.get(name) or known.flags.get(name)
        if found:
            kept += found
        elif name in rules or _may_be_file(name):
            kept.append(name)
        else:
            close = near(name, [*rules, *known.rules, *known.flags])
            what = f"write one of {_listed(known.rules)}, a sample, or the path of a file"
            problems.add(option, "", f"there is no rule or sample '{name}'{close}; {what}")
    return tuple(dict.fromkeys(kept))


def targets_of(folder: PlanFolder) -> list[str]:
    """The rules of a plan that are targets."""
    return _rules(folder)[1]


def _rules(folder: PlanFolder) -> tuple[set[str], list[str]]:
    """The rules of the plan, and those of them that are targets."""
    found = _RULE.findall(folder.snakefile.read_text(encoding="utf-8"))
    return {rule for rule, _ in found}, [rule for rule, text in found if text]


def _without_wildcards(rule: str, targets: list[str], known: _Names) -> list[str]:
    """The target for a rule of sample jobs; any other rule is a target itself."""
    if rule in targets or rule not in known.of_samples:
        return [rule]
    same = (one for one in reversed(known.rules) if known.rules[one] == [rule] and one in targets)
    target = next(same, None)
    return [target] if target else known.of_samples[rule]


@dataclass(frozen=True, slots=True)
class _Names:
    """Names that people know from their files."""

    targets: dict[str, str] = field(default_factory=dict)
    """The target of each pipeline."""
    rules: dict[str, list[str]] = field(default_factory=dict)
    """The rules with jobs, by target and by pipeline."""
    flags: dict[str, list[str]] = field(default_factory=dict)
    """The completed flags of each sample; none for a sample without jobs."""
    of_samples: dict[str, list[str]] = field(default_factory=dict)
    """The completed flags of each rule of sample jobs."""


def _names(folder: PlanFolder) -> _Names:
    known = _Names()
    table = folder.jobs()
    try:
        for brief in table.briefs():
            target = brief.rule.removesuffix(f"_{brief.level}")
            known.targets.setdefault(brief.pipeline, target)
            level = "samples" if brief.level == "sample" else "project"
            for name in ("all", level, target, brief.pipeline):
                rules = known.rules.setdefault(name, [])
                if brief.rule not in rules:
                    rules.append(brief.rule)
            if brief.level == "sample":
                known.flags.setdefault(brief.record, []).append(brief.flag)
                known.of_samples.setdefault(brief.rule, []).append(brief.flag)
        for skip in table.skipped():
            known.flags.setdefault(skip.record, [])
    finally:
        table.close()
    return known


def _may_be_file(name: str) -> bool:
    """Whether a word has the form of a path. Snakemake knows which files it can make."""
    return os.sep in name or "." in name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:_MOST_SHOWN])
