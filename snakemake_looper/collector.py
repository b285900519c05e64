"""Python's collector of values that refer to each other in a circle.

By default it looks through all values again whenever their number has grown by a quarter, and
through the new ones much more often. Where millions of values are made that stay, as in a plan of
100,000 samples, this takes a third of the time, and finds nothing.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_NEW_VALUES, _TIMES, _TIMES_OF_OLD = 50_000, 100, 1000
"""The collector looks at new values when there are so many, at older ones each so many times. It is
not switched off: the hooks of a project may leave circles behind, and large ones."""


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """Let the collector look at values seldom. As a decorator, it holds while a function runs."""
    before = gc.get_threshold()
    if before[0]:  # else it is off already
        gc.set_threshold(_NEW_VALUES, _TIMES, _TIMES_OF_OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
