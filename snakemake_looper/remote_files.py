"""Input files that are elsewhere: a path such as `s3://bucket/a.fq` is an address.

Snakemake's storage plugins fetch such files, and each scheme has its plugin. A job reads a copy on
this machine, which Snakemake makes before the job and removes after it. The place of the copy
depends on the plugin, on options and on the machine. So the command of a job names a symbolic link,
whose path depends on the address and the job alone:

    .snakemake/looper/remote/<digest>/a.fq

The link has the name of the file in the address. Its folder needs no quotes in a shell. The script
of the job makes the link. For comparisons, and for people, the command has the address in the place
of the link: a job does not run again because its copy is somewhere else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from .addresses import address as without_login
from .layout import COPIES, is_file_name

PLUGINS: Mapping[str, str] = {
    "s3": "s3",
    "gs": "gcs",
    "http": "http",
    "https": "http",
    "sftp": "sftp",
    "ftp": "ftp",
    "ftps": "ftp",
    "az": "azure",
}
"""The name of Snakemake's storage plugin for each scheme, by the plugins' `is_valid_query`."""
_IN_EXTRA = frozenset(("s3", "http"))
"""The plugins of the extra `storage` of this package."""
_BROKEN_LOGIN = re.compile(r":(?!\d*$)[^\]]*$")
"""A place whose port is no number: the password has a slash in it."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://")

Ask = Callable[[Sequence[str]], Mapping[str, int]]
"""Returns the size in bytes of each address, or one of these negative numbers."""
MISSING, NOT_ASKED, FORBIDDEN, UNREACHABLE, UNSIZED, SILENT = -1, -2, -3, -4, -5, -6
"""The file does not exist; nobody asked; the server refuses access; it cannot be reached; the file
exists and its size is not known; the server has not answered in time.

A number of -100 and less is a status of HTTP with a minus: another error of the server."""
DEADLINE = 10
"""Seconds that a server has for all that is asked about one file."""
_ABSENT: Mapping[int, str] = {
    MISSING: "missing files",
    FORBIDDEN: "forbidden",
    UNREACHABLE: "cannot be reached",
    SILENT: f"no answer within {DEADLINE} seconds",
}


class AddressFault(NamedTuple):
    """A fault of an address."""

    kind: str
    """The same for all addresses that are mended in the same way."""
    text: str
    """The fault and the remedy; the address is the subject of the sentence."""


def is_remote(path: str) -> bool:
    """Whether a path is an address: whether its text begins with a scheme."""
    return "://" in path and _SCHEME.match(path) is not None


def scheme_of(address: str) -> str:
    """The scheme of an address; empty for a path."""
    found = _SCHEME.match(address)
    return found[1] if found else ""


def plugin_of(address: str) -> str:
    """The name of the storage plugin that fetches an address of a known scheme."""
    return PLUGINS[scheme_of(address)]


def is_absent(size: int) -> bool:
    """Whether a number of `Ask` says that a file cannot be had."""
    return size < 0 and size not in (NOT_ASKED, UNSIZED)


def why_absent(paths: Iterable[str], sizes: Mapping[str, int], where: str = "") -> str:
    """The reason for which a job lacks files: `missing files: a.fq; forbidden: s3://b/c.fq`.

    Args:
        paths: the files. A path without a size is missing.
        sizes: sizes in bytes, or numbers as of `Ask`.
        where: a text behind the list of missing files.
    """
    by_kind: dict[int, list[str]] = {}
    for path in paths:
        by_kind.setdefault(sizes.get(path, MISSING), []).append(path)
    kinds = {size: _ABSENT.get(size, f"the server answers {-size}") for size in by_kind}
    ends = {MISSING: where}
    return "; ".join(
        f"{kinds[size]}: {', '.join(found)}{ends.get(size, '')}" for size, found in by_kind.items()
    )


# --- addresses that cannot be inputs --------------------------------------------------------------


