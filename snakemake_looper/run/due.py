"""The records that a dry run would run, grouped by pipeline and cause.

Snakemake names the jobs of a dry run one by one, in no order. Each is counted here, and the first
few of each group are kept, in the order of the sample table. So a dry run of 100,000 samples needs
no more memory than one of ten.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..layout import LEFT_OVER, marker
from ..results.outdated import changed_params
from ..workspace.job_table import JobTable
from ..workspace.lumps import Packed
from ..workspace.rows import Brief, ConfigRow, SkipRow
from .causes import PARAMS_CHANGED, Cause, Causes, Due
from .log_events import HandedOver
from .rerun_reasons import Params, Reason, read_reason

_OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]+")
MOST_NAMED = 12
"""Records of a group that are kept by name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A record, and what is to be said about it alone."""

    record: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one pipeline that are due for the same cause."""

    cause: Cause
    count: int
    first: tuple[Named, ...]
    """The first few, in the order of the sample table."""


@dataclass(frozen=True, slots=True)
class PipelineDue:
    """One pipeline at one level: its records that are due, and those that are skipped."""

    pipeline: str
    level: str
    total: int
    """All its jobs, due or not."""
    groups: tuple[Group, ...]
    skipped: tuple[Group, ...] = ()
    left_out: str = ""
    """At project level, why it is not due though it is not up to date."""

    @property
    def count(self) -> int:
        """The number of records that are due."""
        return sum(group.count for group in self.groups)


@dataclass(frozen=True, slots=True)
class AllDue:
    """All that a dry run would do."""

    pipelines: tuple[PipelineDue, ...]
    files: tuple[str, ...]
    """Outputs of rules that run no pipeline; those that come with every run are left out."""
    has_other_rules: bool = False
    """Whether any rule that runs no pipeline is due."""

    @property
    def count(self) -> int:
        """The number of records that are due."""
        return sum(one.count for one in self.pipelines)

    @property
    def is_anything(self) -> bool:
        """Whether any job is due, also one that runs no pipeline."""
        return bool(self.count or self.has_other_rules)


@dataclass(slots=True)
class _Group:
    """A group that grows."""

    count: int = 0
    first: list[tuple[int, Due]] = field(default_factory=list)

    def add(self, position: int, due: Due) -> None:
        self.count += 1
        if len(self.first) < MOST_NAMED or position < self.first[-1][0]:
            insort(self.first, (position, due), key=_position)
            del self.first[MOST_NAMED:]


def _position(one: tuple[int, Due]) -> int:
    return one[0]


