"""Addresses without their secrets: a URL is shown without its login and its query.

Messages name the files and servers that a project uses, and the texts that a user wrote. A URL
among them may have a password or a token in it, wherever it was written: in a looper config, a
PEP, an interface, a schema. So every message goes through `without_secrets`.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*$")
_END_OF_PLACE = re.compile(r"[?#;&\s]")
# A path that was made of a URL has one slash after the colon: `/project/https:/u:p@host/x`.
_IN_TEXT = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:https?|s?ftps?|s3|gs|postgres(?:ql)?):/)[^\s'\"<>`]*"
)
_PUNCTUATION = re.compile(r"[).,:;]*$")


def address(text: str) -> str:
    """A URL without its login and query; any other text as it is.

    A password may have a slash or a question mark in it. If it is not clear where
    the login ends, only the scheme is left.
    """
    start, mark, rest = text.partition("://")
    if not mark:
        return text
    found = _SCHEME.search(start)
    return f"{found[0] if found else '…'}://{_place(rest)}"


def _place(rest: str) -> str:
    """The host and path of a URL, from all that follows its scheme."""
    place = _END_OF_PLACE.split(rest, maxsplit=1)[0]
    return "…" if "@" in rest[len(place) :] else place.rpartition("@")[2]


def without_secrets(text: str) -> str:
    """A message in which each URL has no login and no query."""
    if ":/" not in text:
        return text
    return _IN_TEXT.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    url = found[0]
    end = _PUNCTUATION.search(url)
    last = end[0] if end else ""
    url = url.removesuffix(last)
    scheme, _, rest = url.partition(":")
    slashes = rest[: len(rest) - len(rest.lstrip("/"))]  # three of them for a file on this machine
    return f"{scheme}:{slashes}{_place(rest.lstrip('/'))}{last}"
