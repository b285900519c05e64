"""Lumps: jobs of Snakemake that run several records, their members.

    .snakemake/looper/lumps/<rule>_<digest>/
        <lump>.json      all that Snakemake asks about the lump: inputs, threads, resources
        <lump>.sh        its script, see `lump_script`
        <lump>.done      its output, a marker: all members are completed
        <lump>.log       its own log; each member has one of its own, too
        <lump>.members   when its members began and ended

A lump's name is `<run>-<number>`. A run packs its lumps when Snakemake builds its graph of jobs, see
`lump_packing`, and keeps them in memory. It writes them before the first job. Jobs on a cluster
read the Snakefile again, and find their lump by its name. They may wait in a queue for longer than
their run lives, so lumps of different runs have different names.

Every job on a cluster imports this module: it needs the standard library only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..files import content_of
from .rows import Brief

NO_RUN = "0"
"""The run in the names of a dry run's lumps."""


class Needs(NamedTuple):
    """The answers to all that Snakemake asks about a lump."""

    inputs: list[str]
    threads: int
    resources: dict[str, int | str]
    """Formulas of the number of the try are texts, see `formula`."""
    container: str | None
    number: int
    """The position of its first member among all jobs of the plan."""


@dataclass(frozen=True, slots=True)
class Lump:
    """A lump with its members, as the main process knows it."""

    rule: str
    folder: str
    name: str
    members: tuple[Brief, ...]
    needs: Needs

    @property
    def marker(self) -> str:
        """The file that the lump makes when all its members are completed."""
        return self.path(".done")

    def path(self, end: str) -> str:
        """A file of the lump, relative to the working directory."""
        return lump_path(self.folder, self.name, end)


def lump_path(folder: str, name: str, end: str) -> str:
    """A file of a lump, relative to the working directory."""
    return f"{folder}/{name}{end}"


class Cause(NamedTuple):
    """Why a member is due."""

    text: str
    """Empty if it is not completed."""
    depth: int = 0
    """The number of due jobs in the longest chain of jobs before it."""


@dataclass(frozen=True, slots=True)
class Packed:
    """All lumps of a run."""

    lumps: Mapping[tuple[str, str], Lump] = field(default_factory=dict)
    """By rule and name."""
    causes: Mapping[str, Cause] = field(default_factory=dict)
    """Why each member is due, by its completed flag."""
    markers: Mapping[str, str] = field(default_factory=dict)
    """The marker of each member's lump, by the member's completed flag and declared outputs."""

    by_marker: Mapping[str, Lump] = field(default_factory=dict)


def write_needs(workdir: Path, lump: Lump) -> None:
    """Write what Snakemake asks about a lump.

    Raises:
        OSError: it cannot be written.
    """
    path = workdir / lump.path(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(lump.needs._asdict()), encoding="utf-8")


def read_needs(folder: str, name: str) -> Needs:
    """The facts about a lump that Snakemake asks for in a job's own process.

    Raises:
        ValueError: the lump is not there any more; a later run has taken its members over.
    """
    path = lump_path(folder, name, ".json")
    if not os.path.exists(path):
        raise ValueError(f"the lump {name} is gone ({path}): a later run has taken it over")
    return Needs(**json.loads(content_of(path)))