class DueJobs:
    """Counts the jobs of one project that a dry run names."""

    def __init__(self, table: JobTable, workdir: Path, packed: Packed | None = None) -> None:
        self._path, self._workdir = table.path, workdir
        self._packed = packed or Packed()
        self._causes = Causes.of(table, workdir)
        self._positions = {flag: number for number, flag in enumerate(self._causes.briefs)}
        self._skips = table.skipped()
        self._routine = _routine_outputs(table, self._causes, workdir)
        self._groups: dict[tuple[str, Cause], _Group] = {}
        self._files: dict[str, None] = {}
        self._has_other_rules = False

    def add(self, job: HandedOver) -> None:
        """Note a job that would run; the members of a lump in its place."""
        lumps = [
            self._packed.by_marker[one] for one in job.outputs if one in self._packed.by_marker
        ]
        for brief in (brief for lump in lumps for brief in lump.members):
            cause, reason = self._causes.cause_of_member(
                brief, self._packed.causes[brief.flag].text
            )
            self._add(brief, cause, reason)
        if not lumps:
            self._add_job(job)

    def _add_job(self, job: HandedOver) -> None:
        flag = next((one for one in job.outputs if one in self._causes.briefs), None)
        if flag is None:
            self._has_other_rules |= bool(job.outputs)
            names = (one.removesuffix(" (update)") for one in job.outputs)
            self._files |= dict.fromkeys(one for one in names if one not in self._routine)
            return
        brief, reason = self._causes.briefs[flag], read_reason(job.reason)
        before = tuple(one for path in reason.made_anew for one in self._flags(path))
        reason = dataclasses.replace(reason, made_anew=before)
        self._add(brief, self._causes.cause(brief, reason), reason)

    def _flags(self, path: str) -> Iterable[str]:
        """The flags that a marker stands for; any other file is itself."""
        lump = self._packed.by_marker.get(path)
        return (path,) if lump is None else (one.flag for one in lump.members)

    def _add(self, brief: Brief, cause: Cause, reason: Reason) -> None:
        group = self._groups.setdefault((brief.rule, cause), _Group())
        group.add(self._positions[brief.flag], Due(brief, cause, reason))

    def all(self) -> AllDue:
        """All that was noted, in the order of the looper config."""
        totals = Counter(brief.rule for brief in self._causes.briefs.values())
        rules = {brief.rule: brief for brief in self._causes.briefs.values()}
        skipped = _skipped([skip for skip in self._skips if skip.fault])
        pipelines = [self._pipeline(brief, totals[rule], skipped) for rule, brief in rules.items()]
        known = {(one.pipeline, one.level) for one in pipelines}
        pipelines += [
            PipelineDue(pipeline, level, 0, (), groups)
            for (pipeline, level), groups in skipped.items()
            if (pipeline, level) not in known
        ]
        return AllDue(tuple(pipelines), tuple(self._files), self._has_other_rules)

    def _pipeline(
        self, brief: Brief, total: int, skipped: dict[tuple[str, str], tuple[Group, ...]]
    ) -> PipelineDue:
        own = [(cause, one) for (rule, cause), one in self._groups.items() if rule == brief.rule]
        own.sort(key=lambda one: (one[0].begins != "again", -one[1].count, one[1].first[0][0]))
        groups = tuple(
            Group(cause, group.count, tuple(self._named(due) for _, due in group.first))
            for cause, group in own
        )
        key = (brief.pipeline, brief.level)
        left_out = "" if groups else self._left_out(brief)
        return PipelineDue(*key, total, groups, skipped.get(key, ()), left_out)

    def _left_out(self, brief: Brief) -> str:
        if brief.level != "project":
            return ""
        after = rules_before(brief, self._causes.briefs.values(), self._causes.configs)
        is_after = any(rule in after for rule, _ in self._groups)
        is_complete = self._causes.flags.word(brief.flag) == "completed"
        return "" if is_complete and not is_after else why_left_out(self._skips)

    def _named(self, due: Due) -> Named:
        if due.brief.flag in self._packed.causes and due.cause.why in PARAMS_CHANGED:
            due = due._replace(reason=self._with_params(due))
        return Named(due.brief.record, self._causes.detail(due))

    def _with_params(self, due: Due) -> Reason:
        """The reason of a member, with the params that Snakemake would name."""
        table = JobTable(self._path)
        try:
            row = table.row(due.brief.rule, due.brief.record)
            params = Params(*changed_params(table, self._workdir, row))
        finally:
            table.close()
        return dataclasses.replace(due.reason, params=params)


def _routine_outputs(table: JobTable, causes: Causes, workdir: Path) -> set[str]:
    """Outputs that come with the jobs of pipelines: nobody asks for them by name."""
    configs = [config.path for config in causes.configs.values()]
    ours = {*configs, *(marker(path) for path in configs), LEFT_OVER}
    for file in table.results():
        ours |= {file.path, os.path.relpath(file.path, workdir)}
    return ours | {table.settled(store.rule) for store in table.stores()}


def _skipped(skips: list[SkipRow]) -> dict[tuple[str, str], tuple[Group, ...]]:
    """The skipped records by pipeline and level, those with the same kind of reason together."""
    found: dict[tuple[str, str], dict[str, list[Named]]] = {}
    for skip in skips:
        kind, _, detail = skip.reason.partition(": ")
        kinds = found.setdefault((skip.pipeline, "sample"), {})
        kinds.setdefault(kind, []).append(Named(skip.record, detail))
    return {
        key: tuple(
            Group(Cause("skipped", kind), len(named), tuple(named[:MOST_NAMED]))
            for kind, named in kinds.items()
        )
        for key, kinds in found.items()
    }


def rules_before(
    brief: Brief, briefs: Iterable[Brief], configs: Mapping[str, ConfigRow]
) -> set[str]:
    """The rules that a project-level job comes after.

    The job table has them for pipelines with a pipestat config. Others come after the sample level
    of the same pipeline, or after all samples.
    """
    config = configs.get(brief.rule)
    if config is not None and config.after:
        return set(json.loads(config.after))
    rules = {one.rule: one.pipeline for one in briefs if one.level == "sample"}
    own = {rule for rule, pipeline in rules.items() if pipeline == brief.pipeline}
    return own or set(rules)


def why_left_out(skips: Iterable[SkipRow]) -> str:
    """Why a run does not include the project level."""
    options = {
        option for skip in skips if not skip.fault for option in _OPTION.findall(skip.reason)
    }
    if options:
        return f"{' and '.join(sorted(options))} selected samples"
    return "it was not asked for"
