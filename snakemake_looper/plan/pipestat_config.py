"""The merged pipestat config: where each pipeline reports to.

Made fresh for each interface and level (looper shares one mapping between all of them, so its
second pipeline reports into the first one's file; quirk 3) from

1. the looper config's `pipestat:` section, every key of it;
2. the interface: `pipeline_name`, the level as `pipeline_type`, `output_schema` as `schema_path`;
3. what looper adds: `output_dir`, an absolute `flag_file_dir`, the back end, `project_name`.

pipestat's file back end rewrites the whole file for each report without reading it again, so
two jobs that report at once lose a record (quirk 21). A plain `results_file_path` therefore
becomes one file per record, by pipestat's own `{record_identifier}`, and `results.assemble`
puts them together. The project level runs alone, after that, and gets the assembled file.

Environment variables are filled in here, except where a value may hold a secret: jobs may run
where they are not set. Literal secrets are not kept: `read.secrets` leaves references.

If the command is told where to report, all that pipestat would refuse is refused here: see
`_check_output_schema`, `_check_texts` and `_check_server`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Place, Problems
from ..layout import is_file_name, special_to_snakemake
from ..model import BackEnd, Interface, PipestatConfig, Published, ResultsFile
from ..read.output_schema import read_output_schema
from ..read.output_schema_faults import refusals
from ..read.pipestat_schema import Fault, pipestat_schema
from ..read.secrets import HARMLESS, HARMLESS_IN_DATABASE, address, hide, is_plain
from ..read.settings import Settings
from ..read.yaml_lines import Document, expanded, read_yaml, resolve

RECORD = "{record_identifier}"
_DEFAULT_RESULTS = "results.yaml"
_HANDED = re.compile(r"\{[^}]*\bpipestat\s*[.\[]")
"""A template that tells the command something about where to report."""
_HANDED_SCHEMA = re.compile(r"\bpipestat\.(output_schema|schema)\b|\bpipeline\.output_schema\b")
_OF_INTERFACE = ("output_dir", "pipeline_name", "pipeline_type", "schema_path")
"""Keys of the section that do nothing: their values come from the interface."""
_PATHS = ("results_file_path", "flag_file_dir")
_NO_NULL = ("name", "record_identifier", "results_file_path", "database")
"""Keys that pipestat refuses if they are empty, though it can do without them."""
_SERVER_KEYS = ("dialect", "driver", "name", "user", "password", "host", "port")


@dataclass(frozen=True, slots=True)
class Handoff:
    """All that pipestat means for one interface at one level; empty without a `pipestat:`."""

    flag_dir: Path | None
    """Where flags go; None is each sample's own output folder."""
    record: str | None
    """Identifier of the project-level record."""
    config: PipestatConfig | None = None
    results: ResultsFile | None = None
    results_path: str | None = None
    """What `{pipestat.results_file}` is, with `{record_identifier}` where it has one."""

    def namespace(self, record: str) -> dict[str, Any]:
        """The `pipestat` namespace of a template: looper's keys, and those of looper 1.x.

        Only keys that have a value are there.
        """
        if self.config is None:
            return {}
        content = self.config.content
        values = {
            "results_file": (self.results_path or "").replace(RECORD, record),
            "record_identifier": record,
            "config_file": str(self.config.path),
            "output_schema": content.get("schema_path"),
            "pephub_path": content.get("pephub_path"),
            "flag_file_dir": content.get("flag_file_dir"),
        }
        values |= {
            "file": values["results_file"],
            "record_id": record,
            "config": values["config_file"],
            "schema": values["output_schema"],
            "namespace": content.get("project_name"),
        }
        return {key: value for key, value in values.items() if value and isinstance(value, str)}


