"""Drafts: a draft is a job that is not yet planned, made from a rule and a record.

Each selected sample has a draft for each of its interfaces. A sample that is not selected, or that
has invalid attributes, has a `Skip` with the reason. A project-level rule has one draft.

A draft goes through the stages of planning; each stage makes new drafts and changes none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..addresses import without_secrets
from ..errors import Problems
from ..model import Interface, Sample, Skip
from ..status.flags import Flags
from .compute_settings import common_settings
from .context import PlanContext
from .input_files import FileSizes, InputFiles, invalid
from .name_limits import NameLimits, sample_name_fault
from .namespaces import Namespaces, looper_namespace
from .rules import PlannedRule
from .selection import choose, deselected_by_flag, nothing_by_flag, select
from .wildcards import WILDCARD


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A job that is being planned. Drafts are compared by identity."""

    planned: PlannedRule
    record: str
    namespaces: Namespaces
    """The values for templates, as far as they were made; see `namespaces_of`."""
    files: InputFiles
    sample: Sample | None = None
    """The sample whose namespaces are still to be made; those of 100,000 samples need memory."""
    dynamic: Mapping[str, Any] | None = None
    """Compute settings that `dynamic_variables_command_template` printed."""

    @property
    def interface(self) -> Interface:
        return self.planned.rule.interface

    @property
    def key(self) -> tuple[str, str]:
        """The names of the rule and of the record. No two jobs have the same key."""
        return self.planned.rule.name, self.record


@dataclass(frozen=True, slots=True)
class SampleDrafts:
    """The drafts and skips of all samples."""

    outcomes: tuple[Draft | Skip, ...]
    """A draft or a skip for each sample and rule."""
    bad_names: Mapping[str, str]
    """Names that a sample cannot have, each with its fault."""

    @property
    def drafts(self) -> list[Draft]:
        return [one for one in self.outcomes if isinstance(one, Draft)]

    @property
    def skipped(self) -> list[Skip]:
        return [one for one in self.outcomes if isinstance(one, Skip)]


def skip(planned: PlannedRule, record: str, reason: str, fault: bool = True) -> Skip:
    """A record without a job; `fault` says whether the record itself is the cause."""
    return Skip(planned.rule.pipeline, record, without_secrets(reason), fault)


# --- sample level ------------------------------------------------------------------------------


def draft_samples(
    context: PlanContext,
    rules: Sequence[PlannedRule],
    limits: NameLimits,
    sizes: FileSizes,
    problems: Problems,
) -> SampleDrafts:
    """Make the drafts of the sample level.

    Args:
        context: the project.
        rules: its rules.
        limits: the longest name that a sample of each rule may have.
        sizes: gives the sizes of input files, and keeps them.
        problems: gets options that select no sample, and other faults of the selection.
    """
    before = len(problems)
    pep, flags = context.pep, Flags(context.workdir)
    kept, deselected = select(pep.samples, context.options, problems, pep.refused)
    outcomes: list[Draft | Skip] = []
    bad_names: dict[str, str] = {}
    by_flag: list[str | None] = []  # for each selected record: the reason if its flag leaves it out
    for sample, planned in _pairs(context, rules, deselected):
        reason = deselected.get(sample.name)
        if planned is None:
            outcomes.append(Skip("", sample.name, "no pipeline interface", fault=True))
        elif reason:
            outcomes.append(skip(planned, sample.name, reason, fault=False))
        elif fault := sample_name_fault(sample.name, planned.rule, limits):
            bad_names.setdefault(sample.name, fault)
        else:
            by_flag.append(reason := _left_out_by_flag(context, flags, planned, sample))
            if reason:
                outcomes.append(skip(planned, sample.name, reason, fault=False))
            else:
                outcomes.append(_sample_draft(context, planned, sample, sizes))
    if len(problems) == before:
        _warn_if_nothing(context, rules, bool(kept), by_flag, problems)
    return SampleDrafts(tuple(outcomes), bad_names)


def _pairs(
    context: PlanContext, rules: Sequence[PlannedRule], deselected: Container[str]
) -> Iterator[tuple[Sample, PlannedRule | None]]:
    """Each sample with each of its rules; a selected one without an interface has None."""
    by_interface = {id(one.rule.interface): one for one in rules if one.rule.level == "sample"}
    of_project = context.project.sample_interfaces()
    for sample in context.pep.samples:
        interfaces = (
            of_project if sample.interfaces is None else context.project.sample_interfaces(sample)
        )
        if not interfaces and by_interface and sample.name not in deselected:
            yield sample, None
        for interface in interfaces:
            if id(interface) in by_interface:
                yield sample, by_interface[id(interface)]


