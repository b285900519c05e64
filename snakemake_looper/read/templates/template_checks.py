"""Checks of all templates of an interface, before any is rendered.

A template that cannot be parsed, or that names no namespace, is wrong for every sample. It is a
problem even if no sample is to run, and it does not hide the faults of other parts of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import Place, Problems
from ...model import Interface, Pep
from ..documents.text_lines import lines_of_text
from ..documents.yaml_lines import KeyPath
from .template_braces import left_over
from .template_faults import LOOPER_KEYS
from .templates import faults_of


class InterfaceText(NamedTuple):
    """A template of an interface."""

    key: str
    """The key that messages name."""
    paths: tuple[KeyPath, ...]
    """The keys that may lead to the text; the first one that the file has does."""
    text: str


def command_paths(interface: Interface) -> tuple[KeyPath, ...]:
    """The keys that may lead to the command template: those of looper 2.x, then of 1.x."""
    return (f"{interface.level}_interface", "command_template"), ("command_template",)


def templates_of(interface: Interface) -> Iterator[InterfaceText]:
    """All templates of an interface, but for outputs, which make the rule."""
    yield InterfaceText("command_template", command_paths(interface), interface.command_template)
    yield from nested_texts(interface.var_templates, "var_templates")
    yield from nested_texts(interface.inject_env_vars, "inject_env_vars")
    for index, text in enumerate(interface.hooks.command_templates):
        yield InterfaceText("pre_submit.command_templates", command_hook_paths(index), text)
    if interface.hooks.dynamic_variables:
        keys = ("compute", "dynamic_variables_command_template")
        yield InterfaceText(".".join(keys), (keys,), interface.hooks.dynamic_variables)
    value = interface.directives.get("input")
    for index, text in enumerate(value if isinstance(value, list) else [value]):
        if text is not None:
            yield InterfaceText(
                "snakemake.input", directive_paths(interface, "input", index), str(text)
            )


def command_hook_paths(index: int) -> tuple[KeyPath, ...]:
    """The keys that may lead to a command under `pre_submit:`, in a list or alone."""
    keys: KeyPath = ("pre_submit", "command_templates")
    return (*keys, index), keys


def directive_paths(interface: Interface, key: str, index: int) -> tuple[KeyPath, ...]:
    """The keys that may lead to an item of a directive of `snakemake:`, in a list or alone."""
    keys: KeyPath = ("snakemake", key)
    own: KeyPath = (f"{interface.level}_interface", *keys)
    return (*own, index), own, (*keys, index), keys


def nested_texts(value: Any, *keys: str | int) -> Iterator[InterfaceText]:
    """The texts in nested mappings and lists."""
    if isinstance(value, str):
        yield InterfaceText(".".join(map(str, keys)), (keys,), value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from nested_texts(item, *keys, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nested_texts(item, *keys, index)


def check_templates(interfaces: Iterable[Interface], pep: Pep | None, problems: Problems) -> None:
    """Refuse templates that are wrong for all samples, and warn of braces that are left over."""
    for interface in interfaces:
        known = _known(interface, pep)
        any_name = bool(interface.hooks.python_functions)  # they may add namespaces of their own
        for one in templates_of(interface):
            for fault in faults_of(one.text, known, any_name):
                place = _place(interface, one, fault.position)
                problems.add(place, one.key, fault.message)
            for position, what in left_over(one.text):
                problems.warn(_place(interface, one, position), one.key, what)


def _known(interface: Interface, pep: Pep | None) -> Mapping[str, Any]:
    """The namespaces as far as they are known before planning."""
    own = {"sample": pep.samples[0].attributes} if pep and pep.samples else {}
    return {
        **(own if interface.level == "sample" else {}),
        "looper": dict.fromkeys(LOOPER_KEYS),
        "compute": interface.compute,
        "project": pep.config if pep else {},
        "pipeline": interface.data,
    }


def _place(interface: Interface, one: InterfaceText, position: int) -> Place:
    lines = lines_of_text(interface.path, *one.paths)
    if lines:
        return Place(str(interface.path), lines[min(position, len(lines) - 1)])
    return interface.places.get(str(one.paths[0][0]), interface.template_place)
