"""The `snakemake:` section of a pipeline interface: directives for the rules made from it.

At the top of the file, it is for both levels. Inside `sample_interface:` or `project_interface:`,
it is for that level, and its directives win over those at the top. `depends_on` is ours. All other
directives have the meaning that they have in a Snakefile.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Place, Problems, near
from ...formula import resource
from ..documents.yaml_lines import Document, expanded, resolve, section
from ..keys.key import types
from ..keys.of_interface import SNAKEMAKE

DIRECTIVES: Mapping[str, tuple[type, ...]] = types(SNAKEMAKE)
"""All directives that are read, with the types that their values may have."""

_PATHS = ("input", "output", "benchmark")
_FILES = (".yaml", ".yml", ".sif", ".img", ".simg")


def read_directives(document: Document, problems: Problems, *keys: str) -> dict[str, Any]:
    """The directives of the section under `keys`; unknown and ill-typed ones become problems."""
    found: dict[str, Any] = {}
    for key, value in (section(document, problems, *keys) or {}).items():
        place, name = document.place(*keys, key), ".".join([*keys, str(key)])
        types = DIRECTIVES.get(key) if isinstance(key, str) else None
        if types is None:
            problems.add(place, name, f"unknown{near(str(key), DIRECTIVES)}; remove it")
        elif type(value) not in types:  # not isinstance: True is an int
            wanted = " or ".join(kind.__name__ for kind in types)
            problems.add(place, name, f"must be {wanted}, not '{value}'; correct it")
        elif key in _PATHS:
            _check_variables(value, place, name, problems)
            found[key] = value
        elif key == "resources":
            found[key] = _resources(document, value, keys, problems)
        elif key in ("conda", "container"):
            expanded(value, place, name, problems)  # a variable that is not set is a problem
            found[key] = _beside(value, document.path.parent)
        else:
            found[key] = value
    return found


def _check_variables(value: str | list[Any], place: Place, key: str, problems: Problems) -> None:
    for text in value if isinstance(value, list) else [value]:
        expanded(str(text), place, key, problems)


def _beside(value: str, folder: Path) -> str:
    """The path of an environment's or image's file, made absolute; other names stay.

    A path is relative to the folder of the interface.
    """
    is_file = value.endswith(_FILES) and "://" not in value
    return str(resolve(value, folder)) if is_file else value


def _resources(
    document: Document, values: Mapping[Any, Any], keys: tuple[str, ...], problems: Problems
) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for name, value in values.items():
        good = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
        if good and isinstance(value, (int, str)) and not isinstance(value, bool):
            found[name] = resource(value) if isinstance(value, str) else value
            continue
        problems.add(
            document.place(*keys, "resources", name),
            ".".join([*keys, "resources", str(name)]),
            f"'{name}: {value}' is no resource; write a name of letters and '_', and a number"
            " or text",
        )
    return found