def hand_off(
    interface: Interface, settings: Settings, pep_name: str, both_levels: bool, problems: Problems
) -> Handoff:
    """Merge the pipestat config of one interface and level."""
    if settings.pipestat is None:
        return Handoff(None, pep_name)
    reader = _Section(settings, problems)
    section, content = reader.values, reader.hidden
    record = str(section.get("project_name") or pep_name)
    flag_dir = _flag_dir(section, settings, interface)
    content |= {
        "pipeline_name": interface.pipeline_name,
        "pipeline_type": interface.level,
        "project_name": record,
        "output_dir": str(settings.out),
        "flag_file_dir": str(flag_dir),
    }
    content.pop("schema_path", None)
    if interface.output_schema:
        content["schema_path"] = str(interface.output_schema)
    published = _published(reader, content, settings)
    results, results_path = _backend(section, content, settings, interface, published)
    suffix = "_project" if both_levels and interface.level == "project" else ""
    path = settings.out / f"pipestat_config_{interface.pipeline_name}{suffix}.yaml"
    _check_names(reader)
    ordered = dict(sorted(content.items(), key=lambda item: str(item[0])))
    back_end: BackEnd = "file" if results else "records" if results_path else "database"
    location = str(results.path) if results else results_path or ""
    config = PipestatConfig(path, ordered, interface, back_end, location, published)
    if interface.output_schema:
        _check_output_schema(config, problems)
    if _HANDED.search(_templates(interface)):
        _check_texts(reader)
        if back_end == "database":
            _check_server(reader)
        if not interface.output_schema and (back_end == "database" or published == "sqlite"):
            problems.warn(
                interface.place,
                "output_schema",
                "is missing, and pipestat makes no table without; add it, or no result gets into"
                " the database",
            )
    return Handoff(flag_dir, record, config, results, results_path)


class _Section:
    """The `pipestat:` section with its variables filled in, true for us and hidden for the plan."""

    def __init__(self, settings: Settings, problems: Problems) -> None:
        self._settings = settings
        self._problems = problems
        self._document: Document | None = None
        given = settings.pipestat or {}
        self.hidden: dict[Any, Any] = hide(given, settings.looper_config)
        self.values = dict(given)
        for key in HARMLESS.difference(_OF_INTERFACE) & given.keys():
            self._fill(self.values, self.hidden, key, ())
        if isinstance(given.get("database"), Mapping):
            self.values["database"] = dict(given["database"])
            for key in HARMLESS_IN_DATABASE & given["database"].keys():
                self._fill(self.values["database"], self.hidden["database"], key, ("database",))
        for key in _PATHS:
            self._check_path(key)
        for key in _NO_NULL:
            if self.hidden.get(key, "") is None:
                del self.hidden[key]

    def refuse(self, message: str, *keys: Any) -> None:
        """A problem of a key of the section; the file is read again for its line."""
        if self._document is None:
            self._document = read_yaml(self._settings.looper_config, Problems())
        place = Place(str(self._settings.looper_config))
        if self._document is not None:
            place = self._document.place("pipestat", *keys)
        self._problems.add(place, ".".join(map(str, ("pipestat", *keys))), message)

    def _fill(self, values: Any, hidden: Any, key: str, above: tuple[str, ...]) -> None:
        """Fill in the variables of a text; one whose value may hold a secret stays in the plan."""
        if not isinstance(values[key], str) or not re.search(r"[$~]", values[key]):
            return
        inner = Problems()
        text = expanded(values[key], Place(""), "", inner)
        for problem in inner:
            self.refuse(problem.message, *above, key)
        values[key] = text
        if isinstance(hidden[key], str) and is_plain(text):
            hidden[key] = text

    def _check_path(self, key: str) -> None:
        value = self.values.get(key)
        if isinstance(value, (Mapping, list)):
            self.refuse("must be a path; write it as text", key)
        elif isinstance(value, str) and "://" in value:
            self.refuse(f"'{address(value)}' is a URL; write the path of a file or folder", key)
        else:
            return
        del self.values[key]


