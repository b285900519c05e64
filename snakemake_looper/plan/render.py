"""Jobs: from a sample and an interface to a rendered command.

A `Draft` is a job on its way: it gets its compute settings, then its `pipeline` namespace with
the rendered `var_templates`, then what hooks change, and is then rendered. The order is looper's.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..formula import Formula, FormulaError, filled
from ..layout import shown, special_to_snakemake
from ..model import Interface, Job, Pep
from ..read.compute import UnitError
from ..read.interface import LEVELS
from ..read.settings import Settings
from ..read.templates import PROJECT_EXTRA, SAMPLE_EXTRA, TemplateError, render_nested, template
from ..read.yaml_lines import expand
from .images import compute_of_pep, image_of, layers
from .input_files import InputFiles
from .resources import NOT_SETTINGS, cascade, size_row, to_snakemake
from .rules import WILDCARD, Target, texts

_SLASHES = re.compile(r"(?<!:)/{2,}")


class JobError(Exception):
    """A job cannot be rendered; `key` says what of its interface is at fault."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(slots=True, eq=False)
class Draft:
    """A job that is being planned."""

    target: Target
    record: str
    own: Mapping[str, Any]
    """The namespaces `looper` and `sample` or `samples`."""
    files: InputFiles
    namespaces: dict[str, Any] = field(default_factory=dict)
    """All namespaces, as far as they are known."""
    fluid: Mapping[str, Any] | None = None
    """What `dynamic_variables_command_template` printed."""

    @property
    def interface(self) -> Interface:
        return self.target.rule.interface


class Renderer:
    """Renders the jobs of one project."""

    def __init__(self, settings: Settings, pep: Pep, workdir: Path, rundir: Path) -> None:
        self._settings = settings
        self._pep = pep
        self._workdir = workdir
        self._rundir = rundir
        self._compute_of_pep = compute_of_pep(pep)
        self._layers = {level: layers(settings, pep, level) for level in LEVELS}

    def begin(self, draft: Draft) -> None:
        """Give a draft the namespaces that need no rendering."""
        draft.namespaces = {
            "project": self._pep.config,
            "compute": cascade(
                self._settings.compute_package,
                self._settings.compute_options[draft.interface.level],
            ),
            "pipestat": draft.target.handoff.namespace(draft.record),
            "pipeline": draft.interface.data,
            **draft.own,
        }

    def prepare(self, draft: Draft) -> None:
        """Settle the compute settings and render `var_templates`.

        Raises:
            JobError: a template cannot be rendered, or no row of the size table fits.
        """
        interface, namespaces = draft.interface, draft.namespaces
        namespaces["compute"] = self._compute(draft)
        try:
            variables = _expanded(render_nested(interface.var_templates, namespaces))
        except TemplateError as error:
            raise JobError("var_templates", str(error)) from None
        namespaces["pipeline"] = {**interface.data, "var_templates": variables}

    def finish(self, draft: Draft) -> Job:
        """Render a draft whose namespaces are complete.

        Raises:
            JobError: a template cannot be rendered, or a compute value cannot be read.
        """
        rule, interface, namespaces = draft.target.rule, draft.interface, draft.namespaces
        key = "command_template"
        try:
            command = self._command(interface, namespaces)
            key = "inject_env_vars"
            env = {
                name: template(text).render(namespaces)
                for name, text in interface.inject_env_vars.items()
            }
            if namespaces["pipestat"]:
                env.setdefault("PIPESTAT_RECORD_IDENTIFIER", draft.record)
            key = "snakemake.input"
            extra = [
                template(text).render(namespaces)
                for text in texts(interface.directives.get("input"))
            ]
            key = "input_schema"
            required = dict.fromkeys((*draft.files.required, *extra))
            inputs = tuple(self._input(path) for path in required)
            key = "compute"
            threads, resources = to_snakemake(namespaces["compute"])
            container = self._container(interface, namespaces["compute"])
            key = "snakemake.resources"
            known = {**resources, "threads": threads}
            for name, value in interface.directives.get("resources", {}).items():
                resources[name] = filled(value, known) if isinstance(value, Formula) else value
        except (TemplateError, UnitError, FormulaError) as error:
            raise JobError(key, str(error)) from None
        return Job(
            rule=rule.name,
            pipeline=rule.pipeline,
            level=rule.level,
            record=draft.record,
            command=command,
            env=env,
            threads=threads,
            resources=resources,
            compute=namespaces["compute"],
            inputs=inputs,
            log=rule.log.replace(WILDCARD, draft.record),
            flag=rule.flag.replace(WILDCARD, draft.record),
            container=container,
        )

    def _container(self, interface: Interface, compute: Mapping[str, Any]) -> str | None:
        """The image that compute settings name, where the interface's `container` says nothing."""
        if interface.directives.get("container"):
            return None
        above, below = self._layers[interface.level]
        own = (interface.compute, interface.folder, interface.place)
        image = image_of(compute, (*above, own, below), interface.folder)
        if image is None or not os.path.isabs(image):
            return image
        return shown(Path(image), self._workdir, self._settings.root)

    def _compute(self, draft: Draft) -> dict[str, Any]:
        interface = draft.interface
        below = self._settings.compute_package
        above = self._settings.compute_options[interface.level]
        if draft.fluid is not None:
            return cascade(below, draft.fluid, above)
        row: Mapping[str, Any] = {}
        if interface.size_table:
            found = size_row(interface.size_table, draft.files.size_gb)
            if found is None:
                raise JobError(
                    "compute",
                    f"no row of the size table is for inputs of {draft.files.size_gb:.3g} GB;"
                    " add one whose max_file_size is NaN",
                )
            row = found
        static = {k: v for k, v in interface.compute.items() if k not in NOT_SETTINGS}
        return cascade(below, row, static, self._compute_of_pep, above)

    def _command(self, interface: Interface, namespaces: Mapping[str, Any]) -> str:
        """The command as looper writes it, the space before extra arguments included."""
        options = self._settings.options_of(interface.level)
        text = interface.command_template
        if not options.command_extra_override:
            text += SAMPLE_EXTRA if interface.level == "sample" else PROJECT_EXTRA
        extra = options.command_extra_override or options.command_extra or ""
        return f"{template(text).render(namespaces)} {extra}"

    def _input(self, path: str) -> str:
        """An input file as Snakemake finds it, where that is not where commands run."""
        special = special_to_snakemake(path)
        if special:
            raise TemplateError(f"input '{path}' has {special}; rename it")
        return self.as_input(path)

    def as_input(self, path: str) -> str:
        """A path of a sample as it is among a job's inputs: relative inside the project."""
        # The output folder may end with a slash, and a template adds its own.
        path = _SLASHES.sub("/", path)
        if os.path.isabs(path):
            normal = Path(os.path.normpath(path))
            inside = shown(normal, self._workdir, self._settings.root)
            return path if os.path.isabs(inside) else inside
        if self._rundir == self._workdir:
            return path.removeprefix("./")
        path = os.path.normpath(self._rundir / path)
        return shown(Path(path), self._workdir, self._settings.root)


def filled_paths(paths: Mapping[str, str], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Paths of an output schema for one sample; what cannot be filled in is left out, as in looper."""
    found = {}
    for name, path in paths.items():
        with contextlib.suppress(KeyError, IndexError, ValueError, AttributeError):
            found[name] = path.format(**attributes)
    return found


def _expanded(value: Any) -> Any:
    """Expand `~` and variables in rendered `var_templates`, nested ones too."""
    if isinstance(value, str):
        return expand(value)
    if isinstance(value, Mapping):
        return {key: _expanded(item) for key, item in value.items()}
    return value
