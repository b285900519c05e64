"""The Jinja2 environment of command templates: the values a template sees, and its limits.

**Keys come first.** `{sample.copy}` is the column `copy`; Jinja2 itself would take the method of
Python's `dict`. A method is still there for a template that calls it, as in
`{% for key, value in sample.items() %}` or `{sample.word.upper()}`, if no key has its name. Without
a call, a method is undefined, as any other name that the project does not have.

**A template ends.** It may loop and calculate, but a slip such as `range(10 ** 9)` becomes an error
and not a machine without memory. A template does not reach the inside of Python (`__class__`).

Templates with double braces, which looper's own hooks fill in, have the same rules.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jinja2
import jinja2.meta
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from .template_undefined import Lenient, Note, Noted, Strict, begin_notes

MOST_STEPS = 2_000_000
"""The number of rounds of loops, and of calls, in one template."""
_STEPS_PER_SAMPLE = 100
"""More rounds for each sample, in a template of the project level."""
MOST_NUMBERS = 1_000_000
"""The length of a `range`."""
MOST_CHARACTERS = 100_000_000
"""The length of a command, or of a text that is repeated."""
_MOST_BITS = 10_000
_STEPS = ""  # no template can have this name


class Impossible(Exception):
    """A template asks for something that no template can do; the message says what."""


class TooMuch(Impossible):
    """A template goes beyond a limit. It takes long to find out, and other jobs have it too."""


class SyntaxFault(Exception):
    """A template cannot be parsed. The message is Jinja2's, `line` is a line of the template."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Steps:
    """Counts down the steps of one rendering."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuch(f"it has loops of more than {MOST_STEPS:,} rounds")


class _Environment(SandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.globals["range"] = _range
        del self.globals["lipsum"]
        self.filters["quote"] = lambda value: shlex.quote(str(joined(value)))
        self.filters[_COUNTED] = _counted

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, (dict, Mapping)):  # `dict` first, because it is quick to see
            if attribute in obj:
                return obj[attribute]
            return self._method(obj, attribute, getattr(obj, attribute, None))
        value = super().getattr(obj, attribute)
        own = isinstance(obj, _JINJAS_OWN) or isinstance(value, jinja2.Undefined)
        return value if own or not callable(value) else self._method(obj, attribute, value)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        if isinstance(argument, jinja2.Undefined):
            str(argument)
            return argument
        return super().getitem(obj, argument)

    def _method(self, obj: Any, name: str, value: Any) -> jinja2.Undefined:
        """An undefined value that can be called, if `value` is a method."""
        undefined = self.undefined(obj=obj, name=name)
        if callable(value) and self.is_safe_attribute(obj, name, value):
            object.__setattr__(undefined, _METHOD, value)
        return undefined

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        _take_step(__context)
        if isinstance(__obj, jinja2.Undefined):
            __obj = getattr(__obj, _METHOD, None) or __obj()
        if not callable(__obj):
            raise Impossible(f"it calls {kind_of(__obj)}, which is no function; remove the '(…)'")
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * right > _MOST_BITS:
                raise TooMuch(f"{left} ** {right} is too large a number")
        elif operator == "*":
            for some, times in ((left, right), (right, left)):
                repeats = isinstance(some, (str, list, tuple)) and isinstance(times, int)
                if repeats and len(some) * times > MOST_CHARACTERS:
                    raise TooMuch(f"it repeats a text {times:,} times")
        return super().call_binop(context, operator, left, right)


_JINJAS_OWN = (jinja2.Undefined, jinja2.runtime.Macro, jinja2.runtime.LoopContext)
_COUNTED = "_counted"
_METHOD = "__method__"
"""The attribute of an undefined value that has the method of this name."""


def _take_step(context: Context) -> None:
    steps = context.get(_STEPS)
    if steps is not None:
        steps.take()


@jinja2.pass_context
def _counted(context: Context, items: Any) -> Iterator[Any]:
    """The items of a loop; each is a step."""
    if not isinstance(items, (Iterable, jinja2.Undefined)):
        raise Impossible(f"it loops over {kind_of(items)}, which is no list; write '[…]' around it")
    for item in items:
        _take_step(context)
        yield item


def _range(*limits: int) -> range:
    numbers = range(*limits)
    try:
        count = len(numbers)
    except OverflowError:
        count = MOST_NUMBERS + 1
    if count > MOST_NUMBERS:
        shown = ", ".join(map(str, limits))
        raise TooMuch(f"range({shown}) has more than {MOST_NUMBERS:,} numbers")
    return numbers


def kind_of(value: Any) -> str:
    """The kind of a value, for a message that is the same for all samples."""
    if value is None:
        return "an empty value"
    kinds = (
        (str, "a text"),
        ((int, float), "a number"),
        ((list, tuple), "a list"),
        (Mapping, "a mapping"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), "a value")


def joined(value: Any) -> Any:
    """A value as looper writes it: a list is joined by spaces.

    To Jinja2, `{a,b}` is a tuple. Its undefined items are errors.
    """
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, jinja2.Undefined):
                str(item)
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, Iterator):
        raise Impossible("it shows a sequence that is not a list yet; write '| list' after it")
    if callable(value) and not isinstance(value, jinja2.Undefined):
        raise Impossible("it shows a function; write '(…)' after its name, to call it")
    return value


_SINGLE = _Environment(
    undefined=Strict,
    variable_start_string="{",
    variable_end_string="}",
    finalize=joined,
)
_NOTING = _SINGLE.overlay(undefined=Noted)
_DOUBLE = _Environment(undefined=Lenient)


class Compiled:
    """A template with single braces that was compiled."""

    __slots__ = ("_counts", "_noting", "_template", "_tree", "names")

    def __init__(self, source: str) -> None:
        """Compile a template.

        Raises:
            SyntaxFault: the syntax is wrong, or there is no such filter or test.
        """
        try:
            tree = parsed(source)
            self.names = frozenset(jinja2.meta.find_undeclared_variables(tree))
            _check_helpers(tree)
            loops = list(tree.find_all(nodes.For))
            for loop in loops:
                loop.iter = nodes.Filter(
                    loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno
                ).set_environment(_SINGLE)
            self._counts = bool(loops) or tree.find(nodes.Call) is not None
            self._tree = tree
            self._noting: jinja2.Template | None = None
            self._template = _SINGLE.from_string(tree)
            # Each rendering copies these. Jinja2 has them as a chain, which is slow to copy.
            self._template.globals = dict(self._template.globals)
        except jinja2.TemplateSyntaxError as error:
            raise SyntaxFault(error.message or "", error.lineno) from None

    def render(self, namespaces: Mapping[str, Any], steps: int = MOST_STEPS) -> str:
        """Fill in the template. It can raise any error, see `line_of`."""
        return self._filled(self._template, namespaces, steps)

    def _filled(self, made: jinja2.Template, namespaces: Mapping[str, Any], steps: int) -> str:
        if not self._counts:
            return "".join(made.root_render_func(made.new_context(dict(namespaces))))
        steps += _STEPS_PER_SAMPLE * len(namespaces.get("samples", ()))
        context = made.new_context({**namespaces, _STEPS: _Steps(steps)})
        return "".join(_limited(made.root_render_func(context)))

    def missing(self, namespaces: Mapping[str, Any]) -> list[Note]:
        """All variables that rendering does not find, each once."""
        found = begin_notes()
        # Without the variables, the rest may raise anything. That is no fault of its own.
        with contextlib.suppress(Exception):
            if self._noting is None:
                self._noting = _NOTING.from_string(self._tree)
            self._filled(self._noting, namespaces, MOST_STEPS)
        notes: dict[tuple[int, str], Note] = {}
        for one in found:
            notes.setdefault((id(one.missing.owner), one.missing.name), one)
        return list(notes.values())


def _check_helpers(tree: nodes.Template) -> None:
    """Refuse unknown filters and tests, and parts in other files.

    Jinja2 finds some of them only when it renders.
    """
    for other in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        tag = type(other).__name__.lower().removesuffix("import") or "import"
        raise SyntaxFault(f"unknown tag '{tag}'", other.lineno)
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        kind = "filter" if isinstance(node, nodes.Filter) else "test"
        if node.name not in (_SINGLE.filters if kind == "filter" else _SINGLE.tests):
            raise SyntaxFault(f"No {kind} named '{node.name}'.", node.lineno)


def parsed(source: str) -> nodes.Template:
    """The syntax tree of a template with single braces.

    Raises:
        jinja2.TemplateSyntaxError: the syntax is wrong.
    """
    return _SINGLE.parse(source)


def is_template(text: str) -> bool:
    """Whether Jinja2 can read a text."""
    try:
        parsed(text)
    except jinja2.TemplateSyntaxError:
        return False
    return True


def line_of(error: BaseException) -> int:
    """The line of a template at which rendering raised an error; 0 if it is not known."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def fill_in(text: str, namespaces: Mapping[str, Any]) -> str:
    """Fill in a plain Jinja2 template, with double braces, as looper's own hooks use it."""
    return _DOUBLE.from_string(text).render(namespaces)


def _limited(pieces: Iterable[str]) -> Iterator[str]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_CHARACTERS:
            raise TooMuch(f"it makes more than {MOST_CHARACTERS:,} characters")
        yield piece


def helpers(kind: str) -> list[str]:
    """The names of all filters, or of all tests."""
    names = _SINGLE.filters if kind == "filter" else _SINGLE.tests
    return [name for name in names if name.isidentifier() and not name.startswith("_")]