def _templates(interface: Interface) -> str:
    """All texts of an interface that can tell its command where to report."""
    parts = [interface.command_template, interface.inject_env_vars, interface.var_templates]
    return "\n".join(_texts(parts))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _check_names(section: _Section) -> None:
    """Names of the section that become parts of paths must be able to, for Snakemake too.

    The PEP's name and the output folder are checked where they are read.
    """
    name = section.values.get("project_name")
    if name and not is_file_name(str(name)):
        section.refuse(
            f"'{address(str(name))}' cannot be part of a file name;"
            " use letters, digits, '.', '-' and '_'",
            "project_name",
        )
    for key in _PATHS:
        path = str(section.values.get(key) or "").replace(RECORD, "")
        names = re.findall(r"\{[^{}]*\}", path) if key == "results_file_path" else []
        special = special_to_snakemake(path)
        if names:
            section.refuse(
                f"{names[0]} is not filled in here; write {RECORD}, which is the sample's name"
                " (at project level, the project's)",
                key,
            )
        elif special:
            section.refuse(f"'{path}' has {special}; rename it", key)


def _flag_dir(section: Mapping[str, Any], settings: Settings, interface: Interface) -> Path:
    """`flag_file_dir`, relative to the folder that holds the output folder, as in looper."""
    given = section.get("flag_file_dir")
    if not given:
        return settings.out / interface.pipeline_name
    return _normal(settings.out.parent / str(given))


def _published(section: _Section, content: dict[str, Any], settings: Settings) -> Published | None:
    """Where results go that jobs cannot report to themselves.

    pipestat 0.13.1 cannot create its SQLite tables (quirk 42), and on PEPhub a report replaces a
    row with all that others have put there. pipestat takes a file before PEPhub, and that before
    a database: so a config that names several means the first of these.
    """
    if section.values.get("results_file_path"):
        return None
    if section.values.get("pephub_path"):
        return "pephub"
    database = section.values.get("database")
    if database is not None and not isinstance(database, Mapping):
        section.refuse("must be a mapping with dialect, host, name, …", "database")
        return None
    if database is None or not ("sqlite_url" in database or database.get("dialect") == "sqlite"):
        return None
    key = "sqlite_url" if "sqlite_url" in database else "name"
    # pipestat adds `sqlite:///` itself, its documentation has it there already (quirk 25).
    url = str(database.get(key) or "").removeprefix("sqlite:///")
    if not url:
        section.refuse("has no 'sqlite_url'; write the path of the file", "database")
        return None
    if "://" in url:
        section.refuse(f"'{address(url)}' names no file; write its path", "database", key)
        return None
    content["database"] = {**content["database"], "sqlite_url": str(resolve(url, settings.root))}
    return "sqlite"


def _backend(
    section: Mapping[str, Any],
    content: dict[str, Any],
    settings: Settings,
    interface: Interface,
    published: Published | None,
) -> tuple[ResultsFile | None, str | None]:
    """Settle the back end in `content`; what it is called in templates, and what is assembled."""
    given = section.get("results_file_path")
    if not given and section.get("database") and not published:
        return None, None
    text = str(given or _DEFAULT_RESULTS)
    if RECORD in text:
        path = str(_normal(settings.out / text))
        content["results_file_path"] = path
        return None, path
    relative = not Path(text).is_absolute()
    target = _normal(settings.out / interface.pipeline_name / text)
    folder = target.with_name(f"{target.stem}_records")
    # An absolute path may be shared by several pipelines; a relative one is below the
    # pipeline's own folder already.
    records = folder if relative else folder / interface.pipeline_name
    reported = str(target if interface.level == "project" else records / f"{RECORD}.yaml")
    content["results_file_path"] = reported
    name = interface.pipeline_name
    return (
        ResultsFile(
            target,
            ((name, records),),
            ((name, interface.output_schema),) if interface.output_schema else (),
        ),
        reported,
    )


def _normal(path: Path) -> Path:
    import os

    return Path(os.path.normpath(path))


# --- what pipestat refuses -----------------------------------------------------------------------


