"""`snakemake-looper schema`: a JSON Schema of a kind of file, for editors and other programs."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ..create.json_schemas import DRAFT, FILES, schema_text
from ..errors import Problems, near
from ..files import read_text, write_atomic
from ..messages import show
from . import DONE


def execute(arguments: Namespace) -> int:
    """Print a schema, or write it to a file; without a name, list the names."""
    name = arguments.name
    problems = Problems()
    if name is None and arguments.output:
        problems.add("--output", "", "needs a schema; write a name before it")
    if name is not None and name not in FILES:
        what = f"there is no such schema{near(name, FILES)}; write one of {', '.join(FILES)}"
        problems.add(name, "", what)
    problems.raise_if_any()
    if name is None:
        width = max(map(len, FILES))
        show("\n".join(f"{one.name:{width}}  {_title(one.title)}" for one in FILES.values()))
    elif arguments.output:
        path = Path(os.path.abspath(arguments.output))
        path = path / f"{name}.json" if path.is_dir() else path
        _check_free(path, problems)
        write_atomic(path, schema_text(name))
        show(os.path.relpath(path))
    else:
        show(schema_text(name).rstrip("\n"))
    return DONE


def _check_free(path: Path, problems: Problems) -> None:
    """Refuse to replace a file that is no schema of this command."""
    if path.exists() and not (read_text(path) or "").startswith(f'{{\n  "$schema": "{DRAFT}"'):
        what = f"'{os.path.relpath(path)}' exists and is no JSON Schema of this package"
        problems.add("--output", "", f"{what}; name another file")
        problems.raise_if_any()


def _title(title: str) -> str:
    return title.replace("`", "")
