"""A project that may be read and not written: what Snakemake needs to show what it would do.

Snakemake makes folders in `.snakemake`, also for a dry run (its issue 2209). For those who may
not write there, it gets a temporary folder instead, in which the records of earlier runs are
links to the real ones. It sees all that was run, and whatever it writes goes with the process.
Only dry runs and the like get this; a run that could not write anything is refused in one line.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..layout import FOR_GROUPS

_OURS = Path(".snakemake")
# What Snakemake writes to, or clears, whatever it does.
_OWN = ("shadow", "auxiliary", "iocache")


def not_writable(workdir: Path) -> str | None:
    """Why this user cannot run anything in a folder; None if nothing speaks against it."""
    folder = workdir / _OURS
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
    """Where this user may not write, let Snakemake's dry runs do without.

    Whether a folder may be written is asked anew for each workflow of this process.
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
            kwargs["path"] = _stand_in(Path.cwd() / _OURS)
        original(self, *args, **kwargs)

    refuse_protected: Any = Job.check_protected_output

    @functools.wraps(refuse_protected)
    async def check_protected_output(self: Any) -> None:
        # A dry run ends where an output may not be written; for this user, that is each of them.
        if not (self.dag.workflow.dryrun and not_writable(Path.cwd())):
            await refuse_protected(self)

    __init__._looper = True  # type: ignore[attr-defined]
    kind.__init__ = __init__
    Job.check_protected_output = check_protected_output


def _stand_in(folder: Path) -> Path:
    """A temporary folder that has what `folder` has, for as long as this process lives."""
    temporary = Path(tempfile.mkdtemp(prefix="snakemake-looper-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    for name in names:
        if name not in _OWN:
            (temporary / name).symlink_to(folder / name)
    return temporary


def refuse_to_run(why: str | None) -> None:
    """Leave in one line where a plan can be looked at only.

    Raises:
        SystemExit: there is a reason not to run it.
    """
    if why:
        print(f"error: {why}", file=sys.stderr)
        raise SystemExit(1)
