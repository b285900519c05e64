"""A key of a project's file, the form of its value, and a kind of file as a table of keys.

A key without a table of its own (`keys`) may have anything below it. Keys that are not in a table
are allowed, because the checks only warn of them, unless the key is `closed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

Rules = Mapping[str, Any]
"""Words of JSON Schema, draft 7: the one that editors know."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a value may have."""

    words: str
    """The form as people call it."""
    types: tuple[type, ...]
    """The types of Python that YAML makes of it; empty for any."""
    rules: Rules = field(default_factory=dict)
    """Rules beyond the type."""


def _or_empty(form: Form) -> Form:
    """A form whose line may also be there without a value."""
    return Form(form.words, (*form.types, NoneType), form.rules)


_LISTED: Rules = {"items": {"type": "string"}}
_SOME_TEXT: Rules = {"minLength": 1}

TEXT = Form("text", (str,))
PATH = Form("path", (str,))
NUMBER = Form("whole number", (int,))
SECTION = Form("mapping", (dict,))
TEXTS = Form("text or list of texts", (str, list), _LISTED)
PATHS = Form("path or list of paths", (str, list), _LISTED)
TEXT_OR_NONE = _or_empty(TEXT)
PATH_OR_NONE = _or_empty(PATH)
SECTION_OR_NONE = _or_empty(SECTION)
TEXTS_OR_NONE = _or_empty(TEXTS)
PATHS_OR_NONE = _or_empty(PATHS)
SCALAR = Form("text", (str, int, float, bool, NoneType))
"""A text that YAML may take for a number."""
SCALAR_PATH = Form("path", SCALAR.types)
SWITCH = Form("true or false", (bool, str, int, NoneType))


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a file."""

    name: str
    form: Form
    meaning: str
    """One sentence."""
    example: str = ""
    """The value as it stands in YAML."""
    keys: tuple[Key, ...] = ()
    """The keys below it."""
    closed: bool = False
    """Whether a key that is not in `keys` is an error."""
    rules: Rules = field(default_factory=dict)
    """Rules beyond those of the form."""


@dataclass(frozen=True, slots=True)
class File:
    """A kind of file."""

    name: str
    """The name of its schema."""
    title: str
    about: str
    """Sentences for the page."""
    keys: tuple[Key, ...]
    old: Mapping[str, str] = field(default_factory=dict)
    """Keys of older versions, each with its replacement."""
    rules: Rules = field(default_factory=dict)
    strikes: bool = True
    """Whether editors strike old keys out. Not if a template may use any key of the file."""
    deeper: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    """Keys below names that the user chooses, by a heading for the page."""


def names(keys: Iterable[Key]) -> frozenset[str]:
    """The names of keys."""
    return frozenset(key.name for key in keys)


def types(keys: Iterable[Key]) -> dict[str, tuple[type, ...]]:
    """The types that the value of each key may have."""
    return {key.name: key.form.types for key in keys}


def free(words: str) -> Form:
    """A form that a schema does not check: an error is seen elsewhere, or there is none."""
    return Form(words, ())


def some(form: Form) -> Form:
    """A form whose text is not empty."""
    return Form(form.words, form.types, {**form.rules, **_SOME_TEXT})


def matching(form: Form, pattern: str, said: str, **rules: Any) -> Form:
    """A form whose text matches a pattern. The pattern is the same to Python and JavaScript.

    Args:
        said: the message that editors show for any other text.
    """
    return Form(form.words, form.types, {**form.rules, **pattern_rules(pattern, said), **rules})


def pattern_rules(pattern: str, said: str) -> Rules:
    """The rules for a text that matches a pattern, with the message for any other text."""
    return {"pattern": pattern, "patternErrorMessage": said}


def one_of(*words: str) -> Form:
    """A form for one of some words."""
    return Form(" or ".join(f"`{word}`" for word in words), (str,), {"enum": list(words)})


FOLDER = matching(
    SCALAR_PATH, r"^([^{}]|\$\{[^{}]*\})*$", "has a brace, which is a wildcard to Snakemake"
)
PART_OF_PATHS = matching(
    SCALAR, r"^([^/{}]|\$\{\w+\})*$", "cannot be part of a file name; use letters, digits, '-', '_'"
)
"""A name that becomes a part of the names of files."""
