"""The wildcard `{sample}`: the paths that it is in, and the samples that it may stand for.

Snakemake finds the rule and the sample of a file by matching the file's path with the paths of
all outputs. By default a wildcard matches any text. So the path of one sample's flag may also
match the pattern of another rule, with another sample. `constrained` gives such rules a regular
expression for their wildcard.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..model import Job, Rule

WILDCARD = "{sample}"


def constrained(rules: Sequence[Rule], jobs: Iterable[Job]) -> list[Rule]:
    """The rules, with a constraint where `{sample}` would match a neighbour's flag.

    A sample-level rule can have two kinds of neighbours:

    - A project-level record's flag may look like the flag of a sample. The constraint excludes
      that name.
    - The name of a pipeline may begin with that of another pipeline and `_`. `count` would then
      take the flag of sample `x` of `count_lines` for its own sample `lines_x`. The constraint of
      `count` excludes names that begin with `lines_`, except those of its own samples. If
      `count` has a sample `lines_x` of its own, the constraint of `count_lines` excludes `x`.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        names[job.rule].append(job.record)
    excluded: dict[str, list[str]] = defaultdict(list)
    allowed: dict[str, list[str]] = defaultdict(list)
    samples = [rule for rule in rules if rule.level == "sample"]
    for rule in samples:
        for name in _names_of_projects(rule, rules):
            excluded[rule.name].append(name)
        for other in samples:
            rest = _rest_of_name(rule, other)
            if rest:
                own = [name for name in names[rule.name] if name.startswith(rest)]
                excluded[rule.name].append(re.escape(rest) + "[^/]+")
                allowed[rule.name] += own
                excluded[other.name] += [re.escape(name.removeprefix(rest)) for name in own]
    return [
        dataclasses.replace(rule, constraint=_constraint(excluded[rule.name], allowed[rule.name]))
        if rule.name in excluded
        else rule
        for rule in rules
    ]


def _names_of_projects(rule: Rule, rules: Iterable[Rule]) -> list[str]:
    """The sample names, escaped, with which a rule would match flags of project-level rules."""
    pattern = path_pattern(rule.flag)
    flags = (other.flag for other in rules if other.level == "project")
    return [re.escape(match["sample"]) for flag in flags if (match := pattern.match(flag))]


def _rest_of_name(rule: Rule, other: Rule) -> str:
    """The text `lines_` if the pipelines are `count` and `count_lines`, with flags in one folder.

    Empty if the name of the other pipeline does not begin so, or the folders differ.
    """
    start = f"{rule.pipeline}_"
    folder = os.path.dirname(rule.flag)
    if WILDCARD in folder or folder != os.path.dirname(other.flag):
        return ""
    return f"{other.pipeline.removeprefix(start)}_" if other.pipeline.startswith(start) else ""


def _constraint(excluded: Iterable[str], allowed: Iterable[str]) -> str:
    """A regular expression for `{sample}`; in a flag's path, `/` or `_` follows it."""
    general = f"(?!(?:{'|'.join(excluded)})(?:/|_completed))[^/]+"
    return "|".join([general, *map(re.escape, allowed)])


def path_pattern(path: str) -> re.Pattern[str]:
    """A regular expression for a path with `{sample}`, which is the same name in all places."""
    first, *others = (re.escape(part) for part in path.split(WILDCARD))
    if not others:
        return re.compile(f"{first}$")
    return re.compile(
        "(?P<sample>[^/]+)".join([first, others[0]])
        + "".join(f"(?P=sample){part}" for part in others[1:])
        + "$"
    )


class Producer(NamedTuple):
    """A job that makes a file: its rule, and its sample, or `""` for a project-level rule."""

    rule: str
    sample: str


Producers = Callable[[str], Sequence[Producer]]
"""Finds the jobs that make a file, by the file's path in the Snakefile."""


def producers_of(rules: Iterable[Rule]) -> Producers | None:
    """A function that finds the jobs that make a file; None if all outputs are flags."""
    patterns = [(rule.name, path_pattern(output)) for rule in rules for output in rule.outputs]
    if not patterns:
        return None

    def find(path: str) -> list[Producer]:
        found = ((name, pattern.match(path)) for name, pattern in patterns)
        return [
            Producer(name, match.groupdict().get("sample", "")) for name, match in found if match
        ]

    return find
