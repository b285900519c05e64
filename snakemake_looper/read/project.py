"""Reading a project: from the path of a looper config to a `Project`.

Reading opens all files of the project: looper config, PEP, pipeline interfaces, schemas, tables.
Later stages look only at the sizes of input files.

A project without a PEP or an output folder cannot be planned. For such a project, reading raises
the problems of all files together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import collector
from ..errors import Place, Problems, ProjectError
from ..model import Interface, Level, Pep, Sample
from .documents.yaml_lines import absent, read_yaml, resolve
from .interfaces.interface import read_interface
from .interfaces.interface_commands import LEVELS
from .looper_config import InterfaceSource, LooperConfig, read_looper_config
from .options.options import Options
from .peps.pep import read_pep, row_of
from .schemas.input_schema import report_config, warn_of_no_column
from .settings import Settings, looper_section_places, merge
from .templates.template_checks import check_templates


@dataclass(frozen=True, slots=True)
class Project:
    """All files of a looper project as values."""

    settings: Settings
    pep: Pep
    interfaces: tuple[Interface, ...]
    warnings: tuple[str, ...]
    interface_files: tuple[Path, ...] = ()
    """All interfaces that the project names, also those of a level that is left out."""
    whole: bool = True
    """Whether every interface could be read. If not, each fault is a problem already."""

    def sample_interfaces(self, sample: Sample | None = None) -> tuple[Interface, ...]:
        """The interfaces of a sample: those that it names itself, else those of the project."""
        ours = {str(i.path): i for i in self.interfaces if i.level == "sample"}
        if sample and sample.interfaces is not None:
            return tuple(ours[path] for path in sample.interfaces if path in ours)
        named = {str(source.path) for source in self.settings.interfaces}
        return tuple(i for path, i in ours.items() if path in named)


@collector.seldom()
def read_project(
    looper_config: Path, options: Options | None = None, problems: Problems | None = None
) -> Project:
    """Read a looper project.

    Args:
        looper_config: path of the `.looper.yaml`; `looper_config.locate` finds it.
        options: the options of a command line; None stands for none.
        problems: a collector for reading and planning together. Without one, the problems of
            reading are raised here.

    Raises:
        ProjectError: the files cannot be read, or contradict each other. The error has all
            problems. With a collector, it is raised only if there is no PEP or no output folder.
    """
    collector = problems if problems is not None else Problems()
    asked = options or Options()
    collector.include(asked.problems)
    before = len(collector)
    config = read_looper_config(looper_config, asked, collector)
    if config is None:
        raise ProjectError(collector, collector.warnings)
    sound = len(collector) == before
    pep = read_pep(config, collector)
    settings = merge(config, pep, collector) if pep else None
    interfaces, files, whole = _read_interfaces(config, pep, collector)
    check_templates(interfaces, pep, collector)
    if pep is None or settings is None:
        raise ProjectError(collector, collector.warnings)
    for interface in interfaces:
        if interface.input_schema:
            report_config(interface.input_schema, pep, collector)
            if interface.level == "sample" and not settings.options.skip_file_checks:
                warn_of_no_column(interface.input_schema, pep, collector)
    if problems is None:
        collector.raise_if_any()
    return Project(settings, pep, tuple(interfaces), collector.warnings, files, sound and whole)


def _read_interfaces(
    config: LooperConfig, pep: Pep | None, problems: Problems
) -> tuple[list[Interface], tuple[Path, ...], bool]:
    """The interfaces that could be read, their files, and whether all could be read."""
    before = len(problems)
    only_samples = config.options.only_samples
    sources = [
        *config.interfaces,
        *([] if only_samples else _interfaces_of_pep(pep, config, problems)),
        *_own_interfaces(pep, problems),
    ]
    interfaces: list[Interface] = []
    reports = config.pipestat is not None
    wanted: tuple[Level, ...] = ("sample",) if only_samples else LEVELS
    for source in _unique(sources):
        if source.level not in (None, *wanted):
            continue
        found = read_interface(source.path, problems, reports, wanted)
        interfaces += [one for one in found if source.level in (None, one.level)]
        if source.level and found and all(one.level != source.level for one in found):
            problems.add(
                source.place,
                f"pipeline_interfaces.{source.level}",
                f"{source.path} has no {source.level} level; list it under another level",
            )
    if not sources and not problems:
        problems.add(
            config.path,
            "pipeline_interfaces",
            "there are none; list the pipeline interfaces to run",
        )
    _check_names(interfaces, problems)
    files = tuple(source.path for source in sources)
    return interfaces, files, len(problems) == before


def _interfaces_of_pep(
    pep: Pep | None, config: LooperConfig, problems: Problems
) -> list[InterfaceSource]:
    """Project-level interfaces that the PEP names under `looper:`, as in looper 1.x."""
    key = "looper.pipeline_interfaces"
    section = pep.config.get("looper") if pep else None
    if pep and section is not None and not isinstance(section, Mapping):
        what = "must be a mapping; write 'looper: output_dir: results'"
        problems.add(looper_section_places(config, pep)(), "looper", what)
    value = section.get("pipeline_interfaces") if isinstance(section, Mapping) else None
    if pep is None or not value or config.options.project_pipeline_interfaces:
        return []
    folder = pep.config_file.parent if pep.config_file else config.root
    place_of = looper_section_places(config, pep)
    found: list[InterfaceSource] = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        place = place_of("pipeline_interfaces", index)
        path = resolve(str(item), folder)
        if os.path.isfile(path):
            found.append(InterfaceSource(path, "project", place))
        else:
            advice = "correct the path, it is relative to this file"
            problems.add(place, key, absent(str(item), path, advice))
    return found


def _own_interfaces(pep: Pep | None, problems: Problems) -> list[InterfaceSource]:
    """The interfaces that samples name themselves, each once."""
    found: dict[str, InterfaceSource] = {}
    for sample in pep.samples if pep else ():
        for path in sample.interfaces or ():
            if path in found:
                continue
            place = row_of(pep, sample.name) if pep else Place("")
            found[path] = InterfaceSource(Path(path), "sample", place)
            if not os.path.isfile(path):
                key = "pipeline_interfaces"
                problems.add(_place_of_modifier(pep, path) or place, key, absent(path, Path(path)))
    return [source for source in found.values() if os.path.isfile(source.path)]


def _place_of_modifier(pep: Pep | None, path: str) -> Place | None:
    """The line of a PEP where a modifier gives samples an interface."""
    document = read_yaml(pep.config_file, Problems()) if pep and pep.config_file else None
    for keys in document.lines if document else ():
        if document and "pipeline_interfaces" in keys and str(keys[0]).endswith("_modifiers"):
            value = document.value(*keys)
            if isinstance(value, str) and str(resolve(value, document.path.parent)) == path:
                return document.place(*keys)
    return None


def _unique(sources: list[InterfaceSource]) -> list[InterfaceSource]:
    """The sources without repeats: each file once per level that it is named for."""
    kept: dict[tuple[Path, str | None], InterfaceSource] = {}
    for source in sources:
        if (source.path, None) not in kept:
            kept.setdefault((source.path, source.level), source)
    return list(kept.values())


def _check_names(interfaces: list[Interface], problems: Problems) -> None:
    """Refuse two interfaces of one name and level: they would share flags and logs (quirk 29)."""
    known: dict[tuple[str, str], Interface] = {}
    for interface in interfaces:
        first = known.setdefault((interface.pipeline_name, interface.level), interface)
        if first is not interface and first.path != interface.path:
            problems.add(
                interface.places.get("pipeline_name", interface.place),
                "pipeline_name",
                f"'{interface.pipeline_name}' is also the name of the {interface.level}-level"
                f" pipeline in {first.path}, and their status flags would be the same files;"
                " rename one",
            )
