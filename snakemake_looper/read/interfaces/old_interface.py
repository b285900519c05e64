"""Pipeline interfaces of looper 0.x: the place that today's files have for each of their keys.

There were three forms before the one of looper 1.0, which is still read:

1. looper 0.6 to 0.12: `protocol_mapping:` and `pipelines:`, for a group of pipelines.
2. looper 0.2 to 0.5: the pipelines at the top, and the protocols in a second file.
3. early versions of looper 1.0: `sample_pipeline:` and `project_pipeline:`.

They cannot be run: an argument was the name of an attribute, not a template. This module names each
key at its line, with the text to write now. If the file has values, they are in that text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ...errors import Problems
from ..deprecated import INTERFACE, PIPELINE
from ..documents.yaml_lines import Document, flow

_COMMANDS = ("command_template", "sample_interface", "project_interface")
_LEVELS = {"sample_pipeline": "sample_interface", "project_pipeline": "project_interface"}
_OF_A_PIPELINE = frozenset(
    (
        "arguments", "optional_arguments", "looper_args", "resources", "required_input_files",
        "all_input_files", "ngs_input_files",
    )
)  # fmt: skip
"""Keys by which a pipeline of looper 0.x is known."""
_SCRIPT = re.compile(r"\.(?:py|R|r|sh|pl)\b")
_SIZES = ("file_size", "min_file_size")
_REMOVE = "is not read any more; remove it"
_WRITE_YAML = ", and 'pre_submit: python_functions: [looper.write_sample_yaml]' in the file"
_MOST_RULES = 3
"""The greatest number of protocols that a message spells out."""

Said = tuple[tuple[Any, ...], str]
"""The path of a key, and the message."""
_Teller = Callable[[Mapping[Any, Any]], Iterator[Said]]


def tell_of_old_interface(document: Document, problems: Problems) -> bool:
    """Add a problem for each key of an interface of looper 0.x; False if the file is none."""
    tell = _teller(document.data)
    for keys, message in tell(document.data) if tell else ():
        problems.add(document.place(*keys), ".".join(map(str, keys)), message)
    return tell is not None


def _teller(data: Mapping[Any, Any]) -> _Teller | None:
    """The function for a form of looper 0.x; None for forms that are read."""
    if not data or any(key in data for key in _COMMANDS):
        return None
    if "pipelines" in data or "protocol_mapping" in data:
        return _of_groups
    if any(key in data for key in _LEVELS):
        return _of_levels
    values = list(data.values())
    if any(isinstance(one, Mapping) and not _OF_A_PIPELINE.isdisjoint(one) for one in values):
        return _of_pipelines
    if all(isinstance(one, str) for one in values) and any(map(_SCRIPT.search, values)):
        return _of_protocols
    return None


def _write(new: str) -> str:
    return f"is not read any more; write {new}"


# --- the forms ------------------------------------------------------------------------------------


def _of_groups(data: Mapping[Any, Any]) -> Iterator[Said]:
    for key, value in data.items():
        if key == "protocol_mapping":
            yield (key,), _by_protocol(value, data.get("pipelines"))
        elif key == "pipelines" and isinstance(value, Mapping):
            for name, pipeline in value.items():
                yield from _pipeline((key, name), pipeline, alone=len(value) == 1)
        elif key in INTERFACE:
            yield (key,), _write(INTERFACE[key])


def _of_pipelines(data: Mapping[Any, Any]) -> Iterator[Said]:
    for name, pipeline in data.items():
        yield from _pipeline((name,), pipeline, alone=len(data) == 1)


def _of_protocols(data: Mapping[Any, Any]) -> Iterator[Said]:
    yield (next(iter(data)),), f"a file that maps protocols to pipelines {_by_protocol(data, None)}"


def _of_levels(data: Mapping[Any, Any]) -> Iterator[Said]:
    two = all(key in data for key in _LEVELS)
    for key, section in data.items():
        if key not in _LEVELS:
            continue
        where = " in a file of its own" if two and key == "project_pipeline" else ""
        yield (key,), _write(f"'{_LEVELS[key]}:'{where}")
        for name, value in _items(section):
            if name != "command_template":
                yield (key, name), _write(_at_the_top(str(name), value))


def _at_the_top(key: str, value: Any) -> str:
    """The place of a key of `sample_pipeline:`."""
    if key == "path":
        path = f'"{{looper.piface_dir}}/{value}"'
        return f"'var_templates: path: {path}', and {{pipeline.var_templates.path}} for it"
    new = {"name": "pipeline_name", "schema": "input_schema"}.get(key, key)
    return f"'{new}:{f' {flow(value)}' if isinstance(value, str) else ''}' at the top of the file"


# --- protocols ------------------------------------------------------------------------------------


def _by_protocol(mapping: Any, pipelines: Any) -> str:
    """The message for a mapping of protocols to pipelines: implications in the PEP."""
    if not isinstance(mapping, Mapping) or not mapping:
        return _write(INTERFACE["protocol_mapping"]) if mapping else _REMOVE
    names = {str(key): _name(str(key), one) for key, one in _items(pipelines)}
    by_calls: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for protocol, words in _items(mapping):
        calls = tuple((names.get(one, _name(one, None)), rest) for one, rest in _calls(words))
        by_calls.setdefault(calls, []).append(str(protocol))
    options = any(rest for calls in by_calls for _, rest in calls)
    all_protocols = [one for protocols in by_calls.values() for one in protocols]
    if len(by_calls) == 1 and not options and (len(names) == 1 or "*" in all_protocols):
        return f"{_REMOVE}: an interface in the looper config runs for all samples"
    items = [flow(_implication(protocols, calls)) for calls, protocols in by_calls.items()]
    listed = " and ".join(f"'- {item}'" for item in items[:_MOST_RULES])
    more = len(items) - _MOST_RULES
    rest = f" and {more} more" if more > 0 else ""
    under = "under 'sample_modifiers: imply:' in the PEP, with the paths from there"
    return _write(f"{listed}{rest} {under}")


def _implication(protocols: list[str], calls: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """An item of `imply:`. Options that a protocol adds are those of the samples' commands."""
    then: dict[str, Any] = {"pipeline_interfaces": [f"{name}.yaml" for name, _ in calls]}
    added = dict.fromkeys(options for _, options in calls if options)
    return {
        "if": {"protocol": protocols},
        "then": then | ({"command_extra": " ".join(added)} if added else {}),
    }


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _calls(words: Any) -> list[tuple[str, str]]:
    """The pipelines of a protocol, each with its options: `a.py -f; (b.py, c.py)`, or a list."""
    texts = words if isinstance(words, list) else re.split(r"[,;()]", str(words))
    split = (str(one).split(maxsplit=1) for one in texts if str(one).strip())
    return [(one, " ".join(rest).strip()) for one, *rest in split]


