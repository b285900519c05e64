"""The five `pre_submit` functions that looper ships, written anew: looper need not be installed.

Names of files, keys and parameters are those of looper's documentation, "Built-in pre-submission
functions". Where looper's code spells a name in another way, both spellings work. Each function
gets a job's namespaces and returns the values that it changes.

A parameter of `var_templates` says where to write. A path that does not end as YAML files do is a
folder: the file has its default name there. Only a file from a custom template may have any name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ..errors import Place, Problems
from ..files import write_if_changed
from ..read.documents.yaml_lines import expand, resolve
from ..read.schemas.input_schema import read_input_schema
from ..read.templates.template_environment import fill_in


class Namespace(dict[str, Any]):
    """A dict whose keys can also be read and set as attributes, as in looper's objects."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def to_dict(self) -> dict[str, Any]:
        """The plain values, without peppy's own attributes, which begin with `_`."""
        return {key: _plain(value) for key, value in self.items() if not str(key).startswith("_")}


def write_sample_yaml(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Write the sample's attributes; `{sample.sample_yaml_path}` is the file.

    The name of looper 1.2, `{sample.yaml_file}`, works too.
    """
    path = _file_to_write(namespaces, "_sample.yaml", "sample_yaml_path")
    sample = {**_sample(namespaces), "sample_yaml_path": str(path)}
    _write(path, sample)
    return {"sample": {"sample_yaml_path": str(path), "yaml_file": str(path)}}


def write_sample_yaml_prj(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Write the sample's attributes, with the project's config under `prj`."""
    path = _file_to_write(namespaces, "_sample_prj.yaml", "sample_yaml_prj_path")
    _write(path, {**_sample(namespaces), "prj": _plain(namespaces["project"])})
    return {}


def write_sample_yaml_cwl(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Write the sample as the input of a CWL workflow; `{sample.sample_yaml_cwl}` is the file.

    If the input schema says that an attribute is a file or a folder, it becomes a `File` or
    `Directory` object. Paths of files are relative to the file that is written, as CWL reads them.
    """
    path = _file_to_write(
        namespaces, "_sample_cwl.yaml", "sample_yaml_cwl_path", "sample_cwl_yaml_path"
    )
    sample = _sample(namespaces)
    changed: dict[str, Any] = {"sample_yaml_cwl": str(path)}
    source = namespaces["pipeline"].get("input_schema")
    kinds = _kinds(str(source), namespaces["looper"]["piface_dir"]) if source else {}
    for attribute, kind in kinds.items():
        if sample.get(attribute):
            changed[attribute] = _cwl_object(sample[attribute], kind, path)
    _write(path, {**sample, **changed})
    return {"sample": changed}


def write_submission_yaml(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Write all namespaces."""
    path = _file_to_write(
        namespaces, "_submission.yaml", "submission_yaml_path", "sample_cwl_yaml_path"
    )
    _write(path, {name: _plain(values) for name, values in namespaces.items()})
    return {}


def write_custom_template(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a template file of the project. It has the usual double braces of Jinja2.

    `{sample.custom_template_output}` is the file.
    """
    given = _variables(namespaces).get("custom_template")
    if not given:
        raise ValueError("there is no template; name one in 'var_templates: custom_template'")
    source = resolve(str(given), Path(namespaces["looper"]["piface_dir"]))  # quirk 37
    path = _file_to_write(namespaces, "_config.yaml", "custom_template_output", any_name=True)
    write_if_changed(path, fill_in(source.read_text(encoding="utf-8"), namespaces))
    return {"sample": {"custom_template_output": str(path)}}


SHIPPED: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    f"looper.{function.__name__}": function
    for function in (
        write_sample_yaml,
        write_sample_yaml_cwl,
        write_sample_yaml_prj,
        write_submission_yaml,
        write_custom_template,
    )
}
"""The functions by their names in a pipeline interface."""


def _sample(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    if "sample" not in namespaces:
        raise ValueError("there is no sample at project level; list the function elsewhere")
    return Namespace(namespaces["sample"]).to_dict()


def _variables(namespaces: Mapping[str, Any]) -> Mapping[str, Any]:
    found = namespaces["pipeline"].get("var_templates")
    return found if isinstance(found, Mapping) else {}


def _file_to_write(
    namespaces: Mapping[str, Any], ending: str, *parameters: str, any_name: bool = False
) -> Path:
    """The file to write: the one that `var_templates` names, else one in the submission folder."""
    name = f"{_sample(namespaces)['sample_name']}{ending}"
    for parameter in parameters:
        given = _variables(namespaces).get(parameter)
        if given:
            path = Path(os.path.abspath(expand(str(given))))
            whole = path.suffix in (".yaml", ".yml") or (any_name and not path.is_dir())
            return path if whole else path / name
    return Path(namespaces["looper"]["submission_subdir"]) / name


@lru_cache
def _kinds(schema: str, folder: str) -> Mapping[str, str]:
    """The CWL type of each attribute that is a file or folder; read once for all samples."""
    found = read_input_schema(schema, Path(folder), Place(schema), Problems())
    if found is None:
        return {}
    files = dict.fromkeys((*found.required_files, *found.sized_files), "File")
    return {**files, **dict.fromkeys(found.directories, "Directory")}


def _write(path: Path, values: Mapping[str, Any]) -> None:
    write_if_changed(
        path, yaml.safe_dump(dict(values), default_flow_style=False, allow_unicode=True)
    )


def _cwl_object(value: Any, kind: str, beside: Path) -> Any:
    if isinstance(value, list):
        return [_cwl_object(one, kind, beside) for one in value]
    if kind == "Directory":
        return {"class": "Directory", "location": str(value)}
    return {"class": "File", "path": os.path.relpath(str(value), beside.parent)}


def _plain(value: Any) -> Any:
    """A value for YAML: mappings and lists of plain values. Any other value becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items() if not str(key).startswith("_")}
    if isinstance(value, (list, tuple, set)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
