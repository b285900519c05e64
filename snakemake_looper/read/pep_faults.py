"""Faults of a PEP that peppy cannot read, with the place of each and the text to write instead.

peppy raises whatever pandas, PyYAML and the operating system raise. After such an error,
`faults_of` looks at the PEP's config and then at its tables, and finds the faults that it knows.
A PEP that peppy can read is not checked.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Place, Problem, Problems, near
from .deprecated import PEP
from .yaml_lines import Document, expand, read_yaml

_TABLES = (".csv", ".tsv", ".xlsx")
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons"}
_OLD_TABLES = ("sample_annotation", "sample_table")
_MODIFIERS: Mapping[str, tuple[type, str]] = {
    "append": (dict, "a mapping of attribute to value"),
    "duplicate": (dict, "a mapping of attribute to its second name"),
    "remove": (list, "a list of attributes"),
    "imply": (list, "a list of 'if:' and 'then:'"),
    "derive": (dict, "a mapping of 'attributes:' and 'sources:'"),
}


def faults_of(source: Path, amendments: tuple[str, ...]) -> list[Problem]:
    """The faults of a PEP that peppy cannot read; empty if no fault is known here.

    Args:
        source: the PEP's config, or its table if it has no config.
        amendments: names of the amendments to apply.
    """
    if source.suffix not in (".yaml", ".yml"):
        return list(_of_table(source, Place(str(source)), "", "sample_name"))
    problems = Problems()
    document = read_yaml(source, problems)
    if document is None:
        return list(problems)
    return list(_of_config(document, amendments))


def _of_config(document: Document, amendments: tuple[str, ...]) -> Iterator[Problem]:
    config = dict(document.data)
    places: dict[str, tuple[str | int, ...]] = {key: (key,) for key in config}
    modifiers = config.get("project_modifiers") or {}
    if not isinstance(modifiers, Mapping):
        yield _fault(
            document, ("project_modifiers",), "must be a mapping of 'amend:' and 'import:'"
        )
        return
    known = modifiers.get("amend") or {}
    if not isinstance(known, Mapping):
        yield _fault(document, ("project_modifiers", "amend"), "must be a mapping of amendments")
        return
    unknown = [name for name in amendments if name not in known]
    for name in unknown:
        there = f"write one of {', '.join(map(str, known))}" if known else "it has none"
        what = f"the PEP has no amendment '{name}'{near(name, map(str, known))}; {there}"
        yield Problem(document.place("project_modifiers", "amend"), "amend", what)
    for name in amendments:
        if name in unknown:
            continue
        values = known[name]
        if not isinstance(values, Mapping):
            yield _fault(document, ("project_modifiers", "amend", name), "must be a mapping")
            continue
        config |= values
        places |= {key: ("project_modifiers", "amend", name, key) for key in values}
    if unknown:
        return
    yield from _of_imports(document, modifiers.get("import"))
    yield from _of_sample_table(document, config, places, bool(modifiers.get("import")))
    yield from _of_subsamples(document, config, places)
    yield from _of_modifiers(document, config.get("sample_modifiers"), places)


def _of_imports(document: Document, imports: Any) -> Iterator[Problem]:
    """Faults of imported configs: each must be a YAML mapping."""
    keys = ("project_modifiers", "import")
    if imports is not None and not isinstance(imports, (str, list)):
        yield _fault(document, keys, "must be a list of paths")
        return
    if isinstance(imports, str):
        yield _fault(document, keys, f"peppy takes a list of paths only; write '[{imports}]'")
        return
    for item in imports or ():
        if not isinstance(item, str):
            yield _fault(document, keys, f"'{item}' is not a path; write the path of a file")
            continue
        path = _path(item, document.path)
        if path.exists():
            problems = Problems()
            read_yaml(path, problems)
            yield from problems


def _of_sample_table(
    document: Document, config: Mapping[str, Any], places: Mapping[str, Any], imported: bool
) -> Iterator[Problem]:
    key = "sample_table"
    table = config.get(key)
    if table is None:
        if imported:
            return
        metadata = config.get("metadata")
        sections = [config, metadata if isinstance(metadata, Mapping) else {}]
        old = next((one for section in sections for one in _OLD_TABLES if one in section), None)
        hint = f" ({old} is its name in older PEPs)" if old in PEP else ""
        what = f"is missing{hint}; name the table of the samples, as in 'sample_table: samples.csv'"
        yield _fault(document, (key,), what)
        return
    if not isinstance(table, str):
        what = f"must be the path of one table, not '{table}'"
        yield _fault(document, places[key], what)
        return
    index = str(config.get("sample_table_index") or "sample_name")
    place = document.place(*places[key])
    is_made = _may_make(config.get("sample_modifiers"), index)
    yield from _of_table(_path(table, document.path), place, key, "" if is_made else index)


def _of_subsamples(
    document: Document, config: Mapping[str, Any], places: Mapping[str, Any]
) -> Iterator[Problem]:
    key = "subsample_table"
    given = config.get(key)
    for item in given if isinstance(given, list) else [given] if given else []:
        if not isinstance(item, str):
            yield _fault(
                document, places[key], f"'{item}' is not a path; write the path of a table"
            )
            continue
        index = str(config.get("sample_table_index") or "sample_name")
        place = document.place(*places[key])
        yield from _of_table(_path(item, document.path), place, key, index)


def _of_modifiers(
    document: Document, modifiers: Any, places: Mapping[str, Any]
) -> Iterator[Problem]:
    keys = places.get("sample_modifiers", ("sample_modifiers",))
    if modifiers is None:
        return
    if not isinstance(modifiers, Mapping):
        yield _fault(document, keys, "must be a mapping of modifiers")
        return
    for name, (kind, form) in _MODIFIERS.items():
        if name in modifiers and not isinstance(modifiers[name], kind):
            yield _fault(document, (*keys, name), f"must be {form}")
    derive, imply = modifiers.get("derive"), modifiers.get("imply")
    if isinstance(derive, Mapping):
        yield from _of_derive(document, derive, (*keys, "derive"))
    for number, one in enumerate(imply if isinstance(imply, list) else ()):
        yield from _of_implication(document, one, (*keys, "imply", number))


def _of_derive(
    document: Document, derive: Mapping[str, Any], keys: tuple[str | int, ...]
) -> Iterator[Problem]:
    for name, kind, form in (
        ("attributes", list, "a list of attributes"),
        ("sources", dict, "a mapping of source to path"),
    ):
        if name not in derive:
            close = near(name, [key for key in derive if key not in ("attributes", "sources")])
            hint = close.replace("did you mean", "instead of")
            yield _fault(document, keys, f"has no '{name}'{hint}; write {form} there")
        elif not isinstance(derive[name], kind):
            yield _fault(document, (*keys, name), f"must be {form}")


def _of_implication(document: Document, one: Any, keys: tuple[str | int, ...]) -> Iterator[Problem]:
    if not isinstance(one, Mapping) or not {"if", "then"} <= set(one):
        yield _fault(document, keys, "needs 'if:' and 'then:'")
        return
    for part in ("if", "then"):
        if not isinstance(one[part], Mapping):
            what = f"must be a mapping of attribute to value, not '{one[part]}'"
            yield _fault(document, (*keys, part), what)
            continue
        for key, value in one[part].items() if part == "if" else ():
            if not isinstance(value, (str, list)):
                what = f"'{value}' is not text, but all cells are; put it in quotes: '\"{value}\"'"
                yield _fault(document, (*keys, part, key), what)


def _of_table(path: Path, named: Place, key: str, index: str) -> Iterator[Problem]:
    """Faults of a table.

    Args:
        path: the table.
        named: the place of its name in the config.
        key: the key of its name in the config.
        index: the column that it must have; empty if a modifier may make the column.
    """
    if not path.exists():
        what = f"'{path}' does not exist; correct the path, it is relative to this file"
        yield Problem(named, key, what)
    elif path.is_dir():
        yield Problem(named, key, f"'{path}' is a folder; write the path of a table")
    elif path.suffix not in _TABLES:
        what = f"'{path}' is no kind of table that peppy reads; save it as .csv or .tsv"
        yield Problem(named, key, what)
    elif path.suffix != ".xlsx":
        yield from _of_text(path, index)


def _of_text(path: Path, index: str) -> Iterator[Problem]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        yield Problem(Place(str(path), line), "", "is not UTF-8 text; save it as UTF-8")
        return
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}; correct its permissions"
        yield Problem(Place(str(path)), "", what)
        return
    if not text.strip():
        what = f"is empty; write a line with the names of the columns ('{index or 'sample_name'}')"
        yield Problem(Place(str(path)), "", f"{what}, and a row for each sample")
        return
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        yield Problem(Place(str(path), line), "", "is no text (it has a zero byte); save it as CSV")
        return
    delimiter = "\t" if path.suffix == ".tsv" else ","
    first = text.splitlines()[0]
    head = next(csv.reader([first], delimiter=delimiter), [])
    if index and index not in head:
        yield Problem(Place(str(path), 1), index, _no_column(index, head, first, delimiter))
        return
    for number, row in _rows(text, delimiter):
        if len(row) > len(head):
            what = f"the row has {len(row)} cells for {len(head)} columns"
            yield Problem(
                Place(str(path), number), "", f"{what}; quote a cell that has a '{delimiter}'"
            )
            return


def _no_column(index: str, head: list[str], line: str, delimiter: str) -> str:
    what = f"there is no column '{index}'"
    if index in (name.strip() for name in head):
        return f"{what}: its name has white space around it; remove that"
    for other, mark in _DELIMITERS.items():
        if other != delimiter and other in line:
            return f"{what}; separate the cells with {_DELIMITERS[delimiter]}, not {mark}"
    return f"{what}{near(index, head)}; give this name to the column of the samples' names"


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:  # a quoted cell without an end
        return


def _may_make(modifiers: Any, attribute: str) -> bool:
    """Whether a modifier may make an attribute that has no column in the table."""
    found = modifiers if isinstance(modifiers, Mapping) else {}
    append, duplicate = found.get("append"), found.get("duplicate")
    derive, imply = found.get("derive"), found.get("imply")
    attributes = derive.get("attributes") if isinstance(derive, Mapping) else None
    return (
        (isinstance(append, Mapping) and attribute in append)
        or (isinstance(duplicate, Mapping) and attribute in duplicate.values())
        or (isinstance(attributes, list) and attribute in attributes)
        or attribute in str(imply)
    )


def _path(text: str, declaring: Path) -> Path:
    """A path as peppy resolves it: relative to the config, after following links to it."""
    return Path(os.path.normpath(Path(os.path.realpath(declaring)).parent / expand(text)))


def _fault(document: Document, keys: tuple[str | int, ...], message: str) -> Problem:
    end = "" if ";" in message else "; correct it"
    name = ".".join(str(key) for key in keys if isinstance(key, str))
    return Problem(document.place(*keys), name, f"{message}{end}")
