"""Rendering: from a draft to a job with its command.

The order is looper's. A draft first gets its compute settings, then the `pipeline` namespace with
the rendered `var_templates` (`with_variables`). Hooks may then change all namespaces. At the end,
the command, the environment and the inputs are rendered with them (`rendered`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ..formula import Formula, FormulaError, filled
from ..layout import special_to_snakemake
from ..model import Interface, Job
from ..read.templates import PROJECT_EXTRA, SAMPLE_EXTRA, TemplateError, render_nested, template
from ..read.yaml_lines import expand
from .compute_settings import settings_of_job
from .context import PlanContext
from .drafts import Draft
from .failures import JobError
from .images import image_of
from .input_files import as_input
from .namespaces import Namespaces
from .resources import UnitError, to_snakemake
from .rules import directive_texts
from .wildcards import WILDCARD


class RenderedJob(NamedTuple):
    """A job, and facts about it that a plan does not keep."""

    job: Job
    namespaces: Namespaces
    """The namespaces that its templates were rendered with."""
    size_gb: float
    """Size of its input files in GB (1024³ bytes)."""


class _AtKey:
    """Turns an error of a template or a value into a `JobError` of one key of the interface."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, (TemplateError, UnitError, FormulaError)):
            raise JobError(self._key, str(error)) from None


def with_variables(draft: Draft, context: PlanContext) -> Draft:
    """The draft, with its compute settings and its rendered `var_templates`.

    Raises:
        JobError: a template cannot be rendered, or no row of the size table fits.
    """
    interface = draft.interface
    layers = context.layers[interface.level]
    compute = settings_of_job(interface, layers, draft.files.size_gb, draft.dynamic)
    namespaces = {**draft.namespaces, "compute": compute}
    with _AtKey("var_templates"):
        variables = _expanded(render_nested(interface.var_templates, namespaces))
    namespaces["pipeline"] = {**interface.data, "var_templates": variables}
    return Draft(draft.planned, draft.record, namespaces, draft.files, draft.dynamic)


def rendered(draft: Draft, context: PlanContext) -> RenderedJob:
    """The job of a draft whose namespaces are complete.

    Raises:
        JobError: a template cannot be rendered, or a compute value cannot be read.
    """
    rule, interface, namespaces = draft.planned.rule, draft.interface, draft.namespaces
    with _AtKey("command_template"):
        command = _command(interface, namespaces, context)
    env = _environment(draft)
    inputs = _inputs(draft, context)
    with _AtKey("compute"):
        threads, resources = to_snakemake(namespaces["compute"])
        container = _container(interface, namespaces["compute"], context)
    with _AtKey("snakemake.resources"):
        known = {**resources, "threads": threads}
        for name, value in interface.directives.get("resources", {}).items():
            resources[name] = filled(value, known) if isinstance(value, Formula) else value
    job = Job(
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
    return RenderedJob(job, namespaces, draft.files.size_gb)


def _command(interface: Interface, namespaces: Namespaces, context: PlanContext) -> str:
    """The command as looper writes it, also with its space before the extra arguments."""
    options = context.settings.options_of(interface.level)
    text = interface.command_template
    if not options.command_extra_override:
        text += SAMPLE_EXTRA if interface.level == "sample" else PROJECT_EXTRA
    extra = options.command_extra_override or options.command_extra or ""
    return f"{template(text).render(namespaces)} {extra}"


def _environment(draft: Draft) -> dict[str, str]:
    with _AtKey("inject_env_vars"):
        env = {
            name: template(text).render(draft.namespaces)
            for name, text in draft.interface.inject_env_vars.items()
        }
    if draft.namespaces["pipestat"]:
        env.setdefault("PIPESTAT_RECORD_IDENTIFIER", draft.record)
    return env


def _inputs(draft: Draft, context: PlanContext) -> tuple[str, ...]:
    """The input files of the schema and of `snakemake: input:`, as paths for Snakemake."""
    with _AtKey("snakemake.input"):
        more = [
            template(text).render(draft.namespaces)
            for text in directive_texts(draft.interface, "input")
        ]
    with _AtKey("input_schema"):
        return tuple(
            _input(path, context) for path in dict.fromkeys((*draft.files.required, *more))
        )


def _input(path: str, context: PlanContext) -> str:
    special = special_to_snakemake(path)
    if special:
        raise TemplateError(f"input '{path}' has {special}; rename it")
    return as_input(path, context)


def _container(
    interface: Interface, compute: Mapping[str, Any], context: PlanContext
) -> str | None:
    """The image that compute settings name, if the interface's `snakemake:` names none."""
    if interface.directives.get("container"):
        return None
    image = image_of(compute, interface, context.layers[interface.level])
    if image is None or not os.path.isabs(image):
        return image
    return context.shown(Path(image))


def _expanded(value: Any) -> Any:
    """Rendered `var_templates`, with `~` and variables filled in, also in nested ones."""
    if isinstance(value, str):
        return expand(value)
    if isinstance(value, Mapping):
        return {key: _expanded(item) for key, item in value.items()}
    return value
