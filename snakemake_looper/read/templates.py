"""Command templates: Jinja2 with single braces, as looper defines them.

`{sample.x}` is a variable, `{% if %}` a statement. An undefined variable is an error. A list is
joined by spaces. Values are not quoted, as in looper; the filter `quote` is ours.

Two kinds of braces begin no template and stay as they are: braces after a `$`, as in `${HOME}`, and
braces around a text that is not an expression, as in `awk '{print $1}'` or `{1..3}`. Braces around
the name of a namespace are always a template: a mistake there is an error.
"""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jinja2
import jinja2.meta

from ..errors import near

_log = logging.getLogger(__name__)

NAMESPACES = ("project", "sample", "samples", "pipeline", "looper", "compute", "pipestat")
"""All namespaces: `sample` is for the sample level, `samples` for the project level."""

# looper appends these to every command template: extra arguments of the sample, or of the project.
SAMPLE_EXTRA = "{%- if sample.command_extra is defined %} {sample.command_extra}   {% endif -%}"
PROJECT_EXTRA = "{%- if looper.command_extra is defined %} {looper.command_extra}{% endif -%}"


class TemplateError(Exception):
    """A template cannot be parsed, or has a variable that is not defined."""


class _Undefined(jinja2.StrictUndefined):
    """Raises `_Missing`, which has the namespace and the name of the missing attribute."""

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _Missing(self._undefined_obj, self._undefined_name)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = (
        _fail_with_undefined_error
    )
    __add__ = __radd__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = (
        _fail_with_undefined_error
    )
    __call__ = __int__ = __float__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._fail_with_undefined_error()


class _Missing(Exception):
    """A template uses an attribute that its namespace does not have."""

    def __init__(self, owner: Any, name: str | None) -> None:
        super().__init__(name)
        self.owner, self.name = owner, name


def _joined(value: Any) -> Any:
    """A value as looper writes it: a list is joined by spaces.

    To Jinja2, `{a,b}` is a tuple. Its undefined items are errors.
    """
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, jinja2.Undefined):
                str(item)
    return " ".join(map(str, value)) if isinstance(value, list) else value


_ENVIRONMENT = jinja2.Environment(
    undefined=_Undefined,
    variable_start_string="{",
    variable_end_string="}",
    finalize=_joined,
)
_ENVIRONMENT.filters["quote"] = lambda value: shlex.quote(str(_joined(value)))


class Template:
    """One template, parsed once and rendered for every sample."""

    def __init__(self, text: str) -> None:
        """Parse a template.

        Raises:
            TemplateError: the syntax is wrong.
        """
        self.text = text
        source = protect(text)
        try:
            self.names = frozenset(
                jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(source))
            )
            self._template = _ENVIRONMENT.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                f"not a valid template: {error.message}; a literal brace is written"
                " {'{'}, and statements {% ... %}"
            ) from None

    def check_names(self) -> None:
        """Refuse names that are not a namespace, without rendering.

        Raises:
            TemplateError: the template has such a name.
        """
        for name in sorted(self.names - set(NAMESPACES)):
            raise TemplateError(_no_namespace(name))

    def render(self, namespaces: Mapping[str, Any]) -> str:
        """Fill in the template.

        Args:
            namespaces: values by namespace, see `NAMESPACES`.

        Raises:
            TemplateError: a variable is undefined, or an expression fails. The message names the
                variable, and a variable with a similar name if there is one.
        """
        try:
            return self._template.render(namespaces)
        except _Missing as missing:
            raise TemplateError(_explain(missing, namespaces)) from None
        except Exception as error:  # an expression can raise anything
            _log.debug("template cannot be rendered: %s", self.text, exc_info=True)
            raise TemplateError(f"cannot be rendered: {error}; correct the template") from None


@lru_cache(maxsize=1024)
def template(text: str) -> Template:
    """The parsed template of a text. The templates that were used last are cached."""
    return Template(text)


