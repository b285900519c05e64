"""Checks of a merged pipestat config: faults are reported before any job starts.

pipestat reads its config when a job reports. If the command is told where to report, everything
that pipestat 0.13.1 would refuse is a problem here. Otherwise most faults have no effect. They
become warnings, or are ignored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import Place, Problems
from ..layout import RECORD, is_file_name, special_to_snakemake
from ..model import Interface, PipestatConfig
from ..read.documents.yaml_lines import Document, read_yaml
from ..read.schemas.output_schema import read_output_schema
from ..read.schemas.output_schema_faults import refusals
from ..read.schemas.pipestat_schema import Fault, pipestat_schema
from ..read.secrets import address, is_plain
from .pipestat_keys import SERVER_KEYS, check_keys, check_replaced, misspelt_keys
from .pipestat_section import PATHS, PipestatSection

_IS_TOLD = re.compile(r"\{[^}]*\bpipestat\s*[.\[]")
"""A template that tells the command where to report."""
_IS_OPTIONAL = re.compile(r"\bif\b[^}]*\bpipestat\b|\bpipestat\b[^}]*\b(if|default|d|defined)\b")
"""A template that may do without."""
_IS_TOLD_SCHEMA = re.compile(r"\bpipestat\.(output_schema|schema)\b|\bpipeline\.output_schema\b")
"""A template that tells the command its output schema. pipestat may then validate results."""


def check_config(section: PipestatSection, config: PipestatConfig, problems: Problems) -> None:
    """Check the merged config of one interface and level."""
    interface = config.interface
    _check_names(section)
    is_told = bool(_IS_TOLD.search(_templates(interface)))
    check_keys(section, needs_server=is_told and config.back_end == "database")
    check_replaced(section, config.content)
    if interface.output_schema:
        _check_output_schema(config, problems)
    if not is_told:
        if not interface.output_schema:
            _warn_of_statuses_only(interface, problems)
        return
    _check_texts(section)
    if config.back_end == "database":
        _check_server(section)
    if not interface.output_schema:
        what = (
            "pipestat makes no table, and no result gets into the database"
            if _in_tables(config)
            else "nothing checks the results, and `pipestat report` stores numbers as text"
        )
        problems.warn(interface.place, "output_schema", f"is missing: without it, {what}; add it")


def needs_section(interface: Interface) -> bool:
    """Whether a template of an interface cannot be filled in without a pipestat config."""
    templates = _templates(interface)
    return bool(_IS_TOLD.search(templates)) and not _IS_OPTIONAL.search(templates)


def _warn_of_statuses_only(interface: Interface, problems: Problems) -> None:
    if interface.data.get("pipestat_config_required") is False:  # the author knows
        return
    what = f"only the statuses of {interface.pipeline_name} are kept, and no results"
    advice = "add it, or write 'pipestat_config_required: false'"
    problems.warn(interface.place, "output_schema", f"is missing: without it, {what}; {advice}")


def _in_tables(config: PipestatConfig) -> bool:
    """Whether results get into tables of a database."""
    return config.back_end == "database" or config.published == "sqlite"


def _templates(interface: Interface) -> str:
    """The texts of an interface that can tell its command where to report."""
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


def _check_names(section: PipestatSection) -> None:
    """Refuse names that cannot be parts of paths, and those with a meaning to Snakemake.

    Reading has checked the PEP's name and the output folder already.
    """
    name = section.values.get("project_name")
    if isinstance(name, (list, Mapping)):
        section.refuse("must be text; write a name", "project_name")
    elif name and not is_file_name(str(name)):
        section.refuse(
            f"'{address(str(name))}' cannot be part of a file name;"
            " use letters, digits, '.', '-' and '_'",
            "project_name",
        )
    for key in PATHS:
        path = str(section.values.get(key) or "").replace(RECORD, "")
        path = re.sub(r"\$\{\w+\}", "", path)  # not set, which is a problem already
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


def _check_output_schema(config: PipestatConfig, problems: Problems) -> None:
    """Refuse, at its line, an output schema with which jobs could not report.

    Two cases get a warning instead: the command is not told where to report, or a project-level
    pipeline declares no results of its own (many pipelines only read the samples' results). The
    second case is refused too if a report needs the schema: if results go to a database, or if the
    command gets the schema's path.
    """
    interface = config.interface
    assert interface.output_schema
    document = read_yaml(interface.output_schema, problems, "output_schema")
    if document is None:
        return
    templates = _templates(interface)
    is_told = bool(_IS_TOLD.search(templates))
    validates = bool(_IS_TOLD_SCHEMA.search(templates))
    in_tables = _in_tables(config)
    schema = pipestat_schema(read_output_schema(interface.output_schema).raw)
    lenient = interface.level == "project" and not in_tables and not validates
    if schema.empty and (not is_told or (lenient and not schema.faults)):
        _report_fault(problems.warn, schema.empty, document)
    elif is_told:
        level = interface.level
        on_server = config.back_end == "database"
        for fault in refusals(
            schema, level, in_tables=in_tables, validates=validates, on_server=on_server
        ):
            _report_fault(problems.add, fault, document)
    _check_pipeline_name(interface, document, problems)


def _report_fault(
    tell: Callable[[Place, str, str], None], fault: Fault, document: Document
) -> None:
    """Report a fault of a schema as a problem or a warning; `tell` decides which."""
    tell(document.place(*fault.keys), ".".join(fault.keys), fault.message)


def _check_pipeline_name(interface: Interface, schema: Document, problems: Problems) -> None:
    """Warn if an output schema has another `pipeline_name`, at its top or below `properties`."""
    for keys in ((), ("properties",)):
        section = schema.data if not keys else schema.data.get("properties")
        name = section.get("pipeline_name") if isinstance(section, Mapping) else None
        if isinstance(name, str) and name != interface.pipeline_name:
            problems.warn(
                schema.place(*keys, "pipeline_name"),
                "pipeline_name",
                f"'{name}' differs from '{interface.pipeline_name}' in"
                f" {interface.places.get('pipeline_name', interface.path)}; the latter counts",
            )


def _check_texts(section: PipestatSection) -> None:
    """Refuse values that pipestat takes only as text, or only without white space."""
    for key in ("record_identifier", "name", "pephub_path", "database_only"):
        value = section.values.get(key)
        if value is not None and not isinstance(value, str):
            section.refuse(_no_text(value), key)
        elif value and key in ("record_identifier", "name") and re.search(r"\s", value):
            section.refuse("has white space, which pipestat refuses; write a name without", key)
    database = section.values.get("database")
    for key in SERVER_KEYS:
        if not isinstance(database, Mapping) or database.get(key) is None:
            continue
        kinds = (str, int) if key == "port" else (str,)
        if not isinstance(database[key], kinds) or isinstance(database[key], bool):
            section.refuse(_no_text(database[key]), "database", key)


def _no_text(value: Any) -> str:
    """The message for a value that is no text."""
    if isinstance(value, (list, Mapping)):
        kind = "list" if isinstance(value, list) else "mapping"
        return f"must be text, not a {kind}; write one value"
    return "must be text for pipestat; put it in quotes"


def _check_server(section: PipestatSection) -> None:
    """Refuse a server that is not PostgreSQL, or whose address lacks a key."""
    database = section.values["database"]
    if not isinstance(database, Mapping) or "sqlite_url" in database:
        return  # a problem already
    dialect = database.get("dialect", "postgresql")
    if isinstance(dialect, str) and dialect != "postgresql":
        what = f"'{dialect}'" if is_plain(dialect) else "this"
        section.refuse(
            f"{what} cannot hold pipestat's tables; write 'postgresql', or 'sqlite_url' for SQLite",
            "database",
            "dialect",
        )
        return
    meant = misspelt_keys(database)
    for key, right in meant.items():
        section.refuse(f"unknown (did you mean '{right}'?); rename the key", "database", key)
    missing = [key for key in SERVER_KEYS if database.get(key) is None]
    missing = [key for key in missing if key not in meant.values()]
    if missing:
        hint = " ('driver: psycopg')" if "driver" in missing else ""
        section.refuse(f"pipestat needs {', '.join(missing)} in it; add it{hint}", "database")
    unset = re.fullmatch(r"\$\{(\w+)\}", str(database.get("password")))
    if unset and unset[1] not in os.environ:
        what = f"the environment variable {unset[1]} is not set here, and jobs need it; set it"
        section.warn(what, "database", "password")
