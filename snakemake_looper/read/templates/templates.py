"""Command templates: Jinja2 with single braces, as looper defines them.

`{sample.x}` is a variable, `{% if %}` a statement. An undefined variable is an error. A list is
joined by spaces. Values are not quoted, as in looper; the filter `quote` is ours.

    template_braces       the braces that begin a template, and those that stay
    template_environment  what a template may do
    template_faults       the messages about a template that cannot be rendered
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .template_braces import NAMESPACES, pieces, protect, with_lines
from .template_environment import MOST_STEPS, Compiled, SyntaxFault, TooMuch, line_of
from .template_faults import (
    Fault,
    explain_failure,
    explain_missing,
    explain_syntax,
    is_subtracted,
    unknown_names,
)
from .template_undefined import Missing, Note, Partial

_log = logging.getLogger(__name__)
_FEW_STEPS = 10_000
"""The steps for finding the line of a loop that goes on for too long."""

# looper appends these to every command template: extra arguments of the sample, or of the project.
SAMPLE_EXTRA = "{%- if sample.command_extra is defined %} {sample.command_extra}   {% endif -%}"
PROJECT_EXTRA = "{%- if looper.command_extra is defined %} {looper.command_extra}{% endif -%}"


class TemplateError(Exception):
    """A template cannot be parsed, or has a variable that is not defined."""

    def __init__(self, message: str, text: str = "", known: bool = False) -> None:
        super().__init__(message)
        self.text = text
        """The template."""
        self.known = known
        """Whether the fault is a problem already: `faults_of` has it, or it follows from another."""
        self.no_namespace = False
        """Whether a name is in no namespace. `faults_of` has it, if all namespaces are known."""
        self.missing: Missing | None = None
        """The variable that is not there."""
        self.more: tuple[TemplateError, ...] = ()
        """The other variables that are not there."""
        self.hopeless = False
        """Whether rendering went on for long. It is not worth while to try it again."""


class Template:
    """One template, parsed once and rendered for every sample."""

    def __init__(self, text: str) -> None:
        """Parse a template.

        Raises:
            TemplateError: the syntax is wrong.
        """
        self.text = text
        try:
            self._compiled = compiled(protect(text))
        except SyntaxFault as fault:
            message = explain_syntax(fault, text, {}).message
            raise TemplateError(message, text, known=True) from None
        self._unknown = self._compiled.names - set(NAMESPACES)

    def render(self, namespaces: Mapping[str, Any]) -> str:
        """Fill in the template.

        Args:
            namespaces: values by namespace, see `NAMESPACES`.

        Raises:
            TemplateError: a variable is undefined, or an expression fails. The message names the
                variable, and a variable with a similar name if there is one.
        """
        try:
            return self._compiled.render(namespaces)
        except Missing as missing:
            notes = self._compiled.missing(namespaces)
            first, *more = [self._error(note.missing, namespaces) for note in notes] or [
                self._error(missing, namespaces)
            ]
            first.more = tuple(more)
            raise first from None
        except Exception as error:  # an expression can raise anything
            _log.debug("template cannot be rendered: %s", self.text, exc_info=True)
            hopeless = isinstance(error, TooMuch)
            expression = "" if hopeless else self._failing(error, namespaces)
            failed = TemplateError(explain_failure(error, expression), self.text)
            failed.hopeless = hopeless
            raise failed from None

    def _error(self, missing: Missing, namespaces: Mapping[str, Any]) -> TemplateError:
        message = explain_missing(missing, self.text, namespaces)
        error = TemplateError(message, self.text, known=isinstance(missing.owner, Partial))
        error.missing = missing
        no_namespace = missing.whole and missing.name not in NAMESPACES
        error.no_namespace = no_namespace or is_subtracted(missing.name, self.text, self._unknown)
        return error

    def _failing(self, error: Exception, namespaces: Mapping[str, Any]) -> str:
        """The first expression that raises such an error by itself."""
        for piece in pieces(self.text):
            if piece.kind == "expression":
                try:
                    compiled(piece.text).render(namespaces)
                except Exception as raised:
                    if type(raised) is type(error) and str(raised) == str(error):
                        return piece.text
        return ""


@lru_cache(maxsize=1024)
def compiled(source: str) -> Compiled:
    """The compiled form of a source, which `protect` made."""
    return Compiled(source)


@lru_cache(maxsize=1024)
def template(text: str) -> Template:
    """The parsed template of a text. The templates that were used last are cached."""
    return Template(text)


def faults_of(text: str, namespaces: Mapping[str, Any], any_name: bool = False) -> list[Fault]:
    """The faults that a template has for all samples: its syntax, and names of no namespace.

    Args:
        text: the template.
        namespaces: the namespaces as far as they are known, to find what is meant.
        any_name: whether there may be other namespaces.
    """
    try:
        names = compiled(protect(text)).names
    except SyntaxFault as fault:
        return [explain_syntax(fault, text, namespaces)]
    unknown = () if any_name else names - set(NAMESPACES)
    return unknown_names(text, unknown, namespaces)


def line_of_fault(error: TemplateError, lines: Sequence[int], namespaces: Mapping[str, Any]) -> int:
    """The line of a file at which a template fails; 0 if it is not found.

    Args:
        error: the error of the template.
        lines: the line of the file for each character of the text.
        namespaces: the values that it is rendered with.
    """
    if not lines:
        return 0
    text = error.text
    lines = [*lines, *([lines[-1]] * (len(text) - len(lines)))]
    try:
        again = Compiled(with_lines(text, lines))
        if error.missing:
            found = _line_of_missing(error.missing, again.missing(namespaces))
        else:
            again.render(namespaces, _FEW_STEPS if error.hopeless else MOST_STEPS)
            found = 0
    except SyntaxFault as fault:
        found = fault.line
    except Exception as raised:  # an expression can raise anything
        found = line_of(raised)
    return min(lines[0] + found - 1, lines[-1]) if found else 0


def _line_of_missing(missing: Missing, notes: Iterable[Note]) -> int:
    return next(
        (
            note.line
            for note in notes
            if note.missing.name == missing.name and note.missing.owner is missing.owner
        ),
        0,
    )
