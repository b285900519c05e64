"""Reading a project: from the path of a looper config to a `Project`.

Reading opens all files of the project: looper config, PEP, pipeline interfaces, schemas, tables.
Later stages look only at the sizes of input files.

A project without a PEP or an output folder cannot be planned. For such a project, reading raises
the problems of all files together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import Place, Problems, ProjectError
from ..model import Interface, Pep, Sample
from .input_schema import config_faults
from .interface import read_interface
from .looper_config import InterfaceSource, LooperConfig, read_looper_config
from .options import Options
from .pep import read_pep, row_of
from .settings import Settings, merge
from .yaml_lines import absent, resolve


@dataclass(frozen=True, slots=True)
class Project:
    """All files of a looper project as values."""

    settings: Settings
    pep: Pep
    interfaces: tuple[Interface, ...]
    warnings: tuple[str, ...]
    whole: bool = True
    """Whether every interface could be read. If not, each fault is a problem already."""

    def sample_interfaces(self, sample: Sample) -> tuple[Interface, ...]:
        """The interfaces of a sample: those that it names itself, else those of the project."""
        ours = {str(i.path): i for i in self.interfaces if i.level == "sample"}
        if sample.interfaces is not None:
            return tuple(ours[path] for path in sample.interfaces if path in ours)
        named = {str(source.path) for source in self.settings.interfaces}
        return tuple(i for path, i in ours.items() if path in named)


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
    interfaces, whole = _read_interfaces(config, pep, collector)
    if pep is None or settings is None:
        raise ProjectError(collector, collector.warnings)
    _check_config(interfaces, pep, collector)
    if problems is None:
        collector.raise_if_any()
    return Project(settings, pep, tuple(interfaces), collector.warnings, sound and whole)


def _read_interfaces(
    config: LooperConfig, pep: Pep | None, problems: Problems
) -> tuple[list[Interface], bool]:
    """The interfaces that could be read, and whether all interfaces could be read."""
    before = len(problems)
    sources = [
        *config.interfaces,
        *_interfaces_of_pep(pep, config, problems),
        *_own_interfaces(pep, problems),
    ]
    interfaces: list[Interface] = []
    for source in _unique(sources):
        found = read_interface(source.path, problems)
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
    return interfaces, len(problems) == before


def _interfaces_of_pep(
    pep: Pep | None, config: LooperConfig, problems: Problems
) -> list[InterfaceSource]:
    """Project-level interfaces that the PEP names under `looper:`, as in looper 1.x."""
    section = pep.config.get("looper") if pep else None
    value = section.get("pipeline_interfaces") if isinstance(section, Mapping) else None
    if pep is None or not value or config.options.project_pipeline_interfaces:
        return []
    place = Place(str(pep.config_file or config.pep))
    folder = pep.config_file.parent if pep.config_file else config.root
    found: list[InterfaceSource] = []
    for item in value if isinstance(value, list) else [value]:
        path = resolve(str(item), folder)
        if path.is_file():
            found.append(InterfaceSource(path, "project", place))
        else:
            problems.add(
                place,
                "looper.pipeline_interfaces",
                absent(str(item), path, "correct the path, it is relative to this file"),
            )
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
            if not Path(path).is_file():
                problems.add(
                    place, "pipeline_interfaces", f"'{path}' does not exist; correct the path"
                )
    return [source for source in found.values() if source.path.is_file()]


def _unique(sources: list[InterfaceSource]) -> list[InterfaceSource]:
    """The sources without repeats: each file once per level that it is named for."""
    kept: dict[tuple[Path, str | None], InterfaceSource] = {}
    for source in sources:
        if (source.path, None) not in kept:
            kept.setdefault((source.path, source.level), source)
    return list(kept.values())


def _check_config(interfaces: list[Interface], pep: Pep, problems: Problems) -> None:
    """Check the PEP's config against the `project` section of each input schema, as eido does."""
    for interface in interfaces:
        if interface.input_schema is None:
            continue
        for fault in config_faults(interface.input_schema, pep.config):
            place = str(pep.config_file or (pep.files or ("",))[0])
            problems.add(place, "", f"{fault} (by {interface.input_schema.path}); correct it")


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
