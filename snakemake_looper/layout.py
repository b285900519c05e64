"""Names of files and folders: of this package, of a project, and the rules for possible names.

This package keeps its own files below Snakemake's working directory:

    .snakemake/looper/        FOLDER: plans, see `workspace.plan_folder`
        <plan id>/            one plan, with its job table, and files of very long commands
        index/                the current plan of each looper config and set of options
        configs/              contents of merged pipestat configs, without secrets
        scripts/, report/     scripts and captions of the rules, the same for all plans
        places/               where a project was planned first
        key                   the key of digests of configs with a secret, for its owner only
        written/              digests of the merged pipestat configs that were written
        settled/              notes on results that are where they belong
        runs/                 journals of runs, see `status.journal`
        times/                when jobs began and ended, see `status.times`
        taken/                tickets of jobs that a killed run completed, see `run.tickets`
        earlier/              results of earlier runs that were set aside, see `results.earlier`
        lumps/                lumps of runs, see `workspace.lumps`
        parsed/               contents of record files, see `results.parsed_files`
        remote/               links to copies of remote input files, see `remote_files`
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = Path(".snakemake") / "looper"
"""The folder of this package. All paths here are relative to Snakemake's working directory."""
LOCKS = Path(".snakemake") / "locks"
"""Snakemake's own locks."""
INDEX = FOLDER / "index"
CONFIGS = FOLDER / "configs"
SCRIPTS = FOLDER / "scripts"
CAPTIONS = FOLDER / "report"
PLACES = FOLDER / "places"
KEY = FOLDER / "key"
JOURNALS = FOLDER / "runs"
TIMES = FOLDER / "times"
TICKETS = FOLDER / "taken"
EARLIER = FOLDER / "earlier"
LUMPS = FOLDER / "lumps"
PARSED = FOLDER / "parsed"
COPIES = FOLDER / "remote"
SETTLED = str(FOLDER / "settled")
LEFT_OVER = f"{SETTLED}/left_over"
"""A plan of some samples has this one file for all work that earlier runs left undone."""
JOB_TABLE = "jobs.sqlite"
"""The job table, in the folder of its plan."""
RECORD = "{record_identifier}"
"""Stands for a record's name in `results_file_path`, as pipestat has it."""
LOCK_VARIABLE = "SNAKEMAKE_LOOPER_LOCK"
"""This environment variable tells `job.sh` that it runs on a cluster, where jobs lock their log."""
FOR_GROUPS = (
    "a run needs to write there: ask its owner, or share the project with a group (setgid folder,"
    " umask 002)"
)
"""Advice in messages about files that cannot be written."""

_LONG_COMMAND = 100_000
"""Bytes. Linux hands at most 131,071 to a program as one argument, a path or two among them.

Snakemake writes a command to a file if it has 65,536 characters. A character has up to 4 bytes.
"""
_COMPLETED = "_completed.flag"
_DIGEST = re.compile(r"[0-9a-f]{16}")
_UNSAFE = re.compile(r"[/{}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")


# --- files of this package ------------------------------------------------------------------------


def data_dir(name: str) -> Path:
    """A file or folder of `workflow/`, in an installed package or in a checkout.

    Raises:
        FileNotFoundError: it is missing.
    """
    here = Path(__file__).resolve().parent
    for base in (here / "workflow", here.parent / "workflow"):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"workflow/{name} is missing: the installation is incomplete")


def job_table_of(workdir: Path, plan: str) -> Path:
    """The job table of the plan with this id."""
    return workdir / FOLDER / plan / JOB_TABLE


def command_file(command: str) -> str | None:
    """The file of a command that is too long to be an argument of the shell; None for others.

    The path is relative to the folder of the plan.
    """
    if len(command) < _LONG_COMMAND / 4:
        return None
    text = command.encode()
    if len(text) <= _LONG_COMMAND:
        return None
    return f"commands/{hashlib.sha256(text).hexdigest()[:16]}.sh"


