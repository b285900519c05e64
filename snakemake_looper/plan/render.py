"""Rendering: from a draft to a job with its command.

The order is looper's. A draft first gets its compute settings, then the `pipeline` namespace with
the rendered `var_templates` (`with_variables`). Hooks may then change all namespaces. At the end,
the command, the environment and the inputs are rendered with them (`rendered`).

A fault of one part does not hide those of the others: all parts are tried. Values that could not be
made are missing in a `Partial` mapping, and a template that uses one of them has no second fault.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ..formula import Formula, FormulaError, filled
from ..layout import special_to_snakemake
from ..model import Interface, Job
from ..read.documents.yaml_lines import KeyPath, expand
from ..read.templates.template_checks import command_paths, directive_paths
from ..read.templates.template_undefined import Partial
from ..read.templates.templates import PROJECT_EXTRA, SAMPLE_EXTRA, TemplateError, template
from ..remote_files import copies_of, is_remote, with_copies
from .compute_settings import check_size, setting_error, settings_of_job, source_of
from .context import PlanContext
from .drafts import Draft, namespaces_of
from .failures import Failures, JobError
from .fault_places import template_error
from .images import image_of
from .input_files import as_input
from .namespaces import Namespaces
from .remote_inputs import copies_in, input_fault
from .resources import UnitError, faults_of, to_snakemake
from .rules import directive_texts
from .wildcards import WILDCARD


class RenderedJob(NamedTuple):
    """A job, and facts about it that a plan does not keep."""

    job: Job
    namespaces: Namespaces
    """The namespaces that its templates were rendered with."""
    interface: Interface
    size_gb: float
    """Size of its input files in GB (1024³ bytes)."""


class _Faults:
    """The faults of one job."""

    __slots__ = ("_context", "_draft", "errors")

    def __init__(self, draft: Draft, context: PlanContext, errors: Iterable[JobError] = ()) -> None:
        self._draft = draft
        self._context = context
        self.errors = list(errors)

    def at(self, key: str, *paths: KeyPath) -> _Part:
        """A part of the job; its fault, if any, is kept, and the next part is tried."""
        return _Part(self, key, paths)

    def add(self, error: Exception, key: str, paths: tuple[KeyPath, ...]) -> bool:
        """Keep an error of a template or a value. Any other error gives False."""
        draft = self._draft
        if isinstance(error, TemplateError) and error.text:
            found = template_error(error, key, draft.interface, paths, draft.namespaces)
        elif isinstance(error, UnitError) and error.key:
            layers = self._context.layers[draft.interface.level]
            value = draft.namespaces["compute"].get(error.key)
            source = source_of(
                error.key, draft.interface, layers, draft.files.size_gb, draft.dynamic
            )
            found = setting_error(error, source, value, draft.interface)
        elif isinstance(error, (TemplateError, UnitError, FormulaError)):
            found = JobError(key, str(error))
        elif isinstance(error, JobError):
            found = error
        else:
            return False
        self.errors.append(found)
        return True

    def raise_if_any(self) -> None:
        if self.errors:
            first, *others = [one for error in self.errors for one in error.all()]
            first.more = tuple(others)
            raise first


class _NoFaults:
    """Lets the first fault of a job out. Most jobs have none, and need no list of them."""

    __slots__ = ()

    def at(self, key: str, *paths: KeyPath) -> contextlib.nullcontext[None]:
        return _NO_FAULT

    def add(self, error: Exception, key: str, paths: tuple[KeyPath, ...]) -> bool:
        raise error


_NO_FAULT = contextlib.nullcontext()
_FIRST_OUT = _NoFaults()
_AnyFaults = _Faults | _NoFaults


class _Part:
    __slots__ = ("_faults", "_key", "_paths")

    def __init__(self, faults: _Faults, key: str, paths: tuple[KeyPath, ...]) -> None:
        self._faults = faults
        self._key = key
        self._paths = paths

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        return isinstance(error, Exception) and self._faults.add(error, self._key, self._paths)


def with_variables(draft: Draft, context: PlanContext, failures: Failures) -> Draft:
    """The draft, with its compute settings and its rendered `var_templates`.

    `failures` gets each template that cannot be rendered, and inputs that no row of the size table
    is for. The draft has the other values.
    """
    interface, size_gb = draft.interface, draft.files.size_gb
    layers = context.layers[interface.level]
    errors: list[JobError] = []
    try:
        check_size(interface, size_gb, draft.dynamic)
    except JobError as error:
        errors.append(error)
    compute = settings_of_job(interface, layers, size_gb, draft.dynamic)
    namespaces = namespaces_of(draft, context, compute)
    own = Draft(draft.planned, draft.record, namespaces, draft.files, None, draft.dynamic)
    faults = _Faults(own, context, errors)
    unread = interface.data.get("var_templates") and not interface.var_templates
    variables = Partial() if unread else {}
    if interface.var_templates and not failures.hopeless(interface):
        variables = _variables(interface.var_templates, namespaces, faults, ("var_templates",))
    namespaces["pipeline"] = {**interface.data, "var_templates": variables}
    try:
        faults.raise_if_any()
    except JobError as error:
        failures.add(interface, draft.record, error)
    return own


def _variables(value: Any, namespaces: Namespaces, faults: _Faults, keys: KeyPath) -> Any:
    """Rendered `var_templates`, also nested ones (looper does not render these, quirk 2).

    `~` and variables of the environment are filled in.
    """
    if isinstance(value, Mapping):
        made: dict[str, Any] = {}
        for key, item in value.items():
            before = len(faults.errors)
            found = _variables(item, namespaces, faults, (*keys, key))
            if len(faults.errors) > before and not isinstance(item, Mapping):
                made = Partial(made)  # without this key
            else:
                made[key] = found
        return made
    if isinstance(value, list):
        return [
            _variables(item, namespaces, faults, (*keys, index)) for index, item in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    with faults.at(".".join(map(str, keys)), keys):
        return expand(template(value).render(namespaces))
    return None


def rendered(draft: Draft, context: PlanContext) -> RenderedJob:
    """The job of a draft whose namespaces are complete.

    Raises:
        JobError: a template cannot be rendered, or a compute value cannot be read. The error has
            all faults of the job.
    """
    try:
        return _rendered(draft, context, _FIRST_OUT)
    except Exception:
        faults = _Faults(draft, context)
        job = _rendered(draft, context, faults)
        faults.raise_if_any()
        return job


def _rendered(draft: Draft, context: PlanContext, faults: _AnyFaults) -> RenderedJob:
    rule, interface, namespaces = draft.planned.rule, draft.interface, draft.namespaces
    inputs = _inputs(draft, context, faults)
    flag = rule.flag.replace(WILDCARD, draft.record)
    copies = _copies(inputs, flag, context)
    own = _with_links(namespaces, copies) if copies else namespaces
    command = ""
    with faults.at("command_template", *command_paths(interface)):
        command = _command(interface, own, context)
    env = _environment(draft, own, faults)
    if copies:
        command = with_copies(command, copies)
        env = {name: with_copies(text, copies) for name, text in env.items()}
    threads, resources = _resources(draft, faults)
    container = None
    with faults.at("compute"):
        container = _container(interface, namespaces["compute"], context)
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
        flag=flag,
        container=container,
    )
    return RenderedJob(job, namespaces, interface, draft.files.size_gb)


def _command(interface: Interface, namespaces: Namespaces, context: PlanContext) -> str:
    """The command as looper writes it, also with its space before the extra arguments."""
    options = context.settings.options_of(interface.level)
    text = interface.command_template
    if not options.command_extra_override:
        text += SAMPLE_EXTRA if interface.level == "sample" else PROJECT_EXTRA
    extra = options.command_extra_override or options.command_extra or ""
    return f"{template(text).render(namespaces)} {extra}"


def _copies(inputs: Iterable[str], flag: str, context: PlanContext) -> dict[str, str]:
    """The links to the copies of a job's remote inputs, by address."""
    for one in inputs:
        if "://" in one:
            return copies_of(filter(is_remote, inputs), flag, str(context.workdir))
    return {}


