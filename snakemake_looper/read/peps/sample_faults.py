"""Modifiers that do less than they say: derived paths with braces left, attributes of no sample.

peppy goes on, and `{SRR}` stands in a command in the place of a file's name. Each kind is one
warning, whatever the number of samples.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from ...errors import Problem, near
from ..documents.yaml_lines import not_set, unset
from .pep_modifiers import SECTION, Places
from .table_text import also_in, cells
from .tables import Table

Attributes = Sequence[Mapping[str, Any]]
Sources = Mapping[tuple[str, str], Sequence[int]]

_FEW = 5000
"""Up to this number of samples, a name is compared with all of them."""
_FEW_SOURCES = 6
"""Below this number of sources, a message lists them."""
_WORD = re.compile(r"\w+")
_DOTTED = re.compile(r"\{sample\.(\w+)\}")
_UNSET = re.compile(r"\$(?:\w+|\{[^}]*\})", re.ASCII)


def warnings_of_modifiers(
    modifiers: Any,
    place: Places,
    samples: Attributes,
    sources: Sources,
    removed: Iterable[str] = (),
) -> Iterator[Problem]:
    """The warnings of one section `sample_modifiers`.

    Args:
        modifiers: the value of the section.
        place: gives the place of a key of the section.
        samples: the attributes of all samples after the modifiers.
        sources: the numbers of the samples by derived attribute and name of its source.
        removed: attributes that later modifiers removed.
    """
    if not isinstance(modifiers, Mapping):
        return
    known = {**_attributes(samples), **dict.fromkeys(map(str, removed))}
    yield from _of_no_sample(modifiers, place, known)
    yield from _of_variables(modifiers, place, {name for _, name in sources})
    derive = modifiers.get("derive")
    paths = derive.get("sources") if isinstance(derive, Mapping) else None
    given = derive.get("attributes") if isinstance(derive, Mapping) else None
    listed = given if isinstance(given, list) else [given]
    if not isinstance(paths, Mapping):
        return
    without: dict[str, list[tuple[int, str]]] = {}
    for (attribute, name), numbers in sources.items():
        if attribute not in listed:
            continue
        if isinstance(paths.get(name), str):
            of_these = [samples[number] for number in numbers]
            yield from _of_source(attribute, name, paths[name], place, of_these)
        elif name not in paths and _WORD.fullmatch(name):  # else a path itself, or empty
            without.setdefault(attribute, []).extend((number, name) for number in numbers)
    for attribute, found in without.items():
        yield _no_source(attribute, min(found), paths, place, [samples[one] for one, _ in found])


def warnings_of_subsamples(
    tables: Iterable[Table], index: str, names: set[str]
) -> Iterator[Problem]:
    """The rows of subsample tables that belong to no sample."""
    for table in tables:
        if index not in table.head:
            continue
        strangers = {name: lines for name, lines in table.lines.items() if name not in names}
        if not strangers:
            continue
        name = next(iter(strangers))
        lines = [line for of_name in strangers.values() for line in of_name]
        close = near(name, names) if len(names) <= _FEW else ""
        what = f"there is no sample '{name}'{close}, and the row is ignored"
        what = what if name else "the row names no sample, and is ignored"
        what = f"{what}; correct the name, or remove the row{also_in(sorted(lines)[1:])}"
        yield Problem(table.place(name), index, what)


def replaced_names(
    modifiers: Any, place: Places, table: Table, index: str
) -> Iterator[tuple[Problem, bool]]:
    """The faults of `duplicate` onto the samples' names; and whether it merges samples."""
    found = modifiers if isinstance(modifiers, Mapping) else {}
    duplicate, removed = found.get("duplicate"), found.get("remove")
    if index not in table.head or (isinstance(removed, list) and index in removed):
        return
    for attribute, new in duplicate.items() if isinstance(duplicate, Mapping) else ():
        if new != index or attribute not in table.head:
            continue
        names: dict[str, str] = {}
        pairs = [pair for _, pair in cells(table.path, index, str(attribute)) if any(pair)]
        twice = next((two for two in pairs if names.setdefault(two[1], two[0]) != two[0]), None)
        what = (
            f"replaces the names in '{index}'; write 'sample_table_index: {attribute}' in the PEP"
        )
        if twice:
            what = (
                f"gives '{names[twice[1]]}' and '{twice[0]}' the same name '{twice[1]}', and they"
            )
            what += " are merged into one sample; write another name than"
            what += f" '{index}'"
        else:
            what += f" if these are the names, or another name than '{index}' here"
        keys = ("duplicate", str(attribute))
        if twice or any(name != new_name for name, new_name in pairs):
            yield Problem(place(*keys), ".".join((SECTION, *keys)), what), twice is not None