def _check_output_schema(config: PipestatConfig, problems: Problems) -> None:
    """Refuse an output schema that the jobs could not report with, at its line.

    If the command is not told where to report, only a warning is due. The same goes for a
    project-level pipeline that declares no results of its own: many only read the samples'. It
    is refused where its reports need the schema: in a database, or if the command gets its path.
    """
    interface = config.interface
    assert interface.output_schema
    document = read_yaml(interface.output_schema, problems, "output_schema")
    if document is None:
        return
    templates = _templates(interface)
    handed = bool(_HANDED.search(templates))
    validates = bool(_HANDED_SCHEMA.search(templates))
    in_tables = config.back_end == "database" or config.published == "sqlite"
    schema = pipestat_schema(read_output_schema(interface.output_schema).raw)
    lenient = interface.level == "project" and not in_tables and not validates
    if schema.empty and (not handed or (lenient and not schema.faults)):
        _say(problems.warn, schema.empty, document)
    elif handed:
        level = interface.level
        for fault in refusals(schema, level, in_tables=in_tables, validates=validates):
            _say(problems.add, fault, document)
    for keys in ((), ("properties",)):
        section = document.data if not keys else document.data.get("properties")
        name = section.get("pipeline_name") if isinstance(section, Mapping) else None
        if isinstance(name, str) and name != interface.pipeline_name:
            problems.warn(
                document.place(*keys, "pipeline_name"),
                "pipeline_name",
                f"'{name}' differs from '{interface.pipeline_name}' in"
                f" {interface.places.get('pipeline_name', interface.path)}; the latter counts",
            )


def _say(tell: Callable[[Place, str, str], None], fault: Fault, document: Document) -> None:
    tell(document.place(*fault.keys), ".".join(fault.keys), fault.message)


def _check_texts(section: _Section) -> None:
    """pipestat takes these values as text only, and two of them without white space."""
    for key in ("record_identifier", "name", "pephub_path", "database_only"):
        value = section.values.get(key)
        if value is not None and not isinstance(value, str):
            section.refuse("must be text for pipestat; put it in quotes", key)
        elif value and key in ("record_identifier", "name") and re.search(r"\s", value):
            section.refuse("has white space, which pipestat refuses; write a name without", key)
    database = section.values.get("database")
    for key in ("dialect", "name", "user", "password", "host", "port"):
        if not isinstance(database, Mapping) or database.get(key) is None:
            continue
        kinds = (str, int) if key == "port" else (str,)
        if not isinstance(database[key], kinds) or isinstance(database[key], bool):
            section.refuse("must be text for pipestat; put it in quotes", "database", key)


def _check_server(section: _Section) -> None:
    """All that pipestat makes the address of a database server from must be there."""
    database = section.values["database"]
    if not isinstance(database, Mapping):
        return  # said already
    missing = [key for key in _SERVER_KEYS if database.get(key) is None]
    if missing:
        hint = " ('driver: psycopg')" if "driver" in missing else ""
        section.refuse(f"pipestat needs {', '.join(missing)} in it; add it{hint}", "database")
    dialect = database.get("dialect", "postgresql")
    if isinstance(dialect, str) and dialect != "postgresql":
        what = f"'{dialect}'" if is_plain(dialect) else "this"
        section.refuse(
            f"{what} cannot hold pipestat's tables; write 'postgresql', or 'sqlite_url' for SQLite",
            "database",
            "dialect",
        )


def merge_results(files: list[ResultsFile]) -> tuple[ResultsFile, ...]:
    """One entry per path: several pipelines may report into one results file."""
    merged: dict[Path, ResultsFile] = {}
    for file in files:
        known = merged.get(file.path)
        merged[file.path] = (
            file
            if known is None
            else ResultsFile(
                file.path,
                tuple(dict.fromkeys(known.sources + file.sources)),
                tuple(dict.fromkeys(known.schemas + file.schemas)),
            )
        )
    return tuple(merged.values())
