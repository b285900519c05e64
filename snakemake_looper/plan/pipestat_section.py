"""The looper config's `pipestat:` section, with its environment variables filled in.

The section has two forms. `values` is for planning: the variables of all harmless keys are filled
in. `hidden` is for the plan, which other people may read: a reference replaces a literal secret
(see `read.secrets`), and a variable that may hold a secret stays a variable.

Planning fills in the variables because jobs may run where they are not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Place, Problems
from ..read.documents.yaml_lines import expanded, read_yaml
from ..read.secrets import HARMLESS, HARMLESS_IN_DATABASE, address, hide, is_plain
from ..read.settings import Settings

PATHS = ("results_file_path", "flag_file_dir")
"""Keys of the section that hold a path."""
_NO_LOGIN = {
    "host": re.compile(r"@|://|[?&;]|\bpassword\s*="),
    "name": re.compile(r"://|[?&;]\w+=|\bpassword\s*="),
    "user": re.compile(r"://|:.*@|[?&;]\w+=|\bpassword\s*="),
}
"""Signs that a part of an address has a login or options in it. (`me@server` may be a user.)"""
_OF_INTERFACE = ("output_dir", "pipeline_name", "pipeline_type", "schema_path")
"""Keys that have no effect in the section: the interface gives their values."""
_NOT_EMPTY = ("name", "record_identifier", "results_file_path", "database")
"""Keys that may be missing, but that pipestat refuses if they are empty."""


@dataclass(frozen=True, slots=True)
class PipestatSection:
    """The section of one looper config."""

    settings: Settings
    values: Mapping[Any, Any]
    """The form for planning."""
    hidden: Mapping[Any, Any]
    """The form for the plan, without secrets."""
    problems: Problems

    def refuse(self, message: str, *keys: Any) -> None:
        """Add a problem at the line of a key of the section."""
        self.problems.add(self._place(*keys), self._name(*keys), message)

    def warn(self, message: str, *keys: Any) -> None:
        """Add a warning at the line of a key of the section."""
        self.problems.warn(self._place(*keys), self._name(*keys), message)

    def _place(self, *keys: Any) -> Place:
        # The file is read again for its lines: a section without faults needs none.
        document = read_yaml(self.settings.looper_config, Problems())
        if document is None:
            return Place(str(self.settings.looper_config))
        return document.place("pipestat", *keys)

    @staticmethod
    def _name(*keys: Any) -> str:
        return ".".join(map(str, ("pipestat", *keys)))


def read_section(settings: Settings, problems: Problems) -> PipestatSection:
    """The `pipestat:` section of a looper config. `problems` gets its faults."""
    given = settings.pipestat or {}
    hidden: dict[Any, Any] = hide(given, settings.looper_config)
    values = dict(given)
    section = PipestatSection(settings, values, hidden, problems)
    _refuse_addresses_as_keys(section, given, "pipestat")
    for key in given:
        if key in HARMLESS and key not in _OF_INTERFACE:
            _fill_in(section, values, hidden, key)
    if isinstance(given.get("database"), Mapping):
        _refuse_addresses_as_keys(section, given["database"], "pipestat", "database")
        values["database"] = dict(given["database"])
        for key in given["database"]:
            if key in HARMLESS_IN_DATABASE:
                _fill_in(section, values["database"], hidden["database"], key, "database")
    for key in PATHS:
        fault = _path_fault(values.get(key))
        if fault:
            section.refuse(fault, key)
            del values[key]
    for key in _NOT_EMPTY:
        if hidden.get(key, "") is None:
            del hidden[key]
    return section


def _fill_in(
    section: PipestatSection, values: dict[Any, Any], hidden: Any, key: str, *above: str
) -> None:
    """Fill in the variables of one text; `hidden` gets the text only if it holds no secret."""
    if not isinstance(values[key], str) or not re.search(r"[$~]", values[key]):
        return
    found = Problems()
    text = expanded(values[key], Place(""), "", found)
    for problem in found:
        section.refuse(problem.message, *above, key)
    values[key] = text
    if isinstance(hidden[key], str) and is_plain(text):
        hidden[key] = text


def _refuse_addresses_as_keys(
    section: PipestatSection, given: Mapping[Any, Any], *above: str
) -> None:
    """Refuse keys that are addresses, as in `{postgresql://me:password@host/db}`.

    Keys are shown in a plan, and pipestat would ignore these.
    """
    wrong = [key for key in given if isinstance(key, str) and not is_plain(key)]
    document = read_yaml(section.settings.looper_config, Problems()) if wrong else None
    if document is None:
        return
    for key in wrong:
        section.problems.add(
            document.place(*above, key),
            ".".join(above),
            "a key here is an address (it is not shown: it may have a password in it);"
            " write 'key: address'",
        )


def refuse_logins(section: PipestatSection) -> None:
    """Refuse a login or options in the parts of a server's address: messages show these parts."""
    database = (section.settings.pipestat or {}).get("database")
    for key, pattern in _NO_LOGIN.items():
        value = database.get(key) if isinstance(database, Mapping) else None
        if isinstance(value, str) and pattern.search(value):
            section.refuse(
                f"has more in it than the {key} (it is not shown: it may have a password in it);"
                " write each part under a key of its own: host, port, name, user, password",
                "database",
                key,
            )


def _path_fault(value: Any) -> str | None:
    if isinstance(value, (Mapping, list)):
        return "must be a path; write it as text"
    if isinstance(value, str) and "://" in value:
        return f"'{address(value)}' is a URL; write the path of a file or folder"
    return None
