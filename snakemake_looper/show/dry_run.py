"""A dry run in a few lines: what is due, why, and how to start it.

    count: 6 of 8 samples to run
      3 samples run again: the command changed ('wc' is now 'cat'): frog_1, frog_2, frog_3
      3 samples run for the first time: frog_4, frog_5, frog_6
    sum, project level: runs after its samples
    Nothing was run. Start it with: snakemake-looper run

The lines take the place of Snakemake's own blocks, one for each job, which `--verbose` shows.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ..errors import one_line
from ..messages import counted
from ..run.due import AllDue, Group, Named, PipelineDue
from .log_lines import is_shown

_MOST_GROUPS = 4
"""Lines for one pipeline."""
_MOST_FILES = 3
_LONGEST_DETAIL = 60
_SHORT_DETAIL = 24
"""Letters of a detail that may stand behind each record."""
_INDENT, _DEEPER = "  ", "      "
# Lines of a dry run that this view replaces.
_REPLACED = re.compile(
    r"Building DAG of jobs|Job stats:|Reasons:\n|This was a dry-run|Nothing to be done"
    r"|Some jobs were triggered by provenance|Rules with provenance triggered jobs"
    r"|\d+ jobs have (missing|outdated) provenance|Would remove temporary output"
)


def is_shown_in_dry_run(record: logging.LogRecord) -> bool:
    """Whether this view shows a record of Snakemake's log: warnings, errors, and what is special."""
    if record.levelno >= logging.WARNING:
        return True
    return is_shown(record) and not _REPLACED.match(record.getMessage().lstrip())


def dry_run_lines(due: AllDue, start: str, width: int) -> list[str]:
    """The lines of a dry run in which something is due.

    Args:
        due: all that would run.
        start: the command that runs it; "" if that is not known.
        width: the columns of the terminal.
    """
    lines = [line for one in due.pipelines for line in _pipeline(one, width)]
    if due.files:
        lines += _listed(
            "also written", [Named(path) for path in due.files], len(due.files), width, ""
        )
    elif not due.count and due.has_other_rules:
        lines.append("results and statuses are brought where they belong")
    how = f" Start it with: {one_line(start)}" if start else ""
    return [*lines, f"Nothing was run.{how}"]


def _pipeline(one: PipelineDue, width: int) -> Iterator[str]:
    name = one_line(one.pipeline) or "no pipeline"
    if one.level == "project":
        group = next(iter(one.groups), None)
        left_out = f"left out: {one.left_out}" if one.left_out else "up to date"
        text = _sentence(group) if group else left_out
        yield from _folded(f"{name}, project level: {text}{_of_first(group)}", width, "")
        return
    yield f"{name}: {one.count} of {counted(one.total, 'sample')} to run"
    shown = one.groups[: _MOST_GROUPS - 1] if len(one.groups) > _MOST_GROUPS else one.groups
    for group in shown:
        yield from _group(group, width)
    rest = one.groups[len(shown) :]
    if rest:
        samples = counted(sum(group.count for group in rest), "sample")
        yield f"{_INDENT}{samples} for {len(rest)} other reasons: see --verbose"
    yield from _skipped(one, width)


def skipped_lines(due: AllDue, width: int) -> list[str]:
    """The lines about skipped samples alone."""
    return [line for one in due.pipelines for line in _skipped(one, width)]


def _skipped(one: PipelineDue, width: int) -> Iterator[str]:
    for group in one.skipped[:_MOST_GROUPS]:
        yield from _group(group, width)


def _group(group: Group, width: int) -> list[str]:
    """A line for a group. A detail that all its named records share is told once.

    If they have long details, that of the first one is told.
    """
    details = list(dict.fromkeys(named.detail for named in group.first))
    text = f"{counted(group.count, 'sample')} {_sentence(group)}"
    named = group.first
    if group.count > 1 and (len(details) == 1 or max(map(len, details)) > _SHORT_DETAIL):
        example = next((one for one in named if one.detail), named[0])
        owner = f"{one_line(example.record)}: " if len(details) > 1 else ""
        text += f" ({owner}{_short(example.detail)})" if example.detail else ""
        named = tuple(Named(one.record) for one in named)
    return _listed(text, named, group.count, width, _INDENT)


def _sentence(group: Group) -> str:
    """A predicate: `run again: the command changed`."""
    s = "s" if group.count == 1 else ""
    why = one_line(group.cause.why)
    return {
        "first time": f"run{s} for the first time",
        "again": f"run{s} again: {why}",
        "after": f"run{s} after {why}",
        "running now": f"{'is' if s else 'are'} in a run that goes on now",
        "skipped": f"{'is' if s else 'are'} skipped: {why}",
    }[group.cause.begins]


def _of_first(group: Group | None) -> str:
    detail = group.first[0].detail if group and group.first else ""
    return f" ({_short(detail)})" if detail else ""


def _listed(text: str, named: Sequence[Named], count: int, width: int, indent: str) -> list[str]:
    """A text with as many names behind it as fit on its line; with at least three."""
    names = [_with_detail(one) for one in named]
    for shown in range(len(names), 0, -1):
        line = f"{text}: {', '.join(names[:shown])}{_more(count - shown)}"
        if shown <= 3 or len(indent) + len(line) <= width:
            return _folded(line, width, indent)
    return _folded(text, width, indent)


def _more(count: int) -> str:
    return f" and {count} more" if count else ""


def _with_detail(one: Named) -> str:
    detail = f" ({_short(one.detail)})" if one.detail else ""
    return f"{one_line(one.record)}{detail}"


def _short(detail: str) -> str:
    text = one_line(detail)
    return text if len(text) <= _LONGEST_DETAIL else f"{text[: _LONGEST_DETAIL - 1]}…"


def _folded(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text, max(width, 20), initial_indent=indent, subsequent_indent=_DEEPER,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


# --- how to start it -------------------------------------------------------------------------------

_DRY = ("-n", "--dry-run", "--dryrun")
_WITH_MORE = re.compile(r"-n([A-Za-z].*)")
_CHOOSES_CORES = re.compile(r"-c|-j|--cores|--jobs|-e|--executor|--(workflow-)?profile")


def is_our_program(program: str) -> bool:
    """Whether a program, the first of `sys.argv`, is ours and not Snakemake."""
    return os.path.basename(program) == "snakemake-looper"


def command_to_start(words: Iterable[str]) -> str:
    """The command line of a dry run without the option that makes it one; "" if it has none.

    Args:
        words: the program and its arguments, as `sys.argv`.
    """
    program, *arguments = words
    name = os.path.basename(program)
    ours = is_our_program(program)
    if name != "snakemake" and not ours:
        return ""
    end = arguments.index("--") if ours and "--" in arguments else len(arguments)
    kept: list[str] = []
    for position, word in enumerate(arguments):
        behind = arguments[position + 1 : position + 2]
        is_number = word == "-n" and bool(behind) and behind[0].isdecimal()  # looper's --lumpn
        more = _WITH_MORE.fullmatch(word)
        if more:
            kept.append(f"-{more[1]}")
        elif is_number or not (word in _DRY or (ours and position < end and word == "-d")):
            kept.append(word)
    if kept == arguments:
        return ""
    if not ours and not any(map(_CHOOSES_CORES.match, kept)):
        kept += ["--cores", "all"]
    return shlex.join([name, *kept])
