"""References (`$ref`) of an input schema, resolved when it is read.

The library that validates samples would open each reference by itself, at the first sample that
needs it: without a deadline, for files as for addresses. Here all files that a schema refers to
are read at once, by `SchemaFiles`, and go into one schema whose references lead to places in it.

A path below `#` counts from the top of the file, as in JSON Schema. If nothing is there, it counts
from the schema of a sample, where eido looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from ...errors import near
from .schema_files import SchemaFile, SchemaFiles

Keys = tuple[str | int, ...]

ITEMS: Keys = ("properties", "samples", "items")
"""The keys that lead to the schema of a sample."""
PROJECT: Keys = ("properties", "project")
"""The keys that lead to the schema of a PEP's config."""
_OTHERS = "$others"
"""The key of the other files in the schema that is made."""
_KNOWN = {
    *(f"http://json-schema.org/draft-0{number}/schema" for number in (3, 4, 6, 7)),
    *(f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")),
}
"""Addresses of schemas that the library has with it."""
_MOST_STEPS = 40
_MOST_CHECKS = 1000
_ONE_BY_ONE = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


class OneSchema:
    """A schema without references to other files."""

    def __init__(self, top: SchemaFile, files: SchemaFiles) -> None:
        self._files = files
        self._parts = [top]
        self.targets: dict[Keys, tuple[SchemaFile, Keys]] = {}
        """The target of references: the keys in this schema, the file and its keys there."""
        self.data: dict[str, Any] = self._copy(top, top.data, ())
        others: dict[str, Any] = {}
        for number, part in enumerate(self._parts):  # grows: a part may name other files
            if number:
                others[str(number)] = self._copy(part, part.data, ())
        if others:
            self.data[_OTHERS] = others
        if self.targets:
            self._refuse_loops(top)

    def _copy(self, file: SchemaFile, node: Any, keys: Keys) -> Any:
        if isinstance(node, list):
            return [self._copy(file, item, (*keys, i)) for i, item in enumerate(node)]
        if not isinstance(node, Mapping):
            return node
        found: dict[str, Any] = {}
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                reference = self._reference(file, value, (*keys, key))
                if reference is None:
                    return {}  # nothing is checked against it
                found["$ref"] = reference
            elif not (key == "$id" and isinstance(value, str)):  # it would change what `#` means
                found[str(key)] = self._copy(file, value, (*keys, key))
        return found

    def _reference(self, file: SchemaFile, reference: str, keys: Keys) -> str | None:
        """A reference into this schema instead; None if it cannot be followed."""
        url, _, fragment = reference.partition("#")
        place, name = file.place(*keys), ".".join(map(str, keys))
        if url in _KNOWN and not fragment:
            return reference
        target: SchemaFile | None = file
        if url and url != str(file.data.get("$id")).partition("#")[0]:
            target = self._files.named_by(file, url, place, name)
        if target is None:
            return None
        found = _found(target, unquote(fragment))
        if found is None:
            what = f"there is nothing at '{reference}'{_near(target, fragment)}; correct it"
            self._files.problems.add(place, name, what)
            return None
        if target not in self._parts:
            self._parts.append(target)
        number = self._parts.index(target)
        whole = ((_OTHERS, str(number)) if number else ()) + tuple(map(str, found))
        self.targets[whole] = (target, found)
        return pointer_to(whole)

    def _refuse_loops(self, top: SchemaFile) -> None:
        """Refuse references with which validation would not end."""
        known: dict[int, int] = {}
        begins = {ITEMS: (top, ITEMS), PROJECT: (top, PROJECT), **self.targets}
        for keys, (file, there) in begins.items():
            try:
                for node in parts(at(self.data, keys)):
                    _checks(node, self.data, known, ())
            except _EndlessError as error:
                what = f"its references {error}; correct them"
                self._files.problems.add(file.place(*there), ".".join(map(str, there)), what)
                return


def at(data: Any, keys: Keys) -> Any:
    """The part of a schema under some keys; None if there is none."""
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and str(key).isdecimal() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def resolved(schema: Mapping[str, Any], keys: Keys) -> Keys:
    """The keys that lead to a part of a schema of `OneSchema`, with all references followed."""
    here: Keys = ()
    for key in keys:
        here = (*here, key)
        for _ in range(_MOST_STEPS):
            node = at(schema, here)
            reference = node.get("$ref") if isinstance(node, Mapping) else None
            if not isinstance(reference, str) or not reference.startswith("#"):
                break
            here = _keys(unquote(reference[1:]))
    return here


def _found(file: SchemaFile, fragment: str) -> Keys | None:
    """The keys that the part of a reference behind `#` leads to."""
    if fragment and not fragment.startswith("/"):
        return next(_named(file.data, f"#{fragment}", ()), None)
    keys = _keys(fragment)
    whole = (keys, (*ITEMS, *keys))
    return next((one for one in whole if at(file.data, one) is not None), None)


def _keys(fragment: str) -> Keys:
    return tuple(k.replace("~1", "/").replace("~0", "~") for k in fragment.split("/")[1:])


def _named(node: Any, name: str, keys: Keys) -> Iterator[Keys]:
    """The keys of the parts whose `$id` is a name."""
    if isinstance(node, Mapping):
        if node.get("$id") == name:
            yield keys
        for key, value in node.items():
            yield from _named(value, name, (*keys, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _named(value, name, (*keys, index))


def _near(file: SchemaFile, fragment: str) -> str:
    keys = _keys(unquote(fragment))
    above = at(file.data, keys[:-1]) if keys else None
    return near(str(keys[-1]), map(str, above)) if isinstance(above, Mapping) else ""


def pointer_to(keys: Keys) -> str:
    """The reference to a part of the same schema."""
    names = (quote(str(key).replace("~", "~0").replace("/", "~1"), safe="~$") for key in keys)
    return "#" + "".join(f"/{name}" for name in names)


def has_references(node: Any) -> bool:
    """Whether a part of a schema refers to others."""
    return any(isinstance(one.get("$ref"), str) for one in parts(node))


class _EndlessError(Exception):
    """Validation would not end."""


def parts(node: Any) -> Iterator[Mapping[str, Any]]:
    """All mappings in a part of a schema, and itself."""
    if isinstance(node, Mapping):
        yield node
    for child in (
        node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    ):
        yield from parts(child)


def _checks(
    node: Any, schema: Mapping[str, Any], known: dict[int, int], above: tuple[int, ...]
) -> int:
    """The number of schemas that are applied to one value if this one is.

    Raises:
        _EndlessError: they have no end, or are countless.
    """
    if not isinstance(node, Mapping):
        return 1
    key = id(node)
    if key in above:
        raise _EndlessError("lead back to themselves")
    if len(above) > _MOST_STEPS:
        raise _EndlessError("lead on and on")
    if key not in known:
        here = (*above, key)
        known[key] = 1 + sum(_checks(one, schema, known, here) for one in _applied(node, schema))
        if known[key] > _MOST_CHECKS:
            raise _EndlessError("multiply without end")
    return known[key]


def _applied(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that are applied to the same value as this one."""
    reference = node.get("$ref")
    if isinstance(reference, str):  # whatever is beside it has no effect
        if reference.startswith("#"):
            yield at(schema, _keys(unquote(reference[1:])))
        return
    for key in _ONE_BY_ONE:
        yield from node[key] if isinstance(node.get(key), list) else ()
    for key in _SINGLE:
        yield node.get(key)
    dependencies = node.get("dependencies")
    yield from dependencies.values() if isinstance(dependencies, Mapping) else ()
