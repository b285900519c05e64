"""The config of a PEP as peppy puts it together, with the place of each key.

The files that it imports come first, then its own keys, then the amendments that are chosen. Each
of these replaces a key of an earlier one as a whole: peppy merges no sections. peppy ignores an
import that is missing, and recurses without end into one that imports itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import Place, Problems, near
from ..documents.yaml_lines import Document, absent, expand, read_yaml
from .pep_modifiers import shown

KeyPath = tuple[str | int, ...]

_INDEX = "sample_table_index"
_MODIFIERS = ("amend", "import")
_MOST_IMPORTS = 100
"""Files that import each other many times would keep peppy busy for ever."""


@dataclass(slots=True)
class PepConfig:
    """The merged config of a PEP."""

    document: Document
    """The file of the PEP itself."""
    data: dict[str, Any] = field(default_factory=dict)
    files: dict[Path, None] = field(default_factory=dict)
    """The file of the PEP, then those that it imports."""
    origins: dict[str, tuple[Document, KeyPath]] = field(default_factory=dict)
    """For each key, the file with its value, and the keys that lead there."""
    imported: int = 0
    """The number of imports that were followed."""
    index: Any = "sample_name"
    """The column with the samples' names. peppy takes it from no amendment."""
    whole: bool = True
    """Whether peppy can put it together. If not, each reason is a problem already."""

    def place(self, *keys: str | int) -> Place:
        """The place of a key; for a missing one, the place of its nearest parent."""
        document, path = self.origins.get(str(keys[0]), (self.document, keys[:1]))
        return document.place(*path, *keys[1:])

    def path(self, key: str, text: str) -> Path:
        """The path that a text under a key means."""
        document, _ = self.origins.get(key, (self.document, ()))
        return path_in(document, text)

    def lay_over(self, document: Document, path: KeyPath, values: Mapping[str, Any]) -> None:
        """Replace keys by those of a mapping, which stands at a path of keys in a file."""
        self.data |= values
        self.origins |= {key: (document, (*path, key)) for key in values}


def read_pep_config(
    path: Path,
    amendments: Sequence[str],
    asked: tuple[Place, str],
    problems: Problems,
) -> PepConfig | None:
    """Read the config of a PEP, all files that it imports, and amendments.

    Args:
        path: the PEP.
        amendments: the names of the amendments to apply, in order.
        asked: the place and the key that ask for amendments.
        problems: gets each fault.

    Returns:
        The config; None if the file of the PEP is not a YAML mapping.
    """
    before = len(problems)
    document = read_yaml(path, problems)
    if document is None:
        return None
    config = PepConfig(document)
    _add(config, document, (os.path.realpath(path),), problems)
    config.index = config.data.get(_INDEX) or "sample_name"
    if len(problems) == before:
        _amend(config, amendments, asked, problems)
    config.whole = len(problems) == before
    return config


def path_in(document: Document, text: str) -> Path:
    """A path as peppy resolves it: relative to the config, after following links to it."""
    folder = Path(os.path.realpath(document.path)).parent
    return Path(os.path.normpath(folder / expand(text)))


def _add(config: PepConfig, document: Document, chain: tuple[str, ...], problems: Problems) -> None:
    """Lay a file over the config, and before it the files that it imports.

    Args:
        config: the config so far.
        document: the file.
        chain: the real paths of the file and of those that import it, the PEP first.
        problems: gets each fault.
    """
    config.files[document.path] = None
    for place, item in _imports(document, problems):
        path = path_in(document, item)
        key = "project_modifiers.import"
        if os.path.realpath(path) in chain:
            what = f"'{item}' leads back to this file, without end; remove one of the imports"
            problems.add(place, key, what)
        elif not path.exists():
            what = absent(item, path, "correct the path, it is relative to this file")
            problems.warn(place, key, f"nothing is imported: {what}")
        elif path.is_dir():
            problems.add(place, key, f"'{item}' is a folder; write the path of a file")
        elif config.imported >= _MOST_IMPORTS:
            if config.imported == _MOST_IMPORTS:
                what = f"there are more than {_MOST_IMPORTS} imports; import each file once"
                problems.add(place, key, what)
            config.imported = _MOST_IMPORTS + 1
            return
        else:
            config.imported += 1
            imported = read_yaml(path, problems)
            if imported and not imported.data:
                problems.add(path, "", "is empty; write 'key: value' lines, or do not import it")
            elif imported:
                _add(config, imported, (*chain, os.path.realpath(path)), problems)
    for name in document.data:
        if not isinstance(name, str):
            problems.add(document.place(name), str(name), "the key is no text; put it in quotes")
    config.lay_over(document, (), document.data)


def _imports(document: Document, problems: Problems) -> Iterator[tuple[Place, str]]:
    """The files that a file imports, as it writes them. Faults of the section are problems."""
    name = "project_modifiers"
    if name not in document.data:
        return
    modifiers = document.data[name]
    if modifiers is None and not document.data.keys().isdisjoint(_MODIFIERS):
        return  # lost indentation, which `old_pep` tells of
    if not isinstance(modifiers, Mapping):
        what = "must be a mapping of 'amend:' and 'import:'; indent them below it, or remove it"
        problems.add(document.place(name), name, what)
        return
    for key in modifiers:
        if key not in _MODIFIERS:
            what = f"unknown key, ignored{near(str(key), _MODIFIERS)}"
            problems.warn(document.place(name, key), f"{name}.{key}", what)
    imports = modifiers.get("import") or []
    place, key = document.place(name, "import"), f"{name}.import"
    if isinstance(imports, str):
        problems.add(place, key, f"must be a list of paths; write '[{imports}]'")
        return
    if not isinstance(imports, list):
        problems.add(place, key, "must be a list of paths; write '- PATH' lines below it")
        return
    for number, item in enumerate(imports):
        if isinstance(item, str):
            yield document.place(name, "import", number), item
        else:
            what = f"{shown(item)} is not a path; write the path of a file"
            problems.add(document.place(name, "import", number), key, what)


def _amend(
    config: PepConfig, amendments: Sequence[str], asked: tuple[Place, str], problems: Problems
) -> None:
    """Lay amendments over the config. Each that is missing is a problem of who asks for it."""
    name = "project_modifiers"
    modifiers = config.data.get(name) or {}
    known = modifiers.get("amend") or {}
    document, path = config.origins.get(name, (config.document, (name,)))
    if not isinstance(known, Mapping):
        what = "must be a mapping of amendments; write 'NAME:' and the keys to replace below it"
        problems.add(document.place(*path, "amend"), f"{name}.amend", what)
        return
    for one in amendments:
        values = known.get(one)
        if one not in known:
            there = (
                f"write one of {', '.join(map(str, known))}"
                if known
                else "it has none, so leave this out"
            )
            what = f"the PEP has no amendment '{one}'{near(one, map(str, known))}; {there}"
            problems.add(*asked, what)
        elif not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
            what = "must be a mapping of keys to replace; write 'key: value' lines below it"
            problems.add(document.place(*path, "amend", one), f"{name}.amend.{one}", what)
        else:
            config.lay_over(document, (*path, "amend", one), values)
            if _INDEX in values:
                what = "an amendment cannot change it, ignored; write it at the top of the PEP"
                problems.warn(config.place(_INDEX), f"{name}.amend.{one}.{_INDEX}", what)
