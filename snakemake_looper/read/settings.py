"""The final settings of a project: command line, looper config and PEP, merged.

If two sources have the same option, the one that is earlier in this list wins:

1. the command line
2. `cli:` of the looper config: `run:` for samples, `runp:` for the project
3. `looper:` of the PEP
4. `looper: cli:` of the PEP: `run:` for samples, `runp:` for the project; then `all:` for both
5. other keys of the looper config, such as `output_dir`
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems
from ..layout import special_to_snakemake
from ..model import Level, Pep
from .documents.yaml_lines import Document, expanded, read_yaml, unset
from .interfaces.compute import compute_options, compute_package
from .looper_config import InterfaceSource, LooperConfig
from .options.option_sources import (
    check_cli_section,
    from_cli_section,
    read_options,
    warn_of_unknown,
)
from .options.options import Options, overlay
from .output_folder import folder_fault

_SUBDIRS = {"results_subdir": "results_pipeline", "submission_subdir": "submission"}
"""Folders below the output folder, where no other name is given."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The final settings of a project."""

    looper_config: Path
    root: Path
    """Folder of the looper config: where jobs run."""
    pep: str
    """Absolute path of the PEP, or a PEPhub registry path."""
    out: Path
    """The output folder."""
    out_text: str
    """The text for `{looper.output_dir}`: the output folder. A slash at its end is kept."""
    results_subdir: str
    submission_subdir: str
    interfaces: tuple[InterfaceSource, ...]
    pipestat: Mapping[str, Any] | None
    pipestat_places: Mapping[str, Place] = field(repr=False)
    compute_package: Mapping[str, Any]
    """The settings of the divvy compute package. All other compute settings win over these."""
    compute_options: Mapping[Level, Mapping[str, Any]]
    """`--compute` over the file of `--settings`. They win over all other compute settings."""
    options: Options
    project_options: Options
    """The options of the project level; `options` are those of samples."""
    files: tuple[Path, ...]
    """All files that were read for the settings, the looper config first."""

    def options_of(self, level: Level) -> Options:
        """The options for jobs of a level."""
        return self.options if level == "sample" else self.project_options

    @property
    def results_dir(self) -> Path:
        """The folder of the samples' own output folders."""
        return self.out / self.results_subdir

    @property
    def submission_dir(self) -> Path:
        """The folder of the jobs' logs."""
        return self.out / self.submission_subdir


def merge(config: LooperConfig, pep: Pep, problems: Problems) -> Settings | None:
    """Merge the options with the PEP's `looper:` section and the looper config's keys.

    None if no output folder is given; the reason is in `problems`.
    """
    options, project_options = options_with_pep(config, pep, problems)
    found = _output_dir(config, pep, options, problems)
    folder = found[0] if found else None
    results_subdir = _subdir(config, options, "results_subdir", folder, problems)
    submission_subdir = _subdir(config, options, "submission_subdir", folder, problems)
    sample_compute, settings_files = compute_options(options, config.root, problems)
    project_compute, more_files = compute_options(project_options, config.root, problems)
    package, package_files = compute_package(options, config.root, problems)
    if found is None:
        return None
    out, out_text = found
    return Settings(
        looper_config=config.path,
        root=config.root,
        pep=str(config.pep),
        out=out,
        out_text=out_text,
        results_subdir=results_subdir,
        submission_subdir=submission_subdir,
        interfaces=config.interfaces,
        pipestat=config.pipestat,
        pipestat_places=config.pipestat_places,
        compute_package=package,
        compute_options={"sample": sample_compute, "project": project_compute},
        options=options,
        project_options=project_options,
        files=(config.path, *settings_files, *more_files, *package_files),
    )


def _subdir(
    config: LooperConfig, options: Options, key: str, out: Path | None, problems: Problems
) -> str:
    """The name of a folder below the output folder, with its variables filled in."""
    asked: str | None = getattr(options, key)
    place, name = options.origin(key)
    if not asked:
        asked, name = config.texts.get(key), key
        place = config.places.get(key, Place(str(config.path)))
    text = expanded(asked, place, name, problems) if asked else _SUBDIRS[key]
    fault = folder_fault(out / text) if out and not folder_fault(out) else None
    if fault:
        problems.add(place, name, fault)
    return text


