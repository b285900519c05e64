"""Names of files and folders: where this package keeps its own, and which names can be files at all.

.snakemake/looper/        FOLDER: plans and notes of this package, see `workspace.plan_folder`
    written/              digests of the merged pipestat configs that were written, see `marker`
    settled/              notes on results that were brought where they belong
    runs/                 journals of runs, see `status.journal`
    taken/                jobs that a killed run completed, see `run.recovery`
    earlier/              results of earlier runs that were set aside, see `results.earlier`
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(".snakemake") / "looper"
"""Relative to Snakemake's working directory, as all paths here."""
JOURNALS = FOLDER / "runs"
TICKETS = FOLDER / "taken"
EARLIER = FOLDER / "earlier"
SETTLED = str(FOLDER / "settled")
LEFT_OVER = f"{SETTLED}/left_over"
"""In a plan of some samples: stands for all that earlier runs have left undone."""
FILE_NAME = "jobs.sqlite"
"""The job table, in the folder of its plan."""
LOCK_VARIABLE = "SNAKEMAKE_LOOPER_LOCK"
"""Tells `job.sh` that it runs on a cluster, where jobs hold a lock on their log."""
FOR_GROUPS = (
    "a run needs to write there: ask its owner, or share the project with a group (setgid folder,"
    " umask 002)"
)

_DIGEST = re.compile(r"[0-9a-f]{16}")
_UNSAFE = re.compile(r"[/{}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")


# --- our own ---------------------------------------------------------------------------------------


def data_dir(name: str) -> Path:
    """A folder of `workflow/`, in an installed package or in a checkout."""
    here = Path(__file__).resolve().parent
    for base in (here / "workflow", here.parent / "workflow"):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"workflow/{name} is missing: the installation is incomplete")


def marker(path: str) -> str:
    """Where is noted which content was last written to a pipestat config, by its path."""
    return f".snakemake/looper/written/{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def is_digest(text: str) -> bool:
    """Whether a text is a digest as markers have it; a damaged one is not."""
    return _DIGEST.fullmatch(text) is not None


# --- of the project --------------------------------------------------------------------------------


def report_folder(output_dir: Path, amendments: Sequence[str] = ()) -> Path:
    """Where a report goes unless it is said: pipestat's name for the folder."""
    return output_dir / "_".join(["reports", *amendments])


def table_paths(folder: Path, pipeline: str, amendments: Sequence[str] = ()) -> tuple[Path, Path]:
    """The TSV and the YAML file of a pipeline, as looper names them."""
    stem = "_".join([pipeline, *amendments])
    return folder / f"{stem}_stats_summary.tsv", folder / f"{stem}_objs_summary.yaml"


def shown(path: Path, workdir: Path, root: Path) -> str:
    """A path as the Snakefile has it: relative to the working directory if it is below that or
    inside the project, else absolute."""
    if path.is_relative_to(workdir):
        return str(path.relative_to(workdir))
    return os.path.relpath(path, workdir) if path.is_relative_to(root) else str(path)


# --- which names can be files ----------------------------------------------------------------------


def is_file_name(text: str) -> bool:
    """Whether a name can be part of an output file's name.

    Braces are wildcards to Snakemake, and `<word>` is a path variable. Characters that nobody sees, line breaks among them, end
    a line of a table, a log or a record where none should end.
    """
    fits = bool(text) and text not in (".", "..")
    return fits and not _UNSAFE.search(text) and not _PATH_VARIABLE.search(text)


def special_to_snakemake(text: str) -> str | None:
    """What Snakemake does not take literally in a path, in words; None if there is nothing."""
    found = _PATH_VARIABLE.search(text)
    if found:
        return f"'{found[0]}', which is a path variable to Snakemake"
    return "a brace, which is a wildcard to Snakemake" if "{" in text or "}" in text else None


def shown_name(text: str) -> str:
    """A name in quotes, as a message has it: on one line, and not too long."""
    seen = "".join(c if c.isprintable() or c in "\xa0\u3000" else ascii(c)[1:-1] for c in text)
    return f"'{seen}'" if len(seen) <= 60 else f"'{seen[:28]}…{seen[-28:]}'"
