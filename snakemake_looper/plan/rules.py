"""Rules: one for each interface and level, with all that its jobs have in common.

A plan's jobs follow from samples; its rules follow from interfaces: where flags and logs go, what
a rule comes after, which samples its wildcard may mean.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Problems, near
from ..layout import shown
from ..model import Interface, Job, Pep, ResultsFile, Rule
from ..read.input_schema import Validator
from ..read.project import Project
from ..read.settings import Settings
from ..read.templates import TemplateError, template
from ..read.yaml_lines import resolve
from .pipestat_config import Handoff, hand_off, merge_results

RESERVED = frozenset({"all", "samples", "project", "report", "table"})
WILDCARD = "{sample}"


def looper_namespace(
    settings: Settings, pep: Pep, interface: Interface, record: str, size_gb: float
) -> dict[str, Any]:
    """The `looper` namespace of looper 2.1; sizes in GB (1024³ bytes), paths absolute."""
    job_name = f"{interface.pipeline_name}_{record}"
    return {
        "config_file": str(pep.config_file) if pep.config_file else None,
        "pep_config": settings.pep,
        "output_dir": settings.out_text,
        "results_subdir": str(settings.results_dir),
        "submission_subdir": str(settings.submission_dir),
        "sample_output_folder": str(settings.results_dir / record),
        "job_name": job_name,
        "total_input_size": size_gb,
        "log_file": str(settings.submission_dir / f"{job_name}.log"),
        "piface_dir": str(interface.folder),
    }


@dataclass(slots=True)
class Target:
    """A rule with what planning its jobs needs besides; lives only while planning."""

    rule: Rule
    handoff: Handoff
    validator: Validator | None


def make_targets(project: Project, workdir: Path, problems: Problems) -> list[Target]:
    """The rules of a project, sample level first."""
    interfaces = sorted(project.interfaces, key=lambda one: one.level == "project")
    levels: dict[str, set[str]] = defaultdict(set)
    for interface in interfaces:
        levels[interface.pipeline_name].add(interface.level)
    handoffs = [
        hand_off(
            interface,
            project.settings,
            project.pep.name,
            len(levels[interface.pipeline_name]) == 2,
            problems,
        )
        for interface in interfaces
    ]
    merged = {
        file.path: file
        for file in merge_results(
            [
                handoff.results
                for interface, handoff in zip(interfaces, handoffs, strict=True)
                if handoff.results and interface.level == "sample"
            ]
        )
    }
    names = rule_names(interfaces)
    maker = _Maker(project, workdir, merged, problems)
    targets = [
        maker.target(interface, handoff, names[id(interface)])
        for interface, handoff in zip(interfaces, handoffs, strict=True)
    ]
    rules = [target.rule for target in targets]
    if project.whole:
        _check_names_of_others(rules, problems)
    return [dataclasses.replace(target, rule=in_order(target.rule, rules)) for target in targets]


class _Maker:
    def __init__(
        self,
        project: Project,
        workdir: Path,
        results: Mapping[Path, ResultsFile],
        problems: Problems,
    ) -> None:
        self._settings = project.settings
        self._pep = project.pep
        self._workdir = workdir
        self._results = results
        self._problems = problems

    def target(self, interface: Interface, handoff: Handoff, name: str) -> Target:
        is_sample = interface.level == "sample"
        record = WILDCARD if is_sample else str(handoff.record)
        log_record = WILDCARD if is_sample else self._pep.name
        folder = handoff.flag_dir or self._settings.results_dir / log_record
        pipeline = interface.pipeline_name
        rule = Rule(
            name=name,
            interface=interface,
            flag=self._shown(folder / f"{pipeline}_{record}_completed.flag"),
            log=self._shown(self._settings.submission_dir / f"{pipeline}_{log_record}.log"),
            config=handoff.config,
            results=self._results.get(handoff.results.path)
            if handoff.results and is_sample
            else None,
            outputs=self._patterns(interface, "output"),
            benchmark=next(iter(self._patterns(interface, "benchmark")), None),
            in_all=is_sample or not self._settings.options.narrows(),
        )
        schema = interface.input_schema
        check = schema is not None and not self._settings.options.skip_file_checks
        return Target(rule, handoff, Validator(schema) if schema and check else None)

    def _shown(self, path: Path) -> str:
        return shown(path, self._workdir, self._settings.root)

    def _patterns(self, interface: Interface, key: str) -> tuple[str, ...]:
        """Output paths as Snakemake wants them: with `{sample}` for the sample's name."""
        is_sample = interface.level == "sample"
        record = WILDCARD if is_sample else self._pep.name
        own = {self._pep.index: WILDCARD, "sample_name": WILDCARD}
        namespaces: dict[str, Any] = {
            "looper": looper_namespace(self._settings, self._pep, interface, record, 0.0),
            "project": self._pep.config,
            "pipeline": interface.data,
            **({"sample": own} if is_sample else {}),
        }
        found = []
        for text in texts(interface.directives.get(key)):
            try:
                path = resolve(template(text).render(namespaces), self._settings.root)
            except TemplateError as error:
                place = interface.places.get("snakemake", interface.place)
                what = f"{error} (an {key} can depend on the sample's name only)"
                self._problems.add(place, f"snakemake.{key}", what)
                continue
            found.append(self._shown(path))
        return tuple(found)


def _check_names_of_others(rules: list[Rule], problems: Problems) -> None:
    """Interfaces and pipelines that an interface refers to must be in the project."""
    pipelines = {rule.pipeline for rule in rules}
    paths = {rule.interface.path for rule in rules if rule.level == "sample"}
    for rule in rules:
        places = rule.interface.places
        for name in texts(rule.interface.directives.get("depends_on")):
            if name not in pipelines:
                problems.add(
                    places.get("snakemake", rule.interface.place),
                    "snakemake.depends_on",
                    f"there is no pipeline '{name}'{near(name, pipelines)}",
                )
        for path in rule.interface.linked if rule.level == "project" else ():
            if path not in paths:
                problems.add(
                    places.get("linked_pipeline_interfaces", rule.interface.place),
                    "linked_pipeline_interfaces",
                    f"{path} is run for no sample of this project; add it to the looper config",
                )


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
        pattern = _pattern(rule.flag)
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


def _pattern(flag: str) -> re.Pattern[str]:
    """A path with wildcards as a regular expression; the wildcard is one and the same name."""
    first, *others = (re.escape(part) for part in flag.split(WILDCARD))
    if not others:
        return re.compile(f"{first}$")
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


Makers = Callable[[str], list[tuple[str, str]]]


def producers(rules: list[Rule]) -> Makers | None:
    """A function that says which rules make a path, and for which sample; None if none makes any."""
    patterns = [(rule, _pattern(output)) for rule in rules for output in rule.outputs]

    def of(path: str) -> list[tuple[str, str]]:
        found = []
        for rule, pattern in patterns:
            match = pattern.match(path)
            if match:
                found.append((rule.name, match.groupdict().get("sample", "")))
        return found

    return of if patterns else None
