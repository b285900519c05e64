"""Messages about faults of templates: an undefined variable, wrong syntax, a failed calculation.

A message names the text that the user wrote, and the text to write instead. It does not repeat
words of Jinja2 or Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ...errors import near
from .older_names import OLDER_VARIABLES, SUBMISSION_WORDS
from .template_advice import few, instead_of_format, instead_of_operator, is_else_if
from .template_braces import NAMESPACES, Piece, pieces
from .template_environment import Impossible, SyntaxFault, helpers, is_template, kind_of
from .template_undefined import Missing

LOOPER_KEYS = (
    "config_file", "pep_config", "output_dir", "results_subdir", "submission_subdir",
    "sample_output_folder", "job_name", "total_input_size", "log_file", "piface_dir",
)  # fmt: skip
"""The keys of the `looper` namespace."""
_CLOSED_BY = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")
_UNKNOWN_HELPER = re.compile(r"No (filter|test) named '([^']+)'")
_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "set", "endset", "raw", "endraw")
_PATH = re.compile(rf"\{{\s*((?:{'|'.join(NAMESPACES)})(?:\.\w+)*?)\.([^.|'\"\[\](){{}}]+?)\s*\}}")
_WITH_FORMAT = re.compile(rf"\{{\s*((?:{'|'.join(NAMESPACES)})(?:\.\w+)*?)\.(\w+:[^{{}}]*?)\s*\}}")
_MINUS = re.compile(
    rf"\b((?:{'|'.join(NAMESPACES)})(?:\.\w+)*?)\.(\w+(?:-[A-Za-z_]\w*)+)"
    r"|(?<=\{)([A-Za-z_]\w*(?:-[A-Za-z_]\w*)+)(?=[}|])"
)
_LEVELS = ("pipeline.sample_interface", "pipeline.project_interface")
_CODE = ("expression", "statement")
_SHOWN = 60
"""The length of a piece of a template in a message."""
_ADVICE = "a literal brace is written {'{'}, and statements {% ... %}"


# --- variables that are not there ----------------------------------------------------------------


def explain_missing(missing: Missing, text: str, namespaces: Mapping[str, Any]) -> str:
    """The message for a variable that rendering did not find."""
    owner, name = missing.owner, missing.name
    for path, value in _walk(namespaces):
        if value is owner:
            known = tuple(str(key) for key in owner if not str(key).startswith("_"))
            return _undefined(path, name, known, text) + _elsewhere(path, name, known, namespaces)
    if isinstance(owner, Mapping):
        known = tuple(str(key) for key in owner if not str(key).startswith("_"))
        return _undefined(_owner_in(text, name) or "…", name, known, text)
    if not missing.whole:
        return _not_of_value(owner, name, text, namespaces)
    if name not in NAMESPACES:
        return no_namespace(name, namespaces)
    return f"{{{name}}} is undefined; {_of_level(name, namespaces)}"


def _not_of_value(owner: Any, name: str, text: str, namespaces: Mapping[str, Any]) -> str:
    path = _owner_in(text, name)
    if owner is namespaces.get("samples"):
        right = f"{{% for sample in samples %}}{{sample.{name}}}{{% endfor %}}"
        return f"{{samples.{name}}} is undefined: samples is a list; write {right}"
    if name.isdecimal() and path:
        return f"{{{path}[{name}]}} is undefined: {path} has too few items; correct the template"
    shown = f"{{{path}.{name}}}" if path else f"'.{name}'"
    method = not name.startswith("_") and callable(getattr(owner, name, None))
    advice = f"write '.{name}()' for the method" if method else "correct the template"
    return f"{shown} is undefined: {path or 'this'} is {kind_of(owner)}; {advice}"


def _of_level(name: str, namespaces: Mapping[str, Any]) -> str:
    if name == "sample" and "samples" in namespaces:
        return "at the project level, write {% for sample in samples %}…{% endfor %}"
    if name == "samples" and "sample" in namespaces:
        return "at the sample level, write {sample.…}"
    return f"there is {', '.join(sorted(namespaces))}"


@lru_cache(maxsize=256)
def _undefined(path: str, name: str, known: tuple[str, ...], text: str) -> str:
    """It is cached: a fault of all samples is explained once."""
    older = OLDER_VARIABLES.get(f"{path}.{name}")
    if older:
        return f"{{{path}.{name}}} is undefined; write {older}"
    for key in known:
        if key.startswith(name) and not key.isidentifier() and f"{path}.{key}" in text:
            return f"{{{path}.{key}}} is undefined: it needs quotes; write {_shown(path, key)}"
    if path == "pipestat" and not known:
        why = "the looper config has no 'pipestat:' section; add one"
        return f"{{{path}.{name}}} is undefined: {why}"
    found = near(name, known)
    if path == "compute" and not found:
        have = f"compute has {few(sorted(known)) or 'nothing'}"
        return f"{{compute.{name}}} is undefined; {have}; write '{name}:' under 'compute:'"
    word = _word_of(found)
    if not word.isidentifier() and word:
        found += f"; write {_shown(path, word)}"
    return f"{{{path}.{name}}} is undefined{found}; {path} has {few(sorted(known)) or 'nothing'}"


def _elsewhere(path: str, name: str, known: tuple[str, ...], namespaces: Mapping[str, Any]) -> str:
    """The same name in another namespace, if this one has no similar name."""
    is_older = f"{path}.{name}" in OLDER_VARIABLES
    if is_older or near(name, known) or (path == "pipestat" and not known):
        return ""
    found = _variable(name, namespaces)
    return f"; write {found}" if found else ""


def _variable(name: str, namespaces: Mapping[str, Any]) -> str:
    """The first variable of a name; empty if no namespace has it."""
    for path, value in _walk(namespaces):
        if path.startswith(_LEVELS):  # a warning says to move the key
            continue
        found = value.get(name)
        is_template = isinstance(found, str) and "{" in found  # one cannot use another
        if name in value and not is_template and not isinstance(found, Mapping):
            return _shown(path, name)
    return ""


def _shown(path: str, name: str) -> str:
    """A variable as it is written in a template."""
    return f"{{{path}.{name}}}" if name.isidentifier() else f"{{{path}['{name}']}}"


def _word_of(advice: str) -> str:
    """The word that `near` found; empty if it found none."""
    word = re.search("'(.*)'", advice)
    return word[1] if word else ""


def no_namespace(name: str, namespaces: Mapping[str, Any]) -> str:
    """The message for a variable that is not in a namespace."""
    known = _variable(name, namespaces) or SUBMISSION_WORDS.get(name)
    known = known or _variable(name.lower(), namespaces)
    if known:
        return f"{{{name}}} is not a namespace; write {known}"
    there = f"there are {', '.join(NAMESPACES)}"
    own = namespaces.get("sample")
    word = _word_of(near(name, own)) if isinstance(own, Mapping) else ""
    close = near(name, NAMESPACES) or (f" (did you mean {_shown('sample', word)}?)" if word else "")
    if close:
        return f"{{{name}}} is not a namespace{close}; {there}"
    return f"{{{name}}} is not a namespace; {there}; a literal brace is written {{'{{'}}"


def unknown_names(text: str, names: Iterable[str], namespaces: Mapping[str, Any]) -> list[Fault]:
    """The faults of a template with names that are in no namespace.

    Args:
        text: the template.
        names: these names.
        namespaces: the namespaces as far as they are known, to find what is meant.
    """
    left = set(names)
    found = []
    for position, whole, path, parts in _subtractions(text):
        if left.isdisjoint(parts):
            continue
        if path:
            what = f"{{{whole}}} is read as a subtraction; write {_shown(path, '-'.join(parts))}"
        else:
            what = no_namespace(whole, namespaces)
        left.difference_update(parts)
        found.append(Fault(position, what))
    for name in sorted(left):
        found.append(Fault(_position(rf"\b{name}\b", text), no_namespace(name, namespaces)))
    return found


def _subtractions(text: str) -> Iterator[tuple[int, str, str, list[str]]]:
    """Names with a hyphen: the position, the whole name, its namespace if any, and its parts."""
    for piece in pieces(text):
        if piece.kind in _CODE:
            for match in _MINUS.finditer(piece.text):
                parts = (match[2] or match[3]).split("-")
                yield piece.start + match.start(), match[0], match[1] or "", parts


def is_subtracted(name: str, text: str, unknown: Iterable[str]) -> bool:
    """Whether a name is the first part of one with a hyphen, whose other parts are unknown."""
    return any(
        parts[0] == name and not set(parts[1:]).isdisjoint(unknown)
        for _, _, _, parts in _subtractions(text)
    )


def _owner_in(text: str, name: str) -> str:
    """The text before `.name` in a template, as in `one` of `{one.name}`."""
    found = re.search(rf"([\w.]+(?:\[[^\]]*\])*)(?:\.|\[['\"]?){re.escape(name)}\b", text)
    return found[1] if found else ""


def _walk(namespaces: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All mappings, each once: YAML may have one in many places."""
    pending = [(str(name), value) for name, value in namespaces.items()]
    seen: set[int] = set()
    for path, value in pending:  # it grows
        if isinstance(value, Mapping) and id(value) not in seen:
            seen.add(id(value))
            yield path, value
            pending += [(f"{path}.{key}", item) for key, item in value.items()]


