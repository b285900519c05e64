"""PEPs of looper 0.x: the place that today's files have for each of their keys.

Before PEP specification 2.0.0, a config had a section `metadata:` (in looper 0.4 also `paths:`)
with the table of the samples, the output folder and the pipelines, and a section for each modifier.
peppy ignores all of them. This module names each key at its line, and what to write now, with the
values of the file, so that the text can be copied.

If the table of the samples has its old name only, nothing can be read, and each key is a problem.
Otherwise a PEP has a few old keys beside new ones, and each is a warning.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import Problems
from ..deprecated import PEP, instead
from ..documents.yaml_lines import Document, flow, resolve
from ..lost_indentation import IN_PEP, tell_of_lost_indentation

_TABLES = ("sample_annotation", "sample_table")
_SUBTABLES = ("sample_subannotation", "merge_table", "subsample_table")
_FOLDERS = ("output_dir", "results_subdir", "submission_subdir")
_INTERFACES = ("pipeline_interfaces", "pipelines_dir")
_METADATA = (*_TABLES, *_SUBTABLES, *_FOLDERS, *_INTERFACES)
"""Keys of `metadata:` and `paths:`. All others were the user's own."""
_DERIVE = ("derived_columns", "derived_attributes")
_IMPLY = ("implied_columns", "implied_attributes")
_MOVED = {
    "data_sources": "sample_modifiers: derive: sources:",
    "constants": "sample_modifiers: append:",
    "constant_attributes": "sample_modifiers: append:",
    "subprojects": "project_modifiers: amend:",
}
"""Sections whose lines stay as they are, below other keys."""
_BY_ORGANISM = {"genomes": "genome", "transcriptomes": "transcriptome"}
_FOR_OLD = (
    "paths", "compute", "pipeline_config", "trackhubs", "track_configurations", *_BY_ORGANISM,
)  # fmt: skip
"""Sections that looper 0.x read. In a PEP of today, they may mean anything."""
_SUBMISSION = ("submission_template", "submission_command")
_IN_FOLDER = ("pipeline_interface.yaml", "config/pipeline_interface.yaml")
"""The interface of a folder of pipelines, in looper 0.5 and before that."""
_REMOVE = "is not read any more; remove it"
_LONGEST = 200
"""Characters of a value that is shown whole."""

Said = tuple[tuple[str, ...], str]
"""The path of a key, and the message."""


def tell_of_old_forms(
    document: Document, root: Path, taken: Collection[str], problems: Problems
) -> bool:
    """Tell of each old key of a PEP, and of sections whose lines lost their indentation.

    Args:
        document: the PEP's config.
        root: the folder of the looper config.
        taken: the keys that the looper config has.
        problems: gets a problem or a warning for each key.

    Returns:
        Whether peppy cannot read the PEP. All faults are problems then.
    """
    is_old = is_old_pep(document.data)
    tell = problems.add if is_old else problems.warn
    teller = _Teller(document.path.parent, root, taken, is_old)
    for keys, message in teller.old_keys(document.data):
        tell(document.place(*keys), ".".join(keys), message)
    lost = tell_of_lost_indentation(document, IN_PEP, (), problems)
    return is_old or bool(lost)


def is_old_pep(data: Mapping[Any, Any]) -> bool:
    """Whether the table of the samples has its old name only."""
    modifiers = data.get("project_modifiers")
    imports = modifiers.get("import") if isinstance(modifiers, Mapping) else None
    metadata = data.get("metadata")
    in_metadata = isinstance(metadata, Mapping) and any(key in metadata for key in _TABLES)
    return not (data.get("sample_table") or imports) and (
        in_metadata or "sample_annotation" in data
    )


def output_dir_of(data: Mapping[Any, Any]) -> str | None:
    """The output folder that a PEP of looper 0.x names."""
    for key in ("metadata", "paths"):
        section = data.get(key)
        value = section.get("output_dir") if isinstance(section, Mapping) else None
        if isinstance(value, str) and value:
            return value
    return None


def pipeline_interfaces_of(data: Mapping[Any, Any], folder: Path) -> list[str]:
    """The interfaces that a PEP of looper 0.x names, relative to its folder."""
    teller = _Teller(folder, folder, (), True)
    sections = (data.get("metadata"), data.get("paths"), data)
    for section in (one for one in sections if isinstance(one, Mapping)):
        for key in _INTERFACES:
            value = section.get(key)
            if value:
                paths = value if isinstance(value, list) else [value]
                return [str(teller.interface(path)) for path in paths]
    return []


