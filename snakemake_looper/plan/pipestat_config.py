"""The merged pipestat config: it says where the jobs of one interface and level report to.

Each interface and level has its own config. (looper shares one mapping between all of them, so its
second pipeline reports into the first one's file; quirk 3.) The config is merged from

1. the looper config's `pipestat:` section, every key of it;
2. the interface: `pipeline_name`, the level as `pipeline_type`, `output_schema` as `schema_path`;
3. what looper adds: `output_dir`, an absolute `flag_file_dir`, the back end, `project_name`.

pipestat's file back end rewrites the whole file for each report without reading it again, so
two jobs that report at once lose a record (quirk 21). With a plain `results_file_path`, each job
therefore reports into a file of its own, by pipestat's `{record_identifier}`. The module
`results.results_file` assembles the user's file from these files. The project level runs alone,
after that, and reports into the assembled file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Problems
from ..layout import RECORD
from ..model import BackEnd, Interface, PipestatConfig, Published, ResultsFile
from ..read.documents.yaml_lines import read_yaml, resolve
from ..read.output_folder import folder_fault
from ..read.secrets import address
from ..read.settings import Settings
from .pipestat_checks import check_config, needs_section
from .pipestat_section import PipestatSection, read_section, refuse_logins

_DEFAULT_RESULTS = "results.yaml"
_QUERY = re.compile(r"\?\w+=")
"""Options at the end of a URL, which may be a key of an encrypted database."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where the jobs of one interface and level report to.

    Without a `pipestat:` section, only `record` has a value.
    """

    flag_dir: Path | None
    """The folder of the status flags; None stands for each sample's own output folder."""
    record: str | None
    """Identifier of the project-level record."""
    config: PipestatConfig | None = None
    results: ResultsFile | None = None
    """The user's results file, if it is assembled from one file per record."""
    results_path: str | None = None
    """The value of `{pipestat.results_file}`, with `{record_identifier}` where it has one."""

    shared: Mapping[str, str] = field(default_factory=dict)
    """The values of `namespace` for a record whose name is `RECORD`."""

    def namespace(self, record: str) -> dict[str, Any]:
        """The `pipestat` namespace of a template: looper's keys, and those of looper 1.x.

        Keys without a value are left out.
        """
        if self.config is None:
            return {}
        own = dict(self.shared)
        own["record_identifier"] = own["record_id"] = record
        if self.results_path:
            own["results_file"] = own["file"] = self.results_path.replace(RECORD, record)
        return own


def _shared(config: PipestatConfig, results_path: str | None) -> dict[str, str]:
    """The values that all records share. Those of a record hold its place among the keys."""
    content, path = config.content, str(config.path)
    values = {
        "results_file": results_path,
        "record_identifier": RECORD,
        "config_file": path,
        "output_schema": content.get("schema_path"),
        "pephub_path": content.get("pephub_path"),
        "flag_file_dir": content.get("flag_file_dir"),
        "file": results_path,
        "record_id": RECORD,
        "config": path,
        "schema": content.get("schema_path"),
        "namespace": content.get("project_name"),
    }
    return {key: value for key, value in values.items() if value and isinstance(value, str)}


def reporting_of(
    interface: Interface, settings: Settings, pep_name: str, both_levels: bool, problems: Problems
) -> Reporting:
    """Merge the pipestat config of one interface and level.

    Args:
        interface: the interface at this level.
        settings: the final settings, with the looper config's `pipestat:` section.
        pep_name: name of the PEP, the default of `project_name`.
        both_levels: whether the pipeline also has the other level.
        problems: gets each fault for which pipestat would refuse the config.
    """
    if settings.pipestat is None and not _is_left_empty(settings, interface, problems):
        return Reporting(None, pep_name)
    section = read_section(settings, problems)
    project_name = str(section.values.get("project_name") or pep_name)
    flag_dir = _flag_dir(section, interface)
    publication = _publication(section)
    back_end = _back_end(section, interface, publication)
    suffix = "_project" if both_levels and interface.level == "project" else ""
    config = PipestatConfig(
        path=settings.out / f"pipestat_config_{interface.pipeline_name}{suffix}.yaml",
        content=_content(section, interface, project_name, flag_dir, publication, back_end),
        interface=interface,
        back_end=back_end.kind,
        location=back_end.location,
        published=publication.kind,
    )
    if back_end.kind == "database":
        refuse_logins(section)
    check_config(section, config, problems)
    return Reporting(
        flag_dir, project_name, config, back_end.results, back_end.reported,
        _shared(config, back_end.reported),
    )  # fmt: skip


def _is_left_empty(settings: Settings, interface: Interface, problems: Problems) -> bool:
    """Whether the section is there without a value, and a command needs it, which is a problem.

    Planning then goes on as with a section without keys: one message is enough.
    """
    if not needs_section(interface):
        return False
    document = read_yaml(settings.looper_config, Problems())
    if document is None or "pipestat" not in document.data:
        return False
    what = "is empty, and a command needs it; write 'results_file_path: results.yaml' below it"
    problems.add(document.place("pipestat"), "pipestat", what)
    return True


