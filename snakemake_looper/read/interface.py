"""Pipeline interfaces of both generations, read into one `Interface` per level.

2.x files have `sample_interface:` and/or `project_interface:`, each with a `command_template`;
1.x files have the template at the top and say their level in `pipeline_type`. All other keys
stand at the top in both, and hold for both levels.
"""

from __future__ import annotations

import contextlib
import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, near
from ..formula import resource
from ..layout import is_file_name
from ..model import Hooks, InputSchema, Interface, Level, SizeRow
from .compute import size_table
from .deprecated import INTERFACE, instead
from .input_schema import read_input_schema
from .output_schema import OutputSchemaError, read_output_schema
from .templates import TemplateError, template
from .yaml_lines import Document, absent, read_yaml, resolve

LEVELS: tuple[Level, Level] = ("sample", "project")
_KEYS = {
    "pipeline_name",
    "pipeline_type",
    "path",
    "command_template",
    "sample_interface",
    "project_interface",
    "var_templates",
    "pre_submit",
    "inject_env_vars",
    "compute",
    "input_schema",
    "output_schema",
    "linked_pipeline_interfaces",
    "pipestat_config_required",
    "snakemake",
}
# What may stand in an interface's `snakemake:` section, and the types it may have.
DIRECTIVES: dict[str, tuple[type, ...]] = {
    "container": (str,),
    "conda": (str,),
    "retries": (int,),
    "group": (str,),
    "priority": (int,),
    "resources": (dict,),
    "input": (str, list),
    "output": (str, list),
    "benchmark": (str,),
    "depends_on": (str, list),
}
_HANDOFF = re.compile(r"\{[^}]*\bpipestat\.")


def read_interface(path: Path, place: Place, problems: Problems) -> tuple[Interface, ...]:
    """Read one file into an interface for each level that it defines.

    `place` is where the file is named, for faults of the whole file. What is wrong goes to
    `problems`; levels that are sound come back all the same.
    """
    document = read_yaml(path, problems)
    if document is None:
        return ()
    templates = _templates(document, problems)
    name = _pipeline_name(document, problems)
    shared = _Shared(document, problems)
    _unknown_keys(document, [text for text, _ in templates.values()], problems)
    for level, (text, at) in list(templates.items()):
        _check_handoff(document, level, text, at, problems)
        try:
            parsed = template(text)
            if not shared.hooks.python_functions:  # which may bring namespaces of their own
                parsed.check_names()
        except TemplateError as error:
            problems.add(at, "command_template", str(error))
            del templates[level]
    if name is None:
        return ()
    return tuple(shared.interface(level, name, text, at) for level, (text, at) in templates.items())


def _pipeline_name(document: Document, problems: Problems) -> str | None:
    name = document.data.get("pipeline_name")
    if not isinstance(name, str) or not name:
        problems.add(
            document.place("pipeline_name"),
            "pipeline_name",
            "is missing; name the pipeline, as in 'pipeline_name: count_lines'",
        )
        return None
    if re.search(r"\s", name) or not is_file_name(name):
        problems.add(
            document.place("pipeline_name"),
            "pipeline_name",
            f"'{name}' has white space, a slash, a brace or the like; write a name that can be part of a"
            " file name",
        )
        return None
    return name


def _templates(document: Document, problems: Problems) -> dict[Level, tuple[str, Place]]:
    """The command template of each level, and where it stands."""
    data = document.data
    found: dict[Level, tuple[str, Place]] = {}
    sections = [level for level in LEVELS if data.get(f"{level}_interface") is not None]
    for level in sections:
        key = f"{level}_interface"
        section = data[key]
        text = section.get("command_template") if isinstance(section, Mapping) else None
        if isinstance(text, str) and text.strip():
            found[level] = (text, document.place(key, "command_template"))
        else:
            problems.add(
                document.place(key),
                f"{key}.command_template",
                "is missing; write the command that the pipeline is run with",
            )
        for extra in section if isinstance(section, Mapping) else ():
            if extra not in ("command_template", "snakemake"):
                problems.warn(
                    document.place(key, extra),
                    f"{key}.{extra}",
                    "only 'command_template' and 'snakemake' are read here; other keys belong at"
                    " the top of the file",
                )
    if sections:
        return found
    return _old_template(document, problems)


def _old_template(document: Document, problems: Problems) -> dict[Level, tuple[str, Place]]:
    data = document.data
    text = data.get("command_template")
    if not isinstance(text, str) or not text.strip():
        problems.add(
            document.place("command_template"),
            "command_template",
            "there is no command; write 'sample_interface: command_template: …'"
            " (or 'project_interface:')",
        )
        return {}
    kind = data.get("pipeline_type", "sample")
    if kind not in LEVELS:
        problems.add(
            document.place("pipeline_type"),
            "pipeline_type",
            f"'{kind}' is no level{near(str(kind), LEVELS)}; write 'sample' or 'project'",
        )
        return {}
    return {kind: (text, document.place("command_template"))}


