"""Planning: from a `Project` to a `Plan`.

For each interface and level one `Rule`, for each selected sample and interface one `Job` with
its rendered command, or a `Skip` with the reason. Planning reads nothing but the sizes of input
files and, where the options ask about them, status flags; it writes nothing. Hooks of the project
run in it, once for each job, when nothing has been found wrong.
"""

from __future__ import annotations

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import Place, Problems
from ..model import Interface, Job, Plan, ResultsFile, Sample, Skip
from ..read.options import Options
from ..read.pep import rows_of
from ..read.project import Project, read_project
from ..read.templates import TemplateError, template
from ..status.flags import Flags
from .hooks import (
    HookError,
    call_functions,
    find_function,
    json_of,
    own_copy,
    run_commands,
    source_of,
)
from .images import check_images
from .input_files import FileSizes, InputFiles
from .lumps import lump_limits, lump_numbers, lumps_wanted
from .names import Room, file_fault, name_fault, repetition_fault, room
from .pipestat_config import RECORD
from .render import Draft, JobError, Renderer, filled_paths
from .rules import WILDCARD, Target, constrained, looper_namespace, make_targets, producers
from .selection import choose, deselected_by_flag, nothing_by_flag, select

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


class _Planner:
    def __init__(self, project: Project, workdir: Path, rundir: Path, problems: Problems) -> None:
        self.project = project
        self.workdir = workdir
        self.rundir = rundir
        self.settings = project.settings
        self.options = project.settings.options
        self.pep = project.pep
        self.problems = problems
        self.flags = Flags(workdir)
        check_images(self.settings, self.pep, project.interfaces, problems)
        self.renderer = Renderer(self.settings, self.pep, workdir, rundir)
        self.targets = make_targets(project, workdir, problems)
        self.made_by = producers([target.rule for target in self.targets])
        self.sizes = FileSizes(rundir, self._makers if self.made_by else None)
        self.skipped: list[Skip] = []
        self.jobs: list[Job] = []
        self.input_sizes: dict[tuple[str, str], float] = {}
        self.traced: str | None = None
        self.trace: list[tuple[Job, Namespaces]] = []
        self._failures: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._rooms: dict[str, Room] = {}
        self._bad_names: dict[str, str] = {}
        """What is wrong with names of samples, by name."""

    def plan(self) -> Plan:
        self._measure()
        drafts = self._with_their_files(self._drafts())
        drafts += [self._project_draft(one) for one in self.targets if one.rule.level == "project"]
        self._render(drafts)
        self._lump()
        self._report_failures()
        self._report_bad_names()
        self._check_paths()
        rules = constrained([target.rule for target in self.targets], self.jobs)
        return Plan(
            workdir=self.workdir,
            rundir=self.rundir,
            looper_config=self.settings.looper_config,
            project_name=self.pep.name,
            out=self.settings.out,
            results_dir=self.settings.results_dir,
            amendments=self.options.amend or (),
            rules=tuple(rules),
            jobs=tuple(self.jobs),
            skipped=tuple(self.skipped),
            configs=tuple(t.rule.config for t in self.targets if t.rule.config),
            results=self._results(),
            warnings=self.problems.warnings,
            sources=self._sources(),
            inputs=dict(self.sizes.sizes),
            volatile=self._volatile(),
            narrowed=self.options.narrows(),
        )

    # --- which jobs ----------------------------------------------------------------------------

    def _drafts(self) -> list[Draft]:
        """A draft for each selected sample and interface; the others are noted with the reason."""
        before = len(self.problems)
        kept, deselected = select(self.pep.samples, self.options, self.problems, self.pep.refused)
        by_interface = {
            id(target.rule.interface): target
            for target in self.targets
            if target.rule.level == "sample"
        }
        found = []
        asked = by_flag = 0
        for sample in self.pep.samples:
            reason = deselected.get(sample.name)
            interfaces = self.project.sample_interfaces(sample)
            if not interfaces and self.project.interfaces and not reason and by_interface:
                self.skipped.append(Skip("", sample.name, "no pipeline interface", fault=True))
            for interface in interfaces:
                if id(interface) not in by_interface:
                    continue
                target = by_interface[id(interface)]
                if not reason and self._is_bad(target, sample.name):
                    continue
                why = reason or self._deselected_by_flag(target, sample)
                asked += not reason
                by_flag += bool(why and not reason)
                if why:
                    self._skip(target, sample.name, why, fault=False)
                    continue
                draft = self._sample_draft(sample, target)
                if draft:
                    found.append(draft)
        if len(self.problems) > before:
            return found
        if asked and asked == by_flag:
            self.problems.warn("", "", nothing_by_flag(self.options))
        elif self.pep.samples and not kept:
            self._say_all_are_off()
        return found

    def _say_all_are_off(self) -> None:
        """No sample is left although no option took the last one: the table toggles all off."""
        count = len(self.pep.samples)
        who = f"all {count} samples are" if count > 1 else "the one sample is"
        runs = any(one.rule.level == "project" and one.rule.in_all for one in self.targets)
        end = "" if runs else ": nothing to run"
        self.problems.warn("", "", f"{who} toggled off (toggle 0){end}")

    # --- names ---------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Find the room for names in the files of each rule; name pipelines that leave none."""
        for target in self.targets:
            rule = target.rule
            place, key = self._longer_name(target)
            tables = "_".join([rule.pipeline, *(self.options.amend or ())])
            files = [f"{tables}_stats_summary.tsv"]
            if rule.config:
                files.append(rule.config.path.name)
            if rule.level == "project":
                files += [os.path.basename(rule.flag), os.path.basename(rule.log)]
            else:
                self._rooms[rule.name] = room(self._named_files(target), WILDCARD, self.workdir)
                if self._rooms[rule.name].bytes < 1:
                    files.append(os.path.basename(self._rooms[rule.name].path))
            faults = (file_fault(file) for file in files)
            fault = next(filter(None, faults), None)
            if fault:
                self.problems.add(place, key, fault)
                self._rooms.pop(rule.name, None)

    def _longer_name(self, target: Target) -> tuple[Place, str]:
        """Where the name is to be shortened that makes a file's name too long."""
        rule, record = target.rule, str(target.handoff.record)
        if rule.level == "sample" or len(rule.pipeline) >= len(record):
            places = rule.interface.places
            return places.get("pipeline_name", rule.interface.place), "pipeline_name"
        key = "project_name"
        if self.settings.pipestat and self.settings.pipestat.get(key):
            return self.settings.pipestat_places[key], f"pipestat.{key}"
        return Place(str(self.pep.config_file or self.settings.pep)), "name"

    def _named_files(self, target: Target) -> list[str]:
        """Paths that have a sample's name in them, with a wildcard in its place."""
        rule = target.rule
        paths = [rule.flag, rule.log, *rule.outputs, *([rule.benchmark] if rule.benchmark else [])]
        if rule.config:
            paths.append(str(rule.config.content.get("results_file_path")))
        paths.append(str(self.settings.results_dir / WILDCARD))
        paths = [path.replace(RECORD, WILDCARD) for path in paths]
        return [path for path in paths if WILDCARD in path]

    def _is_bad(self, target: Target, name: str) -> bool:
        """Whether a sample cannot have its name. The fault is noted."""
        limit = self._rooms.get(target.rule.name)
        if limit is None:
            return False
        config = target.rule.config
        to_file = config is not None and RECORD in str(config.content.get("results_file_path"))
        fault = name_fault(name, limit, WILDCARD, to_file) or repetition_fault(name)
        if fault:
            self._bad_names.setdefault(name, fault)
        return fault is not None

    def _report_bad_names(self) -> None:
        if not self._bad_names:
            return
        places = rows_of(self.pep, self._bad_names)
        for name, fault in self._bad_names.items():
            self.problems.add(places[name], self.pep.index, f"sample name {fault}")

    def _deselected_by_flag(self, target: Target, sample: Sample) -> str | None:
        if not (self.options.sel_flag or self.options.exc_flag):
            return None
        status = self.flags.status(
            target.rule.flag.replace(WILDCARD, sample.name),
            target.rule.log.replace(WILDCARD, sample.name),
        )
        return deselected_by_flag(status, self.options)

    def _sample_draft(self, sample: Sample, target: Target) -> Draft | None:
        interface = target.rule.interface
        files = InputFiles((), (), 0.0)
        if interface.input_schema:
            files = self.sizes.of(sample, interface.input_schema)
        if target.validator:
            faults = target.validator.faults(sample)
            if faults:
                self._skip(target, sample.name, "invalid: " + "; ".join(faults))
                return None
        elif interface.input_schema:
            # Unchecked, as looper has it: no size, and what is not there is no input.
            present = tuple(path for path in files.required if path not in files.missing)
            files = InputFiles(present, (), 0.0, files.made)
        outputs = filled_paths(interface.output_paths, sample.attributes)
        return Draft(
            target,
            sample.name,
            {
                "sample": {**sample.attributes, **outputs} if outputs else sample.attributes,
                "looper": looper_namespace(
                    self.settings, self.pep, interface, sample.name, files.size_gb
                ),
            },
            files,
        )

    def _project_draft(self, target: Target) -> Draft:
        interface = target.rule.interface
        chosen, _ = choose(self.pep.samples, self.options, Problems())  # faults are named already
        return Draft(
            target,
            str(target.handoff.record),
            {
                "samples": [sample.attributes for sample in chosen],
                "looper": looper_namespace(self.settings, self.pep, interface, self.pep.name, 0),
            },
            InputFiles((), (), 0.0),
        )

    def _with_their_files(self, drafts: list[Draft]) -> list[Draft]:
        """Skip the drafts that lack a file, also one that a skipped job would have made."""
        planned = {(one.target.rule.name, one.record): one for one in drafts}
        asked = [draft for draft in drafts if draft.files.missing or draft.files.made]
        while asked:
            lacking = [(draft, self._lacking(draft, planned)) for draft in asked]
            asked = []
            for draft, missing in lacking:
                if not missing:
                    continue
                if draft.target.validator is None:  # unchecked: it runs without
                    present = tuple(one for one in draft.files.required if one not in missing)
                    draft.files = InputFiles(present, (), 0.0)
                    continue
                del planned[draft.target.rule.name, draft.record]
                where = "" if self.rundir == self.settings.root else f" (in {self.rundir})"
                self._skip(
                    draft.target, draft.record, f"missing files: {', '.join(missing)}{where}"
                )
                asked = [one for one in planned.values() if one.files.made]
        return list(planned.values())

    def _lacking(self, draft: Draft, planned: Mapping[tuple[str, str], Draft]) -> list[str]:
        """Files that are neither there nor made by a planned job."""
        files = draft.files
        return [
            *files.missing,
            *(
                path
                for path in files.made
                if not any(not one[1] or one in planned for one in self._makers(path))
                and self.sizes.size(path) < 0
            ),
        ]

    def _makers(self, path: str) -> list[tuple[str, str]]:
        return self.made_by(self.renderer.as_input(path)) if self.made_by else []

    def _skip(self, target: Target, record: str, reason: str, fault: bool = True) -> None:
        self.skipped.append(Skip(target.rule.pipeline, record, reason, fault))

    # --- from drafts to jobs -------------------------------------------------------------------

    def _render(self, drafts: list[Draft]) -> None:
        """Render the drafts, with their hooks in between, where there are any."""
        for draft in drafts:
            self.renderer.begin(draft)
        sound = self._dynamic_variables(drafts)
        sound = [draft for draft in sound if self._try(draft, self.renderer.prepare)]
        for draft in self._hooked(sound):
            job = self._try(draft, self.renderer.finish)
            if not isinstance(job, Job):
                continue
            self.jobs.append(job)
            self.input_sizes[job.rule, job.record] = draft.files.size_gb
            if draft.record == self.traced:
                self.trace.append((job, draft.namespaces))

    def _try(self, draft: Draft, step: Any) -> Any:
        """Take a step; a fault is noted for the sample, and the answer is then None."""
        try:
            done = step(draft)
        except (JobError, HookError) as error:
            self._fail(draft, error.key, str(error))
            return None
        return True if done is None else done

    def _fail(self, draft: Draft, key: str, message: str) -> None:
        place = _key_place(draft.interface, key)
        self._failures[str(place), f"{key}: {message}"].append(draft.record)

    def _dynamic_variables(self, drafts: list[Draft]) -> list[Draft]:
        """Ask the commands of `dynamic_variables_command_template` for compute settings."""
        key = "compute.dynamic_variables_command_template"
        asking = [draft for draft in drafts if draft.interface.hooks.dynamic_variables]
        if asking and (self.problems or self._failures):
            return [draft for draft in drafts if not draft.interface.hooks.dynamic_variables]

        def ask(draft: Draft) -> None:
            text = draft.interface.hooks.dynamic_variables or ""
            try:
                command = template(text).render(draft.namespaces)
            except TemplateError as error:
                raise HookError(key, str(error)) from None
            answer = json_of(command, self.rundir, key)
            if not isinstance(answer, Mapping):
                raise HookError(key, f"'{command}' printed no mapping; print name to value")
            draft.fluid = answer

        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda draft: self._try(draft, ask), asking))
        failed = {draft for draft, answer in zip(asking, answers, strict=True) if not answer}
        return [draft for draft in drafts if draft not in failed]

    def _hooked(self, drafts: list[Draft]) -> list[Draft]:
        """Run `pre_submit`; the drafts that came through. Nothing is run if anything is wrong."""
        hooked = [
            draft
            for draft in drafts
            if draft.interface.hooks.python_functions or draft.interface.hooks.command_templates
        ]
        if not hooked:
            return drafts
        gone: set[Draft] = set()
        if not self.problems:
            self._check_functions({id(one.interface): one.interface for one in hooked}.values())
        if self.problems or self._failures:
            gone = set(hooked)
            return [draft for draft in drafts if draft not in gone]
        for draft in hooked:
            draft.namespaces = own_copy(draft.namespaces)
            if not self._try(draft, self._call_functions):
                gone.add(draft)
        left = [draft for draft in hooked if draft not in gone]
        requests = [(one.interface.hooks.command_templates, one.namespaces) for one in left]
        for draft, error in zip(left, run_commands(requests, self.rundir), strict=True):
            if error:
                self._fail(draft, error.key, str(error))
                gone.add(draft)
        return [draft for draft in drafts if draft not in gone]

    def _check_functions(self, interfaces: Iterable[Interface]) -> None:
        """All functions must be there before any is called."""
        for interface in interfaces:
            hooks = interface.hooks
            for name, place in zip(hooks.python_functions, hooks.places, strict=True):
                try:
                    find_function(name)
                except HookError as error:
                    self.problems.add(place, error.key, str(error))

    def _call_functions(self, draft: Draft) -> None:
        call_functions(draft.interface.hooks.python_functions, draft.namespaces, self.rundir)

    # --- what is left --------------------------------------------------------------------------

    def _lump(self) -> None:
        """Assign the sample-level jobs of each rule to lumps, if the options ask for them."""
        if not lumps_wanted(self.options):
            return
        size_limit, count_limit = lump_limits(self.options, self.problems)
        jobs = int(self.options.lump_j) if self.options.lump_j and not self.problems else None
        by_rule: dict[str, list[int]] = defaultdict(list)
        for position, job in enumerate(self.jobs):
            if job.level == "sample":
                by_rule[job.rule].append(position)
        for rule, positions in by_rule.items():
            numbers = lump_numbers(
                [self.input_sizes[rule, self.jobs[one].record] for one in positions],
                [self.flags.written(self.jobs[one].flag) == "completed" for one in positions],
                size_limit,
                count_limit,
                jobs,
            )
            for position, number in zip(positions, numbers, strict=True):
                self.jobs[position] = dataclasses.replace(
                    self.jobs[position], lump=f"{rule}_lump_{number}"
                )

    def _report_failures(self) -> None:
        """One line for each fault, however many samples have it."""
        for (place, message), records in self._failures.items():
            more = f" and {len(records) - 1} more" if len(records) > 1 else ""
            self.problems.add(place, "", f"{message} (for {records[0]}{more})")

    def _check_paths(self) -> None:
        """Two records whose flags or logs would be one file cannot both be run."""
        known: dict[str, Job] = {}
        shared: list[tuple[str, str]] = []
        for job in self.jobs:
            for what, path in (("status flag", job.flag), ("log", job.log)):
                first = known.setdefault(path, job)
                # Two interfaces of one pipeline and level have been named already.
                if (first.pipeline, first.level) == (job.pipeline, job.level):
                    continue
                said = (
                    f"pipeline '{first.pipeline}' record '{first.record}' and pipeline"
                    f" '{job.pipeline}' record '{job.record}' would share the {what}"
                    f" {path}; rename one of the samples or pipelines"
                )
                shared.append((job.record, said))
                break
        places = rows_of(self.pep, {record for record, _ in shared}) if shared else {}
        for record, said in shared:
            self.problems.add(places[record], self.pep.index, said)

    def _results(self) -> tuple[ResultsFile, ...]:
        return tuple(
            dict.fromkeys(target.rule.results for target in self.targets if target.rule.results)
        )

    def _volatile(self) -> bool:
        """Whether the same files may give another plan the next time."""
        schemas = [one.input_schema for one in self.project.interfaces if one.input_schema]
        by_flags = self.options.sel_flag or self.options.exc_flag or lumps_wanted(self.options)
        return bool(self.pep.volatile or by_flags or any(one.volatile for one in schemas))

    def _sources(self) -> tuple[Path, ...]:
        files = [*self.settings.files, *self.pep.files]
        for interface in self.project.interfaces:
            files += interface.files
            sources = map(source_of, interface.hooks.python_functions)
            files += [path for path in sources if path]
        return tuple(dict.fromkeys(files))


def _key_place(interface: Interface, key: str) -> Any:
    if key == "command_template":
        return interface.template_place
    return interface.places.get(key.partition(".")[0], interface.place)
