"""Planning: from a `Project` to a `Plan`.

For each interface and level one `Rule`, for each selected sample and interface one `Job` with
its rendered command, or a `Skip` with the reason. Planning reads nothing but the sizes of input
files and writes nothing.
"""

from __future__ import annotations

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Problems, near
from .inputs import FileSizes, InputFiles, Validator
from .model import Interface, Job, Options, Plan, Project, ResultsFile, Rule, Sample, Skip, shown
from .pep import row_of
from .pipestat import Handoff, hand_off, merge_results
from .project import read_project
from .resources import NOT_SETTINGS, UnitError, cascade, size_row, to_snakemake
from .rules import WILDCARD, constrained, in_order, rule_names, texts
from .selection import select
from .source import expand, resolve
from .templates import (
    PROJECT_EXTRA,
    SAMPLE_EXTRA,
    TemplateError,
    render_nested,
    template,
)

Namespaces = Mapping[str, Any]


def plan_project(
    looper_config: Path,
    options: Options | None = None,
    workdir: Path | None = None,
    rundir: Path | None = None,
) -> Plan:
    """Read a looper project and plan it: `read_project` and `make_plan` in one.

    Raises:
        ProjectError: with all problems of reading and planning together.
    """
    problems = Problems()
    project = read_project(looper_config, options, problems)
    return make_plan(project, workdir, rundir, problems)


def explain(
    looper_config: Path, options: Options | None, record: str
) -> list[tuple[Job, Namespaces]]:
    """The jobs of one record, each with the namespaces that its templates were rendered with.

    Raises:
        ProjectError: with all problems of reading and planning together.
    """
    problems = Problems()
    project = read_project(looper_config, options, problems)
    planner = _Planner(project, project.settings.root, project.settings.root, problems)
    planner.traced = record
    planner.plan()
    problems.raise_if_any()
    return planner.trace


def make_plan(
    project: Project,
    workdir: Path | None = None,
    rundir: Path | None = None,
    problems: Problems | None = None,
) -> Plan:
    """Plan a project.

    Args:
        project: what was read.
        workdir: Snakemake's working directory, if not the looper config's folder.
        rundir: where commands run, if not in the working directory.
        problems: the collector used for reading, to report all problems together.

    Raises:
        ProjectError: a template cannot be rendered, a compute value has no known unit, two
            records would share a flag, …; says all that is wrong.
    """
    problems = problems if problems is not None else Problems()
    workdir = workdir or project.settings.root
    planner = _Planner(project, workdir, rundir or workdir, problems)
    plan = planner.plan()
    problems.raise_if_any()
    return plan


@dataclass(slots=True)
class _Target:
    """A rule with all that its jobs have in common; lives only while planning."""

    rule: Rule
    handoff: Handoff
    validator: Validator | None


