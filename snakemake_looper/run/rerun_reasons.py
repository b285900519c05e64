"""Snakemake's reasons to run a job, read from the text that its log has for each job.

The text is a sentence for each kind of reason. Snakemake looks for params, inputs and software that
changed only if no output is missing and no input is newer. So a job that failed has no such reason.
The texts are as seen with Snakemake 9.14 to 9.27.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_TEXT = r"""(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
_SIDE = rf"({_TEXT}(?:,{_TEXT})*|<nothing exclusive>)"
_PARAMS = re.compile(
    r"Params have changed since last execution: "
    r"(?:Union of exclusive params before and now across all output: "
    rf"before: {_SIDE} now: {_SIDE} )?"
)
_EACH_TEXT = re.compile(_TEXT)
_MISSING = "Missing output files: "
_CUT_OFF = "Incomplete output files: "
_NEWER = "Updated input files: "
_MADE_ANEW = "Input files updated by another job: "


@dataclass(frozen=True, slots=True)
class Params:
    """The params that differ from those of the last run: one is the script of the job's shell."""

    before: tuple[str, ...] = ()
    now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why Snakemake runs a job."""

    is_forced: bool = False
    missing: tuple[str, ...] = ()
    """Outputs that are missing."""
    is_cut_off: bool = False
    """Whether the last run of the job was cut off, as by a power cut."""
    newer: tuple[str, ...] = ()
    """Inputs that are newer than the outputs."""
    made_anew: tuple[str, ...] = ()
    """Inputs that another job of this run makes."""
    has_other_inputs: bool = False
    """Whether the set of input files is another one."""
    params: Params | None = None
    has_other_rule: bool = False
    has_other_software: bool = False


def read_reason(text: str) -> Reason:
    """A reason from its text. Sentences that are not known are passed over."""
    found = _PARAMS.search(text)
    params = None
    if found is not None:
        params = Params(_texts(found[1]), _texts(found[2]))
        text = text[: found.start()] + text[found.end() :]
    sentences = text.split("; ")
    return Reason(
        is_forced="Forced execution" in sentences,
        missing=_files(sentences, _MISSING),
        is_cut_off=any(one.startswith(_CUT_OFF) for one in sentences),
        newer=_files(sentences, _NEWER),
        made_anew=_files(sentences, _MADE_ANEW),
        has_other_inputs="Set of input files has changed since last execution" in sentences,
        params=params,
        has_other_rule="Code has changed since last execution" in sentences,
        has_other_software=any(one.startswith("Software environment") for one in sentences),
    )


def _files(sentences: list[str], begin: str) -> tuple[str, ...]:
    found = (one.removeprefix(begin) for one in sentences if one.startswith(begin))
    # A flag behind a file, as in `results.yaml (update)`, is no part of its name.
    return tuple(name for one in found for name in one.split(", ") if name)


def _texts(listed: str | None) -> tuple[str, ...]:
    """The texts in a list of Python literals."""
    return tuple(str(ast.literal_eval(one)) for one in _EACH_TEXT.findall(listed or ""))
