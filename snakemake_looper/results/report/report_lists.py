"""Long lists in pages: a page has the first entries, and files beside it have all of them.

A browser takes seconds to lay out 10,000 rows. So a page of a long list has `_FIRST` entries, and
the page's script draws as many at a time. To sort and to search, it needs all entries. These are
in scripts beside the page, since a page that was opened from disk can load scripts and no data.
There are several, so that a changed entry changes one of them.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

from .report_live import version_of

MOST_ON_A_PAGE = 500
"""A list with more entries is a long one."""
_FIRST = 250
"""As many entries as report.js shows at a time."""
_IN_A_FILE = 1000


class PageList(NamedTuple):
    """A list of a page."""

    shown: Sequence[str]
    """The HTML of the entries that are in the page: all, or the first ones of a long list."""
    size: int
    """The number of all entries."""
    files: str = ""
    """The files that have all entries, with blanks between them; empty if the page has them all."""


def page_list(
    folder: str, name: str, entries: Iterable[str]
) -> Generator[tuple[str, str], None, PageList]:
    """The files that a list needs, and then the list.

    Args:
        folder: the folder of the page.
        name: the name of the list, which no other list of the folder has.
        entries: the HTML of each entry.
    """
    rest = iter(entries)
    shown = list(islice(rest, MOST_ON_A_PAGE + 1))
    if len(shown) <= MOST_ON_A_PAGE:
        return PageList(shown, len(shown))
    rest = chain(shown, rest)
    files: list[str] = []
    size = 0
    while part := list(islice(rest, _IN_A_FILE)):
        # ASCII, so that no character of a value ends a line of the script.
        text = f"report.entries({json.dumps(name)}, {len(files)}, {json.dumps(part)});\n"
        file = f"{name}.{len(files) + 1}.js"
        yield f"{folder}/{file}", text
        files.append(f"{file}?{version_of(text)}")
        size += len(part)
    return PageList(shown[:_FIRST], size, " ".join(files))