# --- syntax --------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """A fault that a template has for all samples."""

    position: int
    """The character at which the mend is written, counted from 0."""
    message: str


def explain_syntax(fault: SyntaxFault, text: str, namespaces: Mapping[str, Any]) -> Fault:
    """The message for a template that cannot be parsed.

    Args:
        fault: the fault.
        text: the template.
        namespaces: the namespaces as far as they are known, to find what is meant.
    """
    said = str(fault)
    if wrong := _UNKNOWN_HELPER.search(said):
        mark = r"\|" if wrong[1] == "filter" else r"\bis(?:\s+not)?"
        where = _position(rf"{mark}\s*{re.escape(wrong[2])}\b", text)
        return Fault(where, _no_helper(wrong[1], wrong[2]))
    for piece in pieces(text):
        if piece.kind == "expression" and not is_template(piece.text):
            return Fault(piece.start, _no_expression(piece, namespaces))
    return _explain_statement(said, text)


def _explain_statement(said: str, text: str) -> Fault:
    statements = [one for one in pieces(text) if one.kind == "statement"]
    for piece in statements:
        if is_else_if(piece.text):
            return Fault(piece.start, f"{_short(piece.text)} is no statement; write {{% elif … %}}")
    wrong_tag = _UNKNOWN_TAG.search(said)
    if wrong_tag and wrong_tag[1] not in _TAGS and not wrong_tag[1].startswith("end"):
        return Fault(_position(rf"\{{%-?\s*{wrong_tag[1]}\b", text), _no_tag(wrong_tag[1]))
    if wrong := _CLOSED_BY.search(said):
        where = _unclosed(statements)
        what = f"{{% {wrong[1]} %}} is not closed; write {{% end{wrong[1]} %}} where it ends"
        return Fault(where, what)
    if wrong_tag:
        return Fault(_position(rf"\{{%-?\s*{wrong_tag[1]}\b", text), _no_tag(wrong_tag[1]))
    piece = next(filter(_is_broken, statements), Piece("text", 0, text))
    advice = instead_of_operator(piece.text, _is_sound) or f"correct it: {_ADVICE}"
    return Fault(piece.start, f"{_short(piece.text)} cannot be read; {advice}")


