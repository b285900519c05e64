"""The form of `sample_modifiers`, in a PEP or in a looper config.

peppy raises Python's errors for some wrong forms, and ignores others, such as a text in the place of
a list. Each is a `Problem` with its line. If peppy stops, they are the reasons; if not, they are
warnings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ...errors import Place, Problem, near
from ..keys.of_pep import MODIFIERS as KEYS

SECTION = "sample_modifiers"
MODIFIERS: Mapping[str, tuple[type, str]] = {
    key.name: (key.form.types[0], key.form.words) for key in KEYS
}
"""The type of each modifier, and its form in words."""

_LONGEST = 60
"""The longest text of a value in a message."""
Places = Callable[..., Place]
"""Gives the place of a path of keys below `sample_modifiers`."""


def modifier_faults(modifiers: Any, place: Places) -> Iterator[Problem]:
    """The faults of the form of a section `sample_modifiers`.

    Args:
        modifiers: the value of the section.
        place: gives the place of a key of the section.
    """
    if modifiers is None:
        what = "is empty: are its lines indented? Indent them, or remove the key"
        yield Problem(place(), SECTION, what)
        return
    if not isinstance(modifiers, Mapping):
        what = "must be a mapping of modifiers; write 'append:', 'derive:' or the like below it"
        yield Problem(place(), SECTION, what)
        return
    for name, value in modifiers.items():
        if name not in MODIFIERS:
            continue
        kind, form = MODIFIERS[name]
        if value is None:
            yield _fault(place, (name,), f"is empty; write {form} below it, or remove it")
        elif not isinstance(value, kind):
            yield _fault(
                place, (name,), f"must be {form}, not {shown(value)}; {_list_of(kind, value)}"
            )
        elif name == "imply":
            appended = modifiers.get("append")
            yield from _of_imply(
                modifiers[name], place, appended if isinstance(appended, Mapping) else ()
            )
        else:
            yield from _FAULTS_OF[name](value, place, (name,))


def unknown_modifiers(modifiers: Any, place: Places) -> Iterator[Problem]:
    """The modifiers that peppy ignores, since it does not know their names."""
    for name in modifiers if isinstance(modifiers, Mapping) else ():
        if name not in MODIFIERS:
            what = f"unknown modifier, ignored{near(str(name), MODIFIERS)}"
            yield _fault(place, (name,), f"{what}; there are {', '.join(MODIFIERS)}")


def _list_of(kind: type, value: Any) -> str:
    return f"write '[{value}]'" if kind is list and isinstance(value, str) else "correct it"


def shown(value: Any) -> str:
    """A value for a message: a text in quotes, cut if it is long; of others, the kind."""
    if value is None:
        return "an empty value"
    if isinstance(value, Mapping | list):
        return "a list" if isinstance(value, list) else "a mapping"
    text = _in_yaml(value)
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}…'"


def _fault(place: Places, keys: tuple[str | int, ...], message: str) -> Problem:
    name = ".".join(str(key) for key in (SECTION, *keys) if not isinstance(key, int))
    return Problem(place(*keys), name, message)


def _of_texts(
    value: Mapping[Any, Any], place: Places, keys: tuple[str | int, ...]
) -> Iterator[Problem]:
    """Faults of `append`: each attribute is a text."""
    for key in value:
        if not isinstance(key, str):
            what = f"'{key}' is no text, and cannot be the name of an attribute; put it in quotes"
            yield _fault(place, (*keys, str(key)), what)


def _of_duplicate(
    value: Mapping[Any, Any], place: Places, keys: tuple[str | int, ...]
) -> Iterator[Problem]:
    for key, new in value.items():
        if not isinstance(new, str):
            what = f"must be the second name of the attribute, not {shown(new)}; write a text"
            yield _fault(place, (*keys, key), what)


def _of_remove(value: list[Any], place: Places, keys: tuple[str | int, ...]) -> Iterator[Problem]:
    for number, one in enumerate(value):
        if not isinstance(one, str):
            yield _fault(
                place, (*keys, number), f"{shown(one)} is no name of an attribute; correct it"
            )


def _of_derive(
    derive: Mapping[str, Any], place: Places, keys: tuple[str | int, ...]
) -> Iterator[Problem]:
    forms: dict[str, tuple[Any, str]] = {
        "attributes": ((list, str), "a list of attributes"),
        "sources": (dict, "a mapping of source to path"),
    }
    unknown = [str(key) for key in derive if key not in forms]
    for name, (kind, form) in forms.items():
        if name not in derive:
            hint = near(name, unknown).replace("did you mean", "instead of")
            yield _fault(place, keys, f"has no '{name}'{hint}; write {form} there")
        elif not isinstance(derive[name], kind):
            yield _fault(
                place, (*keys, name), f"must be {form}, not {shown(derive[name])}; correct it"
            )
        elif name == "sources":
            for source, path in derive[name].items():
                if not isinstance(path, str):
                    what = (
                        f"must be a path with attributes in braces, not {shown(path)}; write a text"
                    )
                    yield _fault(place, (*keys, name, source), what)
    for key in unknown if all(name in derive for name in forms) else ():
        yield _fault(place, (*keys, key), f"unknown key, ignored{near(key, forms)}; remove it")


def _of_imply(imply: list[Any], place: Places, appended: Collection[str]) -> Iterator[Problem]:
    for number, one in enumerate(imply):
        where = ("imply", number)
        if not isinstance(one, Mapping) or not {"if", "then"} <= set(one):
            yield _fault(place, where, "needs 'if:' and 'then:'; write both below one '-'")
            continue
        for key in (key for key in one if key not in ("if", "then")):
            what = f"unknown key, ignored{near(str(key), ('if', 'then'))}; remove it"
            yield _fault(place, (*where, key), what)
        for part in ("if", "then"):
            if not isinstance(one[part], Mapping):
                what = (
                    f"must be a mapping of attribute to value, not {shown(one[part])}; correct it"
                )
                yield _fault(place, (*where, part), what)
            elif part == "if":
                yield from _of_condition(one[part], place, (*where, part), appended)


def _of_condition(
    condition: Mapping[Any, Any],
    place: Places,
    keys: tuple[str | int, ...],
    appended: Collection[str],
) -> Iterator[Problem]:
    """Values of an `if:` that no cell can have: all cells are text. Appended values may be others."""
    for key, value in condition.items():
        if isinstance(value, Mapping) or (isinstance(value, list) and key in appended):
            continue
        wrong = [
            one
            for one in (value if isinstance(value, list) else [value])
            if not isinstance(one, str)
        ]
        if wrong:
            what = f"{shown(wrong[0])} is not text, but all cells are"
            cure = "put the text of the cells in quotes"
            if not isinstance(wrong[0], bool | list | Mapping):
                cure = f"put it in quotes: '\"{_in_yaml(wrong[0])}\"'"
            yield _fault(place, (*keys, key), f"{what}; {cure}")


def _in_yaml(value: Any) -> str:
    """A value as YAML has it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


_FAULTS_OF: Mapping[str, Callable[..., Iterator[Problem]]] = {
    "append": _of_texts,
    "duplicate": _of_duplicate,
    "remove": _of_remove,
    "derive": _of_derive,
}
