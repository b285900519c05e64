"""Completed records that a run would run again, and why.

Snakemake decides which jobs are due, when it builds its graph. This module says the same from the
files that Snakemake looks at, and without it. A job is due if

- an input file is newer than one of its outputs, and has another content,
- its command, its merged pipestat config or the list of its input files is not the recorded one,
- a declared output is missing,
- a job before it is due, or has not completed.

Snakemake compares no command of a job that has an output without a record, as one that was declared
after the last run. A run forces such a job if it has changed, see `declared_later`.

Where Snakemake has no record of a job, as of those that looper ran, it compares only times, and so
does this module. It says nothing about software environments: they are compared only in runs that
use them.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ..files import content_of, modified
from ..layout import is_completed_flag
from ..remote_files import is_remote
from ..status.journal import read_runs
from ..workspace.job_table import JobTable
from ..workspace.lookups import compared_script, script_of
from ..workspace.lumps import Cause
from ..workspace.metadata import Metadata, has_metadata, marked_incomplete, read_metadata
from ..workspace.places import Places
from ..workspace.rows import ConfigRow, JobRow
from .statuses import RecordStatus

_LARGEST_COMPARED = 1_000_000
"""Bytes. Snakemake compares contents of files up to this size; larger ones by their times alone."""

CUT_OFF = "the last run was cut off"
_BEFORE_IT = "a job before it is due"
_ALL_TRIGGERS = frozenset(("mtime", "params", "input"))
"""Those of Snakemake's `--rerun-triggers` that this module knows about."""


class Choices(NamedTuple):
    """The choices of a user that decide which jobs are due."""

    forces: Callable[[str, str], bool] = lambda rule, flag: False
    """Whether a job runs in any case, by its rule and completed flag."""
    triggers: frozenset[str] = _ALL_TRIGGERS
    software: Callable[[str, str | None], str] = lambda rule, image: ""
    """The digest that Snakemake would record about the software of a rule's job with this image,
    or the environment in the image; empty if it is not known."""
    remote_time: Callable[[str], float] = lambda address: 0.0
    """The time of a remote input file, in seconds since the epoch; 0 if no server is asked."""


class _Facts:
    """The facts of a plan that records are compared with. They are looked up once."""

    def __init__(self, table: JobTable, workdir: Path, choices: Choices | None = None) -> None:
        self.table = table
        self.choices = choices or Choices()
        self.workdir = workdir
        self.facts = table.facts
        self.places = Places(table.facts.places)
        self.configs = {one.rule: one for one in table.configs(workdir)}
        self.reads = {
            one.rule: frozenset(json.loads(one.reads)) for one in self.configs.values() if one.reads
        }

    def flags_before(self, row: JobRow) -> frozenset[str]:
        """The completed flags of the jobs that come before a job."""
        same, all_of = self.facts.depends.get(row.rule), self.facts.after.get(row.rule)
        flags = self.table.flags(same, row.record) if same else []
        return frozenset([*flags, *(self.table.flags(all_of) if all_of else [])])

    def is_after(self, row: JobRow, due: AbstractSet[tuple[str, str]]) -> bool:
        """Whether a sample's job comes after one of these, which are rules with records."""
        return any(one in due for one in self.before(row))

    def before(self, row: JobRow) -> Iterator[tuple[str, str]]:
        """The jobs that come before a sample's job, by rule and record."""
        for rule in self.facts.depends.get(row.rule, ()):
            yield rule, row.record
        if self.made_by and row.inputs != "[]":
            for path in json.loads(row.inputs):
                if path in self.made_by:
                    yield self.made_by[path]

    @cached_property
    def made_by(self) -> dict[str, tuple[str, str]]:
        """The sample's job that makes a file, by the file's path."""
        outputs = {rule: paths for rule, paths in self.facts.outputs.items() if paths}
        return {
            path.replace("{sample}", brief.record): (brief.rule, brief.record)
            for brief in (self.table.briefs() if outputs else ())
            for path in outputs.get(brief.rule, ())
            if brief.level == "sample"
        }


def with_outdated(
    records: Sequence[RecordStatus], table: JobTable, workdir: Path, levels: Collection[str]
) -> list[RecordStatus]:
    """Statuses, with the reason why a completed record is out of date.

    Args:
        records: the statuses of all records of the plan.
        table: the job table.
        workdir: Snakemake's working directory.
        levels: the levels that a run would run.
    """
    found = _outdated(records, table, workdir, levels)
    return [
        dataclasses.replace(one, outdated=found[_key(one)]) if _key(one) in found else one
        for one in records
    ]


def _outdated(
    records: Iterable[RecordStatus], table: JobTable, workdir: Path, levels: Collection[str]
) -> dict[tuple[str, str, str], str]:
    """The completed records that are out of date, with the reason."""
    completed = {_key(one) for one in records if one.status == "completed"}
    facts = _Facts(table, workdir)
    cut_off = _cut_off(workdir)
    due: set[tuple[str, str]] = set()
    later: list[JobRow] = []
    found = {}
    for row in table.rows():
        if row.level not in levels:
            continue
        cause = None
        if _key(row) in completed:
            cause = CUT_OFF if cut_off(row.flag) else _cause(row, facts)
        if cause:
            found[_key(row)] = cause
        if cause or _key(row) not in completed:
            due.add((row.rule, row.record))
        elif row.rule in facts.facts.after or any(True for _ in facts.before(row)):
            later.append(row)
    found |= {_key(row): _BEFORE_IT for row in _after_others(later, due, facts)}
    return found