def options_with_pep(config: LooperConfig, pep: Pep, problems: Problems) -> tuple[Options, Options]:
    """The options for samples and for the project, with those of the PEP below them.

    In the PEP, a key of `looper:` wins over `looper: cli: run:` (samples) and `runp:` (project).
    These two win over `looper: cli: all:`.
    """
    found = pep.config.get("looper")
    section = dict(found) if isinstance(found, Mapping) else {}
    section.pop("compute", None)  # not the option of this name: planning reads this section
    place = looper_section_places(config, pep)
    in_cli = partial(place, "cli")
    warn_of_unknown(section, ("cli", "pipeline_interfaces"), place, problems)
    common = read_options(section, place, problems)
    cli = section.get("cli")
    check_cli_section(cli, in_cli, problems, ("run", "runp", "all"))
    options = overlay(config.options, common)
    project_options = overlay(config.project_options, common)
    for_samples = from_cli_section(cli, ("run", "all"), in_cli, problems)
    for_project = from_cli_section(cli, ("runp", "all"), in_cli, problems)
    return overlay(options, for_samples), overlay(project_options, for_project)


def looper_section_places(config: LooperConfig, pep: Pep) -> Callable[..., Place]:
    """A function for the places of keys of a PEP's `looper:` section."""
    file = _looper_section_file(config, pep)
    is_yaml = file is not None and file.suffix.lower() in (".yaml", ".yml")
    document = read_yaml(file, Problems()) if file and is_yaml else None

    def place(*keys: str | int) -> Place:
        if document is None:
            return Place(str(file or config.pep))
        return _in_pep(document, config.options.amend or (), keys)

    return place


def _in_pep(document: Document, amendments: tuple[str, ...], keys: tuple[str | int, ...]) -> Place:
    """The place of a key of a PEP's `looper:` section, in the last amendment that has one."""
    for name in reversed(amendments):
        path = ("project_modifiers", "amend", name, "looper")
        if path in document.lines:
            return document.place(*path, *keys)
    return document.place("looper", *keys)


def _looper_section_file(config: LooperConfig, pep: Pep) -> Path | None:
    """The file with a PEP's `looper:` section; None for a PEP from PEPhub.

    An amendment stands in the PEP itself. Without one, an import may have the section: a later
    import wins over an earlier one, and the PEP over all imports.
    """
    if pep.config_file is None:
        return None
    first, *others = (path for path in pep.files if path.suffix.lower() in (".yaml", ".yml"))
    for path in (first, *reversed(others)):
        document = read_yaml(path, Problems())
        if document is None:
            continue
        amended = (
            ("project_modifiers", "amend", name, "looper") in document.lines
            for name in config.options.amend or ()
        )
        if "looper" in document.data or (path == first and any(amended)):
            return path
    return first


def _output_dir(
    config: LooperConfig, pep: Pep, options: Options, problems: Problems
) -> tuple[Path, str] | None:
    """The output folder, and its path for templates.

    A relative path of the PEP is relative to the PEP, any other to the looper config.
    """
    text = options.output_dir
    folder = config.root
    place, key = options.origin("output_dir")
    if text is not None and config.options.output_dir is None:
        file = _looper_section_file(config, pep)
        folder = file.parent if file else config.root  # a PEP from PEPhub is in no folder
    elif text is None:
        if "output_dir" in config.refused:
            return None
        text, key = config.texts.get("output_dir"), "output_dir"
        place = config.places.get(key, Place(str(config.path)))
    if not text:
        problems.add(
            place, "output_dir", "is missing; say where results go, as in 'output_dir: results'"
        )
        return None
    meant = expanded(text, place, key, problems)
    if unset(text):  # reading goes on, so that all other faults are told as well
        meant = re.sub("[${}]", "_", meant)
    out = Path(os.path.normpath(folder / meant))
    special = special_to_snakemake(str(out))
    fault = f"'{out}' has {special}; rename the folder" if special else folder_fault(out)
    if fault:
        problems.add(place, key, fault)
    ends = meant.endswith("/") and not str(out).endswith("/")
    return out, f"{out}/" if ends else str(out)
