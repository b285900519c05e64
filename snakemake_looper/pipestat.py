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

No literal secret is kept in the values made here: `_hide` leaves a reference in its place, and
only the written config, read by its owner alone, has it back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Place, Problems
from .model import (
    BackEnd,
    Interface,
    PipestatConfig,
    Published,
    ResultsFile,
    Settings,
    is_file_name,
)
from .source import expand, read_yaml, resolve

SECRET_KEY = "secret_from_looper_config"
RECORD = "{record_identifier}"
_SECRET_NAME = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^/\s:@]+:([^/\s@]+)@")
_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")
_DEFAULT_RESULTS = "results.yaml"


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
        return {key: value for key, value in values.items() if value}


def hand_off(
    interface: Interface, settings: Settings, pep_name: str, both_levels: bool, problems: Problems
) -> Handoff:
    """Merge the pipestat config of one interface and level."""
    section = settings.pipestat
    if section is None:
        return Handoff(None, pep_name)
    record = str(section.get("project_name") or pep_name)
    flag_dir = _flag_dir(section, settings, interface)
    content: dict[str, Any] = _hide(section, settings.looper_config, ("pipestat",))
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
        _check_schema_name(interface, problems)
    published = _published(section, content, settings, problems)
    results, results_path = _backend(section, content, settings, interface, published)
    suffix = "_project" if both_levels and interface.level == "project" else ""
    path = settings.out / f"pipestat_config_{interface.pipeline_name}{suffix}.yaml"
    _check_names(record, str(flag_dir), results_path or "", settings, problems)
    ordered = dict(sorted(content.items(), key=lambda item: str(item[0])))
    back_end: BackEnd = "file" if results else "records" if results_path else "database"
    location = str(results.path) if results else results_path or ""
    config = PipestatConfig(path, ordered, interface, back_end, location, published)
    return Handoff(flag_dir, record, config, results, results_path)


def _check_names(
    record: str, flag_dir: str, results: str, settings: Settings, problems: Problems
) -> None:
    """Names that become parts of paths must be able to, for Snakemake too."""
    places = settings.pipestat_places
    if not is_file_name(record):
        problems.add(
            places.get("project_name", places[""]),
            "pipestat.project_name",
            f"'{record}' cannot be part of a file name; use letters, digits, '.', '-' and '_'",
        )
    for key, path in (
        ("flag_file_dir", flag_dir),
        ("results_file_path", results.replace(RECORD, "")),
    ):
        if "{" in path or "}" in path:
            problems.add(
                places.get(key, places[""]),
                f"pipestat.{key}",
                f"'{path}' has a brace, which is a wildcard to Snakemake; rename it",
            )


def _flag_dir(section: Mapping[str, Any], settings: Settings, interface: Interface) -> Path:
    """`flag_file_dir`, relative to the folder that holds the output folder, as in looper."""
    given = section.get("flag_file_dir")
    if not given:
        return settings.out / interface.pipeline_name
    return _normal(settings.out.parent / expand(str(given)))


def _published(
    section: Mapping[str, Any], content: dict[str, Any], settings: Settings, problems: Problems
) -> Published | None:
    """Where results go that jobs cannot report to themselves.

    pipestat 0.13.1 cannot create its SQLite tables (quirk 42), and on PEPhub a report replaces a
    row with all that others have put there. pipestat takes a file before PEPhub, and that before
    a database: so a config that names several means the first of these.
    """
    if section.get("results_file_path"):
        return None
    if section.get("pephub_path"):
        return "pephub"
    database = section.get("database")
    place = settings.pipestat_places.get("database", Place(str(settings.looper_config)))
    if database is not None and not isinstance(database, Mapping):
        problems.add(place, "pipestat.database", "must be a mapping with dialect, host, name, …")
        return None
    if database is None or not ("sqlite_url" in database or database.get("dialect") == "sqlite"):
        return None
    url = str(database.get("sqlite_url") or database.get("name") or "")
    if not url:
        problems.add(place, "pipestat.database", "has no 'sqlite_url'; write the path of the file")
        return None
    # pipestat adds `sqlite:///` itself, its documentation has it there already (quirk 25).
    path = resolve(url.removeprefix("sqlite:///"), settings.root)
    content["database"] = {**content["database"], "sqlite_url": str(path)}
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
    text = expand(str(given or _DEFAULT_RESULTS))
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


def _check_schema_name(interface: Interface, problems: Problems) -> None:
    """Warn where the output schema is written for a pipeline of another name."""
    assert interface.output_schema
    document = read_yaml(interface.output_schema, problems, "output_schema")
    if document is None:
        return
    properties = document.data.get("properties")
    sections = properties if isinstance(properties, Mapping) else document.data
    if not any(sections.get(key) for key in ("samples", "project")):
        problems.warn(
            document.place("properties"),
            "properties",
            "pipestat finds no results in it; declare them under 'samples:' or 'project:'",
        )
    for keys, section in (((), document.data), (("properties",), properties)):
        name = section.get("pipeline_name") if isinstance(section, Mapping) else None
        if isinstance(name, str) and name != interface.pipeline_name:
            problems.warn(
                document.place(*keys, "pipeline_name"),
                "pipeline_name",
                f"'{name}' differs from '{interface.pipeline_name}' in"
                f" {interface.places.get('pipeline_name', interface.path)}; the latter counts",
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


# --- secrets -----------------------------------------------------------------------------------


def _hide(value: Any, file: Path, keys: tuple[str | int, ...]) -> Any:
    """A copy in which literal secrets are references to where they stand.

    `${VAR}` is no secret: it stays as it is, and pipestat expands it where it is needed.
    """
    if isinstance(value, Mapping):
        return {key: _hide(item, file, (*keys, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, file, (*keys, index)) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    in_url = _URL_PASSWORD.search(text)
    secret = in_url[1] if in_url else text if _SECRET_NAME.search(str(keys[-1])) else ""
    if secret and not _VARIABLE.fullmatch(secret):
        return {SECRET_KEY: {"file": str(file), "keys": list(keys)}}
    return value


def has_secret(content: Any) -> bool:
    """Whether a literal secret was hidden in it."""
    if isinstance(content, Mapping):
        return SECRET_KEY in content or any(has_secret(item) for item in content.values())
    return isinstance(content, list) and any(has_secret(item) for item in content)


def secret_keys(content: Any) -> tuple[str | int, ...]:
    """Where in the looper config the first hidden secret stands; empty if there is none."""
    if isinstance(content, Mapping) and SECRET_KEY in content:
        return tuple(content[SECRET_KEY]["keys"])
    parts = content.values() if isinstance(content, Mapping) else content
    parts = parts if isinstance(content, (Mapping, list)) else ()
    return next(filter(None, map(secret_keys, parts)), ())


def reveal(content: Any, documents: dict[str, Any] | None = None) -> Any:
    """The content with its secrets back, read from the looper config anew.

    Raises:
        KeyError, TypeError: the looper config has changed and no longer holds the secret.
    """
    documents = {} if documents is None else documents
    if isinstance(content, list):
        return [reveal(item, documents) for item in content]
    if not isinstance(content, Mapping):
        return content
    reference = content.get(SECRET_KEY)
    if reference is None:
        return {key: reveal(item, documents) for key, item in content.items()}
    file = reference["file"]
    if file not in documents:
        document = read_yaml(Path(file), Problems())
        documents[file] = document.data if document else {}
    value = documents[file]
    for key in reference["keys"]:
        value = value[key]
    return value
