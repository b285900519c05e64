"""Secrets of a looper config's `pipestat:` section: a plan holds references instead of them.

A password may stand under any name: `pwd`, `dsn`, the query of a URL, a list, a PIN. So this module
does not guess secrets from names. A plan has a value only if its key is known to be harmless, and
the value does not look like an address with a login. `hide` replaces every other value by a
reference to its place in the looper config. `reveal` fills in the values for the merged pipestat
config on disk, which only its owner may read.

`${VARIABLE}` is no secret: it stays as it is, and pipestat expands it when it connects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..addresses import address as address
from ..errors import Problems
from .documents.yaml_lines import read_yaml

SECRET_KEY = "secret_from_looper_config"
"""The key of a reference: a mapping with this key stands for a secret."""
HIDDEN = "********"
"""The text that users see in the place of a secret."""

HARMLESS = frozenset({
    "additional_properties", "database_only", "flag_file_dir", "force_overwrite",
    "multi_pipelines", "name", "namespace", "output_dir", "pephub_path", "pipeline_name",
    "pipeline_type", "project_name", "record_identifier", "results_file_path", "schema_path",
    "show_db_logs", "status_schema_path", "validate_results",
})  # fmt: skip
"""Keys of the section whose values are no secrets."""
HARMLESS_IN_DATABASE = frozenset(
    {"dialect", "driver", "host", "name", "port", "sqlite_url", "user"}
)
"""Keys of `database:` whose values are no secrets."""
# In a bare `$name` the name must be in capitals: a password may begin with a dollar.
_VARIABLE = r"(?:\$\{\w+\}|\$[A-Z_][A-Z0-9_]*)"
_ONLY_VARIABLE = re.compile(rf"(?:(?i:bearer|basic|digest|token) +)?{_VARIABLE}")
_IN_ADDRESS = re.compile(r"[@?=&;\s]|://")


def hide(section: Mapping[Any, Any], file: Path) -> dict[Any, Any]:
    """A copy of the `pipestat:` section with references in the place of secrets.

    Args:
        section: the section as the looper config has it.
        file: the looper config.
    """
    found = {}
    for key, value in section.items():
        if key == "database" and isinstance(value, Mapping):
            found[key] = {
                name: _value_or_reference(
                    item, _is_harmless_in_database(name, item), file, ("pipestat", key, name)
                )
                for name, item in value.items()
            }
        else:
            found[key] = _value_or_reference(value, key in HARMLESS, file, ("pipestat", key))
    return found


def _is_harmless_in_database(name: Any, value: Any) -> bool:
    """Whether a value of `database:` may be shown; a port only if it is a number."""
    return name in HARMLESS_IN_DATABASE and (name != "port" or str(value).isdigit())


def is_plain(text: str) -> bool:
    """Whether a text under a harmless key cannot be an address with a login."""
    return not _IN_ADDRESS.search(text)


def without_hidden(file: Path) -> str:
    """The values of a looper config as text, without those of its `pipestat:` that may be secrets.

    If it cannot be read as YAML, its text is returned as it is.

    Raises:
        OSError: the file cannot be read.
    """
    document = read_yaml(file, Problems())
    if document is None:
        return file.read_text(encoding="utf-8", errors="replace")
    data = dict(document.data)
    section = data.get("pipestat")
    if isinstance(section, Mapping):
        database = section.get("database")
        data["pipestat"] = {key: section[key] for key in section if key in HARMLESS}
        if isinstance(database, Mapping):
            data["database"] = {
                key: database[key] for key in database if key in HARMLESS_IN_DATABASE
            }
    return str(data)


def has_secret(content: Any) -> bool:
    """Whether the content has a reference to a secret."""
    if isinstance(content, Mapping):
        return SECRET_KEY in content or any(has_secret(item) for item in content.values())
    return isinstance(content, list) and any(has_secret(item) for item in content)


def secret_keys(content: Any) -> tuple[str | int, ...]:
    """The keys that lead to the first secret in the looper config; empty if there is none."""
    if isinstance(content, Mapping) and SECRET_KEY in content:
        return tuple(content[SECRET_KEY]["keys"])
    parts = content.values() if isinstance(content, Mapping) else content
    parts = parts if isinstance(content, (Mapping, list)) else ()
    return next(filter(None, map(secret_keys, parts)), ())


def reveal(content: Any, documents: dict[str, Any] | None = None) -> Any:
    """The content with its secrets, which are read from the looper config at each call.

    Args:
        content: a merged config, or a part of it.
        documents: looper configs that are read already, by path. Those that are read here are
            added.

    Raises:
        KeyError, TypeError: the looper config has changed and has no such secret.
    """
    documents = {} if documents is None else documents
    if isinstance(content, list):
        return [reveal(item, documents) for item in content]
    if not isinstance(content, Mapping):
        return content
    reference = content.get(SECRET_KEY)
    if reference is None:
        return {key: reveal(item, documents) for key, item in content.items()}
    file = reference["file"]
    if file not in documents:
        document = read_yaml(Path(file), Problems())
        documents[file] = document.data if document else {}
    value = documents[file]
    for key in reference["keys"]:
        value = value[key]
    return value


def filled_in(path: Path) -> dict[str, Any]:
    """A merged config from the plan's folder, with its secrets.

    Raises:
        OSError: the file cannot be read.
        KeyError, TypeError: see `reveal`.
    """
    found: dict[str, Any] = reveal(yaml.safe_load(path.read_text(encoding="utf-8")))
    return found


def masked(content: Any) -> Any:
    """The content for users: URLs without login and query, and stars for other secrets."""
    if isinstance(content, (list, tuple)):
        return [masked(item) for item in content]
    if isinstance(content, str):
        return address(content)
    if not isinstance(content, Mapping):
        return content
    if SECRET_KEY in content:
        return content[SECRET_KEY].get("shown", HIDDEN)
    return {address(str(key)): masked(value) for key, value in content.items()}


def _value_or_reference(value: Any, harmless: bool, file: Path, keys: tuple[Any, ...]) -> Any:
    """The value itself if a plan may have it, else a reference to its place."""
    if _is_shown(value, harmless):
        return value
    reference: dict[str, Any] = {"file": str(file), "keys": list(keys)}
    if harmless and isinstance(value, str) and "://" in value:
        reference["shown"] = address(value)
    return {SECRET_KEY: reference}


def _is_shown(value: Any, harmless: bool) -> bool:
    """Whether a value may stand in the plan. A number may be a PIN; `True` and `False` may not."""
    if value is None or isinstance(value, bool) or value == "":
        return True
    if harmless and not isinstance(value, (Mapping, list)):
        return is_plain(str(value))
    return _only_variables(value)


def _only_variables(value: Any) -> bool:
    """Whether all texts of a value are environment variables."""
    if isinstance(value, Mapping):
        return all(_only_variables(item) for item in value.values())
    if isinstance(value, list):
        return all(_only_variables(item) for item in value)
    return isinstance(value, str) and bool(_ONLY_VARIABLE.fullmatch(value))
