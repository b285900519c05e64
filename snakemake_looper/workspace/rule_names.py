"""The names of the rules that do not run a pipeline: targets, configs, results, publishing.

The planner names the rules that run pipelines, since the job table has these names. All others are
named here, from the structure alone. A name that is taken gets a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..plan.rules import RESERVED
from .structure import RuleStructure, Structure


@dataclass(frozen=True, slots=True)
class RuleNames:
    """The names of the rules that do not run a pipeline."""

    pipelines: tuple[tuple[str, str], ...]
    """Each target that runs one pipeline, and this pipeline."""
    configs: dict[str, str]
    """The rules that write merged pipestat configs, by the rule whose jobs read the config."""
    results: dict[str, str]
    """The rules that assemble results files, by path."""
    publications: dict[str, str]
    """The rules that publish results and statuses, by the rule whose jobs report them."""
    left_over: str | None
    """The rule that publishes what earlier runs left, in a plan of some samples."""


def names_of(structure: Structure) -> RuleNames:
    """Names for the rules of a structure. Of two equal names, the later one gets a number."""
    taken = {*RESERVED, *(rule.name for rule in structure.rules)}
    return RuleNames(
        pipelines=tuple((_free(name, taken), of) for name, of in _pipelines(structure)),
        configs={
            rule.name: _free(f"pipestat_config_{rule.name}", taken)
            for rule in structure.rules
            if rule.config
        },
        results={
            file.path: _free(f"results_{_reporting(structure, file.path)}", taken)
            for file in structure.results
            if structure.is_reported_into(file.path)
        },
        publications={
            rule.name: _free(f"publish_{rule.name}", taken)
            for rule in structure.rules
            if rule.publishes and not structure.is_narrowed
        },
        left_over=_free("left_over", taken) if structure.is_narrowed else None,
    )


def _pipelines(structure: Structure) -> Iterator[tuple[str, str]]:
    """A name for the target of each pipeline, and the pipeline. Reserved names are left out."""
    first: dict[str, RuleStructure] = {}
    for rule in structure.rules:
        first.setdefault(rule.pipeline, rule)
    for pipeline, rule in first.items():
        name = rule.name.removesuffix(f"_{rule.level}")
        if name not in RESERVED:
            yield name, pipeline


def _reporting(structure: Structure, results: str) -> str:
    """The first pipeline that reports into a results file, as rules are named after it."""
    rule = next(rule for rule in structure.rules if rule.results == results)
    return rule.name.removesuffix("_sample")


def _free(name: str, taken: set[str]) -> str:
    """This name, with a number if it is taken; adds the result to `taken`."""
    candidates: Iterable[str] = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    free = next(one for one in (name, *candidates) if one not in taken)
    taken.add(free)
    return free
