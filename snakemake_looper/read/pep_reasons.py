"""The reasons why peppy refused a PEP, which are looked for only then.

peppy reads most PEPs, and the search takes a while: it reads tables once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import Place, Problem
from .pep_config import PepConfig
from .pep_faults import Faults, is_url, tables_of
from .pep_modifiers import SECTION
from .table_text import cells, open_quote


def reasons(found: Faults, config: PepConfig | None, error: BaseException | None) -> list[Problem]:
    """The reasons why peppy refused a PEP; empty if no reason is known.

    Args:
        found: the faults of its files.
        config: the config of the PEP, if it has one.
        error: what peppy raised.
    """
    tables = [one for one in (found.table, *found.subsamples) if one]
    quotes = [fault for fault in (open_quote(one.path) for one in tables) if fault]
    known = [*found.faults, *quotes]
    if config and not known:
        known += _of_derived_lists(found, config)
    if config and not known:
        known += _of_addresses(config, error)
    return known


def _of_addresses(config: PepConfig, error: BaseException | None) -> Iterator[Problem]:
    """Tables at an address: only peppy has opened them."""
    for key, text, place in tables_of(config):
        if is_url(text):
            why = getattr(error, "reason", None) or error
            why = getattr(why, "strerror", None) or why
            what = f"'{text}' is no table; correct the address"
            if isinstance(error, OSError):
                what = (
                    f"'{text}' cannot be fetched ({why}); correct the address, or try again later"
                )
            yield Problem(place, key, what)


def _of_derived_lists(found: Faults, config: PepConfig) -> Iterator[Problem]:
    """Derived attributes that are lists, as those of merged rows and of subsamples are."""
    derive, append = (config.modifier(name) for name in ("derive", "append"))
    derive = derive if isinstance(derive, Mapping) else {}
    append = append if isinstance(append, Mapping) else {}
    given = derive.get("attributes")
    for name in map(str, given if isinstance(given, list) else [given]):
        for table in found.subsamples:
            if name in table.head:
                what = "is a derived attribute, and a subsample table makes it a list; rename the"
                what += f" column, or take '{name}' from derive.attributes in the PEP"
                yield Problem(Place(str(table.path), 1), name, what)
        if isinstance(append.get(name), list | dict):
            what = "is a derived attribute; write the name of one source, not a list"
            yield Problem(config.place(SECTION, "append", name), f"{SECTION}.append.{name}", what)
        if found.table and name in found.table.head:
            yield from _of_merged_cells(found.table.path, config.index, name)


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
