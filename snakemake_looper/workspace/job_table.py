"""The job table: a SQLite file with a row for each job of a plan, read by primary key.

The Snakefile holds the structure of a project and stays short. All that differs from sample to
sample (commands, environments, inputs, threads, resources) is in the table beside it. Every process
that reads the Snakefile opens the table; on a cluster this is a process for each job. So this
module imports only the standard library, and reading a row takes as long for 10 samples as for
100,000.

A table is read-only: `job_table_writer` makes it, and nothing changes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from ..files import content_of
from ..layout import SETTLED, is_digest, marker
from ..remote_files import is_remote
from .places import Places
from .rows import (
    AssembledFile,
    Brief,
    ConfigRow,
    Facts,
    InputRow,
    JobRow,
    ResultsRow,
    SkipRow,
    StoredConfig,
    StoreRow,
)

_COMPARED = ("command", "env", "inputs", "log", "flag", "container")
"""The fields of a job that decide whether its result counts for another plan."""
# Jobs are numbered sample by sample, and shown pipeline by pipeline.
_IN_ORDER = """
    FROM job JOIN (SELECT rule AS same, MIN(number) AS first FROM job GROUP BY rule) ON rule = same
    ORDER BY first, number
"""
TableError = sqlite3.Error
"""The error of a table that was opened and cannot be read."""


class JobTable:
    """The jobs of a plan."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a table.

        Raises:
            FileNotFoundError: there is no such file.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"no job table at {self.path}")
        uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self.row = lru_cache(maxsize=4096)(self._row)
        self.config = lru_cache(maxsize=None)(self._config)

    def close(self) -> None:
        """Close the file: rows that were not read before cannot be read any more."""
        self._connection.close()

    # --- jobs -------------------------------------------------------------------------------------

    def _row(self, rule: str, record: str | None) -> JobRow:
        """The job of a rule for a record. If `record` is None, the one job of a project-level rule.

        Raises:
            ValueError: there is no such job.
        """
        query = f"SELECT {', '.join(JobRow._fields)} FROM job WHERE rule = ?"
        arguments: tuple[str, ...] = (rule,)
        if record is not None:
            query += " AND record = ?"
            arguments += (record,)
        found = self._connection.execute(query, arguments).fetchone()
        if found is None:
            raise ValueError(f"the project has no sample '{record}' for rule {rule}")
        return JobRow._make(found)

    def rows(self) -> Iterator[JobRow]:
        """All jobs: pipelines in the looper config's order, samples in that of the table."""
        query = f"SELECT {', '.join(JobRow._fields)} {_IN_ORDER}"
        return map(JobRow._make, self._connection.execute(query))

    def briefs(self) -> Iterator[Brief]:
        """The names and files of all jobs, in the order of `rows`."""
        query = f"SELECT {', '.join(Brief._fields)} {_IN_ORDER}"
        return map(Brief._make, self._connection.execute(query))

    def pipelines(self) -> list[str]:
        """The names of the pipelines that have jobs. It reads one row of each rule."""
        query = "SELECT rule, pipeline FROM job WHERE rule > ? ORDER BY rule LIMIT 1"
        found: dict[str, None] = {}
        rule = ""
        while row := self._connection.execute(query, (rule,)).fetchone():
            rule, pipeline = row
            found[pipeline] = None
        return list(found)

    def records(self, begin: str = "", level: str = "") -> list[str]:
        """The names of all records that have jobs, or of those that begin with a text.

        Args:
            begin: the text.
            level: only the records of this level, `sample` or `project`.
        """
        query = "SELECT record FROM job WHERE substr(record, 1, ?) = ? AND level LIKE ?"
        of_level = (len(begin), begin, level or "%")
        found = self._connection.execute(f"{query} ORDER BY number", of_level)
        return list(dict.fromkeys(name for (name,) in found))

    def flags(self, rules: Sequence[str], record: str | None = None) -> list[str]:
        """The completed flags of all jobs of some rules, or of one record's jobs."""
        query = f"SELECT flag FROM job WHERE rule IN ({', '.join('?' * len(rules))})"
        if record is None:
            found = self._connection.execute(f"{query} ORDER BY rule, number", tuple(rules))
        else:
            query += " AND record = ? ORDER BY rule"
            found = self._connection.execute(query, (*rules, record))
        return [flag for (flag,) in found]

    def declared_outputs(self, rules: Sequence[str]) -> list[str]:
        """The outputs besides the flag of all jobs of some rules."""
        query = "SELECT record FROM job WHERE rule = ? ORDER BY number"
        execute = self._connection.execute
        jobs = [(rule, record) for rule in rules for (record,) in execute(query, (rule,))]
        patterns = self.facts.outputs
        return [one.replace("{sample}", name) for rule, name in jobs for one in patterns[rule]]

    def flags_before(self, brief: Brief) -> list[str]:
        """The completed flags of the jobs that a project-level job comes after; else none."""
        query = "SELECT after FROM config WHERE rule = ?"
        found = self._connection.execute(query, (brief.rule,)).fetchone()
        after: list[str] = json.loads(found[0]) if found and found[0] else []
        return self.flags(after) if after else []

    def input_files(self, brief: Brief) -> list[str]:
        """The input files of a job."""
        found: list[str] = json.loads(self.row(brief.rule, brief.record).inputs)
        return found

    def has_outputs(self, rule: str) -> bool:
        """Whether a rule has other outputs than the flag."""
        return bool(self.facts.outputs.get(rule))

    def has_same_job(self, other: JobTable, brief: Brief) -> bool:
        """Whether another plan has the very same job, so that its result counts for this one."""
        try:
            return self._compared(brief) == other._compared(brief)
        except (sqlite3.Error, KeyError, TypeError):  # another version of this package made it
            return False

    def _compared(self, brief: Brief) -> list[str | None]:
        """The fields of a job that are compared, without regard to where the project lies."""
        places = Places(self.facts.places)
        job = f"SELECT {', '.join(_COMPARED)} FROM job WHERE rule = ? AND record = ?"
        config = "SELECT digest FROM config WHERE rule = ?"
        found: list[str | None] = []
        for query, key in ((job, (brief.rule, brief.record)), (config, (brief.rule,))):
            found += self._connection.execute(query, key).fetchone() or [None]
        return [places.compared(text) if text is not None else None for text in found]

    def skipped(self) -> list[SkipRow]:
        """The records without a job."""
        query = f"SELECT {', '.join(SkipRow._fields)} FROM skip"
        found = map(SkipRow._make, self._connection.execute(query))
        return [skip._replace(fault=bool(skip.fault)) for skip in found]

    # --- results ----------------------------------------------------------------------------------

    def _config(self, rule: str, workdir: Path | None = None) -> ConfigRow:
        query = f"SELECT {', '.join(StoredConfig._fields)} FROM config WHERE rule = ?"
        stored = StoredConfig._make(self._connection.execute(query, (rule,)).fetchone())
        return ConfigRow(*stored, _last_written(stored.path, workdir or Path()))

    def configs(self, workdir: Path) -> list[ConfigRow]:
        """All merged pipestat configs, whose paths are relative to the working directory."""
        rules = self._connection.execute("SELECT rule FROM config ORDER BY rule").fetchall()
        return [self._config(rule, workdir) for (rule,) in rules]

    def stores(self) -> list[StoreRow]:
        """The stores of results, one for each rule with a pipestat config; sample level first."""
        query = f"SELECT {', '.join(StoreRow._fields)} FROM store ORDER BY level DESC, rule"
        return list(map(StoreRow._make, self._connection.execute(query)))

    def settled(self, rule: str) -> str:
        """The file that says that a rule's results and statuses are published."""
        query = f"SELECT {', '.join(StoreRow._fields)} FROM store WHERE rule = ?"
        store = StoreRow._make(self._connection.execute(query, (rule,)).fetchone())
        return settled_marker(store, self.facts.workdir)

    def results(self) -> list[AssembledFile]:
        """The results files to assemble."""
        query = f"SELECT {', '.join(ResultsRow._fields)} FROM results"
        found = map(ResultsRow._make, self._connection.execute(query))
        return [
            AssembledFile(one.path, json.loads(one.sources), json.loads(one.schemas))
            for one in found
        ]

    # --- the plan as a whole ----------------------------------------------------------------------

    @cached_property
    def facts(self) -> Facts:
        """Facts about the plan as a whole."""
        found = {
            key: json.loads(value)
            for key, value in self._connection.execute("SELECT key, value FROM plan")
        }
        return Facts(
            workdir=Path(found["workdir"]),
            rundir=Path(found["rundir"]),
            looper_config=Path(found["looper_config"]),
            project_name=str(found["project_name"]),
            output_dir=Path(found["output_dir"]),
            results_dir=Path(found["results_dir"]),
            amendments=tuple(found["amendments"]),
            pep=str(found.get("pep", "")),
            outputs=found["outputs"],
            benchmarks=found.get("benchmarks", {}),
            depends=found.get("depends", {}),
            after=found.get("after", {}),
            record_folders=found["record_folders"],
            warnings=tuple(found["warnings"]),
            places=tuple((now, first) for now, first in found["places"]),
            refusal=found["refusal"],
            contents=found["contents"],
            on_end=str(found["on_end"]),
            lumps=found.get("lumps", {}),
            lump_limits=tuple(found.get("lump_limits", ())),
        )

    def inputs_seen(self) -> Iterator[InputRow]:
        """The files whose sizes the plan depends on."""
        query = f"SELECT {', '.join(InputRow._fields)} FROM input"
        return map(InputRow._make, self._connection.execute(query))


