"""Faults of a PEP: in its config and its tables, each with its place and the text to write instead.

peppy raises whatever pandas, PyYAML and the operating system raise, or goes on without a word. So
the same files are looked at here, and each fault is noted. If peppy stops, they are the reasons. If
it goes on, they are warnings: the PEP runs as it does with looper.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import Place, Problem, near
from ..deprecated import PEP
from ..documents.yaml_lines import not_set, unset
from ..keys.key import types
from ..keys.of_pep import PEP_KEYS
from .pep_config import PepConfig
from .pep_modifiers import MODIFIERS, SECTION, modifier_faults, shown, unknown_modifiers
from .table_text import also_in
from .tables import Table, odd_names, read_table

_TABLES = (".csv", ".tsv", ".xlsx")
_OLD_TABLES = ("sample_annotation", "sample_table")
_VERSION = "write 'pep_version: 2.1.0'"
_KEYS: Mapping[str, tuple[type, ...]] = {
    **types(PEP_KEYS),
    "subsample_table": (str, list),
    "sample_table": (str, list),  # forms that are slips too, and have messages of their own
    "pep_version": (str, float),
}
"""Keys of a PEP with the types of their values. A PEP may have any other key as well."""
_ELSEWHERE: Mapping[str, tuple[type, str]] = {
    **{name: (kind, f"move it below '{SECTION}:'") for name, (kind, _) in MODIFIERS.items()},
    "amend": (dict, "move it below 'project_modifiers:'"),
    "amendments": (dict, "write 'project_modifiers: amend:', with the same lines below it"),
    "import": (list, "move it below 'project_modifiers:'"),
}
"""Keys that mean nothing at the top, with the type of their value and the way to write them."""


@dataclass(slots=True)
class Faults:
    """All that was noted about the files of a PEP."""

    faults: list[Problem] = field(default_factory=list)
    """Reasons why peppy may refuse the PEP."""
    oddities: list[Problem] = field(default_factory=list)
    """Parts that peppy reads in another way than they look."""
    table: Table | None = None
    """The sample table, if it could be read."""
    subsamples: list[Table] = field(default_factory=list)
    """The subsample tables that could be read."""
    endless: bool = False
    """Whether a table is a pipe or a device: peppy would read it for ever."""


def faults_of_table(path: Path) -> Faults:
    """The faults of a table that is given in the place of a PEP's config."""
    found = Faults()
    if path.suffix.lower() not in (".csv", ".tsv"):
        what = "is neither a PEP (.yaml) nor a table (.csv, .tsv); rename it"
        if path.suffix == ".xlsx":
            what = "is no PEP by itself; save it as .csv, or write a PEP with"
            what += f" 'sample_table: {path.name}'"
        found.faults.append(Problem(Place(str(path)), "", what))
        return found
    found.table = _table(found, path, Place(str(path)), "", "sample_name", True, "")
    found.oddities += odd_names(found.table, "sample_name") if found.table else ()
    _note_repeated(found, "sample_name", False)
    return found


def faults_of_config(config: PepConfig) -> Faults:
    """The faults of a PEP's config and of all tables that it names."""
    found = Faults()
    found.faults += _of_version(config)
    found.oddities += _of_names(config)
    if SECTION in config.data:
        modifiers, place = config.data[SECTION], partial(config.place, SECTION)
        found.faults += modifier_faults(modifiers, place)
        found.oddities += unknown_modifiers(modifiers, place)
    index = config.index
    if not isinstance(index, str):
        key = "sample_table_index"
        what = f"must be the name of a column, not {shown(index)}; write a text"
        found.faults.append(Problem(config.place(key), key, what))
        return found
    is_made = may_make(config.data.get(SECTION), index)
    _note_sample_table(found, config, index, is_made)
    _note_subsamples(found, config, index)
    if found.table:
        found.oddities += _of_columns(config, found.table)
        found.oddities += odd_names(found.table, index)
    if not is_made:
        _note_repeated(found, index, config.data.get("subsample_table") is not None)
    return found


def _of_version(config: PepConfig) -> Iterator[Problem]:
    key = "pep_version"
    version = config.data.get(key, "2.1.0")
    parts = version.split(".") if isinstance(version, str) else ()
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        what = f"{shown(version)} is no version of three numbers; {_VERSION}"
        yield Problem(config.place(key), key, what)
    elif int(parts[0]) < 2:
        yield Problem(config.place(key), key, f"PEPs of version {version} are not read; {_VERSION}")


