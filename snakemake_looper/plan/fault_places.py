"""The places of faults that planning finds: the line of a template, the source of a setting."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..errors import Place
from ..model import Interface
from ..read.template_environment import MOST_STEPS
from ..read.templates import TemplateError, line_of_fault
from ..read.text_lines import lines_of_text
from ..read.yaml_lines import KeyPath
from .compute_settings import source_of
from .context import PlanContext
from .drafts import Draft
from .failures import JobError, KnownFault
from .resources import UnitError

_FEW_STEPS = 10_000
"""The steps for finding the loop that goes on for too long."""


def template_error(
    error: TemplateError,
    key: str,
    interface: Interface,
    paths: tuple[KeyPath, ...],
    namespaces: Mapping[str, Any],
) -> JobError:
    """The fault of a job whose template cannot be rendered.

    Args:
        error: the error of the template.
        key: the key of the interface for the message.
        interface: the job's interface.
        paths: the keys that may lead to the template in the interface's file.
        namespaces: the values that it was rendered with.
    """
    kind = KnownFault if error.known else JobError
    where = partial(_template_place, error, key, interface, paths, namespaces)
    found = kind(key, str(error), where)
    found.hopeless = error.hopeless
    return found


def _template_place(
    error: TemplateError,
    key: str,
    interface: Interface,
    paths: tuple[KeyPath, ...],
    namespaces: Mapping[str, Any],
) -> tuple[Place, str]:
    lines = lines_of_text(interface.path, *paths)
    steps = _FEW_STEPS if error.hopeless else MOST_STEPS
    line = line_of_fault(error.text, lines, namespaces, steps) or (lines[0] if lines else 0)
    if line:
        return Place(str(interface.path), line), key
    return interface.places.get(str(paths[0][0]), interface.template_place), key


def setting_error(error: UnitError, draft: Draft, context: PlanContext) -> JobError:
    """The fault of a job with a compute setting that cannot be read.

    `compute_checks` has reported the cells of a size table already.
    """
    interface, key = draft.interface, error.key
    layers = context.layers[interface.level]
    source = source_of(key, interface, layers, draft.files.size_gb, draft.dynamic)
    value = draft.namespaces["compute"].get(key)
    if source is None or source.values[key] != value:
        return JobError(
            f"compute.{key}", f"{error}: a hook made this value", partial(_of_hook, key, interface)
        )
    kind = KnownFault if source.table else JobError
    return kind(f"compute.{key}", str(error), partial(source.place_of, key))


def _of_hook(key: str, interface: Interface) -> tuple[Place, str]:
    return interface.places.get("pre_submit", interface.place), f"compute.{key}"
