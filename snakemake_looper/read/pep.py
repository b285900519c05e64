"""Samples, read by peppy; peppy's objects do not leave this module.

Relative paths inside a PEP config are relative to that config, as peppy has it; a PEP from PEPhub
has no folder, so there they are relative to the looper config. Relative paths in sample
*attributes* are left as they are written: jobs run in the looper config's folder, so they are
relative to it (quirk 37).
"""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Place, Problems
from ..layout import is_file_name, shown_name
from ..model import Pep, Sample
from .deprecated import PEP, instead
from .looper_config import LooperConfig, is_registry_path
from .pep_faults import faults_of
from .pephub import Refused, amendment_of, amendments_of, first_line, pull
from .yaml_lines import read_yaml, resolve


def read_pep(config: LooperConfig, problems: Problems) -> Pep | None:
    """Load the PEP that the looper config names, with the looper config's sample modifiers.

    None if there is nothing to plan from; each fault goes to `problems`.
    """
    if config.pep is None:
        return None
    import peppy

    source = Path(config.pep)
    registry = is_registry_path(config.pep, config.root)
    # A PEP from PEPhub has no lines; what is wrong with it is said where it is named.
    place = config.pep_place if registry else Place(str(source))
    key = "pep_config" if registry and place.line else ""
    amendments = config.options.amend or ()
    is_config = not registry and source.suffix in (".yaml", ".yml")
    try:
        # peppy globs derived sources relative to the working directory: make that the root.
        with _quiet(), _quick_lookups(), contextlib.chdir(config.root):
            project = (
                _from_pephub(config, problems)
                if registry
                else peppy.Project(config.pep, amendments=list(amendments))
            )
            content = copy.deepcopy(dict(project.config or {}))
            if config.sample_modifiers:
                _modify(project, config.sample_modifiers)
            raw = [sample.to_dict() for sample in _in_order(project)]
        index = str(project.st_index)
        tables = _tables(project, source, registry)
    except Refused as error:
        problems.add(place, key, str(error))
        return None
    except Exception as error:  # peppy raises what pandas, yaml and the OS raise
        faults = [] if registry else faults_of(source, amendments)
        if is_config:
            _warn_of_old_sections(source, problems)
        for fault in faults:
            problems.add(fault.place, fault.key, fault.message)
        if not faults:
            said = f"peppy cannot read the PEP: {first_line(error)}; correct it"
            problems.add(place, key, said)
        return None
    if is_config:
        _warn_of_old_sections(source, problems)
    if is_config and amendments and (document := read_yaml(source, Problems())):
        _warn_of_dropped_modifiers(document.data, document.place, amendments, problems)
    table = None if registry else tables[0] if tables else source
    if table:
        place = Place(str(table))
    if not raw:
        problems.add(place, key, "there are no samples; add a row for each")
        return None
    samples, refused = _samples(raw, index, config, table, source, problems)
    name = _name(content, source, config)
    if not is_file_name(name):
        problems.add(
            config.pep_place if registry else source,
            "name",
            f"'{name}' cannot be part of a file name; use letters, digits, '-', '_'",
        )
    content.setdefault("name", name)
    return Pep(
        name=name,
        config=content,
        samples=samples,
        index=index,
        config_file=source if is_config else None,
        files=(config.path,)
        if registry
        else (source, *tables, *(_imports(source) if is_config else ())),
        volatile=registry
        or _has_glob(content.get("sample_modifiers"))
        or _has_glob(config.sample_modifiers),
        refused=refused,
    )


def _in_order(project: Any) -> list[Any]:
    """Samples in the order of the table: peppy puts those of several rows in any order."""
    from peppy.const import SAMPLE_DF_KEY

    samples = list(project.samples)
    index, table = str(project.st_index), project[SAMPLE_DF_KEY]
    if index not in table:
        return samples
    place: dict[str, int] = {}
    for number, name in enumerate(table[index]):
        place.setdefault(str(name), number)
    if len(place) < len(table):
        samples.sort(key=lambda sample: place.get(str(sample[index]), len(table)))
    return samples


def _samples(
    raw: list[dict[str, Any]],
    index: str,
    config: LooperConfig,
    table: Path | None,
    source: Path,
    problems: Problems,
) -> tuple[tuple[Sample, ...], frozenset[str]]:
    """The samples, and the names that no sample can have."""
    folder = source.parent if source.suffix in (".yaml", ".yml") else config.root
    samples: list[Sample] = []
    refused: dict[str, None] = {}
    for attributes in raw:
        name = str(attributes.get(index, attributes.get("sample_name", "")))
        if not is_file_name(name):
            refused[name] = None
            continue
        attributes["sample_name"] = name  # what peppy calls so, whatever the column is called
        own = attributes.get("pipeline_interfaces")
        paths = [own] if isinstance(own, str) and own else own if isinstance(own, list) else None
        samples.append(
            Sample(
                name,
                attributes,
                None if paths is None else tuple(str(resolve(str(path), folder)) for path in paths),
            )
        )
    places = _rows(table, index, refused) if table and refused else {}
    for name in refused:
        what = (
            f"{shown_name(name)} has a character that cannot be part of an output file's name"
            if name
            else "empty"
        )
        problems.add(
            places.get(name, config.pep_place),
            index,
            f"sample name {what}; use letters, digits, '.', '-' and '_'",
        )
    return tuple(samples), frozenset(refused)


def _warn_of_old_sections(source: Path, problems: Problems) -> None:
    """peppy reads past sections of older specifications without a word."""
    document = read_yaml(source, Problems())
    for key in document.data if document else ():
        old = instead(str(key), PEP)
        if document and old:
            problems.warn(document.place(key), str(key), old)


