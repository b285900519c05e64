"""Snakemake's records of the members of lumps: all that it would write if they were its jobs.

The next run compares a member with its record, with lumps or without. So a record has the same
params, inputs and checksums as that of a single job. It lacks the text of the rule: Snakemake then
does not compare it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import content_of, modified
from ..status.times import read_note
from ..workspace.job_table import JobTable
from ..workspace.lookups import compared_script
from ..workspace.metadata import recorded_fields, write_metadata
from ..workspace.places import Places
from ..workspace.rows import JobRow

_LARGEST_HASHED = 1_000_000
"""Bytes. Snakemake records checksums of files up to this size."""


class MemberRecords:
    """Writes records of the members of one plan."""

    def __init__(self, table: JobTable, name_of: Callable[[str], str]) -> None:
        """`name_of` returns the name in the workflow of a rule of the job table."""
        self._table = table
        self._name_of = name_of
        self._workdir = table.facts.workdir
        self._configs = {one.rule: one for one in table.configs(self._workdir)}
        self._places = Places(table.facts.places)
        self._checksums: dict[tuple[str, float], str | None] = {}

    def write(self, row: JobRow, ended: float, software: Mapping[str, Any]) -> None:
        """Record a member whose flag was completed at a time, and remove the flag's mark.

        Raises:
            OSError: the record cannot be written.
        """
        write_metadata(self._workdir, row.flag, self._fields(row, ended, software))

    def _fields(self, row: JobRow, ended: float, software: Mapping[str, Any]) -> dict[str, Any]:
        facts, table = self._table.facts, self._table
        config = self._configs.get(row.rule)
        depends = facts.depends.get(row.rule)
        inputs = [*json.loads(row.inputs), *(table.flags(depends, row.record) if depends else ())]
        params = [compared_script(row, facts, self._places)]
        if config is not None:
            inputs.append(config.path)
            params.append(config.digest)
        note = read_note(self._workdir, row.flag)
        return {
            "rule": self._name_of(row.rule),
            "input": sorted(inputs),
            "log": [row.log],
            "shellcmd": None,
            "params": sorted(map(repr, params)),
            "code": None,
            "job_hash": None,
            "starttime": note.began if note is not None else ended,
            "endtime": ended,
            "incomplete": False,
            "external_jobid": None,
            "input_checksums": self._checksums_of(inputs, ended),
            **software,
        }

    def _checksums_of(self, paths: Iterable[str], ended: float) -> dict[str, str]:
        """The checksums of inputs. One that changed after the job was done has none."""
        found = {}
        for path in paths:
            full = os.path.join(self._workdir, path)
            written = modified(full)
            if written is None or written > ended or os.path.isdir(full):
                continue
            key = (full, written)
            if key not in self._checksums:
                self._checksums[key] = _checksum(full)
            checksum = self._checksums[key]
            if checksum is not None:
                found[path] = checksum
        return found


def name_files(
    workdir: Path, output: str, flags: Mapping[str, Sequence[str]], files: Iterable[str]
) -> None:
    """Put flags in the place of markers into the record of a job that comes after lumps.

    Args:
        workdir: Snakemake's working directory.
        output: the output that the record is about.
        flags: the flags that each marker stands for.
        files: other inputs of the job. Markers may stand for some of them.
    """
    fields = recorded_fields(workdir, output)
    if not fields:
        return
    inputs = [one for path in fields["input"] or () for one in flags.get(path, (path,))]
    sums = fields.get("input_checksums") or {}
    fields["input"] = sorted({*inputs, *files})
    fields["input_checksums"] = {path: one for path, one in sums.items() if path not in flags}
    write_metadata(workdir, output, fields)


def _checksum(path: str) -> str | None:
    try:
        if os.path.getsize(path) > _LARGEST_HASHED:
            return None
        return hashlib.sha256(content_of(Path(path))).hexdigest()
    except OSError:
        return None
