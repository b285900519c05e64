"""The samples of a new project: from a table, from names of files, or three for a try.

Each way ends in `Samples`: the table, the column with the names, and the columns with paths.
"""

from __future__ import annotations

import csv
import glob
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Problems, near

NAME = "sample_name"
"""The column that peppy takes names from, unless the PEP says otherwise."""
TABLE = "samples.csv"
TABLE_WITH_TABS = "samples.tsv"
STANDARD_INPUT = "standard input"
EXAMPLE = {
    "data/frog_1.txt": "pond\nreed\nlily\n",
    "data/frog_2.txt": "pond\n",
    "data/frog_3.txt": "lily\nreed\n",
}
"""Files of the project for a try."""

Choose = Callable[[Sequence[str], str], str]
"""Asks for the column with the names: gets all columns and a proposal, and returns one of them."""

_NAMES = ("sample_name", "sample", "name", "id", "sample_id", "library", "run", "barcode")
_TABLES = (".csv", ".tsv")
_PEP = (
    "for a PEP, write a .looper.yaml with 'pep_config:', 'output_dir:' and 'pipeline_interfaces:'"
)
_OTHER_FILES = {".xlsx": "save it as 'CSV UTF-8'", ".yaml": _PEP, ".yml": _PEP}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ",": "commas"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
# `frog_R1_001`, `frog_1`, `frog.R2`: the name, and which of the two reads.
_MATE = re.compile(r"(?P<name>.+?)[._-]R?(?P<mate>[12])(?:_\d{3})?")