def _of_names(config: PepConfig) -> Iterator[Problem]:
    """Top-level keys that are one slip away from a key of PEPs, or belong below another."""
    for name, value in config.data.items():
        if not isinstance(name, str) or name in _KEYS or name in PEP:
            continue
        kind, new = _ELSEWHERE.get(name, (None, ""))
        if name == "subannotation" and isinstance(value, str):
            kind, new = str, f"write 'subsample_table: {value}'"
        if kind and isinstance(value, kind):
            what = f"is no key at the top of a PEP, and has no effect on samples; {new}"
            yield Problem(config.place(name), name, what)
            continue
        alike = [key for key in _KEYS if _is_slip(name, key)]
        if alike and isinstance(value, _KEYS[alike[0]]):
            what = f"is no key of PEPs, and has no effect on samples{near(name, alike)}; correct it"
            yield Problem(config.place(name), name, what)


def _is_slip(written: str, meant: str) -> bool:
    """Whether a word differs from another by a letter or two, or by the order of two."""
    from difflib import SequenceMatcher

    if written.casefold() == meant:
        return True
    blocks = SequenceMatcher(None, written.casefold(), meant).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return (
        same >= len(meant) - 2 and len(written) - same <= 2 and written[:1].casefold() == meant[0]
    )


def _note_sample_table(found: Faults, config: PepConfig, index: str, is_made: bool) -> None:
    key = "sample_table"
    value = config.data.get(key)
    if isinstance(value, str) and value:
        remedy = ", or write 'sample_table_index: COLUMN' in the PEP"
        if index != "sample_name":
            remedy = f", or correct sample_table_index ({config.place('sample_table_index')})"
        path, place = config.path(key, value), config.place(key)
        found.table = _table(found, path, place, key, index, not is_made, remedy, value)
        return
    if value:
        what = f"must be the path of one table, not {shown(value)}"
        what += "; put all rows into one table" if isinstance(value, list) else "; correct it"
    elif not config.whole:
        return  # it may be in the part that is missing
    else:
        metadata = config.data.get("metadata")
        sections = [config.data, metadata if isinstance(metadata, Mapping) else {}]
        old = next((one for section in sections for one in _OLD_TABLES if section.get(one)), None)
        hint = f" ({old} is its name in older PEPs)" if old in PEP else ""
        what = f"is missing{hint}; name the table of the samples, as in 'sample_table: samples.csv'"
    found.faults.append(Problem(config.place(key), key, what))


def _note_subsamples(found: Faults, config: PepConfig, index: str) -> None:
    key = "subsample_table"
    given = config.data.get(key)
    for number, item in enumerate(given if isinstance(given, list) else [given]):
        place = config.place(key, number)
        if isinstance(item, str):
            table = _table(found, config.path(key, item), place, key, index, True, "", item)
            found.subsamples += [table] if table else []
        elif item is not None or isinstance(given, list):
            what = f"{shown(item)} is not a path; write the path of a table"
            found.faults.append(Problem(place, key, what))


def tables_of(config: PepConfig) -> Iterator[tuple[str, str, Place]]:
    """The tables that a config names: key, path as it is written, place."""
    for key in ("sample_table", "subsample_table"):
        given = config.data.get(key)
        for number, item in enumerate(given if isinstance(given, list) else [given]):
            if isinstance(item, str):
                yield key, item, config.place(key, number)


def _table(
    found: Faults,
    path: Path,
    named: Place,
    key: str,
    index: str,
    must_have: bool,
    remedy: str,
    text: str = "",
) -> Table | None:
    """Read a table, and note its faults.

    Args:
        found: gets the faults.
        path: the table.
        named: the place of its name in the config.
        key: the key of its name in the config.
        index: the column with the samples' names.
        must_have: whether the table needs this column; not if a modifier may make the names.
        remedy: see `read_table`.
        text: the path as the config writes it.
    """
    if is_url(text):
        return None
    what = _no_table(path, text)
    if what:
        found.faults.append(Problem(named, key, what))
        found.endless |= path.exists() and not path.is_file() and not path.is_dir()
        return None
    table = read_table(path, index, must_have=must_have, remedy=remedy)
    found.faults += table.faults
    found.oddities += table.oddities
    return table


