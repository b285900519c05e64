"""The name of a PEP, which is a part of the names of files and records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...layout import is_file_name
from ..documents.yaml_lines import not_set, unset
from .pep_modifiers import shown


def unnamed(path: Path, is_remote: bool) -> str:
    """The name of a PEP whose config gives none: that of its folder (quirk 32).

    If that folder is `metadata`, the name of the folder above counts. A PEP on PEPhub, whose path
    is `NAMESPACE/NAME:TAG`, is called NAME.
    """
    if is_remote:
        return str(path).partition("/")[2].partition(":")[0]
    folder = path.parent.parent if path.parent.name == "metadata" else path.parent
    return folder.name.replace(" ", "_")


def name_fault(name: str, given: Any) -> str | None:
    """Why a name cannot be a part of a file's name; None if it can.

    Args:
        name: the name.
        given: the value in the config; None if there is none.
    """
    variables = unset(given) if isinstance(given, str) else ()
    if variables and not variables[0].isdecimal():  # `$5` is none
        return not_set(variables[0])
    if isinstance(given, list | dict):
        return f"must be text, not {shown(given)}; write letters, digits, '-' and '_'"
    if not is_file_name(name):
        return f"'{name}' cannot be part of a file name; use letters, digits, '-', '_'"
    return None