@dataclass(frozen=True, slots=True)
class _Teller:
    """The messages for the keys of one PEP."""

    folder: Path
    """The folder of the PEP. Its paths are relative to it."""
    root: Path
    """The folder of the looper config."""
    taken: Collection[str]
    """The keys of the looper config."""
    is_old: bool

    def old_keys(self, data: Mapping[Any, Any], *above: str) -> Iterator[Said]:
        """The path and the message of each old key of a config or of a subproject."""
        for name, value in data.items():
            key = str(name)
            keys = (*above, key)
            if key in _FOR_OLD and not self.is_old:
                continue
            if key in ("metadata", "paths") and isinstance(value, Mapping):
                yield from self._metadata(keys, value)
            elif key in PEP or key in _FOR_OLD:
                yield from self._section(keys, value)
            if key == "subprojects":
                yield from self._in_each(value, keys)
            elif key == "project_modifiers" and isinstance(value, Mapping):
                yield from self._in_each(value.get("amend"), (*keys, "amend"))

    def _in_each(self, amendments: Any, keys: tuple[str, ...]) -> Iterator[Said]:
        """The old keys of subprojects, or of amendments."""
        for name, settings in amendments.items() if isinstance(amendments, Mapping) else ():
            if isinstance(settings, Mapping):
                yield from self.old_keys(settings, *keys, str(name))

    def _metadata(self, keys: tuple[str, ...], section: Mapping[Any, Any]) -> Iterator[Said]:
        for key, value in section.items():
            if key in _METADATA:
                message = self._of_metadata(key, value, amendment=len(keys) > 1)
                yield (*keys, key), _REMOVE if value in (None, "", []) else message

    def _of_metadata(self, key: str, value: Any, amendment: bool = False) -> str:
        """The message for a key of `metadata:`, which may be that of a subproject."""
        where = "in that amendment" if amendment else "at the top of this file"
        if key in (*_TABLES, *_SUBTABLES):
            new = "sample_table" if key in _TABLES else "subsample_table"
            return _write(f"'{new}: {flow(value)}' {where}")
        if amendment and key in _FOLDERS:
            return _write(f"'looper: {key}: {flow(value)}' {where}")
        new = "pipeline_interfaces" if key in _INTERFACES else key
        if new in self.taken:
            return f"is not read any more, and the looper config has '{new}'; remove it"
        if key in _INTERFACES:
            value = [self.interface(one) for one in (value if isinstance(value, list) else [value])]
        elif key == "output_dir":
            value = self._rebased(value)
        return _write(f"'{new}: {flow(value)}' in the looper config")

    def interface(self, path: Any) -> Any:
        """The path of an interface, where the path of its folder may be given."""
        if not isinstance(path, str):
            return path
        folder = resolve(path, self.folder)
        inside = [one for one in _IN_FOLDER if os.path.isfile(folder / one)]
        is_file = path.endswith((".yaml", ".yml"))
        return self._rebased(path if is_file else os.path.join(path, (inside or _IN_FOLDER)[0]))

    def _rebased(self, path: Any) -> Any:
        """A path that was relative to the PEP, relative to the looper config."""
        if not isinstance(path, str) or path.startswith(("$", "~", "/")) or "://" in path:
            return path
        return os.path.relpath(self.folder / path, self.root)

    def _section(self, keys: tuple[str, ...], value: Any) -> Iterator[Said]:
        """The messages for a section at the top of the config."""
        key = keys[-1]
        if not value:
            yield keys, _REMOVE
        elif key == "compute" and isinstance(value, Mapping):
            for name, one in value.items():
                yield (*keys, str(name)), _write(_compute(str(name), one))
        elif key in ("pipeline_args", "pipeline_config") and isinstance(value, Mapping):
            for name, one in value.items():
                if one:
                    yield (*keys, str(name)), _write(_for_pipeline(key, str(name), one))
        else:
            yield keys, self._whole_section(key, value)

    def _whole_section(self, key: str, value: Any) -> str:
        if key in (*_TABLES, *_SUBTABLES, *_INTERFACES):
            return self._of_metadata(key, value)
        if key in _DERIVE:
            return _write(f"'sample_modifiers: derive: attributes: {flow(value)}'")
        if key in _IMPLY:
            return _write(_implications(value))
        if key in _BY_ORGANISM and isinstance(value, Mapping):
            attribute = _BY_ORGANISM[key]
            implied = {"organism": {one: {attribute: value[one]} for one in value}}
            return _write(_implications(implied))
        if key in _MOVED:
            return _write(f"'{_MOVED[key]}', with the same lines below it")
        return instead(key, PEP) or _REMOVE


def _write(new: str) -> str:
    return f"is not read any more; write {new}"


def _implications(value: Any) -> str:
    """`sample_modifiers: imply:` for attribute → value → implied attributes; the first of them."""
    for attribute, by_value in value.items() if isinstance(value, Mapping) else ():
        for one, implied in by_value.items() if isinstance(by_value, Mapping) else ():
            item = flow([{"if": {attribute: str(one)}, "then": implied}])[1:-1]
            if len(item) <= _LONGEST:
                return f"'sample_modifiers: imply:', a list of items like '- {item}'"
    return "'sample_modifiers: imply:', a list of 'if:' and 'then:'"


def _compute(key: str, value: Any) -> str:
    """Compute settings of a project; the way to submit jobs is Snakemake's now."""
    if key in _SUBMISSION:
        return "a Snakemake profile for the cluster, see 'snakemake-looper profile'"
    return f"'looper: compute: resources: {key}: {flow(value)}'"


def _for_pipeline(key: str, pipeline: str, value: Any) -> str:
    """Arguments or a config of one pipeline, in one project."""
    if key == "pipeline_config" or not isinstance(value, Mapping):
        return f"the option and its value in the 'command_template' of {pipeline}"
    words = " ".join(str(one) if value[one] is None else f"{one} {value[one]}" for one in value)
    return f"'sample_modifiers: append: command_extra: {flow(words)}', for every pipeline"
