"""The reasons why peppy refused a PEP, which are looked for only then.

peppy reads most PEPs, and the search takes a while: it reads tables once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import Place, Problem, near
from .pep_config import PepConfig
from .pep_faults import Faults, implied, is_url, may_make, tables_of
from .pep_modifiers import SECTION, Places, modifier_faults
from .table_text import cells, open_quote

KeyPath = tuple[str | int, ...]


def reasons(
    found: Faults,
    config: PepConfig | None,
    later: Mapping[str, Any],
    error: BaseException | None,
) -> list[Problem]:
    """The reasons in the files of a PEP; empty if no reason is known.

    Args:
        found: the faults of its files.
        config: the config of the PEP, if it has one.
        later: the looper config's `sample_modifiers`.
        error: what peppy raised.
    """
    tables = [one for one in (found.table, *found.subsamples) if one]
    quotes = [fault for fault in (open_quote(one.path) for one in tables) if fault]
    known = [*found.faults, *quotes]
    if known:
        return known
    index = config.index if config else "sample_name"
    derived = [*_derived(config.data.get(SECTION) if config else None), *_derived(later)]
    known += _of_merged_rows(found, derived, index)
    if config:
        known += _of_addresses(config, error)
    if found.table and not known and index not in found.table.head:
        what = f"there is no column '{index}', and the modifiers do not give it to every"
        what += " sample; add the column"
        known.append(Problem(Place(str(found.table.path), 1), index, what))
    return known


def reasons_of_raw(pep: Mapping[str, Any], named: Place, later: Mapping[str, Any]) -> list[Problem]:
    """The reasons in a PEP from PEPhub; empty if no reason is known.

    Args:
        pep: the raw PEP.
        named: the place of its name: it has no lines itself.
        later: the looper config's `sample_modifiers`.
    """
    config = pep["_config"]
    modifiers = config.get(SECTION, {})
    index = str(config.get("sample_table_index") or "sample_name")
    known = reasons_in_modifiers(modifiers, lambda *_: named, index, later)
    rows = pep.get("_sample_dict") or []
    columns = list(map(str, rows[0] if isinstance(rows, list) else rows))
    if columns and index not in columns and not may_make(modifiers, index):
        what = f"the PEP has no column '{index}', there are {', '.join(columns)}"
        what += f"{near(index, columns)}; rename the column of the samples' names at PEPhub"
        known.append(Problem(named, index, what))
    return known


def reasons_in_modifiers(
    modifiers: Any, place: Places, index: str, later: Mapping[str, Any]
) -> list[Problem]:
    """The reasons in a section `sample_modifiers`; empty if no reason is known.

    Args:
        modifiers: the value of the section.
        place: gives the place of a key of the section.
        index: the attribute with the samples' names.
        later: the modifiers that come after these.
    """
    known = list(modifier_faults(modifiers, place))
    if known or not isinstance(modifiers, Mapping):
        return known
    removed = modifiers.get("remove", [])
    if index in removed:
        what = f"removes '{index}', which names the samples; leave it out"
        known.append(Problem(place("remove", removed.index(index)), f"{SECTION}.remove", what))
    roles = {index: "names the samples", **_roles(modifiers), **_roles(later)}
    parts: list[tuple[KeyPath, Any]] = [(("append",), modifiers.get("append") or {})]
    parts += [
        (("imply", number, "then"), then)
        for number, then in enumerate(implied(modifiers.get("imply")))
    ]
    for keys, values in parts:
        for name, value in values.items():
            what = _wrong(value, roles.get(name))
            if what:
                where = ".".join(key for key in (SECTION, *keys, name) if isinstance(key, str))
                known.append(Problem(place(*keys, name), where, what))
    return known


def _roles(modifiers: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that modifiers read, with the way in which they do."""
    found: dict[str, str] = {}
    imply = modifiers.get("imply")
    for one in imply if isinstance(imply, list) else ():
        condition = one.get("if") if isinstance(one, Mapping) else None
        for name, value in condition.items() if isinstance(condition, Mapping) else ():
            if isinstance(value, str | Mapping):  # anything may be in a list
                found[name] = "is compared with text"
    return found | dict.fromkeys(_derived(modifiers), "is a derived attribute")


def _wrong(value: Any, role: str | None) -> str:
    """The fault of the value of an attribute that has a role; empty if there is none."""
    if role and isinstance(value, list | dict):
        return f"{role}, and cannot be a list or a mapping; write a text"
    if role and not isinstance(value, str):
        return f"{role}, but '{value}' is no text; put it in quotes"
    return "" if _has_texts_for_keys(value) else "has a key that is no text; put it in quotes"


def _has_texts_for_keys(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_has_texts_for_keys, value))
    if not isinstance(value, dict):
        return True
    return all(isinstance(key, str) and _has_texts_for_keys(one) for key, one in value.items())


def _derived(modifiers: Any) -> list[str]:
    """The attributes under `derive: attributes:`."""
    derive = modifiers.get("derive") if isinstance(modifiers, Mapping) else None
    given = derive.get("attributes") if isinstance(derive, Mapping) else None
    listed = given if isinstance(given, list) else [given]
    return [name for name in listed if isinstance(name, str)]


def _of_addresses(config: PepConfig, error: BaseException | None) -> Iterator[Problem]:
    """Tables at an address: only peppy has opened them."""
    for key, text, place in tables_of(config):
        if is_url(text):
            why = getattr(error, "reason", None) or error
            why = getattr(why, "strerror", None) or why
            if isinstance(why, TimeoutError):
                why = "the server does not answer"
            what = f"'{text}' is no table; correct the address"
            if isinstance(error, OSError):
                what = (
                    f"'{text}' cannot be fetched ({why}); correct the address, or try again later"
                )
            yield Problem(place, key, what)


def _of_merged_rows(found: Faults, derived: list[str], index: str) -> Iterator[Problem]:
    """Derived attributes that are lists, as those of merged rows and of subsamples are."""
    for name in derived:
        for table in found.subsamples:
            if name in table.head:
                what = "is a derived attribute, and a subsample table makes it a list; rename the"
                what += f" column, or take '{name}' from derive.attributes in the PEP"
                yield Problem(Place(str(table.path), 1), name, what)
        if found.table and name in found.table.head:
            yield from _of_merged_cells(found.table.path, index, name)


def _of_merged_cells(path: Path, index: str, name: str) -> Iterator[Problem]:
    """The first sample whose rows have different sources for a derived attribute."""
    sources: dict[str, tuple[int, str]] = {}
    for line, (sample, source) in cells(path, index, name):
        first, other = sources.setdefault(sample, (line, source))
        if source != other:
            what = f"is a derived attribute, and the rows of sample '{sample}' have '{other}' (line"
            what += f" {first}) and '{source}' for it; write the same source in all its rows"
            yield Problem(Place(str(path), line), name, what)
            return