def _left_out_by_flag(
    context: PlanContext, flags: Flags, planned: PlannedRule, sample: Sample
) -> str | None:
    options = context.options
    if not (options.sel_flag or options.exc_flag):
        return None
    flag = planned.rule.flag.replace(WILDCARD, sample.name)
    log = planned.rule.log.replace(WILDCARD, sample.name)
    return deselected_by_flag(flags.status(flag, log), options)


def _warn_if_nothing(
    context: PlanContext,
    rules: Sequence[PlannedRule],
    any_kept: bool,
    by_flag: Sequence[str | None],
    problems: Problems,
) -> None:
    """Warn if toggles or statuses leave no sample. Neither is an error."""
    if by_flag and all(by_flag):
        problems.warn("", "", nothing_by_flag(context.options))
    elif context.pep.samples and not any_kept:
        count = len(context.pep.samples)
        who = f"all {count} samples are" if count > 1 else "the one sample is"
        runs = any(one.rule.level == "project" and one.rule.in_all for one in rules)
        end = "" if runs else ": nothing to run"
        problems.warn("", "", f"{who} toggled off (toggle 0){end}")


def _sample_draft(
    context: PlanContext, planned: PlannedRule, sample: Sample, sizes: FileSizes
) -> Draft | Skip:
    interface = planned.rule.interface
    files = InputFiles()
    if interface.input_schema:
        files = sizes.of(sample, interface.input_schema)
    if planned.validator:
        faults = planned.validator.faults(sample)
        if faults:
            return skip(planned, sample.name, invalid(faults))
    elif interface.input_schema:
        # Without checks, as in looper, the size is 0, and a missing file is not an input.
        present = tuple(path for path in files.required if path not in files.missing)
        files = InputFiles(present, made=files.made, remote=files.remote)
    return Draft(planned, sample.name, {}, files, sample)


def _filled_paths(paths: Mapping[str, str], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Paths of an output schema for one sample, without those that lack a value, as in looper."""
    found = {}
    for name, path in paths.items():
        with contextlib.suppress(KeyError, IndexError, ValueError, AttributeError):
            found[name] = path.format(**attributes)
    return found


# --- project level -----------------------------------------------------------------------------


def draft_project(context: PlanContext, rules: Sequence[PlannedRule]) -> list[Draft]:
    """A draft for each project-level rule."""
    # The sample level has reported the faults of the selection already.
    chosen = choose(context.pep.samples, context.options, Problems()).kept
    found = []
    for planned in rules:
        if planned.rule.level == "project":
            record, interface = str(planned.reporting.record), planned.rule.interface
            own = {
                "samples": [sample.attributes for sample in chosen],
                "looper": looper_namespace(context, interface, context.pep.name, 0),
            }
            namespaces = _namespaces(context, planned, record, {}, own)
            found.append(Draft(planned, record, namespaces, InputFiles()))
    return found


# --- namespaces --------------------------------------------------------------------------------


def namespaces_of(
    draft: Draft, context: PlanContext, compute: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The namespaces of a draft. `render` completes `pipeline`.

    Args:
        draft: the draft.
        context: the project.
        compute: the job's compute settings. Without them, those that all jobs have in common.
    """
    planned, sample = draft.planned, draft.sample
    if compute is None:
        compute = common_settings(context.layers[planned.rule.level])
    if sample is None:
        return {**draft.namespaces, "compute": compute}
    interface = planned.rule.interface
    outputs = _filled_paths(interface.output_paths, sample.attributes)
    own = {
        "sample": {**sample.attributes, **outputs},
        "looper": looper_namespace(context, interface, sample.name, draft.files.size_gb),
    }
    return _namespaces(context, planned, sample.name, compute, own)


def _namespaces(
    context: PlanContext,
    planned: PlannedRule,
    record: str,
    compute: Mapping[str, Any],
    own: Namespaces,
) -> dict[str, Any]:
    return {
        "project": context.pep.config,
        "compute": compute,
        "pipestat": planned.reporting.namespace(record),
        "pipeline": planned.rule.interface.data,
        **own,
    }