def _attributes(samples: Attributes) -> dict[str, None]:
    """The attributes that any sample has, in order."""
    known: dict[str, None] = {}
    for sample in samples:
        if not sample.keys() <= known.keys():
            known |= dict.fromkeys(sample)
    return known


def _of_no_sample(
    modifiers: Mapping[str, Any], place: Places, known: Mapping[str, None]
) -> Iterator[Problem]:
    """Attributes that a modifier names and no sample has."""
    for keys, name in _named(modifiers):
        if name not in known:
            where = ".".join(key for key in (SECTION, *keys) if isinstance(key, str))
            what = f"no sample has an attribute '{name}'{near(name, known)}, so this has no effect"
            yield Problem(place(*keys), where, f"{what}; correct the name, or remove it")


def _named(modifiers: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The attributes that modifiers change or ask for, each with the keys of its place."""
    duplicate, derive, imply = (modifiers.get(name) for name in ("duplicate", "derive", "imply"))
    for name in duplicate if isinstance(duplicate, Mapping) else ():
        yield ("duplicate", str(name)), str(name)
    given = derive.get("attributes") if isinstance(derive, Mapping) else None
    for number, name in enumerate(given if isinstance(given, list) else [given]):
        if isinstance(name, str):
            yield ("derive", "attributes", number), name
    for number, one in enumerate(imply if isinstance(imply, list) else ()):
        condition = one.get("if") if isinstance(one, Mapping) else None
        for name in condition if isinstance(condition, Mapping) else ():
            yield ("imply", number, "if", str(name)), str(name)


def _no_source(
    attribute: str,
    first: tuple[int, str],
    paths: Mapping[str, Any],
    place: Places,
    samples: Attributes,
) -> Problem:
    """The warning of cells in a derived column that name no source."""
    _, name = first
    where = f"{SECTION}.derive.sources"
    no_text = next((one for one in paths if not isinstance(one, str) and str(one) == name), None)
    if no_text is not None:
        what = f"the key {name} is a number, and '{name}' in {attribute} stays as it is; write"
        what = f"{what} '\"{name}\":'{shown_samples(samples)}"
        return Problem(place("derive", "sources", no_text), f"{where}.{name}", what)
    known = [one for one in paths if isinstance(one, str)]
    what = f"'{name}' in {attribute} is no source{near(name, known)}, and stays as it is; write"
    new = " or ".join(known) if len(known) < _FEW_SOURCES else "the name of a source"
    new = new or f"'{name}: PATH' below it"
    return Problem(place("derive", "sources"), where, f"{what} {new}{shown_samples(samples)}")


def _of_source(
    attribute: str, name: str, source: str, place: Places, samples: Attributes
) -> Iterator[Problem]:
    """The faults of a source: braces that cannot be filled."""
    keys = ("derive", "sources", name)
    where = ".".join((SECTION, *keys))
    text = _UNSET.sub("", os.path.expandvars(source))
    dotted = _DOTTED.search(text)
    if dotted and "sample" not in samples[0]:
        what = f"{dotted[0]} is no attribute, and {attribute} stays '{name}'; write {{{dotted[1]}}}"
        yield Problem(place(*keys), where, what + shown_samples(samples))
        return
    wanted = _wanted(text)
    for one in wanted:
        without = [sample for sample in samples if one not in sample]
        if without:
            what = (
                f"{{{one}}} is no attribute{near(one, without[0])}, and stays in {attribute} as it"
            )
            what = (
                f"{what} is; write the name of an attribute in the braces{shown_samples(without)}"
            )
            yield Problem(place(*keys), where, what)
    as_before = [sample for sample in samples if sample.get(attribute) == name]
    uneven = [sample for sample in as_before if _is_uneven(sample, wanted)]
    if uneven:
        lists = [one for one in wanted if isinstance(uneven[0].get(one), list)]
        what = f"{' and '.join(lists)} have different numbers of values, and {attribute} stays"
        what = f"{what} '{name}'; give them the same number{shown_samples(uneven)}"
        yield Problem(place(*keys), where, what)
    elif as_before and not _can_be_filled(text, as_before[0]):
        what = f"'{source}' cannot be filled, and {attribute} stays '{name}'; write names of"
        what = f"{what} attributes in the braces, as in '{{sample_name}}', and '{{{{' for a brace"
        yield Problem(place(*keys), where, what + shown_samples(as_before))


def _wanted(text: str) -> tuple[str, ...]:
    """The attributes whose names stand in braces; none if a brace is not closed."""
    try:
        fields = [one for _, one, _, _ in Formatter().parse(text) if one]
    except ValueError:
        return ()
    names = (re.split(r"[.\[]", field)[0] for field in fields)
    return tuple(dict.fromkeys(name for name in names if name and not name.isdecimal()))


class _Filler(dict[str, Any]):
    """Fills braces as peppy does: a name that is no attribute stays."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def _can_be_filled(text: str, sample: Mapping[str, Any]) -> bool:
    one_value = {
        name: value[0] if isinstance(value, list) and value else value
        for name, value in sample.items()
    }
    try:
        Formatter().vformat(text, (), _Filler(one_value))
    except (ValueError, LookupError, AttributeError, TypeError):
        return False
    return True


def _is_uneven(sample: Mapping[str, Any], names: Iterable[str]) -> bool:
    values = (sample.get(name) for name in names)
    return len({len(value) for value in values if isinstance(value, list)}) > 1


def _of_variables(modifiers: Mapping[str, Any], place: Places, used: set[str]) -> Iterator[Problem]:
    """Environment variables in paths that are not set."""
    append, derive, imply = (modifiers.get(name) for name in ("append", "derive", "imply"))
    texts: list[tuple[tuple[str | int, ...], Any]] = []
    if isinstance(append, Mapping):
        texts += [(("append", name), value) for name, value in append.items()]
    sources = derive.get("sources") if isinstance(derive, Mapping) else None
    if isinstance(sources, Mapping):
        texts += [(("derive", "sources", n), value) for n, value in sources.items() if n in used]
    for number, one in enumerate(imply if isinstance(imply, list) else ()):
        then = one.get("then") if isinstance(one, Mapping) else None
        if isinstance(then, Mapping):
            texts += [(("imply", number, "then", name), value) for name, value in then.items()]
    found: dict[str, list[tuple[str | int, ...]]] = {}
    for keys, value in texts:
        # Elsewhere a dollar may be anything; in a path it begins a variable.
        for variable in unset(value) if isinstance(value, str) and "/" in value else ():
            found.setdefault(variable, []).append(keys)
    for variable, (keys, *others) in found.items():
        where = ".".join(key for key in (SECTION, *keys) if isinstance(key, str))
        what = not_set(variable)
        lines = {place(*other).line for other in others} - {place(*keys).line}
        yield Problem(place(*keys), where, what + also_in(sorted(lines)))


def shown_samples(samples: Attributes) -> str:
    """A remark that names the first of some samples."""
    name = samples[0].get("sample_name", "")
    more = f" and {len(samples) - 1} more" if len(samples) > 1 else ""
    return f" (for {name}{more})"
