"""Faults of templates that planning finds, with the line of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Place
from ..model import Interface
from ..read.documents.text_lines import lines_of_text
from ..read.documents.yaml_lines import KeyPath
from ..read.templates.templates import TemplateError, line_of_fault
from .failures import JobError, KnownFault


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
    all_known = not interface.hooks.python_functions  # they may add namespaces
    kind = KnownFault if error.known or (error.no_namespace and all_known) else JobError

    def where() -> tuple[Place, str]:
        return template_place(error, interface, paths, namespaces), key

    found = kind(key, str(error), where)
    found.hopeless = error.hopeless
    found.more = tuple(template_error(one, key, interface, paths, namespaces) for one in error.more)
    return found


def at_text(
    error: JobError, key: str, interface: Interface, paths: tuple[KeyPath, ...]
) -> JobError:
    """The same fault, at the line of a text of the interface."""

    def where() -> tuple[Place, str]:
        lines = lines_of_text(interface.path, *paths)
        if lines:
            return Place(str(interface.path), lines[0]), key
        return interface.places.get(str(paths[0][0]), interface.place), key

    error.where = where
    return error


def template_place(
    error: TemplateError,
    interface: Interface,
    paths: tuple[KeyPath, ...],
    namespaces: Mapping[str, Any],
) -> Place:
    """The line at which a template cannot be rendered; the arguments are as above."""
    lines = lines_of_text(interface.path, *paths)
    line = line_of_fault(error, lines, namespaces) or (lines[0] if lines else 0)
    if line:
        return Place(str(interface.path), line)
    return interface.places.get(str(paths[0][0]), interface.template_place)