_SUFFIX = re.compile(r"\.[A-Za-z]\w*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a new project."""

    table: str
    """The path of the table, as the looper config or the PEP is to name it."""
    columns: tuple[str, ...]
    name_column: str
    file_columns: tuple[str, ...]
    """Columns whose cells are paths of files that exist."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files to write, by path: the table, if it is new."""
    compressed: bool = False
    """Whether the files of `file_columns` are compressed with gzip."""


def example() -> Samples:
    """Three samples with a small text file each."""
    rows = [[Path(path).stem, path] for path in EXAMPLE]
    made = _made([NAME, "file"], rows, ("file",))
    return Samples(made.table, made.columns, NAME, ("file",), {**made.files, **EXAMPLE})


def from_table(
    path: Path,
    folder: Path,
    name_column: str | None,
    problems: Problems,
    choose: Choose | None = None,
) -> Samples:
    """The samples of a table that is there. Paths in it are relative to the project's folder.

    Args:
        path: the table: comma-separated, or tab-separated with the suffix `.tsv`.
        folder: the folder of the project.
        name_column: the column with the names; None to guess it.
        problems: gets the faults of the table.
        choose: asks the user for the column, if none is called as such columns are; None if there
            is nobody to ask.
    """
    if path.suffix.lower() not in _TABLES and not path.is_dir():
        cure = _OTHER_FILES.get(path.suffix.lower(), "save it as .csv or .tsv")
        problems.add(path, "", f"is no table; {cure}")
        return _none()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.add(path, "", "is not UTF-8; save it as 'CSV UTF-8'")
        return _none()
    except IsADirectoryError:
        problems.add(
            path, "", f"is a folder; to make a sample of each file, write --files '{path}/*'"
        )
        return _none()
    except OSError as error:
        problems.add(path, "", f"cannot be read ({error.strerror}); correct the path")
        return _none()
    table = os.path.relpath(path, folder)
    return _from_text(text, str(path), table, folder, name_column, problems, choose)


def from_input(
    content: bytes, folder: Path, name_column: str | None, problems: Problems
) -> Samples:
    """The samples of a table that came from standard input; the project gets a copy of it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.add(STANDARD_INPUT, "", "is not UTF-8; convert it, as with 'iconv -t UTF-8'")
        return _none()
    tabs = "\t" in text.partition("\n")[0]
    name = TABLE_WITH_TABS if tabs else TABLE
    found = _from_text(text, STANDARD_INPUT, name, folder, name_column, problems)
    text = text if text.endswith("\n") else f"{text}\n"
    return Samples(
        name, found.columns, found.name_column, found.file_columns, {name: text}, found.compressed
    )


def from_files(patterns: Sequence[str], folder: Path, problems: Problems) -> Samples:
    """A sample for each file; for each pair, where all files are the first or second of a pair.

    Args:
        patterns: paths, or patterns as in a shell, relative to the current directory.
        folder: the folder of the project; paths in the table are relative to it.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = sorted(glob.glob(pattern, recursive=True)) or [pattern]
        files = [one for one in matches if os.path.isfile(one)]
        if not files and os.path.isdir(pattern):
            what = f"'{pattern}' is a folder; write '{pattern.rstrip('/')}/*'"
            problems.add("--files", "", what)
        elif not files:
            problems.add("--files", "", f"'{pattern}' matches no file; correct it")
        found |= dict.fromkeys(files)
    if problems:
        return _none()
    paths = {one: os.path.relpath(one, folder) for one in found}
    named = _pairs(paths) or {name: [path] for name, path in _names(paths).items()}
    columns = ("file",) if len(next(iter(named.values()))) == 1 else ("read1", "read2")
    return _made([NAME, *columns], [[name, *cells] for name, cells in named.items()], columns)


# --- names of files ------------------------------------------------------------------------------


def _stem(path: str) -> str:
    """The name of a file without its suffix, and without that of a compressed file."""
    stem, suffix = os.path.splitext(os.path.basename(path))
    return os.path.splitext(stem)[0] if suffix in _COMPRESSED else stem


def _names(paths: Iterable[str]) -> dict[str, str]:
    """A name for each path: its stem, with as many folders before it as make it unique."""
    shown = {path: Path(path) for path in paths}
    for depth in range(1 + max(len(one.parts) for one in shown.values())):
        names = {
            _clean("_".join([*one.parts[-1 - depth : -1], _stem(path)])): path
            for path, one in shown.items()
        }
        if len(names) == len(shown):
            break
    return names


def without_mate(samples: Samples) -> str:
    """A file because of which pairs of reads are samples of their own; empty without pairs."""
    if samples.file_columns != ("file",) or not samples.files:
        return ""
    rows = csv.reader(io.StringIO(samples.files[samples.table]))
    mates: dict[tuple[str, str], list[str]] = {}
    for _, path in list(rows)[1:]:
        match = _MATE.fullmatch(_stem(path))
        key = (os.path.dirname(path), match["name"] if match else _stem(path))
        mates.setdefault(key, []).append(path)
    if all(len(paths) == 1 for paths in mates.values()):
        return ""
    return next((paths[0] for paths in mates.values() if len(paths) == 1), "")


def _pairs(paths: Mapping[str, str]) -> dict[str, list[str]]:
    """The two reads of each sample by its name; empty if not all files have their mate."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one, path in paths.items():
        match = _MATE.fullmatch(_stem(one))
        if not match:
            return {}
        found.setdefault((os.path.dirname(one), match["name"]), {})[match["mate"]] = path
    if any(len(mates) < 2 for mates in found.values()):
        return {}
    names = _names(os.path.join(parent, f"{name}.x") for parent, name in found)
    by_path = {path: name for name, path in names.items()}
    return {
        by_path[os.path.join(parent, f"{name}.x")]: [mates["1"], mates["2"]]
        for (parent, name), mates in found.items()
    }


def _clean(name: str) -> str:
    """A name of a sample that a shell and a path take as it is."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("_.") or "sample"


# --- tables --------------------------------------------------------------------------------------


def _from_text(
    text: str,
    shown: str,
    table: str,
    folder: Path,
    name_column: str | None,
    problems: Problems,
    choose: Choose | None = None,
) -> Samples:
    delimiter = "\t" if table.endswith(".tsv") else ","
    try:
        head, *rows = list(csv.reader(io.StringIO(text), delimiter=delimiter)) or [[]]
    except csv.Error:  # a NUL byte, or a cell without an end
        problems.add(shown, "", "is not a table of text; save it as 'CSV UTF-8'")
        return _none()
    columns = [one.strip() for one in head]
    other = next((one for one in _SEPARATORS if one in head[0]), None) if len(head) == 1 else None
    if other:
        wanted = _SEPARATORS[delimiter]
        what = f"the cells are separated by {_SEPARATORS[other]}; write {wanted} instead"
        problems.add(f"{shown}:1", "", what)
        return _none()
    rows = [row for row in rows if any(row)]
    if not any(columns) or not rows:
        problems.add(shown, "", "has no samples; write a line with the columns, and one per sample")
        return _none()
    name_column = _name_column(columns, rows, shown, name_column, problems, choose)
    files = tuple(
        column for number, column in enumerate(columns) if _is_files(rows, number, folder)
    )
    first = [row[columns.index(files[0])] for row in rows] if files else []
    compressed = bool(first) and all(one.endswith(".gz") for one in first)
    return Samples(table, tuple(columns), name_column or NAME, files, {}, compressed)


def _name_column(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    shown: str,
    asked: str | None,
    problems: Problems,
    choose: Choose | None,
) -> str | None:
    """The column with the names, as it was asked for or guessed; None with a problem."""
    if asked is not None:
        if asked not in columns:
            what = f"'{asked}' is no column of {shown}{near(asked, columns)}"
            problems.add("--name-column", "", f"{what}; there are {', '.join(columns)}")
        return asked
    if NAME not in columns and (cell := _like_below(columns, rows)):
        what = f"'{cell}' is a value and no name of a column"
        problems.add(f"{shown}:1", "", f"{what}; write a line with the columns above it")
        return None
    guessed = _guess(columns, rows, choose)
    if guessed is None:
        what = "no column has another value in each row"
        problems.add(f"{shown}:1", "", f"{what}; add one with the names of the samples")
    return guessed


def _guess(
    columns: Sequence[str], rows: Sequence[Sequence[str]], choose: Choose | None
) -> str | None:
    """The column with the names.

    It is one that is called so and has another value in each row. If there is none, it is the
    column that the user chooses, or without a user the first one with unique values. The user may
    choose a column with repeated names: rows of one name are one sample.
    """
    if NAME in columns:
        return NAME
    unique = [column for number, column in enumerate(columns) if _is_unique(rows, number)]
    if called := _called_so(unique):
        return called
    if choose is None or unique == list(columns[:1]) == list(columns):
        return next(iter(unique), None)
    named = [column for column in columns if column]
    return choose(named, _called_so(named) or next(iter(unique), named[0]))


def _called_so(columns: Sequence[str]) -> str | None:
    """A column whose name says that it has the names of samples."""
    called = {re.sub(r"[ .-]", "_", column).lower(): column for column in columns}
    called |= {name.replace("sample", "sample_"): column for name, column in called.items()
               if name in ("samplename", "sampleid")}  # fmt: skip
    return next((called[name] for name in _NAMES if name in called), None)


def _like_below(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """A cell of the first line that is a file or a number, as is the cell below it.

    Then the line with the columns is missing, and the first sample would be lost.
    """
    for column, cell in zip(columns, rows[0], strict=False):
        suffix = os.path.splitext(column)[1]
        is_file = bool(_SUFFIX.fullmatch(suffix)) and os.path.splitext(cell)[1] == suffix
        if is_file or (_NUMBER.fullmatch(column) and _NUMBER.fullmatch(cell)):
            return column
    return None


def _is_unique(rows: Sequence[Sequence[str]], number: int) -> bool:
    cells = [row[number] if number < len(row) else "" for row in rows]
    return all(cells) and len(set(cells)) == len(cells)


def _is_files(rows: Sequence[Sequence[str]], number: int, folder: Path) -> bool:
    cells = [row[number] if number < len(row) else "" for row in rows[:100]]  # enough to know
    return all(cell and (folder / cell).is_file() for cell in cells)


def _made(columns: list[str], rows: list[list[str]], files: tuple[str, ...]) -> Samples:
    """A new table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    compressed = all(row[1].endswith(".gz") for row in rows)
    return Samples(TABLE, tuple(columns), NAME, files, {TABLE: text.getvalue()}, compressed)


def _none() -> Samples:
    return Samples("", (), NAME, ())
