"""Project-level pipelines that did not run, and why.

They run after their samples. So they are left out if a sample failed, if the run was of selected
samples, or if only other pipelines were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ..errors import one_line
from ..messages import counted
from ..run.due import rules_before, why_left_out
from ..status.flags import Flags
from ..workspace.job_table import JobTable


def not_run_lines(
    table: JobTable, workdir: Path, planned: Collection[str], has_begun: Callable[[str], bool]
) -> Iterator[str]:
    """A line for each project-level pipeline that a run left out; none if it is up to date.

    Args:
        table: the job table of the project.
        workdir: Snakemake's working directory.
        planned: the completed flags of the records that the run planned.
        has_begun: whether the run began a record, by its completed flag.
    """
    flags = Flags(workdir)
    briefs = list(table.briefs())
    configs = {config.rule: config for config in table.configs(workdir)}
    for brief in briefs:
        if brief.level != "project" or has_begun(brief.flag):
            continue
        before = table.flags(sorted(rules_before(brief, briefs, configs)))
        is_complete = flags.word(brief.flag) == "completed"
        if brief.flag in planned:
            why = _of_samples(flags, before)
        elif is_complete and not any(map(has_begun, before)):
            continue
        else:
            why = why_left_out(table.skipped())
        again = " again" if is_complete else ""
        yield f"{one_line(brief.pipeline)} (project level) did not run{again}: {why}"


def _of_samples(flags: Flags, before: Collection[str]) -> str:
    words = [flags.word(flag) for flag in before]
    failed = sum(word == "failed" for word in words)
    if failed:
        return f"{failed} of its {counted(len(words), 'sample')} failed"
    stopped = words.count("partial")
    if stopped:
        were = "was" if stopped == 1 else "were"
        return f"{stopped} of its {counted(len(words), 'sample')} {were} stopped"
    left = sum(word != "completed" for word in words)
    if left:
        return f"{left} of its {counted(len(words), 'sample')} did not run"
    return "the run ended before"
