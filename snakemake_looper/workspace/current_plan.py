"""TODO: workspace.current_plan."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import read_text
from ..layout import FILE_NAME
from ..read.options import Options
from ..version import __version__
from .job_table import JobTable, TableError
from .places import Places, names_of

if TYPE_CHECKING:
    from ..model import Plan
from ..layout import FOLDER, data_dir
from .own_files import put
from .pipestat_files import note_written, plain
from .plan_folder import PlanFolder, write_plan

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


_DAY = 24 * 3600


def current_plan(
    looper_config: Path,
    options: Options | None = None,
    workdir: Path | None = None,
    rundir: Path | None = None,
) -> PlanFolder:
    """The plan of a project as its files are now: the one on disk, or a new one.

    Raises:
        ProjectError: a new one is needed and cannot be made; says all that is wrong.
    """
    looper_config = Path(os.path.abspath(looper_config))
    options = options or Options()
    workdir = Path(os.path.abspath(workdir or looper_config.parent))
    base = workdir / FOLDER
    place = [str(looper_config), str(workdir), str(rundir or "")]
    index = base / "index" / f"{_key(looper_config, options, workdir, rundir)}.json"
    known = _known(index, place)
    if known is not None:
        return known
    from ..plan.planner import plan_project

    started = time.time_ns()
    plan = plan_project(looper_config, options, workdir, rundir)
    folder = write_plan(plan)
    if folder.path.parent == base:
        with contextlib.suppress(OSError):  # the next one plans again
            _remember(index, folder, plan, started, place)
        _clear(base)
    return folder


def _key(looper_config: Path, options: Options, workdir: Path, rundir: Path | None) -> str:
    """What is asked for; not where: a folder that is moved has the same keys."""
    asked = json.dumps(
        [
            os.path.relpath(looper_config, workdir),
            os.path.relpath(rundir, workdir) if rundir else "",
            Places(names_of(str(workdir), "/")).compared_in(plain(options.by_name())),
        ],
        sort_keys=True,
    )
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _known(index: Path, place: list[str]) -> PlanFolder | None:
    """The plan that an index names, if nothing that it was made from has changed."""
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        folder = PlanFolder(index.parent.parent / Path(record["plan"]).name)
        if record["version"] != __version__ or record["volatile"] or record["place"] != place:
            return None
        if any(_stamp(path) != stamp for path, stamp in record["sources"]):
            return None
        if _environment(record["variables"]) != record["environment"] or not folder.is_whole():
            return None
        if not set(record["unset"]).isdisjoint(map(_digest, os.environ)):
            return None
        jobs = folder.jobs()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        with contextlib.suppress(OSError):  # another user's; indexes that nobody uses are cleared
            os.utime(index)
        return folder if _is_complete(jobs, index.parent.parent.parent.parent) else None
    except TableError:
        return None
    finally:
        jobs.close()


def _is_complete(jobs: JobTable, workdir: Path) -> bool:
    """Whether all that a plan refers to is there, and no input file has another size."""
    base = workdir / FOLDER
    scripts = (
        script for script in data_dir("scripts").iterdir() if script.suffix in (".sh", ".py")
    )
    parts = [(base / "scripts" / script.name, script) for script in scripts]
    parts += [(base / "report" / one.name, one) for one in data_dir("report").iterdir()]
    if any(read_text(part) != read_text(source) for part, source in parts):
        return False
    for path, digest in jobs.facts.contents.items():
        text = read_text(workdir / path)
        if text is None or hashlib.sha256(text.encode()).hexdigest() != digest:
            return False
    note_written(jobs, workdir)
    return not _inputs_changed(jobs)


def _inputs_changed(jobs: JobTable) -> bool:
    from ..plan.input_files import file_size

    root = jobs.facts.rundir
    return any(file_size(os.path.join(root, path)) != size for path, size in jobs.inputs_seen())


def _stamp(path: str) -> list[int] | None:
    try:
        info = os.stat(path)
    except OSError:
        return None
    return [info.st_mtime_ns, info.st_size]


def _environment(names: Iterable[str]) -> str:
    """A short digest of variables' values; too short to tell anyone what they are."""
    return _digest("\0".join(f"{name}={os.environ.get(name)}" for name in names))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]


def _remember(index: Path, folder: PlanFolder, plan: Plan, started: int, place: list[str]) -> None:
    """Note what the plan was made from; not so if a source was written since `started` (ns)."""
    stamps = [(str(source), _stamp(str(source))) for source in plan.sources]
    if any(stamp is None or stamp[0] >= started for _, stamp in stamps):
        index.unlink(missing_ok=True)
        return
    from ..read.compute import DIVVY_VARIABLE

    names = {DIVVY_VARIABLE}
    for source in plan.sources:
        with contextlib.suppress(OSError):
            names |= set(_VARIABLE.findall(source.read_text(encoding="utf-8", errors="replace")))
    known = sorted(name for name in names if name in os.environ)
    record = {
        "plan": folder.path.name,
        "version": __version__,
        "place": place,
        "volatile": plan.volatile,
        "sources": stamps,
        "variables": known,
        "environment": _environment(known),
        # Not their names: `$word` may be a part of a password.
        "unset": sorted(_digest(name) for name in names if name not in os.environ),
    }
    put(index, json.dumps(record, indent=1))


def _clear(base: Path) -> None:
    """Remove plans that no index names, once they are a day old and nothing runs here.

    What cannot be removed, since it is another user's, stays.
    """
    locks = base.parent / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        return
    used = set()
    for index in (base / "index").glob("*.json"):
        if _age(index) > 30 * _DAY:
            with contextlib.suppress(OSError):
                index.unlink()
            continue
        with contextlib.suppress(ValueError, KeyError, TypeError):
            used.add(json.loads(read_text(index) or "")["plan"])
    for folder in base.iterdir():
        litter = folder.name.startswith(".") and folder.suffix in (".tmp", ".old")
        if not (litter or (folder / FILE_NAME).is_file()) or _age(folder) < _DAY:
            continue
        if folder.name not in used:
            with contextlib.suppress(OSError):
                if folder.is_dir():
                    shutil.rmtree(folder)
                else:
                    folder.unlink()


def _age(path: Path) -> float:
    """Seconds since something was written; 0 if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
