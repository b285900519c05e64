"""Reading: from a looper config to a `Project`.

Everything that is read, is read here and in the modules called from here; the stages after it
look at no file but the sizes of input files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from .containers import check_images
from .errors import Place, Problems
from .inputs import config_faults
from .interface import read_interface
from .model import Interface, InterfaceSource, Options, Pep, Project, Settings
from .pep import read_pep, row_of
from .resources import compute_options, compute_package
from .settings import (
    check_sections,
    overlay,
    read_options,
    read_settings,
    section_options,
    warn_of_unknown,
)
from .source import resolve


def read_project(
    looper_config: Path, options: Options | None = None, problems: Problems | None = None
) -> Project:
    """Read a looper project.

    Args:
        looper_config: path of the `.looper.yaml`, see `settings.locate` for finding it.
        options: what a command line asked for; None asks for nothing.
        problems: a collector that goes on to planning; its problems are then not raised here.

    Raises:
        ProjectError: the files cannot be read or contradict each other; says all that is wrong.
    """
    collector = problems if problems is not None else Problems()
    settings = read_settings(looper_config, options or Options(), collector)
    if settings is None:
        collector.raise_if_any()
        raise AssertionError("unreadable settings without a problem")
    pep = read_pep(settings, collector)
    if pep is not None:
        settings = _with_pep(settings, pep, collector)
    elif settings.output_dir is None:
        settings = dataclasses.replace(settings, output_dir=settings.root)
    sources = [
        *settings.interfaces,
        *_interfaces_of_pep(pep, settings, collector),
        *_own_interfaces(pep, settings, collector),
    ]
    interfaces: list[Interface] = []
    for source in _unique(sources, collector):
        found = read_interface(source.path, source.place, collector)
        interfaces += [one for one in found if source.level in (None, one.level)]
        if source.level and found and all(one.level != source.level for one in found):
            collector.add(
                source.place,
                f"pipeline_interfaces.{source.level}",
                f"{source.path} has no {source.level} level; list it under another level",
            )
    if not sources and not collector:
        collector.add(
            settings.looper_config,
            "pipeline_interfaces",
            "there are none; list the pipeline interfaces to run",
        )
    _check_names(interfaces, collector)
    _check_config(interfaces, pep, collector)
    if pep is not None:
        check_images(settings, pep, interfaces, collector)
    if problems is None:
        collector.raise_if_any()
    if pep is None:
        pep = Pep("", {}, (), "sample_name", None, (), False)
    return Project(settings, pep, tuple(interfaces), collector.warnings)


def _with_pep(settings: Settings, pep: Pep, problems: Problems) -> Settings:
    """Lay the PEP's `looper:` section under what the looper config says."""
    found = pep.config.get("looper")
    section = dict(found) if isinstance(found, Mapping) else {}
    section.pop("compute", None)  # settings of jobs, not the option: `plan` reads them
    file = pep.config_file or Path(settings.pep)

    def place(key: str) -> Place:
        return Place(str(file))

    warn_of_unknown(section, ("cli", "pipeline_interfaces"), place, problems)
    common = read_options(section, place, problems)
    cli = section.get("cli")
    check_sections(cli, place, problems, ("run", "runp", "all"))
    options = overlay(settings.options, common)
    options = overlay(options, section_options(cli, ("run", "all"), place, problems))
    for_project = overlay(settings.project_options, common)
    for_project = overlay(for_project, section_options(cli, ("runp", "all"), place, problems))
    output_dir = settings.output_dir
    if output_dir is None and options.output_dir:
        # A PEP from PEPhub is in no folder.
        output_dir = resolve(
            options.output_dir, file.parent if pep.files[:1] == (file,) else settings.root
        )
    if output_dir is None:
        problems.add(
            Place(str(settings.looper_config)),
            "output_dir",
            "is missing; say where results go, as in 'output_dir: results'",
        )
        output_dir = settings.root
    above, settings_files = compute_options(options, settings.root, problems)
    above_project, more_files = compute_options(for_project, settings.root, problems)
    below, package_files = compute_package(options, settings.root, problems)
    if "{" in str(output_dir) or "}" in str(output_dir):
        problems.add(
            Place(str(settings.looper_config)),
            "output_dir",
            f"'{output_dir}' has a brace, which is a wildcard to Snakemake; rename the folder",
        )
    return dataclasses.replace(
        settings,
        options=options,
        output_dir=output_dir,
        project_options=for_project,
        compute_options={"sample": above, "project": above_project},
        compute_package=below,
        files=(*settings.files, *settings_files, *more_files, *package_files),
        results_subdir=options.results_subdir or settings.results_subdir,
        submission_subdir=options.submission_subdir or settings.submission_subdir,
    )


def _interfaces_of_pep(
    pep: Pep | None, settings: Settings, problems: Problems
) -> list[InterfaceSource]:
    """`looper: pipeline_interfaces:` of the PEP: project-level ones, as in looper 1.x."""
    section = pep.config.get("looper") if pep else None
    value = section.get("pipeline_interfaces") if isinstance(section, Mapping) else None
    if pep is None or not value or settings.options.project_pipeline_interfaces:
        return []
    place = Place(str(pep.config_file or settings.pep))
    folder = pep.config_file.parent if pep.config_file else settings.root
    found: list[InterfaceSource] = []
    for item in value if isinstance(value, list) else [value]:
        path = resolve(str(item), folder)
        if path.is_file():
            found.append(InterfaceSource(path, "project", place))
        else:
            problems.add(
                place,
                "looper.pipeline_interfaces",
                f"'{item}' does not exist ({path}); correct the path, it is relative to this file",
            )
    return found


def _own_interfaces(
    pep: Pep | None, settings: Settings, problems: Problems
) -> list[InterfaceSource]:
    """Interfaces that samples name themselves, each once."""
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


def _unique(sources: list[InterfaceSource], problems: Problems) -> list[InterfaceSource]:
    """Each file once per level asked for."""
    kept: dict[tuple[Path, str | None], InterfaceSource] = {}
    for source in sources:
        if (source.path, None) not in kept:
            kept.setdefault((source.path, source.level), source)
    return list(kept.values())


def _check_config(interfaces: list[Interface], pep: Pep | None, problems: Problems) -> None:
    """The PEP's config must fit the `project` section of each input schema, as eido has it."""
    for interface in interfaces:
        if pep is None or interface.input_schema is None:
            continue
        for fault in config_faults(interface.input_schema, pep.config):
            place = str(pep.config_file or (pep.files or ("",))[0])
            problems.add(place, "", f"{fault}, says {interface.input_schema.path}; correct it")


def _check_names(interfaces: list[Interface], problems: Problems) -> None:
    """Two interfaces of one pipeline name and level would share flags and logs (quirk 29)."""
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