_WHOLE = {
    "for": "{}{{% endfor %}}",
    "if": "{}{{% endif %}}",
    "elif": "{{% if 1 %}}{}{{% endif %}}",
    "macro": "{}{{% endmacro %}}",
}
"""Statements that are parts of a block, each with a whole block."""


def _is_broken(statement: Piece) -> bool:
    """Whether a statement cannot be read, whatever stands around it."""
    word = re.match(r"\{%-?\s*(\w+)", statement.text)
    if not word or (word[1] not in _WHOLE and "=" not in statement.text):
        return False
    return not _is_sound(statement.text)


def _is_sound(statement: str) -> bool:
    """Whether a statement can be read, as a part of the block that it needs."""
    word = re.match(r"\{%-?\s*(\w+)", statement)
    return is_template(_WHOLE.get(word[1] if word else "", "{}").format(statement))


def _position(pattern: str, text: str) -> int:
    """Where a pattern stands in the variables and statements of a template."""
    for piece in pieces(text):
        if piece.kind in _CODE:
            found = re.search(pattern, piece.text)
            if found:
                return piece.start + found.start()
    return 0


def _unclosed(statements: Iterable[Piece]) -> int:
    """The position of the last block that is not closed."""
    opened: list[tuple[str, int]] = []
    for piece in statements:
        word = re.match(r"\{%-?\s*(\w+)", piece.text)
        if word and word[1] in ("if", "for", "macro", "call", "filter", "block", "with"):
            opened.append((word[1], piece.start))
        elif word and opened and word[1] == f"end{opened[-1][0]}":
            opened.pop()
    return opened[-1][1] if opened else 0