def _warn_of_dropped_modifiers(
    data: Mapping[str, Any],
    place: Callable[..., Place],
    amendments: tuple[str, ...],
    problems: Problems,
) -> None:
    """An amendment's `sample_modifiers` replace the PEP's own as a whole, as peppy has it."""
    own = data.get("sample_modifiers")
    if not isinstance(own, Mapping):
        return
    for name in amendments:
        amendment = amendments_of(data).get(name)
        new = amendment.get("sample_modifiers") if isinstance(amendment, Mapping) else None
        lost = sorted(set(own) - set(new)) if isinstance(new, Mapping) else []
        if lost:
            problems.warn(
                place("project_modifiers", "amend", name, "sample_modifiers"),
                f"amend.{name}",
                f"replaces all sample modifiers of the PEP, also its {', '.join(lost)}",
            )


def _from_pephub(config: LooperConfig, problems: Problems) -> Any:
    """A PEP from PEPhub as peppy has it, with the amendments that peppy applies to files only."""
    import peppy

    raw = pull(str(config.pep))
    content = raw["_config"]
    amendments = config.options.amend or ()
    _warn_of_dropped_modifiers(content, lambda *_: config.pep_place, amendments, problems)
    for name in amendments:
        content.update(amendment_of(content, name))
    return peppy.Project.from_dict(raw)


def _modify(project: Any, modifiers: Mapping[str, Any]) -> None:
    """Apply the looper config's `sample_modifiers` after the PEP's own (quirk 35)."""
    project.config.setdefault("sample_modifiers", {})
    project.config["sample_modifiers"] = dict(modifiers)
    project.modify_samples()


def _name(content: Mapping[str, Any], source: Path, config: LooperConfig) -> str:
    """The PEP's name; unnamed, that of its folder (quirk 32), `metadata` folders skipped."""
    given = content.get("name")
    if given:
        return str(given).replace(" ", "_")
    pep = str(config.pep)
    if is_registry_path(pep, config.root):
        return pep.partition("/")[2].partition(":")[0]
    folder = source.parent
    if folder.name == "metadata":
        folder = folder.parent
    return folder.name.replace(" ", "_")


def _tables(project: Any, source: Path, registry: bool) -> list[Path]:
    if registry:
        return []
    config = project.config or {}
    found: list[Path] = []
    for key in ("sample_table", "subsample_table"):
        value = config.get(key)
        for item in value if isinstance(value, list) else [value] if value else []:
            if os.path.isfile(str(item)):
                found.append(Path(str(item)))
    return found


def _imports(source: Path, seen: set[Path] | None = None) -> list[Path]:
    """Configs that a PEP config imports, and those that they import."""
    seen = {source} if seen is None else seen
    document = read_yaml(source, Problems())
    modifiers = document.data.get("project_modifiers") if document else None
    imports = modifiers.get("import") if isinstance(modifiers, Mapping) else None
    found: list[Path] = []
    for item in imports if isinstance(imports, list) else [imports] if imports else []:
        path = resolve(str(item), source.parent)
        if path.is_file() and path not in seen:
            seen.add(path)
            found += [path, *_imports(path, seen)]
    return found


def _has_glob(modifiers: Any) -> bool:
    """Whether a derived source is a pattern: what it matches changes without any file we read."""
    derive = modifiers.get("derive") if isinstance(modifiers, Mapping) else None
    sources = derive.get("sources") if isinstance(derive, Mapping) else None
    values = sources.values() if isinstance(sources, Mapping) else ()
    return any("*" in str(value) or "[" in str(value) for value in values)


def _rows(table: Path, index: str, names: Collection[str]) -> dict[str, Place]:
    """The lines of samples in their table, looked for only when there is something to say."""
    found: dict[str, Place] = {}
    with (
        contextlib.suppress(OSError, ValueError, csv.Error),
        table.open(newline="", encoding="utf-8-sig") as lines,
    ):
        reader = csv.DictReader(lines, delimiter="\t" if table.suffix == ".tsv" else ",")
        for row in reader:
            name = row.get(index) or ""
            for one in (name, name.strip()):
                if one in names:
                    found.setdefault(one, Place(str(table), reader.line_num))
    return {name: found.get(name, Place(str(table))) for name in names}


def rows_of(pep: Pep, names: Collection[str]) -> dict[str, Place]:
    """Where samples stand in their table; from PEPhub, where the looper config names the PEP."""
    tables = [file for file in pep.files if file != pep.config_file]
    if pep.config_file is None and tables and tables[0].suffix in (".yaml", ".yml"):
        document = read_yaml(tables[0], Problems())
        place = document.place("pep_config") if document else Place(str(tables[0]))
        return dict.fromkeys(names, place)
    if not tables:
        return dict.fromkeys(names, Place(str(pep.config_file or "")))
    return _rows(tables[0], pep.index, set(names))


def row_of(pep: Pep, name: str) -> Place:
    """Where one sample stands."""
    return rows_of(pep, {name})[name]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep peppy's prints and log lines to itself; what matters of them becomes a problem."""
    root = logging.getLogger("peppy")
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)


@contextlib.contextmanager
def _quick_lookups() -> Iterator[None]:
    """Let peppy find attributes quickly.

    peppy 0.40 asks for the length of a sample whenever it looks an attribute up with `in`, and
    serializes the whole sample to tell it: with 10,000 samples, half the time of reading them.
    """
    import peppy

    original = peppy.Sample.__len__
    peppy.Sample.__len__ = lambda sample: len(sample.attributes)
    try:
        yield
    finally:
        peppy.Sample.__len__ = original