def _no_table(path: Path, text: str) -> str:
    """The fault of a path that leads to no table; empty if it may be one."""
    shown = text or path.name
    names = unset(text)
    if names and not path.exists():
        return f"'{text}': {not_set(names[0])}"
    if not path.exists():
        return f"'{path}' does not exist; correct the path, it is relative to this file"
    if path.is_dir():
        return f"'{path}' is a folder; write the path of a table"
    if not path.is_file():  # reading may never end
        return f"'{path}' is a pipe or a device; write the path of a table"
    if path.suffix not in _TABLES:
        hint = f"rename it to '{path.stem}{path.suffix.lower()}'"
        cure = hint if path.suffix.lower() in _TABLES else "save it as .csv or .tsv"
        return f"'{shown}' is no kind of table that is read here; {cure}"
    if path.suffix == ".xlsx" and not importlib.util.find_spec("openpyxl"):
        return f"'{shown}' needs openpyxl; run pip install openpyxl, or save the table as .csv"
    return ""


def is_url(text: str) -> bool:
    """Whether a path is an address, which pandas opens."""
    return text.startswith(("http://", "https://", "ftp://"))


def _note_repeated(found: Faults, index: str, has_subsamples: bool) -> None:
    """Note names of several rows: peppy merges the rows, or refuses if there are subsamples."""
    table = found.table
    repeated = (
        [(name, lines) for name, lines in table.lines.items() if len(lines) > 1] if table else []
    )
    blank = next((lines for name, lines in repeated if not name), None)
    if table and blank and has_subsamples:
        what = "is empty; write a name, or remove the row"
        found.faults.append(
            Problem(Place(str(table.path), blank[0]), index, what + also_in(blank[1:]))
        )
    repeated = [(name, lines) for name, lines in repeated if name]
    if table is None or not repeated:
        return
    name, (first, second, *others) = repeated[0]
    place = Place(str(table.path), second)
    more = f" ({len(repeated) - 1} more names like this)" if len(repeated) > 1 else ""
    also = also_in(others) + more
    if has_subsamples:
        what = f"'{name}' is the name of line {first} too, and there is a subsample_table; move the"
        found.faults.append(Problem(place, index, f"{what} values of one of them there{also}"))
    else:
        what = f"'{name}' is the name of line {first} too: the rows are merged into one sample,"
        what += " with lists where they differ; rename one if they are two samples"
        found.oddities.append(Problem(place, index, what + also))


def _of_columns(config: PepConfig, table: Table) -> Iterator[Problem]:
    """Modifiers that have no effect, since the table has a column or has it not."""
    modifiers = config.data.get(SECTION)
    known = modifiers if isinstance(modifiers, Mapping) else {}
    append, remove = known.get("append"), known.get("remove")
    removed = remove if isinstance(remove, list) else []
    for number, name in enumerate(removed if table.head else ()):
        if isinstance(name, str) and name not in table.head:
            what = (
                f"the table has no column '{name}'{near(name, table.head)}, so this has no effect"
            )
            place = config.place(SECTION, "remove", number)
            yield Problem(place, f"{SECTION}.remove", f"{what}; correct the name, or remove it")
    for name in append if isinstance(append, Mapping) else ():
        if name in table.head and name not in removed:
            what = f"the table has a column '{name}', so this has no effect; remove one of them"
            yield Problem(config.place(SECTION, "append", name), f"{SECTION}.append.{name}", what)


def implied(imply: Any) -> Iterator[Mapping[str, Any]]:
    """The values of each `then:`."""
    for one in imply if isinstance(imply, list) else ():
        then = one.get("then") if isinstance(one, Mapping) else None
        if isinstance(then, Mapping):
            yield then


def may_make(modifiers: Any, attribute: str) -> bool:
    """Whether a modifier may make an attribute that has no column in the table."""
    found = modifiers if isinstance(modifiers, Mapping) else {}
    append, duplicate = found.get("append"), found.get("duplicate")
    derive, imply = found.get("derive"), found.get("imply")
    attributes = derive.get("attributes") if isinstance(derive, Mapping) else None
    return (
        (isinstance(append, Mapping) and attribute in append)
        or (isinstance(duplicate, Mapping) and attribute in duplicate.values())
        or (isinstance(attributes, list | str) and attribute in attributes)
        or any(attribute in part for part in implied(imply))
    )
