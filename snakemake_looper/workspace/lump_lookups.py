"""Functions of wildcards for rules whose jobs are lumps, as `lookups` has them for single jobs.

    input:
        files=lumps.inputs("count_lines_sample"),
    threads: lumps.threads("count_lines_sample")

The main process packs all lumps when Snakemake asks for the first one. A job's own process reads
the file of its lump.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ..remote_files import is_remote
from .engine import Engine, ancient, orders_jobs
from .job_table import JobTable
from .lumps import NO_RUN, Needs, Packed, read_needs

Lookup = Callable[[Any], Any]
_MOST_JOBS = 1_000_000
"""Jobs that are told apart by their priorities."""
Pack = Callable[[str], Packed]
"""Packs the lumps of the run with this name."""


class LumpLookups:
    """Functions of wildcards over the lumps of one run."""

    def __init__(self, table: JobTable, engine: Engine, pack: Pack) -> None:
        self._table = table
        self._engine = engine
        self._pack = pack
        self._packed: Packed | None = None
        self._folders = table.facts.lumps
        self.run = NO_RUN
        """The name of the run; the session sets it before Snakemake asks for lumps."""
        self._read = lru_cache(maxsize=64)(read_needs)

    @property
    def packed(self) -> Packed:
        """All lumps of this run; none before Snakemake builds its graph of jobs."""
        if self._packed is None:
            if not self._folders or not (self._engine.is_main and self._engine.has_graph):
                return Packed()
            self._packed = self._pack(self.run)
        return self._packed

    def _needs(self, rule: str, wildcards: Any) -> Needs:
        name = wildcards.get("lump")
        lump = self.packed.lumps.get((rule, name))
        return lump.needs if lump is not None else self._read(self._folders[rule], name)

    # --- one lump ---------------------------------------------------------------------------------

    def inputs(self, rule: str) -> Lookup:
        """The input files of all members, and the markers of lumps that run before."""

        def files(wildcards: Any) -> Any:
            found = self._needs(rule, wildcards).inputs
            return self._engine.storage.inputs(found) if any(map(is_remote, found)) else found

        return files

    def config(self, rule: str) -> Lookup:
        """The merged pipestat config; see `Lookups.config`. A lump is never a completed record."""

        def needed(wildcards: Any) -> Any:
            config = self._table.config(rule)
            is_written = config.last_written == config.digest
            return ancient(config.path) if is_written else config.path

        return needed

    def threads(self, rule: str) -> Lookup:
        """The cores of a lump."""
        return lambda wildcards: self._needs(rule, wildcards).threads

    def container(self, rule: str) -> Lookup:
        """The image of all members."""
        return lambda wildcards: self._needs(rule, wildcards).container

    def resource(self, rule: str, name: str) -> Lookup:
        """One resource of a lump, see `lump_packing`."""
        nothing: int | str = "" if name.startswith("slurm_") else 0
        return lambda wildcards: self._needs(rule, wildcards).resources.get(name, nothing)

    def priority(self, rule: str, own: int = 0) -> Lookup | int:
        """The priority of a lump: that of its first member, see `Lookups.priority`."""
        if not orders_jobs(self._engine):
            return own

        def found(wildcards: Any) -> float:
            number = self._needs(rule, wildcards).number
            return own + round(max(1 - (number + 1) / _MOST_JOBS, 0), 6)

        return found

    # --- in the place of flags --------------------------------------------------------------------

    def in_place_of(self, files: Sequence[str]) -> list[str]:
        """These flags and outputs; the marker of its lump in the place of each that is due.

        A job's own process gets all files: they are there, or the job would not run.
        """
        markers = self.packed.markers
        if not markers:
            return [*files]
        return list(dict.fromkeys(markers.get(file, file) for file in files))
