"""Checks of compute settings before jobs are planned: cells of size tables, misspelt keys.

A setting may have any name: a command template may use it, or the submission template of a divvy
package. So a name is only warned of if nobody uses it and it is nearly a known one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from ..errors import Place, Problems
from ..model import Interface
from ..read.documents.yaml_lines import resolve
from ..read.interfaces.compute import divvy_config
from ..read.templates.template_checks import templates_of
from .compute_settings import Layer, sources_of
from .context import PlanContext
from .images import CRATE, IMAGES
from .resources import SETTINGS, faults_of

_OF_INTERFACES = (
    "size_dependent_variables", "dynamic_variables_command_template",
    "dynamic_variables_script_path",
)  # fmt: skip
_OF_DIVVY = (
    "docker_args", "singularity_args", "apptainer_args", "submission_template",
    "submission_command", "adapters",
)  # fmt: skip
_KNOWN = (*SETTINGS, *IMAGES, CRATE, *_OF_INTERFACES, *_OF_DIVVY)
_OTHER_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("memory", "ram", "mem_mb", "mem_gb", "memory_mb"), "mem"),
    **dict.fromkeys(("cpu", "cpus", "ncpus", "threads", "processors", "ppn"), "cores"),
    **dict.fromkeys(("walltime", "wall_time", "runtime", "timelimit", "time_limit"), "time"),
    "queue": "partition",
}
"""Words that other systems have for looper's settings."""
_CLOSE = 0.75
_USES = re.compile(r"\bcompute\s*(?:\.get\(\s*['\"](\w+)|\.\s*(\w+)|\[\s*['\"]([^'\"]+))")
_USES_ALL = re.compile(
    r"\bcompute\b(?!\s*[.\[])|\bcompute\s*\.\s*(?:items|values|keys)\b|compute\[\w"
)


def check_compute(context: PlanContext, problems: Problems) -> None:
    """Refuse wrong cells of size tables, and warn of settings that are nearly known ones."""
    for interface in context.project.interfaces:
        for row in interface.size_table:
            own = {key: value for key, value in row.values.items() if key not in interface.compute}
            for fault in faults_of(own):
                problems.add(row.place, fault.key, str(fault))
    _warn_of_levels(context, problems)
    for layer, key, meant in _misspelt(context):
        place, name = layer.place_of(key)
        what = f"no setting, and no template uses {{compute.{key}}} (did you mean '{meant}'?)"
        problems.warn(place, name, what)


def _warn_of_levels(context: PlanContext, problems: Problems) -> None:
    """Warn of settings that are one level too high in a PEP, or too low in an interface."""
    for level in {one.level for one in context.project.interfaces}:
        pep = context.layers[level].pep
        section = context.pep.config.get("looper")
        compute = section.get("compute") if isinstance(section, Mapping) else None
        for key in compute if isinstance(compute, Mapping) else ():
            if key != "resources":
                place, name = pep._replace(keys=pep.keys[:-1]).place_of(str(key))
                what = "is not read here; write it under 'looper: compute: resources:'"
                problems.warn(place, name, what)
    for interface in context.project.interfaces:
        if isinstance(interface.compute.get("resources"), Mapping):
            own = sources_of(interface, context.layers[interface.level])[-2]
            what = "is no setting; write its keys directly under 'compute:'"
            problems.warn(*own.place_of("resources"), what)


def _misspelt(context: PlanContext) -> Iterator[tuple[Layer, str, str]]:
    """Settings that nobody uses and that are nearly known ones, with their sources."""
    used = _used(context)
    if used is None:
        return
    for interface in context.project.interfaces:
        for layer in _sources(interface, context):
            for key in map(str, layer.values):
                meant = "" if key in _KNOWN or key in used else _meant(key)
                if meant and meant not in layer.values and not _in_submission(key, context):
                    yield layer, key, meant


def _sources(interface: Interface, context: PlanContext) -> list[Layer]:
    """The sources of an interface's settings that a person writes, but for divvy packages."""
    layers = context.layers[interface.level]
    *sources, _ = sources_of(interface, layers)
    if interface.size_table:
        row = interface.size_table[0]
        head = Place(row.place.file, 1)
        columns = {key: "" for key in row.values if key != "max_file_size"}
        sources.append(Layer(columns, interface.folder, head))
    return sources


def _meant(key: str) -> str:
    word = key.lower().replace("-", "_")
    words = (*_KNOWN, *_OTHER_WORDS)
    close = [word] if word in words else get_close_matches(word, words, n=1, cutoff=_CLOSE)
    return _OTHER_WORDS.get(close[0], close[0]) if close else ""


def _used(context: PlanContext) -> set[str] | None:
    """The settings that templates use; None if a template or a hook may use any."""
    found: set[str] = set()
    for interface in context.project.interfaces:
        if any(not one.startswith("looper.") for one in interface.hooks.python_functions):
            return None
        for one in templates_of(interface):
            if "compute" in one.text:
                if _USES_ALL.search(one.text):
                    return None
                found |= {name for names in _USES.findall(one.text) for name in names if name}
    return found


def _in_submission(key: str, context: PlanContext) -> bool:
    """Whether the divvy config, or the submission template of its package, uses a setting."""
    settings = context.settings
    divvy = divvy_config(settings.options, settings.root)
    if divvy is None:
        return False
    files = [divvy]
    source = settings.compute_package.get("submission_template")
    if isinstance(source, str):
        files.append(resolve(source, divvy.parent))
    word = re.compile(rf"\{{\s*{re.escape(key)}\s*\}}|compute\.{re.escape(key)}\b", re.IGNORECASE)
    return any(word.search(_text(file)) for file in files)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
