"""Rules: their names, what they come after, and which samples their wildcard may mean.

A plan's jobs follow from samples; its rules follow from interfaces. Everything about rules that
needs to know the other rules is here.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections import defaultdict
from typing import Any

from .model import Interface, Job, Rule

RESERVED = frozenset({"all", "samples", "project", "report", "table"})
WILDCARD = "{sample}"


def rule_names(interfaces: list[Interface]) -> dict[int, str]:
    """A rule name for each interface: an identifier, unique, and none of the targets."""
    names: dict[int, str] = {}
    taken = set(RESERVED)
    for interface in interfaces:
        base = re.sub(r"\W", "_", interface.pipeline_name, flags=re.ASCII)
        base = base if not base[0].isdigit() else f"_{base}"
        name = f"{base}_{interface.level}"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}_{interface.level}"
        taken.add(name)
        names[id(interface)] = name
    return names


def in_order(rule: Rule, rules: list[Rule]) -> Rule:
    """Say what a rule comes after: `depends_on`, else what the level implies.

    A project-level rule comes after the sample level of its own interface, of the interfaces it
    links, or of all. Two that report into one results file run one after the other, since
    pipestat would lose a record.
    """
    wanted = set(texts(rule.interface.directives.get("depends_on")))
    named = [one for one in rules if one.pipeline in wanted and one.name != rule.name]
    if rule.level == "sample":
        before = tuple(one.name for one in named if one.level == "sample")
        return dataclasses.replace(rule, depends=before)
    samples = [one for one in rules if one.level == "sample"]
    linked = [one for one in samples if one.interface.path in rule.interface.linked]
    same = [one for one in samples if one.interface.path == rule.interface.path]
    after = [one.name for one in named or linked or same or samples]
    for other in rules:
        if other.name == rule.name:
            break
        if other.level == "project" and _reports_to(other) == _reports_to(rule) is not None:
            after.append(other.name)
    reads = [one.results for one in rules if one.name in after and one.results]
    return dataclasses.replace(
        rule, after=tuple(dict.fromkeys(after)), reads=tuple(dict.fromkeys(reads))
    )


def _reports_to(rule: Rule) -> Any:
    return rule.config.content.get("results_file_path") if rule.config else None


def constrained(rules: list[Rule], jobs: list[Job]) -> list[Rule]:
    """Keep a rule's `{sample}` from claiming flags of other rules.

    Two neighbours are there. The flag of a project-level record may look like that of a sample:
    that name is excluded. And where one pipeline's name is another's and `_` and more, `count`
    would take the flag of sample `x` of `count_lines` for its own sample `lines_x`: names with
    that beginning are excluded, but for samples that really are called so, and those names are
    then kept from the other rule.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        names[job.rule].append(job.record)
    barred: dict[str, list[str]] = defaultdict(list)
    allowed: dict[str, list[str]] = defaultdict(list)
    samples = [rule for rule in rules if rule.level == "sample"]
    for rule in samples:
        pattern = _flag_pattern(rule.flag)
        for other in rules:
            match = pattern.match(other.flag) if other.level == "project" else None
            if match:
                barred[rule.name].append(re.escape(match["sample"]))
        for other in samples:
            rest = other.pipeline.removeprefix(f"{rule.pipeline}_")
            folder = os.path.dirname(rule.flag)
            if (
                rest == other.pipeline
                or WILDCARD in folder
                or folder != os.path.dirname(other.flag)
            ):
                continue
            own = [name for name in names[rule.name] if name.startswith(f"{rest}_")]
            barred[rule.name].append(re.escape(f"{rest}_") + "[^/]+")
            allowed[rule.name] += own
            barred[other.name] += [re.escape(name.removeprefix(f"{rest}_")) for name in own]
    return [
        dataclasses.replace(rule, constraint=_constraint(barred[rule.name], allowed[rule.name]))
        if rule.name in barred
        else rule
        for rule in rules
    ]


def _flag_pattern(flag: str) -> re.Pattern[str]:
    first, *others = (re.escape(part) for part in flag.split(WILDCARD))
    return re.compile(
        "(?P<sample>[^/]+)".join([first, others[0]])
        + "".join(f"(?P=sample){part}" for part in others[1:])
        + "$"
    )


def _constraint(barred: list[str], allowed: list[str]) -> str:
    """A regular expression for `{sample}`; what follows it in a flag's path is `/` or `_`."""
    general = f"(?!(?:{'|'.join(barred)})(?:/|_completed))[^/]+"
    return "|".join([general, *map(re.escape, allowed)])


def texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