def shared_parts() -> Iterator[tuple[Path, Path]]:
    """Scripts and captions that the rules of all plans share.

    Each is a path relative to the working directory, and the file that it is a copy of.
    """
    for script in sorted(data_dir("scripts").iterdir()):
        if script.suffix in (".sh", ".py"):
            yield SCRIPTS / script.name, script
    for caption in sorted(data_dir("report").iterdir()):
        yield CAPTIONS / caption.name, caption


def marker(path: str) -> str:
    """The file with the digest of a merged pipestat config as it was last written.

    `path` is the path of the config.
    """
    return f"{FOLDER}/written/{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def is_digest(text: str) -> bool:
    """Whether a text has the form of a digest. The text of a damaged marker has another form."""
    return _DIGEST.fullmatch(text) is not None


# --- files of a project ---------------------------------------------------------------------------


def flag_name(pipeline: str, record: str, status: str) -> str:
    """The name of a status flag, as in pipestat and pypiper."""
    return f"{pipeline}_{record}_{status}.flag"


def is_completed_flag(path: str) -> bool:
    """Whether a path is that of a completed flag."""
    return path.endswith(_COMPLETED)


def flag_with(completed_flag: str, status: str) -> str:
    """The path of a record's flag for a status, from that of its completed flag."""
    return f"{completed_flag.removesuffix(_COMPLETED)}_{status}.flag"


def stem_of_flag(completed_flag: str) -> str:
    """The path of a record's flag without its end, which is the same for each status."""
    return completed_flag.removesuffix(_COMPLETED)


def report_folder(output_dir: Path, amendments: Sequence[str] = ()) -> Path:
    """The default folder of a report: pipestat's name for it."""
    return output_dir / "_".join(["reports", *amendments])


def table_paths(folder: Path, pipeline: str, amendments: Sequence[str] = ()) -> tuple[Path, Path]:
    """The TSV and the YAML file of a pipeline, as looper names them."""
    stem = "_".join([pipeline, *amendments])
    return folder / f"{stem}_stats_summary.tsv", folder / f"{stem}_objs_summary.yaml"


def note_on_times(completed_flag: str) -> str:
    """The file in which a job's shell notes when it began and ended; see `job.sh`."""
    return f"{TIMES}/" + completed_flag.removesuffix(_COMPLETED).replace("/", "%")


def lump_folder(rule: str, flag: str) -> str:
    """The folder of a rule's lumps. Two projects of one workflow may have rules of one name.

    `flag` is the pattern of the rule's flags.
    """
    return f"{LUMPS}/{rule}_{hashlib.sha256(flag.encode()).hexdigest()[:6]}"


def shown(path: Path, workdir: Path, root: Path) -> str:
    """A path in the form that the Snakefile uses.

    It is relative to the working directory if it is below that or inside the project, whose folder
    is `root`. Any other path is absolute.
    """
    if path.is_relative_to(workdir):
        return str(path.relative_to(workdir))
    return os.path.relpath(path, workdir) if path.is_relative_to(root) else str(path)


# --- names that can be files ----------------------------------------------------------------------


def is_file_name(text: str) -> bool:
    """Whether a name can be part of an output file's name.

    Braces are wildcards to Snakemake, and `<word>` is a path variable. Line breaks and invisible
    characters would break the lines of a table, a log or a record.
    """
    fits = bool(text.strip()) and text not in (".", "..")
    return fits and not _UNSAFE.search(text) and not _PATH_VARIABLE.search(text)


def special_to_snakemake(text: str) -> str | None:
    """The part of a path that has a meaning to Snakemake, in words; None if all is literal."""
    found = _PATH_VARIABLE.search(text)
    if found:
        return f"'{found[0]}', which is a path variable to Snakemake"
    return "a brace, which is a wildcard to Snakemake" if "{" in text or "}" in text else None


def shown_name(text: str) -> str:
    """A name in quotes for a message: on one line, and with at most 60 characters."""
    seen = "".join(c if c.isprintable() or c in "\xa0\u3000" else ascii(c)[1:-1] for c in text)
    return f"'{seen}'" if len(seen) <= 60 else f"'{seen[:28]}…{seen[-28:]}'"