def _with_links(namespaces: Namespaces, copies: Mapping[str, str]) -> dict[str, Any]:
    """Namespaces in which the sample's attributes name links to copies, and no addresses."""
    found = dict(namespaces)
    if "sample" in found:
        sample = found["sample"]
        found["sample"] = {key: copies_in(value, copies) for key, value in sample.items()}
    return found


def _environment(draft: Draft, namespaces: Namespaces, faults: _AnyFaults) -> dict[str, str]:
    env = {}
    key = "inject_env_vars"
    for name, text in draft.interface.inject_env_vars.items():
        with faults.at(f"{key}.{name}", (key, name)):
            env[name] = template(text).render(namespaces)
    if draft.namespaces["pipestat"]:
        env.setdefault("PIPESTAT_RECORD_IDENTIFIER", draft.record)
    return env


def _inputs(draft: Draft, context: PlanContext, faults: _AnyFaults) -> tuple[str, ...]:
    """The input files of the schema and of `snakemake: input:`, as paths for Snakemake."""
    more = []
    for index, text in enumerate(directive_texts(draft.interface, "input")):
        with faults.at("snakemake.input", *directive_paths(draft.interface, "input", index)):
            more.append(template(text).render(draft.namespaces))
            fault = input_fault(more[-1])
            if fault:
                raise TemplateError(fault)
    with faults.at("input_schema"):
        return tuple(
            _input(path, context) for path in dict.fromkeys((*draft.files.required, *more))
        )
    return ()


def _input(path: str, context: PlanContext) -> str:
    special = special_to_snakemake(path)
    if special:
        raise TemplateError(f"input '{path}' has {special}; rename it")
    return as_input(path, context)


def _resources(draft: Draft, faults: _AnyFaults) -> tuple[int, dict[str, int | str]]:
    """The threads and the resources, with those of `snakemake: resources:`."""
    compute = draft.namespaces["compute"]
    try:
        threads, resources = to_snakemake(compute)
    except UnitError:
        for error in faults_of(compute):
            faults.add(error, "compute", ())
        return 1, {}
    known = {**resources, "threads": threads}
    with faults.at("snakemake.resources"):
        for name, value in draft.interface.directives.get("resources", {}).items():
            resources[name] = filled(value, known) if isinstance(value, Formula) else value
    return threads, resources


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