def _unknown_keys(document: Document, templates: list[str], problems: Problems) -> None:
    """Name keys that do nothing: those unknown to us that no template asks for."""
    texts = " ".join([*templates, str(document.data.get("var_templates", ""))])
    for key in document.data:
        if key in _KEYS or f"pipeline.{key}" in texts:
            continue
        old = instead(str(key), INTERFACE)
        what = f"unknown key, and no template uses {{pipeline.{key}}}{near(str(key), _KEYS)}"
        problems.warn(document.place(key), str(key), old or what)


def _check_handoff(
    document: Document, level: Level, text: str, place: Place, problems: Problems
) -> None:
    """An output schema is of no use to a pipeline that is never told where results go."""
    data = document.data
    if not data.get("output_schema") or data.get("pipestat_config_required") is False:
        return
    texts = [text, str(data.get("inject_env_vars", "")), str(data.get("var_templates", ""))]
    others = [
        str(section.get("command_template", ""))
        for key in ("sample_interface", "project_interface")
        if isinstance(section := data.get(key), Mapping)
    ]
    if any(_HANDOFF.search(each) for each in (*texts, *others)):
        return
    problems.add(
        place,
        "command_template" if level == data.get("pipeline_type") else f"{level}_interface",
        "there is an output_schema, but the command is not told where to report; add"
        " '{pipestat.config_file}' to it, or 'pipestat_config_required: false' to the file",
    )