class _Planner:
    def __init__(self, project: Project, workdir: Path, rundir: Path, problems: Problems) -> None:
        self.project = project
        self.workdir = workdir
        self.rundir = rundir
        self.settings = project.settings
        self.pep = project.pep
        self.problems = problems
        self.sizes = FileSizes(rundir)
        self.skipped: list[Skip] = []
        self.jobs: list[Job] = []
        self.traced: str | None = None
        self.trace: list[tuple[Job, Namespaces]] = []
        self._failures: dict[tuple[str, str], list[str]] = defaultdict(list)

    def plan(self) -> Plan:
        _, deselected = select(self.pep.samples, self.settings.options, self.problems)
        targets = self._targets()
        by_interface = {
            id(target.rule.interface): target for target in targets if target.rule.level == "sample"
        }
        for sample in self.pep.samples:
            reason = deselected.get(sample.name)
            interfaces = self.project.sample_interfaces(sample)
            if not interfaces and self.project.interfaces and not reason and by_interface:
                self.skipped.append(Skip("", sample.name, "no pipeline interface", fault=True))
            for interface in interfaces:
                if id(interface) not in by_interface:
                    continue
                if reason:
                    self.skipped.append(
                        Skip(interface.pipeline_name, sample.name, reason, fault=False)
                    )
                else:
                    self._plan_sample(sample, by_interface[id(interface)])
        for target in targets:
            if target.rule.level == "project":
                self._plan_project(target)
        self._report_failures()
        self._check_paths()
        rules = constrained([target.rule for target in targets], self.jobs)
        return Plan(
            workdir=self.workdir,
            rundir=self.rundir,
            looper_config=self.settings.looper_config,
            project_name=self.pep.name,
            rules=tuple(rules),
            jobs=tuple(self.jobs),
            skipped=tuple(self.skipped),
            configs=tuple(t.rule.config for t in targets if t.rule.config),
            results=self._results(targets),
            warnings=self.problems.warnings,
            sources=self._sources(),
            inputs=dict(self.sizes.sizes),
            volatile=self.pep.volatile,
            narrowed=self.settings.options.narrows(),
        )

    # --- rules ---------------------------------------------------------------------------------

    def _targets(self) -> list[_Target]:
        interfaces = sorted(self.project.interfaces, key=lambda one: one.level == "project")
        levels: dict[str, set[str]] = defaultdict(set)
        for interface in interfaces:
            levels[interface.pipeline_name].add(interface.level)
        handoffs = [
            hand_off(
                interface,
                self.settings,
                self.pep.name,
                len(levels[interface.pipeline_name]) == 2,
                self.problems,
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
        targets = [
            self._target(interface, handoff, names[id(interface)], merged)
            for interface, handoff in zip(interfaces, handoffs, strict=True)
        ]
        self._check_names_of_others([target.rule for target in targets])
        return [
            dataclasses.replace(target, rule=in_order(target.rule, [t.rule for t in targets]))
            for target in targets
        ]

    def _check_names_of_others(self, rules: list[Rule]) -> None:
        """Interfaces and pipelines that an interface refers to must be in the project."""
        pipelines = {rule.pipeline for rule in rules}
        paths = {rule.interface.path for rule in rules if rule.level == "sample"}
        for rule in rules:
            places = rule.interface.places
            for name in texts(rule.interface.directives.get("depends_on")):
                if name not in pipelines:
                    self.problems.add(
                        places.get("snakemake", rule.interface.place),
                        "snakemake.depends_on",
                        f"there is no pipeline '{name}'{near(name, pipelines)}",
                    )
            for path in rule.interface.linked if rule.level == "project" else ():
                if path not in paths:
                    self.problems.add(
                        places.get("linked_pipeline_interfaces", rule.interface.place),
                        "linked_pipeline_interfaces",
                        f"{path} is run for no sample of this project; add it to the looper config",
                    )

    def _target(
        self,
        interface: Interface,
        handoff: Handoff,
        name: str,
        results: Mapping[Path, ResultsFile],
    ) -> _Target:
        record = WILDCARD if interface.level == "sample" else str(handoff.record)
        log_record = WILDCARD if interface.level == "sample" else self.pep.name
        folder = handoff.flag_dir or self.settings.results_dir / log_record
        pipeline = interface.pipeline_name
        rule = Rule(
            name=name,
            interface=interface,
            flag=self._shown(folder / f"{pipeline}_{record}_completed.flag"),
            log=self._shown(self.settings.submission_dir / f"{pipeline}_{log_record}.log"),
            config=handoff.config,
            results=results.get(handoff.results.path)
            if handoff.results and interface.level == "sample"
            else None,
            outputs=self._patterns(interface, "output"),
            benchmark=next(iter(self._patterns(interface, "benchmark")), None),
            in_all=interface.level == "sample" or not self.settings.options.narrows(),
        )
        schema = interface.input_schema
        check = schema is not None and not self.settings.options.skip_file_checks
        return _Target(
            rule,
            handoff,
            Validator(schema) if schema and check else None,
        )

    def _shown(self, path: Path) -> str:
        return shown(path, self.workdir, self.settings.root)

    def _patterns(self, interface: Interface, key: str) -> tuple[str, ...]:
        """Output paths as Snakemake wants them: with `{sample}` for the sample's name."""
        record = WILDCARD if interface.level == "sample" else self.pep.name
        own = {self.pep.index: WILDCARD, "sample_name": WILDCARD}
        namespaces: dict[str, Any] = {
            "looper": self._looper(interface, record, 0.0),
            "project": self.pep.config,
            "pipeline": interface.data,
            **({"sample": own} if interface.level == "sample" else {}),
        }
        found = []
        for text in texts(interface.directives.get(key)):
            try:
                path = resolve(template(text).render(namespaces), self.settings.root)
            except TemplateError as error:
                place = interface.places.get("snakemake", interface.place)
                what = f"{error} (an {key} can depend on the sample's name only)"
                self.problems.add(place, f"snakemake.{key}", what)
                continue
            found.append(self._shown(path))
        return tuple(found)

    # --- jobs ----------------------------------------------------------------------------------

    def _plan_sample(self, sample: Sample, target: _Target) -> None:
        interface = target.rule.interface
        files = InputFiles((), (), 0.0)
        if interface.input_schema:
            files = self.sizes.of(sample, interface.input_schema)
        if target.validator:
            faults = target.validator.faults(sample)
            if faults:
                self._skip(target, sample, "invalid: " + "; ".join(faults))
                return
            if files.missing:
                where = "" if self.rundir == self.settings.root else f" (in {self.rundir})"
                self._skip(target, sample, f"missing files: {', '.join(files.missing)}{where}")
                return
        elif files.required:  # unchecked, as looper has it: no size, and what is not there is none
            present = tuple(path for path in files.required if path not in files.missing)
            files = InputFiles(present, (), 0.0)
        namespaces = {
            "sample": sample.attributes,
            "looper": self._looper(interface, sample.name, files.size_gb),
        }
        self._plan_job(target, sample.name, namespaces, files)

    def _plan_project(self, target: _Target) -> None:
        namespaces = {
            "samples": [sample.attributes for sample in self.pep.samples],
            "looper": self._looper(target.rule.interface, self.pep.name, 0.0),
        }
        record = str(target.handoff.record)
        self._plan_job(target, record, namespaces, InputFiles((), (), 0.0))

    def _skip(self, target: _Target, sample: Sample, reason: str) -> None:
        self.skipped.append(Skip(target.rule.pipeline, sample.name, reason, fault=True))

    def _plan_job(
        self, target: _Target, record: str, own: Mapping[str, Any], files: InputFiles
    ) -> None:
        rule, interface = target.rule, target.rule.interface
        key = "command_template"
        try:
            compute = self._compute(interface, files.size_gb)
            pipestat = target.handoff.namespace(record)
            namespaces = {
                "project": self.pep.config,
                "compute": compute,
                "pipestat": pipestat,
                "pipeline": interface.data,
                **own,
            }
            key = "var_templates"
            variables = _expanded(render_nested(interface.var_templates, namespaces))
            namespaces["pipeline"] = {**interface.data, "var_templates": variables}
            key = "command_template"
            command = self._command(interface, namespaces)
            key = "inject_env_vars"
            env = {
                name: template(text).render(namespaces)
                for name, text in interface.inject_env_vars.items()
            }
            if pipestat:
                env.setdefault("PIPESTAT_RECORD_IDENTIFIER", record)
            key = "snakemake.input"
            extra = [
                template(text).render(namespaces)
                for text in texts(interface.directives.get("input"))
            ]
            key = "input_schema"
            inputs = tuple(self._input(path) for path in dict.fromkeys((*files.required, *extra)))
            key = "compute"
            threads, resources = to_snakemake(compute)
        except (TemplateError, UnitError) as error:
            self._failures[(str(_key_place(interface, key)), f"{key}: {error}")].append(record)
            return
        job = Job(
            rule=rule.name,
            pipeline=rule.pipeline,
            level=rule.level,
            record=record,
            command=command,
            env=env,
            threads=threads,
            resources={**resources, **interface.directives.get("resources", {})},
            compute=compute,
            inputs=inputs,
            log=rule.log.replace(WILDCARD, record),
            flag=rule.flag.replace(WILDCARD, record),
        )
        self.jobs.append(job)
        if record == self.traced:
            self.trace.append((job, namespaces))

    def _input(self, path: str) -> str:
        """An input file as Snakemake finds it, where that is not where commands run."""
        if "{" in path or "}" in path:
            raise TemplateError(f"input '{path}' has a brace, a wildcard to Snakemake; rename it")
        if os.path.isabs(path):
            return path
        if self.rundir == self.workdir:
            return path.removeprefix("./")
        return self._shown(Path(os.path.normpath(self.rundir / path)))

    def _command(self, interface: Interface, namespaces: Mapping[str, Any]) -> str:
        """The command as looper writes it, the space before extra arguments included."""
        options = self.settings.options
        text = interface.command_template
        if not options.command_extra_override:
            text += SAMPLE_EXTRA if interface.level == "sample" else PROJECT_EXTRA
        extra = options.command_extra_override or options.command_extra or ""
        return f"{template(text).render(namespaces)} {extra}"

    def _compute(self, interface: Interface, size_gb: float) -> dict[str, Any]:
        row: Mapping[str, Any] = {}
        if interface.size_table:
            found = size_row(interface.size_table, size_gb)
            if found is None:
                raise TemplateError(
                    f"no row of the size table is for inputs of {size_gb:.3g} GB;"
                    " add one whose max_file_size is NaN"
                )
            row = found
        static = {k: v for k, v in interface.compute.items() if k not in NOT_SETTINGS}
        section: Any = self.pep.config
        for name in ("looper", "compute", "resources"):
            section = section.get(name) if isinstance(section, Mapping) else None
        from_pep = section if isinstance(section, Mapping) else {}
        return cascade(row, static, from_pep, dict(self.settings.options.compute or ()))

    def _looper(self, interface: Interface, record: str, size_gb: float) -> dict[str, Any]:
        """The `looper` namespace; sizes in GB (1024³ bytes), paths absolute."""
        settings = self.settings
        job_name = f"{interface.pipeline_name}_{record}"
        return {
            "config_file": str(self.pep.config_file) if self.pep.config_file else None,
            "pep_config": settings.pep,
            "output_dir": str(settings.out),
            "results_subdir": str(settings.results_dir),
            "submission_subdir": str(settings.submission_dir),
            "sample_output_folder": str(settings.results_dir / record),
            "job_name": job_name,
            "total_input_size": size_gb,
            "log_file": str(settings.submission_dir / f"{job_name}.log"),
            "piface_dir": str(interface.folder),
        }

    # --- what is left --------------------------------------------------------------------------

    def _report_failures(self) -> None:
        """One line for each fault, however many samples have it."""
        for (place, message), records in self._failures.items():
            more = f" and {len(records) - 1} more" if len(records) > 1 else ""
            self.problems.add(place, "", f"{message} (for {records[0]}{more})")

    def _check_paths(self) -> None:
        """Two records whose flags or logs would be one file cannot both be run."""
        known: dict[str, Job] = {}
        for job in self.jobs:
            for what, path in (("status flag", job.flag), ("log", job.log)):
                first = known.setdefault(path, job)
                # Two interfaces of one pipeline and level have been named already.
                if (first.pipeline, first.level) == (job.pipeline, job.level):
                    continue
                self.problems.add(
                    row_of(self.pep, job.record),
                    self.pep.index,
                    f"pipeline '{first.pipeline}' record '{first.record}' and pipeline"
                    f" '{job.pipeline}' record '{job.record}' would share the {what}"
                    f" {path}; rename one of the samples or pipelines",
                )
                break

    def _results(self, targets: Iterable[_Target]) -> tuple[ResultsFile, ...]:
        return tuple(
            dict.fromkeys(target.rule.results for target in targets if target.rule.results)
        )

    def _sources(self) -> tuple[Path, ...]:
        files = [self.settings.looper_config, *self.pep.files]
        for interface in self.project.interfaces:
            files += interface.files
        return tuple(dict.fromkeys(files))


def _expanded(value: Any) -> Any:
    """Expand `~` and variables in rendered `var_templates`, nested ones too."""
    if isinstance(value, str):
        return expand(value)
    if isinstance(value, Mapping):
        return {key: _expanded(item) for key, item in value.items()}
    return value


def _key_place(interface: Interface, key: str) -> Any:
    if key == "command_template":
        return interface.template_place
    return interface.places.get(key.partition(".")[0], interface.place)