def _name(key: str, pipeline: Any) -> str:
    """The name of a pipeline; without one, that of its script."""
    given = pipeline.get("name") if isinstance(pipeline, Mapping) else None
    return given if isinstance(given, str) and given else PurePosixPath(key).stem


# --- pipelines ------------------------------------------------------------------------------------


def _pipeline(keys: tuple[Any, ...], pipeline: Any, alone: bool) -> Iterator[Said]:
    """The messages for a pipeline: its place, and each of its keys."""
    script = str(keys[-1])
    name, settings = _name(script, pipeline), dict(_items(pipeline))
    head = "'sample_interface: command_template:'"
    if "name" not in settings:
        head = f"'pipeline_name: {flow(name)}' and {head}"
    head += " at the top of this file" if alone else f" in a file of its own, {name}.yaml"
    if "path" not in settings and _SCRIPT.search(script):
        head += f", with '{{looper.piface_dir}}/{script}' as its first word"
    yield keys, _write(head)
    for key, value in settings.items():
        yield (*keys, key), _of_key(str(key), value, name)


def _of_key(key: str, value: Any, name: str) -> str:
    """The message for one key of a pipeline."""
    if not value and value is not None:
        return _REMOVE
    if key in ("arguments", "optional_arguments") and isinstance(value, Mapping):
        return _arguments(value, optional=key == "optional_arguments")
    if key == "resources" and isinstance(value, Mapping):
        return _write(_size_table(value, f"{name}_resources.tsv"))
    if key == "path":
        return _write(
            f"'{{looper.piface_dir}}/{value}' in the 'command_template', as its first word"
        )
    if key == "name":
        return _write(f"'pipeline_name: {flow(value)}' at the top of the file")
    new = PIPELINE.get(key, INTERFACE.get(key))
    if new is None:
        return _write(f"'{key}:' at the top of the file; templates have it as {{pipeline.{key}}}")
    shown = flow(value) if isinstance(value, (str, list)) else ""
    return _write(new.replace("VALUE", shown))


def _arguments(options: Mapping[Any, Any], optional: bool) -> str:
    """Options, each with the attribute that is its value, as a part of a template.

    looper 0.x wrote a file for each sample, and its path to the attribute `yaml_file`.
    """
    words, hook = [], ""
    for option, attribute in options.items():
        if attribute == "yaml_file":
            attribute, hook = "sample_yaml_path", _WRITE_YAML
        word = str(option) if attribute is None else f"{option} {{sample.{attribute}}}"
        if optional and attribute is not None:
            word = f"{{% if sample.{attribute} is defined %}} {word} {{% endif %}}"
        words.append(word)
    return _write(f"'{' '.join(words)}' in the 'command_template'{hook}")


def _size_table(packages: Mapping[Any, Any], file: str) -> str:
    """`resources:` as a size table, and as the shell command that writes it.

    looper 0.x took the last package whose `file_size` the input reached. In a size table, it is
    the first row whose `max_file_size` the input does not exceed.
    """
    found = [dict(one) for one in packages.values() if isinstance(one, Mapping)]
    try:
        rows = sorted((float(_smallest(one) or 0), number) for number, one in enumerate(found))
    except (ValueError, TypeError):
        rows = []
    columns = list(dict.fromkeys(str(key) for one in found for key in one if key not in _SIZES))
    if not rows or not columns:
        return f"'compute: size_dependent_variables: {file}', a table with 'max_file_size' in GB"
    limits = [f"{size:g}" for size, _ in rows[1:]] + ["NaN"]
    cells = [["max_file_size", *columns]]
    for limit, (_, number) in zip(limits, rows, strict=True):
        cells.append([limit, *(str(found[number].get(column, "")) for column in columns)])
    form = r"\t".join(["%s"] * len(cells[0])) + r"\n"
    words = " ".join(shlex.quote(cell) for row in cells for cell in row)
    return (
        f"'compute: size_dependent_variables: {file}', a table in which 'file_size' became"
        f" 'max_file_size', the upper bound: printf '{form}' {words} > {file}"
    )


def _smallest(package: Mapping[Any, Any]) -> Any:
    return next((package[key] for key in _SIZES if key in package), 0)
