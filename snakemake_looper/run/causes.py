"""Why a record is due, in the words of a looper project: the causes that a dry run tells.

Snakemake's reasons are about files and params of rules. A cause is about a record: it never ran, it
failed, its command changed, an input file is newer. A *detail* says more about one record, such as
the name of the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..layout import is_digest
from ..results.outdated import declared_later
from ..status.flags import Flags
from ..status_words import NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.lookups import Script, script_of
from ..workspace.pipestat_files import changed_keys
from ..workspace.rows import Brief, ConfigRow
from .rerun_reasons import Params, Reason

_AGAIN_AFTER = {"failed": "failed in the last run", "partial": "stopped before the end"}
_UNKNOWN = "see --verbose"
_WORDS = {
    "a job before it is due": "another pipeline runs first",
    "'depends_on' changed": "the list of input files changed",
    "the command and the pipestat config changed": "the command changed",
    "the environment and the pipestat config changed": "the environment changed",
}
"""The words of a dry run for those of `results.outdated`."""
_LONGEST_WORDS = 40
"""Letters. A longer part of a command says no more than that the command changed."""


class Cause(NamedTuple):
    """Why a record is due."""

    begins: str
    """One of `first time`, `again`, `after`, and `running now`."""
    why: str = ""


class Due(NamedTuple):
    """A record that is due, and why."""

    brief: Brief
    cause: Cause
    reason: Reason


FIRST_TIME = Cause("first time")
RUNNING = Cause("running now")
PARAMS_CHANGED = ("the command changed", "the environment changed")
AFTER_SAMPLES = Cause("after", "its samples")


@dataclass(frozen=True, slots=True)
class Causes:
    """Finds the causes of one project's records."""

    workdir: Path
    briefs: Mapping[str, Brief]
    """The jobs of the plan, by their completed flags."""
    configs: Mapping[str, ConfigRow]
    """The merged pipestat configs, by rule."""
    flags: Flags
    changed: Mapping[str, str] = field(default_factory=dict)
    """Jobs that a run forces, because Snakemake does not know that they have changed."""

    @classmethod
    def of(cls, table: JobTable, workdir: Path) -> Causes:
        """The causes of the records in a job table."""
        briefs = {brief.flag: brief for brief in table.briefs()}
        configs = {config.rule: config for config in table.configs(workdir)}
        changed = declared_later(table, workdir, table.facts.outputs)
        return cls(workdir, briefs, configs, Flags(workdir), changed)

    def cause(self, brief: Brief, reason: Reason) -> Cause:
        """The cause of a record; of several, the one that a user would name."""
        if brief.level == "project" and any(one in self.briefs for one in reason.made_anew):
            return AFTER_SAMPLES
        status = self.flags.status(brief.flag, brief.log)
        if status in ("running", "waiting"):
            return RUNNING
        if status == NOT_RUN and not (self.workdir / brief.log).exists():
            return FIRST_TIME
        if status == NOT_RUN:
            return Cause("again", "the status flag is missing")
        if status in _AGAIN_AFTER:
            return Cause("again", _AGAIN_AFTER[status])
        return Cause("again", self._of_completed(brief, reason))

    def cause_of_member(self, brief: Brief, text: str) -> tuple[Cause, Reason]:
        """The cause of a member of a lump, and its reason as Snakemake would have it.

        `text` is what `results.outdated` says about the member.
        """
        kind, _, path = text.partition(": ")
        files = (path,) if path else ()
        reason = Reason(
            is_forced=kind == "forced",
            missing=files if kind == "an output is missing" else (),
            newer=files if kind == "an input file changed" else (),
        )
        cause = self.cause(brief, reason)
        if cause.begins == "again" and cause.why == _UNKNOWN:
            cause = Cause("again", _WORDS.get(kind, kind) or _UNKNOWN)
        return cause, reason

    def _of_completed(self, brief: Brief, reason: Reason) -> str:
        config = self._config(brief)
        causes: Sequence[tuple[object, str]] = (
            (reason.is_forced, self.changed.get(brief.flag, "forced")),
            (reason.missing, "an output is missing"),
            (reason.is_cut_off, "the last run was cut off"),
            (set(reason.newer) - {config}, "an input file is newer"),
            (reason.params, self._of_params(reason.params or Params())),
            (reason.has_other_inputs, "the list of input files changed"),
            (config in {*reason.newer, *reason.made_anew}, self._of_config(config)),
            (reason.has_other_software, "the container or environment changed"),
            (reason.has_other_rule, "the rule in the Snakefile changed"),
            (self._before(reason), "another pipeline runs first"),
            (reason.made_anew, "an input file is made anew"),
        )
        return next((why for holds, why in causes if holds), _UNKNOWN)

    def _of_params(self, params: Params) -> str:
        """One param is the script; another is the digest of the pipestat config."""
        if not params.before or not params.now:
            return "the command changed"
        before, now = _script(params.before), _script(params.now)
        if before is None or now is None:
            return "the pipestat config changed"
        return "the command changed" if before.command != now.command else "the environment changed"

    def _of_config(self, config: str) -> str:
        is_there = os.path.exists(self.workdir / config)
        return "the pipestat config " + ("changed" if is_there else "is missing")

    def _config(self, brief: Brief) -> str:
        config = self.configs.get(brief.rule)
        return config.path if config else ""

    def _before(self, reason: Reason) -> list[str]:
        """The pipelines whose jobs run before this one."""
        found = (self.briefs.get(one) for one in reason.made_anew)
        return sorted({one.pipeline for one in found if one})

    # --- details -------------------------------------------------------------------------------

    def detail(self, due: Due) -> str:
        """More about the cause of one record; "" if there is no more to say."""
        find = _DETAILS.get(due.cause.why)
        return find(self, due) if find else ""

    def _outputs(self, due: Due) -> str:
        return ", ".join(sorted({*due.reason.missing} - {due.brief.flag}))

    def _newer_files(self, due: Due) -> str:
        return ", ".join(sorted({*due.reason.newer} - {self._config(due.brief)}))

    def _command(self, due: Due) -> str:
        before, now = _scripts(due.reason)
        return _difference(before.command, now.command) if before and now else ""

    def _variables(self, due: Due) -> str:
        before, now = _scripts(due.reason)
        names = {name for name, _ in before.exports ^ now.exports} if before and now else ()
        return ", ".join(sorted(names))

    def _keys(self, due: Due) -> str:
        config = self.configs.get(due.brief.rule)
        if config is None:
            return ""
        return ", ".join(changed_keys(self.workdir / config.source, self.workdir / config.path))

    def _pipelines(self, due: Due) -> str:
        return ", ".join(self._before(due.reason))

    def _made_files(self, due: Due) -> str:
        return ", ".join(sorted(due.reason.made_anew))


_DETAILS: Mapping[str, Callable[[Causes, Due], str]] = {
    "an output is missing": Causes._outputs,
    "an input file is newer": Causes._newer_files,
    "the command changed": Causes._command,
    "the environment changed": Causes._variables,
    "the pipestat config changed": Causes._keys,
    "another pipeline runs first": Causes._pipelines,
    "an input file is made anew": Causes._made_files,
}


# --- scripts of jobs --------------------------------------------------------------------------------


def _script(params: Sequence[str]) -> Script | None:
    """The script among the params; None if only the pipestat config's digest is there."""
    scripts = [one for one in params if not is_digest(one)]
    return script_of(scripts[0]) if scripts else None


def _scripts(reason: Reason) -> tuple[Script | None, Script | None]:
    params = reason.params or Params()
    return _script(params.before), _script(params.now)


def _difference(before: str, now: str) -> str:
    """The words that differ between two commands, if they are few."""
    old, new = before.split(), now.split()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    gone, come = " ".join(old), " ".join(new)
    if max(len(gone), len(come)) > _LONGEST_WORDS or not (gone or come):
        return ""
    if not gone:
        return f"'{come}' was added"
    return f"'{gone}' is now '{come}'" if come else f"'{gone}' was removed"
