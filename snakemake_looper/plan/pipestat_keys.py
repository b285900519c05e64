"""Slips in the `pipestat:` section itself, whatever the pipelines are.

pipestat ignores a key that it does not know, and takes the first of several back ends. So a
misspelt key would send results to another place, and nobody would notice before the end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..errors import near
from ..read.documents.yaml_lines import resolve
from ..read.keys import of_pipestat
from ..read.keys.key import names
from ..read.secrets import is_plain
from .pipestat_section import PipestatSection

SERVER_KEYS = tuple(key.name for key in of_pipestat.SERVER)
"""The keys of which pipestat makes the address of a database server."""
_KEYS = names(of_pipestat.KEYS)
_BACK_ENDS = ("results_file_path", "pephub_path", "database")
"""In the order in which pipestat looks for them."""
_DRIVERS = ("psycopg", "psycopg2", "psycopg2cffi", "pg8000")
"""Drivers with which SQLAlchemy reaches PostgreSQL and waits for the answer."""
_PORTS = range(1, 65536)
_REGISTRY_PATH = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?")
_IGNORED = ("additional_properties", "force_overwrite", "multi_pipelines", "validate_results")
"""Keys that pipestat replaces by the arguments with which a command opens it."""
_REPLACED = {
    "output_dir": "the looper config's 'output_dir'",
    "pipeline_name": "the 'pipeline_name' of each pipeline interface",
    "schema_path": "the 'output_schema' of each pipeline interface",
}
"""Keys that others give, each with the key that counts."""
_PATHS = ("output_dir", "schema_path")
_CLOSE = 0.7


def check_keys(section: PipestatSection, *, needs_server: bool) -> None:
    """Report keys that are misspelt or have no effect, and values that lead nowhere.

    Args:
        needs_server: whether misspelt keys of a server are reported elsewhere, as missing ones.
    """
    for key in section.values:
        what = _without_effect(key)
        if what:
            section.warn(what, key)
    given = [key for key in _BACK_ENDS if section.values.get(key)]
    for key in given[1:]:
        section.warn(f"has no effect beside '{given[0]}'; remove one of them", key)
    if section.values.get("database") == {}:
        section.warn("is empty, and results go to a file; fill it in, or remove it", "database")
    if given[:1] == ["pephub_path"] and isinstance(section.values["pephub_path"], str):
        _check_registry_path(section, section.values["pephub_path"])
    path = section.values.get("results_file_path")
    if isinstance(path, str) and path.endswith("/"):
        what = f"'{path}' is a folder; write the path of a file, as in '{path}results.yaml'"
        section.refuse(what, "results_file_path")
    database = section.values.get("database")
    if isinstance(database, Mapping):
        _check_database(section, database, misspelt_keys(database) if needs_server else {})


def _without_effect(key: Any) -> str:
    """Why a key of the section has no effect; empty if it has one, or is nobody's slip."""
    if key in _IGNORED:
        return "has no effect: pipestat takes it only from the command itself; remove it"
    if key in _KEYS:
        return ""
    if key == "sqlite_url" or key in SERVER_KEYS:
        return "has no effect here: it belongs below 'database:'; move it there"
    close = near(str(key), _KEYS, _CLOSE)
    return f"unknown key, and pipestat ignores it{close}" if close else ""


def check_replaced(section: PipestatSection, content: Mapping[str, Any]) -> None:
    """Warn of keys whose value in the merged config is another one.

    Args:
        content: the merged config. The interface and the output folder have given its values.
    """
    for key, origin in _REPLACED.items():
        given, used = section.values.get(key), content.get(key)
        if not isinstance(given, str) or given in ("", used):
            continue
        if key in _PATHS and used and resolve(given, section.settings.root) == Path(used):
            continue
        section.warn(f"has no effect: {origin} counts; remove it", key)


def _check_registry_path(section: PipestatSection, path: str) -> None:
    """Refuse a path that does not have the form of PEPhub."""
    if "$" not in path and not _REGISTRY_PATH.fullmatch(path):
        shown = f"'{path}'" if is_plain(path) else "the value"
        what = f"{shown} is no path of a PEP on PEPhub; write it as namespace/name:tag"
        section.refuse(what, "pephub_path")


def _check_database(
    section: PipestatSection, database: Mapping[Any, Any], reported: Collection[str]
) -> None:
    known = names(of_pipestat.DATABASE)
    for key in database:
        if key not in known and str(key) not in reported:
            what = f"unknown key, and pipestat ignores it{near(str(key), known)}"
            section.warn(what, "database", key)
    if "sqlite_url" in database:
        for key in (one for one in SERVER_KEYS if one in database and one != "dialect"):
            section.warn("has no effect beside 'sqlite_url'; remove one of them", "database", key)
        return
    port, driver = database.get("port"), database.get("driver")
    if port is not None and not _is_port(port):
        shown = f"'{port}'" if is_plain(str(port)) else "the value"
        what = f"{shown} is no port; write a number up to {_PORTS[-1]}, as in 5432"
        section.refuse(what, "database", "port")
    if isinstance(driver, str) and driver not in _DRIVERS and is_plain(driver):
        what = f"'{driver}' is no driver that pipestat can use{near(driver, _DRIVERS)}"
        section.warn(f"{what}; write 'psycopg'", "database", "driver")


def misspelt_keys(database: Mapping[Any, Any]) -> dict[str, str]:
    """Unknown keys of a server's section that stand for a key which is missing in it."""
    missing = [one for one in SERVER_KEYS if one not in database]
    found = {}
    for key in database:
        if key not in names(of_pipestat.DATABASE):
            from difflib import get_close_matches  # imported late: few sections get here

            match = get_close_matches(str(key).casefold(), missing, n=1, cutoff=_CLOSE)
            if match:
                found[str(key)] = match[0]
                missing.remove(match[0])
    return found


def _is_port(port: object) -> bool:
    if isinstance(port, bool) or not isinstance(port, (int, str)):
        return True  # of a wrong type, which is another fault
    text = str(port)
    return "$" in text or (text.isascii() and text.isdecimal() and int(text[:9]) in _PORTS)