def _content(
    section: PipestatSection,
    interface: Interface,
    project_name: str,
    flag_dir: Path,
    publication: _Publication,
    back_end: _BackEnd,
) -> dict[str, Any]:
    """The merged config, its keys in alphabetical order."""
    content = {
        **section.hidden,
        "pipeline_name": interface.pipeline_name,
        "pipeline_type": interface.level,
        "project_name": project_name,
        "output_dir": str(section.settings.out),
        "flag_file_dir": str(flag_dir),
        "schema_path": str(interface.output_schema),
    }
    if not interface.output_schema:
        del content["schema_path"]
    if publication.sqlite_file:
        content["database"] = {**content["database"], "sqlite_url": publication.sqlite_file}
    if back_end.reported:
        content["results_file_path"] = back_end.reported
    return dict(sorted(content.items(), key=lambda item: str(item[0])))


def _flag_dir(section: PipestatSection, interface: Interface) -> Path:
    """`flag_file_dir`, relative to the folder that holds the output folder, as in looper."""
    given = section.values.get("flag_file_dir")
    out = section.settings.out
    if not given:
        return out / interface.pipeline_name
    folder = _normal(out.parent / str(given))
    fault = folder_fault(folder)
    if fault and not folder_fault(out):  # else the output folder is the problem
        section.refuse(fault, "flag_file_dir")
    return folder


class _Publication(NamedTuple):
    """The store that one writer copies the results to; `kind` is None if there is no such store."""

    kind: Published | None
    sqlite_file: str | None = None


def _publication(section: PipestatSection) -> _Publication:
    """The place of the results, if jobs cannot report there themselves.

    pipestat 0.13.1 cannot create its SQLite tables (quirk 42), and on PEPhub a report replaces a
    row with everything that others have put there. If a section names several places, pipestat
    takes a results file before PEPhub, and PEPhub before a database.
    """
    values = section.values
    if values.get("results_file_path"):
        return _Publication(None)
    if values.get("pephub_path"):
        return _Publication("pephub")
    database = values.get("database")
    if database is not None and not isinstance(database, Mapping):
        section.refuse("must be a mapping with dialect, host, name, …", "database")
        return _Publication(None)
    if database is None or not ("sqlite_url" in database or database.get("dialect") == "sqlite"):
        return _Publication(None)
    key = "sqlite_url" if "sqlite_url" in database else "name"
    if isinstance(database.get(key), (bool, list, Mapping)):
        section.refuse("must be a path; write it as text", "database", key)
        return _Publication(None)
    # pipestat adds `sqlite:///` itself; in its documentation the value has it (quirk 25).
    url = str(database.get(key) or "").removeprefix("sqlite:///")
    if not url:
        section.refuse("has no 'sqlite_url'; write the path of the file", "database")
        return _Publication(None)
    if "://" in url or url == ":memory:" or url.endswith("/"):
        section.refuse(f"'{address(url)}' names no file; write its path", "database", key)
        return _Publication(None)
    if _QUERY.search(url):
        section.refuse("has options behind a '?'; write only the path of the file", "database", key)
        return _Publication(None)
    return _Publication("sqlite", str(resolve(url, section.settings.root)))


class _BackEnd(NamedTuple):
    kind: BackEnd
    location: str
    """As in `PipestatConfig`."""
    reported: str | None = None
    """The `results_file_path` of the merged config."""
    results: ResultsFile | None = None


def _back_end(
    section: PipestatSection, interface: Interface, publication: _Publication
) -> _BackEnd:
    """The back end that jobs report to."""
    given = section.values.get("results_file_path")
    if not given and section.values.get("database") and not publication.kind:
        return _BackEnd("database", "")
    text = str(given or _DEFAULT_RESULTS)
    out, name = section.settings.out, interface.pipeline_name
    if RECORD in text:
        path = str(_normal(out / text))
        return _BackEnd("records", path, path)
    relative = not Path(text).is_absolute()
    target = _normal(out / name / text)
    folder = target.with_name(f"{target.stem}_records")
    # An absolute path may be shared by several pipelines; a relative one is below the
    # pipeline's own folder already.
    records = folder if relative else folder / name
    reported = target if interface.level == "project" else records / f"{RECORD}.yaml"
    schemas = ((name, interface.output_schema),) if interface.output_schema else ()
    results = ResultsFile(target, ((name, records),), schemas)
    return _BackEnd("file", str(target), str(reported), results)


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def merge_results(files: Iterable[ResultsFile]) -> tuple[ResultsFile, ...]:
    """One value for each path, because several pipelines may report into one results file."""
    merged: dict[Path, ResultsFile] = {}
    for file in files:
        known = merged.get(file.path)
        if known is not None:
            file = ResultsFile(
                file.path,
                tuple(dict.fromkeys(known.sources + file.sources)),
                tuple(dict.fromkeys(known.schemas + file.schemas)),
            )
        merged[file.path] = file
    return tuple(merged.values())