def render_nested(value: Any, namespaces: Mapping[str, Any]) -> Any:
    """Render every text in nested mappings and lists (looper does not render these, quirk 2)."""
    if isinstance(value, str):
        return template(value).render(namespaces)
    if isinstance(value, Mapping):
        return {key: render_nested(item, namespaces) for key, item in value.items()}
    if isinstance(value, list):
        return [render_nested(item, namespaces) for item in value]
    return value


def fill_in(text: str, namespaces: Mapping[str, Any]) -> str:
    """Fill in a plain Jinja2 template, with double braces, as looper's own hooks use it."""
    return str(jinja2.Template(text).render(namespaces))


def _explain(missing: _Missing, namespaces: Mapping[str, Any]) -> str:
    owner, name = missing.owner, missing.name or ""
    for path, value in _walk(namespaces):
        if value is owner:
            known = [str(key) for key in owner if not str(key).startswith("_")]
            return (
                f"{{{path}.{name}}} is undefined{near(name, known)};"
                f" {path} has {', '.join(sorted(known)) or 'nothing'}"
            )
    if name not in NAMESPACES:
        return _no_namespace(name)
    return f"{{{name}}} is undefined; there is {', '.join(sorted(namespaces))}"


def _no_namespace(name: str) -> str:
    return (
        f"{{{name}}} is not a namespace{near(name, NAMESPACES)}; there are {', '.join(NAMESPACES)}"
    )


def _walk(namespaces: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    pending = [(str(name), value) for name, value in namespaces.items()]
    while pending:
        path, value = pending.pop(0)
        if isinstance(value, Mapping):
            yield path, value
            pending += [(f"{path}.{key}", item) for key, item in value.items()]


_MENTION = re.compile(rf"\b(?:{'|'.join(NAMESPACES)})\s*[.\[|]")
_STATEMENT = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL
)
_DECLARED = re.compile(r"\{%-?\s*(?:for\s+(.+?)\s+in\b|set\s+(\w+))")


@lru_cache(maxsize=1024)
def protect(text: str) -> str:
    """Mark braces that begin no template as raw text, so that Jinja2 does not read them."""
    parts: list[str] = []
    declared = {
        name
        for match in _DECLARED.finditer(text)
        for name in re.findall(r"\w+", match[1] or match[2])
    }
    position = 0
    while (start := text.find("{", position)) >= 0:
        parts.append(text[position:start])
        statement = _STATEMENT.match(text, start)
        end = statement.end() if statement else _closing(text, start)
        piece = text[start:end]
        mentions = bool(_MENTION.search(piece)) and end > start + 1
        if mentions and not statement and _holds_templates(piece):
            parts.append(_raw("{"))
            position = start + 1
            continue
        own = piece[1:-1].strip() in declared
        after_dollar = start > 0 and text[start - 1] == "$" and not mentions and not own
        if statement or mentions or (not after_dollar and _is_expression(piece[1:-1])):
            parts.append(piece)
            position = end
        elif after_dollar and end > start + 1:
            parts.append(_raw(piece))
            position = end
        else:
            parts.append(_raw("{"))
            position = start + 1
    parts.append(text[position:])
    return "".join(parts)


def _holds_templates(piece: str) -> bool:
    """Whether templates stand inside literal braces, as in `{"mem": "{compute.mem}"}`."""
    inner = piece.find("{", 1)
    return inner > 0 and not _is_expression(piece[1:-1]) and bool(_MENTION.search(piece, inner))


def _raw(text: str) -> str:
    return "{% raw %}" + text + "{% endraw %}"


def _closing(text: str, start: int) -> int:
    """The position after the brace that closes the one at `start`; quoted braces do not count."""
    depth = 0
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if not depth:
                return position + 1
    return start + 1


def _is_expression(text: str) -> bool:
    if not text.strip() or text.strip()[0].isdigit():
        return False
    try:
        _ENVIRONMENT.parse("{" + text + "}")
    except jinja2.TemplateSyntaxError:
        return False
    return True
