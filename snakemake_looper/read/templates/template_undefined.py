"""Values that are not there: how a template fails over them, and how all of them are found.

Rendering stops at the first undefined variable. To name all of them, a template that failed is
rendered again with variables that only note that they were used.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple, NoReturn

import jinja2
from jinja2.utils import missing


class Missing(Exception):
    """A template uses an attribute that its namespace does not have."""

    def __init__(self, owner: Any, name: object) -> None:
        super().__init__(name)
        self.owner, self.name = owner, str(name)
        self.whole = owner is missing
        """Whether the name stands alone, as `x` in `{x}`."""


class Partial(dict[str, Any]):
    """Values some of which could not be made, for a reason that is a problem already.

    A template that uses one of the missing values has no fault of its own.
    """


class Strict(jinja2.StrictUndefined):
    """Raises `Missing`, which has the namespace and the name of the missing attribute."""

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Missing(self._undefined_obj, self._undefined_name)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = (
        _fail_with_undefined_error
    )
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _fail_with_undefined_error
    )
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __pos__ = __neg__ = (
        _fail_with_undefined_error
    )
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = __call__ = __int__ = __float__ = (
        _fail_with_undefined_error
    )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._fail_with_undefined_error()


class Note(NamedTuple):
    """A missing variable, and the line of the template that uses it."""

    missing: Missing
    line: int


_NOTES = threading.local()


def begin_notes() -> list[Note]:
    """An empty list, to which this thread adds its notes from now on."""
    found: list[Note] = []
    _NOTES.found = found
    return found


class Noted(jinja2.Undefined):
    """Notes that it was used, and is nothing: rendering goes on to find the other ones."""

    def _note(self) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame and "__jinja_template__" not in frame.f_globals:
            frame = frame.f_back
        template = frame.f_globals["__jinja_template__"] if frame else None
        line = template.get_corresponding_lineno(frame.f_lineno) if template and frame else 0
        _NOTES.found.append(Note(Missing(self._undefined_obj, self._undefined_name), line))

    def _nothing(self, *args: Any, **kwargs: Any) -> Any:
        self._note()
        return self

    def _no(self, *args: Any) -> Any:
        self._note()
        return False

    def __str__(self) -> str:
        self._note()
        return ""

    def __iter__(self) -> Iterator[Any]:
        self._note()
        return iter(())

    def __len__(self) -> int:
        self._note()
        return 0

    def __hash__(self) -> int:
        self._note()
        return 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._nothing()

    __eq__ = __ne__ = __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _no
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _nothing
    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = _nothing
    __rpow__ = __pos__ = __neg__ = __getitem__ = __call__ = _nothing


class Lenient(jinja2.Undefined):
    """Shown as nothing, as in looper's own hooks."""