def _cut_off(workdir: Path) -> Callable[[str], bool]:
    """Whether a completed job is due because its last run has ended without beginning it.

    Jobs of a living run are on their way. Those that a killed run completed are taken over.
    """
    is_marked = marked_incomplete(workdir)
    open_runs = [run.planned for run in read_runs(workdir) if run.alive or run.died]
    return lambda flag: is_marked(flag) and not any(flag in planned for planned in open_runs)


def due_jobs(
    table: JobTable, workdir: Path, rules: Collection[str], choices: Choices
) -> dict[tuple[str, str], Cause]:
    """The jobs of some sample-level rules that a run has to run, by rule and record.

    Args:
        table: the job table.
        workdir: Snakemake's working directory.
        rules: the rules. Jobs of other rules are taken for done.
        choices: what the user has forced.
    """
    facts = _Facts(table, workdir, choices)
    cut_off = marked_incomplete(workdir)
    due: dict[tuple[str, str], str] = {}
    later: list[JobRow] = []
    for row in table.rows():
        if row.rule not in rules:
            continue
        cause = _cause_to_run(row, facts, choices, cut_off)
        if any(True for _ in facts.before(row)):
            later.append(row)
        if cause is not None:
            due[row.rule, row.record] = cause
    for row in _after_others(later, due.keys(), facts):
        due[row.rule, row.record] = _BEFORE_IT
    depths = _depths(later, due.keys(), facts)
    return {key: Cause(cause, depths.get(key, 0)) for key, cause in due.items()}


def _depths(rows: Iterable[JobRow], due: Collection[object], facts: _Facts) -> dict[object, int]:
    """The number of due jobs in the longest chain before each job, if there are any."""
    is_due = due.__contains__
    before = {(row.rule, row.record): {*filter(is_due, facts.before(row))} for row in rows}
    left = {key for key, keys in before.items() if keys}
    found: dict[object, int] = {}
    while left:
        new = {key for key in left if left.isdisjoint(before[key])} or left  # a circle
        found |= {key: 1 + max(found.get(one, 0) for one in before[key]) for key in new}
        left -= new
    return found


def _cause_to_run(
    row: JobRow, facts: _Facts, choices: Choices, cut_off: Callable[[str], bool]
) -> str | None:
    """Why a job has to run, apart from those before it; None if it has not to."""
    if not os.path.isfile(os.path.join(facts.workdir, row.flag)):
        return ""
    if choices.forces(row.rule, row.flag):
        return "forced"
    if cut_off(row.flag):
        return CUT_OFF
    return _cause(row, facts) or _by_software(row, facts, choices)


def _by_software(row: JobRow, facts: _Facts, choices: Choices) -> str | None:
    if "software-env" not in facts.choices.triggers:
        return None
    now = choices.software(row.rule, row.container)
    recorded = _recorded(row, facts) if now else None
    is_other = recorded and recorded.software not in ("", now) and recorded.in_image != now
    return "the container or environment changed" if is_other else None


def declared_later(table: JobTable, workdir: Path, rules: Collection[str]) -> dict[str, str]:
    """Completed jobs that changed after they were given an output: their flags, with the cause.

    Args:
        table: the job table.
        workdir: Snakemake's working directory.
        rules: the rules whose jobs are looked at.
    """
    facts = _Facts(table, workdir)
    if not any(facts.facts.outputs.get(rule) for rule in rules):
        return {}
    found = {}
    for row in table.rows():
        outputs = _outputs(row, facts) if row.rule in rules else ()
        if all(has_metadata(workdir, output) for output in outputs):
            continue
        recorded = _recorded(row, facts)
        cause = _by_record(row, recorded, facts) if recorded else None
        if cause and os.path.exists(os.path.join(workdir, row.flag)):
            found[row.flag] = cause
    return found


def _key(one: RecordStatus | JobRow) -> tuple[str, str, str]:
    return one.pipeline, one.level, one.record


def _after_others(
    rows: Iterable[JobRow], due: AbstractSet[tuple[str, str]], facts: _Facts
) -> Iterator[JobRow]:
    """The jobs that come after a job that is due, also after one of themselves."""
    pairs = set(due)
    while True:
        rules = {rule for rule, _ in pairs}
        new = [
            row
            for row in rows
            if (row.rule, row.record) not in pairs
            and (
                facts.is_after(row, pairs)
                or not rules.isdisjoint(facts.facts.after.get(row.rule, ()))
            )
        ]
        if not new:
            return
        yield from new
        pairs |= {(row.rule, row.record) for row in new}