def input_size(table: JobTable, path: str) -> int:
    """The size in bytes of an input file, as the plan saw it; a negative number if none."""
    query = "SELECT size FROM input WHERE path = ?"
    found = table._connection.execute(query, (path,)).fetchone()
    return int(found[0]) if found else -1


def remote_inputs(table: JobTable) -> list[str]:
    """The addresses among the inputs of all jobs."""
    query = "SELECT DISTINCT inputs FROM job WHERE inputs LIKE '%://%'"
    found = table._connection.execute(query)
    paths = (path for (text,) in found for path in json.loads(text))
    return list(dict.fromkeys(filter(is_remote, paths)))


def briefs_at(path: Path) -> list[Brief]:
    """The jobs in another run's job table; none if it is gone, damaged or of another version."""
    try:
        table = JobTable(path)
    except OSError:
        return []
    try:
        return list(table.briefs())
    except sqlite3.Error:
        return []
    finally:
        table.close()


def store_key(store: StoreRow, workdir: Path) -> str:
    """The name of a store in names of files. It does not depend on where the project lies."""
    location = os.path.relpath(store.location, workdir) if store.location else ""
    text = json.dumps([store.pipeline, store.level, location, store.published])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def settled_marker(store: StoreRow, workdir: Path) -> str:
    """The file that says that a store is up to date, relative to the working directory."""
    return f"{SETTLED}/{store_key(store, workdir)}"


def _last_written(path: str, workdir: Path) -> str | None:
    """The digest of the content that a merged config was last written with, see `ConfigRow`."""
    try:
        digest = content_of(workdir / marker(path)).decode(errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    return digest if is_digest(digest) and os.path.exists(workdir / path) else ""
