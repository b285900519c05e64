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
from functools import partial
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
_ANY = "*"
"""The protocol of samples whose protocol is not in the mapping."""
_MOST_RULES = 3
"""The greatest number of protocols that a message spells out."""

Said = tuple[tuple[Any, ...], str]
"""The path of a key, and the message."""
_Calls = tuple[tuple[str, str], ...]
"""The pipelines of a protocol, each with its options."""
_Teller = Callable[[Mapping[Any, Any]], Iterator[Said]]


def tell_of_old_interface(document: Document, problems: Problems) -> bool:
    """Add a problem for each key of an interface of looper 0.x; False if the file is none."""
    tell = _teller(document.data, document.path.name)
    for keys, message in tell(document.data) if tell else ():
        problems.add(document.place(*keys), ".".join(map(str, keys)), message)
    return tell is not None


def _teller(data: Mapping[Any, Any], file: str) -> _Teller | None:
    """The function for a form of looper 0.x; None for forms that are read."""
    if not data or any(key in data for key in _COMMANDS):
        return None
    if "pipelines" in data or "protocol_mapping" in data:
        return partial(_of_groups, file)
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


def _of_groups(file: str, data: Mapping[Any, Any]) -> Iterator[Said]:
    for key, value in data.items():
        if key == "protocol_mapping":
            yield (key,), _by_protocol(value, data.get("pipelines"), file)
        elif key == "pipelines" and isinstance(value, Mapping):
            for name, pipeline in value.items():
                yield from _pipeline((key, name), pipeline, alone=len(value) == 1)
        elif key in INTERFACE:
            yield (key,), _write(INTERFACE[key])


def _of_pipelines(data: Mapping[Any, Any]) -> Iterator[Said]:
    for name, pipeline in data.items():
        yield from _pipeline((name,), pipeline, alone=len(data) == 1)


def _of_protocols(data: Mapping[Any, Any]) -> Iterator[Said]:
    yield (next(iter(data)),), f"a file that maps protocols to pipelines {_by_protocol(data)}"


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


def _by_protocol(mapping: Any, pipelines: Any = None, file: str = "") -> str:
    """The message for a mapping of protocols to pipelines: implications in the PEP.

    A single pipeline stays in this file. The looper config must not name it any more, since it
    would run for samples of other protocols, too.
    """
    if not isinstance(mapping, Mapping) or not mapping:
        return _write(INTERFACE["protocol_mapping"]) if mapping else _REMOVE
    names = {str(key): _name(str(key), one) for key, one in _items(pipelines)}
    alone = file if len(names) == 1 else ""
    by_calls: dict[_Calls, list[str]] = {}
    for protocol, words in _items(mapping):
        calls = tuple((names.get(one, _name(one, None)), rest) for one, rest in _calls(words))
        by_calls.setdefault(calls, []).append(str(protocol))
    default = next((calls for calls, found in by_calls.items() if _ANY in found), ())
    options = any(rest for _, rest in default)
    if default and len(by_calls) == 1 and not options:
        return f"{_REMOVE}: an interface in the looper config runs for all samples"
    items = [
        flow({"if": {"protocol": found}, "then": _attributes(calls, alone, resets=options)})
        for calls, found in by_calls.items()
        if calls != default
    ]
    appended = _attributes(default, alone) if default else {}
    text = _modifiers(items, appended)
    where = f", and remove '{alone}' from 'pipeline_interfaces' in the looper config"
    return _write(f"{text}{where if alone else ''}")


def _modifiers(items: list[str], appended: Mapping[str, Any]) -> str:
    """Implications, and the attributes of all other samples, with their places in the PEP.

    The values of an implication replace appended ones.
    """
    there = "in the PEP, with the paths from there"
    append = f"'append: {flow(appended)}' under 'sample_modifiers:'" if appended else ""
    if not items:
        return f"{append} {there}"
    more = len(items) - _MOST_RULES
    listed = " and ".join(f"'- {item}'" for item in items[:_MOST_RULES])
    rest = f" and {more} more" if more > 0 else ""
    before = f"{append}, and " if append else ""
    return f"{before}{listed}{rest} under 'sample_modifiers: imply:' {there}"


def _attributes(calls: _Calls, alone: str, resets: bool = False) -> dict[str, Any]:
    """The attributes of a sample with these calls: options are those of its commands.

    If it `resets` them, no options are an empty text, which replaces the options of all samples.
    """
    added = dict.fromkeys(options for _, options in calls if options)
    files = [alone or f"{name}.yaml" for name, _ in calls]
    extra = {"command_extra": " ".join(added)} if added or resets else {}
    return {"pipeline_interfaces": files, **extra}


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
    for option, value in options.items():
        if value == "yaml_file":
            value, hook = "sample_yaml_path", _WRITE_YAML
        attributes = [one for one in _listed(value) if isinstance(one, str)]
        parts = [_variable(one) if isinstance(one, str) else str(one) for one in _listed(value)]
        word = " ".join((str(option), *parts))
        if optional and attributes:
            there = " and ".join(f"{_variable(one)[1:-1]} is defined" for one in attributes)
            word = f"{{% if {there} %}} {word} {{% endif %}}"
        words.append(word)
    return _write(f"'{' '.join(words)}' in the 'command_template'{hook}")


def _listed(value: Any) -> list[Any]:
    """The values of an option: attributes and numbers. An option without values is a switch."""
    values = value if isinstance(value, list) else [value]
    return [
        one for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)
    ]


def _variable(attribute: str) -> str:
    """An attribute of the sample in a template."""
    plain = all(part.isidentifier() for part in attribute.split("."))
    return f"{{sample.{attribute}}}" if plain else f"{{sample[{attribute!r}]}}"


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
