"""A new project as a set of files, which are written only where no other file is in the way.

    Samples + command + results  ->  NewProject  ->  files

The looper config is written last. If the process dies before that, the folder is no project yet,
and the same command goes on: files that it wrote already do not count as being in the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Problems, near
from ..files import read_text, write_atomic
from . import texts
from .json_schemas import schema_text
from .samples import NAME, TABLE, Samples

LOOPER_CONFIG = ".looper.yaml"


@dataclass(frozen=True, slots=True)
class NewProject:
    """The files of a new project by path, relative to its folder; the looper config is the last."""

    files: Mapping[str, str]
    schemas: Mapping[str, str] = field(default_factory=dict)
    """JSON Schemas for editors. One that is there already is kept, and is not in the way."""


def new_project(
    samples: Samples, command: str | None, results: Sequence[texts.Result], pipeline: str | None
) -> NewProject:
    """The files of a project.

    Args:
        samples: its samples.
        command: the command template; None for one that counts lines, or prints names.
        results: the results that each job reports; empty for a project without results.
        pipeline: the name of the pipeline; None for the name of the command's program.
    """
    template = command or _counting(samples)
    name = pipeline or _name_of(template)
    has_pep = samples.name_column != NAME
    files = dict(samples.files)
    kinds = ["looper_config", "pipeline_interface"]
    if has_pep:
        kinds.append("pep")
        files[texts.PEP] = texts.pep(samples.table, samples.name_column)
    used = [one for one in samples.file_columns if re.search(rf"\b{re.escape(one)}\b", template)]
    files[texts.INTERFACE] = texts.interface(
        name, template, samples.columns, bool(results), bool(used)
    )
    if used:
        files[texts.INPUTS] = texts.input_schema(name, used)
    if results:
        kinds.append("output_schema")
        files[texts.SCHEMA] = texts.output_schema(name, results)
        files[texts.REPORTER] = texts.reporter()
    files[LOOPER_CONFIG] = texts.looper_config(
        texts.PEP if has_pep else samples.table, bool(results)
    )
    return NewProject(files, {texts.schema_file(kind): schema_text(kind) for kind in kinds})


def read_results(words: Sequence[str], problems: Problems) -> list[texts.Result]:
    """The results that were typed: names, each with `:TYPE` or without."""
    found: dict[str, texts.Result] = {}
    for word in words:
        name, colon, kind = word.partition(":")
        if not name.isidentifier():
            problems.add(
                "--results", "",
                f"'{name}' cannot be the name of a result; write letters, digits and '_'",
            )  # fmt: skip
        if colon and kind not in texts.TYPES:
            listed = ", ".join(texts.TYPES)
            problems.add(
                "--results", "",
                f"'{kind}' is no type{near(kind, texts.TYPES)}; write one of {listed}",
            )  # fmt: skip
        found[name] = texts.Result(name, kind or texts.TYPES[0])
    return list(found.values())


def check_free(project: NewProject, folder: Path, problems: Problems) -> None:
    """Add a problem for each file that is in the way: no file is overwritten."""
    for name, text in {**project.files, **project.schemas}.items():
        path = folder / name
        above = next((one for one in path.parents if one.exists()), folder)
        if not above.is_dir():
            problems.add(above, "", "is a file, and a folder is needed there; move it")
            continue
        is_there = name in project.files and (path.exists() or path.is_symlink())
        if is_there and read_text(path) != text:
            use = f"begin with it, as in 'init {name}', " if name == TABLE else "remove it, "
            problems.add(path, "", f"exists; {use}or choose another folder with '--output DIR'")


def write_project(project: NewProject, folder: Path) -> list[Path]:
    """Write the files that are not there yet; returns their paths.

    Raises:
        OSError: a file cannot be written; then none is left.
    """
    texts_of = {**project.files, **project.schemas}
    names = sorted(texts_of, key=lambda name: name == LOOPER_CONFIG)  # that one is the last
    missing = {folder / name: texts_of[name] for name in names if not (folder / name).exists()}
    written: list[Path] = []
    try:
        for path, text in missing.items():
            write_atomic(path, text, is_new=True)
            written.append(path)
    except BaseException:
        remove(written)  # and no file that another process has made meanwhile
        raise
    return written


def remove(written: Sequence[Path]) -> None:
    """Remove files that were written, and folders that are empty then."""
    for path in reversed(written):
        with suppress(OSError):
            path.unlink()
        with suppress(OSError):
            path.parent.rmdir()


def _counting(samples: Samples) -> str:
    if not samples.file_columns:
        return "echo {sample.sample_name}"
    column = samples.file_columns[0]
    attribute = f"sample.{column}" if column.isidentifier() else f"sample['{column}']"
    if samples.compressed:
        return f"gzip -dc {{{attribute}}} | wc -l"
    return f"wc -l < {{{attribute}}}"


def _name_of(template: str) -> str:
    """The name of the first program of a command, as a pipeline's name."""
    if re.fullmatch(r"(gzip -dc .* \| )?wc -l( <)? .*|gzip -dc .* \| wc -l", template):
        return "count_lines"
    words = template.split()
    name = re.sub(r"\W+", "_", Path(words[0]).stem).strip("_") if words else ""
    return name if name and not name[0].isdigit() else "pipeline"