class _Shared:
    """What both levels of one file have in common, read once."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self._problems = problems
        self._folder = document.path.parent
        self.compute = dict(self._mapping("compute"))
        self.size_table, table_files = self._size_table()
        self.input_schema = self._input_schema()
        self.output_schema = self._file("output_schema")
        self.output_paths = self._output_paths()
        self._common = self._directives(("snakemake",))
        self.env = self._env()
        self.linked = self._linked()
        self.hooks = self._hooks()
        self.files = (
            document.path,
            *table_files,
            *(self.input_schema.files if self.input_schema else ()),
            *((self.output_schema,) if self.output_schema else ()),
        )

    def interface(self, level: Level, name: str, text: str, place: Place) -> Interface:
        document = self.document
        return Interface(
            path=document.path,
            level=level,
            pipeline_name=name,
            command_template=text,
            data=self._namespace(),
            place=document.place(),
            template_place=place,
            places={key: document.place(key) for key in document.data},
            var_templates=self._mapping("var_templates"),
            inject_env_vars=self.env,
            compute=self.compute,
            size_table=self.size_table,
            input_schema=self.input_schema if level == "sample" else None,
            output_schema=self.output_schema,
            output_paths=self.output_paths if level == "sample" else {},
            hooks=self.hooks,
            linked=self.linked,
            directives={**self._common, **self._directives((f"{level}_interface", "snakemake"))},
            files=self.files,
        )

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.document.data.get(key)
        if value is None or isinstance(value, Mapping):
            return value or {}
        self._problems.add(self.document.place(key), key, f"must be a mapping, not '{value}'")
        return {}

    def _namespace(self) -> dict[str, Any]:
        """The `pipeline` namespace; 1.x interfaces get an absolute `path` (quirk 36)."""
        data = dict(self.document.data)
        path = data.get("path")
        if "pipeline_type" in data and isinstance(path, str):
            beside = resolve(path, self._folder)
            data["path"] = str(beside) if beside.exists() else path
        return data

    def _file(self, key: str) -> Path | None:
        value = self.document.data.get(key)
        if not value:
            return None
        path = resolve(str(value), self._folder)
        if path.is_file():
            return path
        self._problems.add(self.document.place(key), key, absent(str(value), path))
        return None

    def _output_paths(self) -> Mapping[str, str]:
        """`path:` of each property that stands beside `samples:`, the kind of before pipestat."""
        if not self.output_schema:
            return {}
        # Planning names the faults of a schema, with their lines.
        with contextlib.suppress(OSError, OutputSchemaError):
            return read_output_schema(self.output_schema).sample_paths
        return {}

    def _size_table(self) -> tuple[tuple[SizeRow, ...], tuple[Path, ...]]:
        source = self.compute.get("size_dependent_variables")
        if not source:
            return (), ()
        path = resolve(str(source), self._folder)
        place = self.document.place("compute", "size_dependent_variables")
        return size_table(path, place, self._problems), (path,)

    def _input_schema(self) -> InputSchema | None:
        source = self.document.data.get("input_schema")
        if not source:
            return None
        place = self.document.place("input_schema")
        return read_input_schema(str(source), self._folder, place, self._problems)

    def _env(self) -> dict[str, str]:
        found = {}
        for name, value in self._mapping("inject_env_vars").items():
            if re.fullmatch(r"[A-Za-z_]\w*", str(name)):
                found[str(name)] = str(value)
            else:
                self._problems.add(
                    self.document.place("inject_env_vars", name),
                    f"inject_env_vars.{name}",
                    "is no name for a variable; use letters, digits and '_'",
                )
        return found

    def _linked(self) -> tuple[Path, ...]:
        value = self.document.data.get("linked_pipeline_interfaces") or []
        found = []
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            path = resolve(str(item), self._folder)
            if path.is_file():
                found.append(path)
            else:
                self._problems.add(
                    self.document.place("linked_pipeline_interfaces", index),
                    "linked_pipeline_interfaces",
                    absent(str(item), path),
                )
        return tuple(found)

    def _directives(self, keys: tuple[str, ...]) -> dict[str, Any]:
        """A `snakemake:` section: that of the file, or that of a level, which goes over it."""
        section: Any = self.document.data
        for key in keys:
            section = section.get(key) if isinstance(section, Mapping) else None
        if section is not None and not isinstance(section, Mapping):
            self._problems.add(self.document.place(*keys), ".".join(keys), "must be a mapping")
        found: dict[str, Any] = {}
        values: Mapping[Any, Any] = section if isinstance(section, Mapping) else {}
        for key, value in values.items():
            place, name = self.document.place(*keys, key), ".".join([*keys, str(key)])
            if key not in DIRECTIVES:
                self._problems.add(place, name, f"unknown{near(str(key), DIRECTIVES)}; remove it")
            elif not any(type(value) is kind for kind in DIRECTIVES[key]):
                wanted = " or ".join(kind.__name__ for kind in DIRECTIVES[key])
                self._problems.add(place, name, f"must be {wanted}, not '{value}'")
            elif key == "resources":
                found[key] = self._resources(value, keys)
            else:
                found[key] = self._beside(value) if key in ("conda", "container") else value
        return found

    def _beside(self, value: str) -> str:
        """An environment or image file, relative to the interface; other names stay."""
        is_file = value.endswith((".yaml", ".yml", ".sif", ".img", ".simg")) and "://" not in value
        return str(resolve(value, self._folder)) if is_file else value

    def _resources(self, values: Mapping[Any, Any], keys: tuple[str, ...]) -> dict[str, int | str]:
        found: dict[str, int | str] = {}
        for name, value in values.items():
            good = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
            if good and isinstance(value, (int, str)) and not isinstance(value, bool):
                found[name] = resource(value) if isinstance(value, str) else value
                continue
            self._problems.add(
                self.document.place(*keys, "resources", name),
                ".".join([*keys, "resources", str(name)]),
                f"'{name}: {value}' is no resource; write a name of letters and '_', and a number"
                " or text",
            )
        return found

    def _hooks(self) -> Hooks:
        """`pre_submit:`, and the setting that it replaced."""
        key = "pre_submit"
        section = self._mapping(key)
        for name in section:
            if name not in ("python_functions", "command_templates"):
                self._problems.add(
                    self.document.place(key, name),
                    f"{key}.{name}",
                    f"unknown{near(str(name), ('python_functions', 'command_templates'))}; write"
                    " 'python_functions' or 'command_templates'",
                )
        functions = self._texts(key, "python_functions")
        for index, name in enumerate(functions):
            if not re.fullmatch(r"\w+(\.\w+)+", name):
                self._problems.add(
                    self.document.place(key, "python_functions", index),
                    f"{key}.python_functions",
                    f"'{name}' is no function; write 'package.function'",
                )
        commands = self._texts(key, "command_templates")
        for index, text in enumerate(commands):
            self._check_template(text, key, "command_templates", index)
        dynamic = self.compute.get("dynamic_variables_command_template")
        if dynamic is not None:
            keys = ("compute", "dynamic_variables_command_template")
            self._problems.warn(
                self.document.place(*keys),
                ".".join(keys),
                "is deprecated by looper; write the command under 'pre_submit: command_templates'",
            )
            self._check_template(str(dynamic), *keys)
        if "dynamic_variables_script_path" in self.compute:
            keys = ("compute", "dynamic_variables_script_path")
            self._problems.warn(
                self.document.place(*keys),
                ".".join(keys),
                "is not read any more; write 'pre_submit: command_templates:'",
            )
        places = tuple(
            self.document.place(key, "python_functions", index) for index in range(len(functions))
        )
        return Hooks(functions, commands, places, None if dynamic is None else str(dynamic))

    def _texts(self, *keys: str) -> tuple[str, ...]:
        """A list of texts, or one."""
        section: Any = self.document.data
        for key in keys:
            section = section.get(key) if isinstance(section, Mapping) else None
        values = section if isinstance(section, list) else [] if section is None else [section]
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self._problems.add(
                    self.document.place(*keys, index),
                    ".".join(keys),
                    f"must be a list of texts, not '{value}'",
                )
        return tuple(value for value in values if isinstance(value, str))

    def _check_template(self, text: str, *keys: str | int) -> None:
        try:
            template(text)
        except TemplateError as error:
            name = ".".join(key for key in keys if isinstance(key, str))
            self._problems.add(self.document.place(*keys), name, str(error))