def _no_expression(piece: Piece, namespaces: Mapping[str, Any]) -> str:
    shown = _short(piece.text)
    named = _PATH.fullmatch(piece.text) or _WITH_FORMAT.fullmatch(piece.text)
    own = namespaces.get(named[1]) if named else None
    is_key = named and isinstance(own, Mapping) and named[2] in own
    right = instead_of_format(named[1], named[2]) if named and not is_key else ""
    if right:
        return f"{shown} is no variable: templates have no formats; write {right}"
    if named:
        return f"{shown} is no variable: the name needs quotes; write {{{named[1]}['{named[2]}']}}"
    return f"{shown} is no variable and no expression; correct it: {_ADVICE}"


def _no_tag(tag: str) -> str:
    if tag in _TAGS:
        opened = tag.removeprefix("end").replace("elif", "if").replace("else", "if")
        return f"{{% {tag} %}} closes nothing; write {{% {opened} … %}} before it"
    return f"{{% {tag} %}} is no statement{near(tag, _TAGS)}; there are {', '.join(_TAGS)}"


def _no_helper(kind: str, name: str) -> str:
    mark = "|" if kind == "filter" else "is"
    return (
        f"'{mark} {name}': there is no {kind} '{name}'{near(name, helpers(kind))}; correct the name"
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


# --- calculations --------------------------------------------------------------------------------

_FAILED: tuple[tuple[type[Exception], str], ...] = (
    (ZeroDivisionError, "it divides by zero"),
    (RecursionError, "a macro calls itself without end"),
    (MemoryError, "it needs more memory than there is"),
    (TypeError, "its values are not of the types that the operation needs, as text and number"),
    (ValueError, "a value does not have the form that the operation needs"),
    (OverflowError, "a number is too large"),
    (LookupError, "a key or a number of an item is not there"),
)


def explain_failure(error: Exception, expression: str) -> str:
    """The message for a template that cannot be computed.

    Args:
        error: the error of rendering.
        expression: the part of the template that raised it; empty if it is not known.
    """
    shown = _short(expression) or "the template"
    if isinstance(error, Impossible):
        advice = "" if ";" in str(error) else "; correct it"
        return f"{shown} cannot be computed: {error}{advice}"
    why = next((what for kind, what in _FAILED if isinstance(error, kind)), "it fails")
    return f"{shown} cannot be computed: {why}; correct it"
