"""Dry runs in a project that the user may read and not write.

Snakemake makes folders in `.snakemake`, also for a dry run (its issue 2209). A user who may not
write there gets a temporary folder instead, in which the records of earlier runs are links to the
real ones. Snakemake sees all earlier runs, and the folder is removed when the process ends. A real
run, which could write nothing, is refused with one line.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..layout import FOR_GROUPS
from ..messages import complain

_SNAKEMAKE = Path(".snakemake")
_WRITTEN = ("shadow", "auxiliary", "iocache")
"""Folders in it that Snakemake writes to, or clears, in each run."""


def not_writable(workdir: Path) -> str | None:
    """Why this user cannot run anything in a folder; None if every folder can be written."""
    folder = workdir / _SNAKEMAKE
    if not os.path.isdir(folder):
        needed = [workdir]
    else:
        parts = (folder / name for name in ("metadata", "incomplete", "looper"))
        needed = [folder, *(part for part in parts if os.path.isdir(part))]
    for path in needed:
        if not os.access(path, os.W_OK | os.X_OK):
            return f"{path}: cannot be written; {FOR_GROUPS}"
    return None


def let_snakemake_read(workdir: Path) -> None:
    """Let Snakemake's dry runs work where this user may not write.

    Snakemake has no setting for this, so this replaces two of its methods, once in a process. The
    new methods check for each workflow whether its folder can be written.
    """
    if not_writable(workdir) is None:
        return
    from snakemake import persistence
    from snakemake.jobs import Job

    # Snakemake 9.14 has one class, later ones a base of several.
    kind: Any = getattr(persistence, "PersistenceBase", None) or persistence.Persistence
    original = kind.__init__
    if hasattr(original, "_looper"):
        return

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        why = not_writable(Path.cwd())
        if why is not None and kwargs.get("path") is None:
            workflow = kwargs["dag"].workflow
            if workflow.executor_plugin is not None and not workflow.dryrun:
                refuse_to_run(why)
            kwargs["path"] = _stand_in(Path.cwd() / _SNAKEMAKE)
        original(self, *args, **kwargs)

    refuse_protected: Any = Job.check_protected_output

    @functools.wraps(refuse_protected)
    async def check_protected_output(self: Any) -> None:
        # Snakemake ends a dry run if an output cannot be written: for this user, none can.
        if not (self.dag.workflow.dryrun and not_writable(Path.cwd())):
            await refuse_protected(self)

    __init__._looper = True  # type: ignore[attr-defined]
    kind.__init__ = __init__
    Job.check_protected_output = check_protected_output


def _stand_in(folder: Path) -> Path:
    """A temporary folder with links to all in `folder`, for as long as this process lives."""
    temporary = Path(tempfile.mkdtemp(prefix="snakemake-looper-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    for name in names:
        if name not in _WRITTEN:
            (temporary / name).symlink_to(folder / name)
    return temporary


def refuse_to_run(why: str | None) -> None:
    """Print a reason not to run a plan, if there is one, and leave.

    Raises:
        SystemExit: with code 1, if there is a reason.
    """
    if why:
        complain(why)
        raise SystemExit(1)