def address_fault(address: str) -> AddressFault | None:
    """The reason for which an address cannot be an input file; None if it can.

    Plugins drop `?` and `#` with all that follows, and the copies of two addresses would have one
    path. Snakemake writes addresses to logs and records, so they must not have a login. `..` would
    lead a copy out of its folder.
    """
    scheme = scheme_of(address)
    place, _, path = address.partition("://")[2].partition("/")
    plugin = PLUGINS.get(scheme)
    if scheme == "file":
        return AddressFault("file", "is a path on this machine; write it without 'file://'")
    if plugin is None:
        known = ", ".join(f"{one}://" for one in PLUGINS)
        text = f"has no storage plugin that is known here; write a path, or one of {known}"
        return AddressFault(f"scheme {scheme}", text)
    if "@" in place or ("@" in path and _BROKEN_LOGIN.search(place)):
        text = (
            "has a login in it, which would be in logs; write the address without it, and give the"
        )
        return AddressFault("login", f"{text} login to Snakemake's storage plugin")
    if "?" in address or "#" in address:
        text = (
            "has a '?' or '#', and storage plugins drop all that follows; write an address without"
        )
        return AddressFault("query", text)
    if ".." in path.split("/"):
        return AddressFault("dots", "has a '..' in it; write the address without it")
    if not place or not path.strip("/"):
        return AddressFault("name", "names no file; write the whole address")
    if not _is_installed(plugin):
        extra = ", or 'snakemake-looper[storage]'" if plugin in _IN_EXTRA else ""
        text = f"needs Snakemake's storage plugin for {scheme}; pip install"
        return AddressFault(f"plugin {scheme}", f"{text} snakemake-storage-plugin-{plugin}{extra}")
    return None


@lru_cache
def _is_installed(plugin: str) -> bool:
    return importlib.util.find_spec(f"snakemake_storage_plugin_{plugin}") is not None


def shown_address(address: str) -> str:
    """An address in a message, without login and query."""
    return without_login(address)


# --- copies ---------------------------------------------------------------------------------------


def copy_of(address: str, flag: str) -> str:
    """The link to the copy that a job reads, relative to Snakemake's working directory.

    Copies of files from one folder are in one folder: a tool may look for an index beside a file.

    Args:
        address: the address.
        flag: the completed flag of the job: no two jobs have the same link, since they may run on
            machines with copies of their own.
    """
    name = posixpath.basename(address.rstrip("/"))
    if not is_file_name(name):
        name = f"file_{_digest(address)}"
    return f"{_folder_of(address, flag)}/{name}"


def _folder_of(address: str, flag: str) -> str:
    return f"{COPIES}/{_digest(flag, posixpath.dirname(address.rstrip('/')))}"


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def copies_of(addresses: Iterable[str], flag: str, workdir: str) -> dict[str, str]:
    """The absolute path of the link to each copy, by address."""
    return {one: f"{workdir}/{copy_of(one, flag)}" for one in addresses}


def with_copies(text: str, copies: Mapping[str, str]) -> str:
    """A text with links in the place of addresses, also in words such as `-Is3://b/a.fa`.

    An address that goes on is another one.
    """
    if not any(address in text for address in copies):
        return text
    longest_first = sorted(copies, key=len, reverse=True)
    pattern = rf"(?:{'|'.join(map(re.escape, longest_first))})(?![\w.+@~%/-])"
    return re.sub(pattern, lambda found: copies[found[0]], text)


def with_addresses(text: str, addresses: Iterable[str], flag: str, workdir: str) -> str:
    """A text with addresses in the place of links.

    If a template has quoted the name for the shell, only the folder is replaced.
    """
    for address in addresses:
        folder = f"{workdir}/{_folder_of(address, flag)}/"
        if folder in text:
            text = text.replace(f"{workdir}/{copy_of(address, flag)}", address)
            text = text.replace(folder, f"{posixpath.dirname(address.rstrip('/'))}/")
    return text


def link_lines(
    copies: Mapping[str, str], local: Callable[[str], str], size: Callable[[str], int]
) -> Iterator[str]:
    """The lines of a job's script that make its links.

    A file from a web server is compared with its size: a plugin may have stored a part of it, when
    a run was killed, or an error page.

    Args:
        copies: the link to each copy, by address.
        local: returns the absolute path of the copy of an address.
        size: returns the size of an address in bytes; not positive if it is not known.
    """
    for folder in dict.fromkeys(map(posixpath.dirname, copies.values())):
        yield f"mkdir -p -- {shlex.quote(folder)}"
    for address, link in copies.items():
        copy = shlex.quote(local(address))
        number = size(address) if plugin_of(address) == "http" else 0
        what = f"{shown_address(address)} could not be fetched; start the run again"
        yield _or_end(f"[[ -e {copy} ]]", what)
        if number > 0:
            what = (
                f"{shown_address(address)} was fetched in part, or has changed; start the run again"
            )
            yield _or_end(f"[[ $(wc -c < {copy}) -eq {number} ]]", what, f"rm -f -- {copy}; ")
        yield f"ln -sfn -- {copy} {shlex.quote(link)}"


def _or_end(test: str, what: str, before: str = "") -> str:
    """A line that ends the script with 1 and says why if a test fails."""
    return f"{test} || {{ {before}echo {shlex.quote(what)}; exit 1; }}"