def _cause(row: JobRow, facts: _Facts) -> str | None:
    """Why a job is due by itself; None if it is not."""
    for output in _outputs(row, facts):
        if not os.path.exists(os.path.join(facts.workdir, output)):
            return f"an output is missing: {output}"
    recorded = _recorded(row, facts)
    found = _by_times(row, recorded, facts)
    if found is not None or recorded is None:
        return found
    return _by_record(row, recorded, facts)


def _by_record(row: JobRow, recorded: Metadata, facts: _Facts) -> str | None:
    """The difference between a job and Snakemake's record of it."""
    config = facts.configs.get(row.rule)
    found = _by_params(row, recorded, config, facts) if "params" in facts.choices.triggers else None
    if found is None and "input" in facts.choices.triggers:
        found = _by_inputs(row, recorded, config, facts)
    return found


def _outputs(row: JobRow, facts: _Facts) -> list[str]:
    """The declared outputs of a job."""
    return [one.replace("{sample}", row.record) for one in facts.facts.outputs.get(row.rule, ())]


def _recorded(row: JobRow, facts: _Facts) -> Metadata | None:
    """Snakemake's record of a job: that of its flag."""
    return read_metadata(facts.workdir, row.flag)


def _by_times(row: JobRow, recorded: Metadata | None, facts: _Facts) -> str | None:
    """The input file that is newer than the oldest output, and has another content."""
    if "mtime" not in facts.choices.triggers:
        return None
    benchmark = facts.facts.benchmarks.get(row.rule, "").replace("{sample}", row.record)
    outputs = [row.flag, *_outputs(row, facts), *([benchmark] if benchmark else [])]
    times = (modified(os.path.join(facts.workdir, path)) for path in outputs)
    oldest = min((one for one in times if one is not None), default=0.0)
    for path in (*json.loads(row.inputs), *facts.reads.get(row.rule, ())):
        if _is_changed(path, oldest, recorded, facts):
            return f"an input file changed: {path}"
    return None


def _is_changed(path: str, since: float, recorded: Metadata | None, facts: _Facts) -> bool:
    """Whether an input file is newer than a time, and its content is not the recorded one."""
    if is_remote(path):
        return facts.choices.remote_time(path) > since
    full = os.path.join(facts.workdir, path)
    written = modified(os.path.join(full, ".snakemake_timestamp")) if os.path.isdir(full) else None
    written = modified(full) if written is None else written
    if written is None or written <= since:
        return False
    checksum = recorded.checksums.get(path) if recorded else None
    try:
        if checksum is None or os.path.getsize(full) > _LARGEST_COMPARED:
            return True
        return hashlib.sha256(content_of(Path(full))).hexdigest() != checksum
    except OSError:
        return False


def _by_params(
    row: JobRow, recorded: Metadata, config: ConfigRow | None, facts: _Facts
) -> str | None:
    command = repr(compared_script(row, facts.facts, facts.places))
    changed = [] if command in recorded.params else [_changed_part(row, recorded, facts)]
    if config is not None and (
        repr(config.digest) not in recorded.params
        or (config.last_written or config.digest) != config.digest
    ):
        # A config that is lost is made anew when a job needs it, and is no reason to run one.
        changed.append("the pipestat config")
    text = f"{' and '.join(changed)} changed"
    return text if changed else None


def _changed_part(row: JobRow, recorded: Metadata, facts: _Facts) -> str:
    """Which part of a job's script is another one: the command, or the environment before it."""
    now = compared_script(row, facts.facts, facts.places)
    scripts = map(script_of, recorded_texts(recorded))
    is_same = any(script.command == script_of(now).command for script in scripts)
    return "the environment" if is_same else "the command"


def changed_params(
    table: JobTable, workdir: Path, row: JobRow
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The params of a job that differ from the recorded ones: those before, and those now."""
    recorded = read_metadata(workdir, row.flag)
    before = set(recorded_texts(recorded)) if recorded else set()
    now = {compared_script(row, table.facts, Places(table.facts.places))}
    configs = {one.rule: one.digest for one in table.configs(workdir)}
    now |= {configs[row.rule]} if row.rule in configs else set()
    return tuple(before - now), tuple(now - before)


def recorded_texts(recorded: Metadata) -> list[str]:
    """The recorded params that are texts."""
    found = []
    for text in recorded.params:
        with contextlib.suppress(ValueError, SyntaxError):
            value = ast.literal_eval(text)
            if isinstance(value, str):
                found.append(value)
    return found


def _by_inputs(
    row: JobRow, recorded: Metadata, config: ConfigRow | None, facts: _Facts
) -> str | None:
    """Results files and the merged config are left out: they are compared by their contents."""
    own = frozenset(json.loads(row.inputs))
    left_out = facts.reads.get(row.rule, frozenset()) | ({config.path} if config else frozenset())
    changed = (recorded.inputs ^ (own | facts.flags_before(row))) - left_out
    if not changed:
        return None
    text = "the list of input files changed"
    if all(map(is_completed_flag, changed)):
        text = "the list of samples changed" if row.level == "project" else "'depends_on' changed"
    return text
