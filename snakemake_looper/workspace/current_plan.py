"""The current plan of a project: the one on disk, or a new one if that is stale.

Each looper config has an index file for each set of options. The index names the plan that was made
last, and lists the sources of that plan. The plan is stale if any of this differs today:

1. the version of this package;
2. the place of the looper config, the working directory and the folder that commands run in;
3. a source file (looper config, PEP, interface, schema, size table): its time or size;
4. an environment variable that a source names: its value, or whether it is set;
5. the plan's folder, the scripts and the contents of merged configs: one is damaged or missing;
6. the size of an input file, or whether it exists. Servers are asked about remote input files
   only for a run; other commands take the last answers.

A plan is *volatile* if it depends on something whose change cannot be seen, such as a glob or a
remote table. It is made anew each time. The same holds for a plan if one of its sources was written
while the plan was made.

If nothing has changed, this module reads two small files and asks the file system about the
sources. It does not import peppy or anything else that planning needs: that would take longer than
all the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import collector
from ..files import content_of, file_size, read_text
from ..layout import FOLDER, INDEX, JOB_TABLE, LOCKS, shared_parts
from ..read.options.options import Options
from ..remote_files import NOT_ASKED, Ask, is_remote
from ..version import __version__
from .job_table import JobTable, TableError
from .own_files import put
from .pipestat_files import note_written, plain
from .places import Places, folder_names
from .plan_folder import PlanFolder

if TYPE_CHECKING:
    from ..model import Plan

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_DAY = 24 * 3600
"""Seconds."""
_INDEX_DAYS, _PLAN_DAYS = 30, 1
"""Days after which an index that nobody asks for is removed, and a plan that no index names."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The project that is asked for; paths are absolute."""

    looper_config: Path
    options: Options
    workdir: Path
    rundir: Path | None
    ask: Ask | None = None
    """Asks servers about remote input files; None if nobody is to be asked."""

    @property
    def home(self) -> Path:
        """The folder of plans."""
        return self.workdir / FOLDER

    @property
    def index(self) -> Path:
        """The index file. Its name stays the same when the project is moved."""
        text = json.dumps(
            [
                os.path.relpath(self.looper_config, self.workdir),
                os.path.relpath(self.rundir, self.workdir) if self.rundir else "",
                Places(folder_names(str(self.workdir), "/")).compared_in(
                    plain(self.options.by_name())
                ),
                *(["samples"] if self.options.only_samples else []),
            ],
            sort_keys=True,
        )
        return self.home / INDEX.name / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"

    @property
    def place(self) -> list[str]:
        """The paths that an index must have, as point 2 above says."""
        return [str(self.looper_config), str(self.workdir), str(self.rundir or "")]


def current_plan(
    looper_config: Path,
    options: Options | None = None,
    workdir: Path | None = None,
    rundir: Path | None = None,
    ask: Ask | None = None,
) -> PlanFolder:
    """The plan of a project as its files are now: the one on disk, or a new one.

    Args:
        looper_config: the looper config.
        options: those of the command line.
        workdir: Snakemake's working directory; without it, the looper config's folder.
        rundir: where commands run, if that is another folder.
        ask: asks servers about remote input files, for a run. A command that only reads has none.

    Raises:
        ProjectError: a new plan is needed and cannot be made. The error lists all that is wrong.
    """
    looper_config = Path(os.path.abspath(looper_config))
    workdir = Path(os.path.abspath(workdir or looper_config.parent))
    asked = _Asked(looper_config, options or Options(), workdir, rundir, ask)
    # Options that cannot be read are no part of the index: planning reports them.
    return (None if asked.options.problems else _known(asked)) or _new(asked)


def last_plan(looper_config: Path) -> PlanFolder | None:
    """A plan of the project that is on disk, as it is; of all samples, if there is one.

    The shells' completion asks for it at each press of a key, and no key must start to plan.
    """
    asked = _Asked(looper_config, Options(), looper_config.parent, None)
    others = sorted((asked.home / INDEX.name).glob("*.json"), key=_age)
    for index in (asked.index, *others):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            folder = PlanFolder(asked.home / Path(json.loads(content_of(index))["plan"]).name)
            if (folder.path / JOB_TABLE).is_file():
                return folder
    return None


def last_answers(
    looper_config: Path,
    options: Options,
    workdir: Path | None = None,
    rundir: Path | None = None,
) -> Ask | None:
    """The last answers about remote input files, for a plan that asks nobody; None without any.

    The arguments are those of `current_plan`. Files that were not asked about stay so.
    """
    looper_config = Path(os.path.abspath(looper_config))
    workdir = Path(os.path.abspath(workdir or looper_config.parent))
    return _last_answers(_Asked(looper_config, options, workdir, rundir))


def _last_answers(asked: _Asked) -> Ask | None:
    known = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, TableError):
        record = json.loads(content_of(asked.index))
        table = PlanFolder(asked.home / Path(record["plan"]).name).jobs()
        try:
            known = {path: size for path, size in table.inputs_seen() if is_remote(path)}
        finally:
            table.close()
    if not known:
        return None
    return lambda addresses: {one: known.get(one, NOT_ASKED) for one in addresses}


@collector.seldom()
def _new(asked: _Asked) -> PlanFolder:
    """Make a plan, note it in the index, and remove plans that nobody needs."""
    # Both are heavy, and a plan that is on disk needs neither.
    from ..plan.planner import plan_project
    from .plan_folder_writer import write_plan

    started = time.time_ns()
    ask = asked.ask or _last_answers(asked)
    plan = plan_project(asked.looper_config, asked.options, asked.workdir, asked.rundir, ask)
    folder = write_plan(plan)
    if folder.path.parent == asked.home:
        with contextlib.suppress(OSError):  # without an index, the next command plans again
            _remember(asked, folder, plan, started)
        _clear(asked.home)
    return folder


# --- what makes a plan stale ----------------------------------------------------------------------


def _known(asked: _Asked) -> PlanFolder | None:
    """The plan that the index names, if nothing that it was made from has changed."""
    index = asked.index
    try:
        record = json.loads(content_of(index))
        folder = PlanFolder(asked.home / Path(record["plan"]).name)
        if not _is_fresh(record, asked) or not folder.is_whole():
            return None
        table = folder.jobs()
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no index, or a damaged one
    try:
        with contextlib.suppress(OSError):  # another user's. The time says when it was used last
            os.utime(index)
        return folder if _is_complete(table, asked) else None
    except TableError:
        return None
    finally:
        table.close()


def _is_fresh(record: dict[str, Any], asked: _Asked) -> bool:
    """Whether an index is of this version and place, and no source or variable has changed.

    Raises:
        KeyError, TypeError, ValueError: the index is damaged.
    """
    if record["version"] != __version__ or record["volatile"] or record["place"] != asked.place:
        return False
    if any(_stamp(path) != stamp for path, stamp in record["sources"]):
        return False
    if _environment(record["variables"]) != record["environment"]:
        return False
    return set(record["unset"]).isdisjoint(map(_digest, os.environ))


def _is_complete(table: JobTable, asked: _Asked) -> bool:
    """Whether all that a plan refers to is there, and no input file has another size."""
    workdir = asked.workdir
    if any(read_text(workdir / part) != read_text(source) for part, source in shared_parts()):
        return False
    for path, digest in table.facts.contents.items():
        text = read_text(workdir / path)
        if text is None or hashlib.sha256(text.encode()).hexdigest() != digest:
            return False
    note_written(table, workdir)
    return not _inputs_changed(table, asked.ask)


def _inputs_changed(table: JobTable, ask: Ask | None) -> bool:
    root = table.facts.rundir
    remote = {}
    for path, size in table.inputs_seen():
        if is_remote(path):
            remote[path] = size
        elif file_size(os.path.join(root, path)) != size:
            return True
    return bool(remote) and ask is not None and ask(list(remote)) != remote


def _stamp(path: str) -> list[int] | None:
    """A file's time (ns) and size (bytes); None if there is no such file."""
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


# --- the index ------------------------------------------------------------------------------------


def _remember(asked: _Asked, folder: PlanFolder, plan: Plan, started: int) -> None:
    """Note what the plan was made from, unless a source was written since `started` (ns).

    Raises:
        OSError: the index cannot be written.
    """
    stamps = [(str(source), _stamp(str(source))) for source in plan.sources]
    if any(stamp is None or stamp[0] >= started for _, stamp in stamps):
        asked.index.unlink(missing_ok=True)
        return
    names = _variables_in(plan.sources, asked.looper_config)
    known = sorted(name for name in names if name in os.environ)
    record = {
        "plan": folder.path.name,
        "version": __version__,
        "place": asked.place,
        "volatile": plan.volatile,
        "sources": stamps,
        "variables": known,
        "environment": _environment(known),
        # Not their names: `$word` may be a part of a password.
        "unset": sorted(_digest(name) for name in names if name not in os.environ),
    }
    put(asked.index, json.dumps(record, indent=1))


def _variables_in(sources: Iterable[Path], looper_config: Path) -> set[str]:
    """The environment variables that planning may have read.

    Planning leaves variables alone that may hold a secret. They are not among these: a short digest
    would help to guess a short password.
    """
    from ..read.interfaces.compute import DIVVY_VARIABLE
    from ..read.secrets import without_hidden

    names = {DIVVY_VARIABLE}
    for source in sources:
        with contextlib.suppress(OSError):
            if source == looper_config:
                text = without_hidden(source)
            else:
                text = content_of(source).decode(errors="replace")
            names |= set(_VARIABLE.findall(text))
    return names


# --- plans that nobody needs ----------------------------------------------------------------------


def _clear(home: Path) -> None:
    """Remove plans that no index names, once they are a day old and nothing runs here.

    Plans of another user cannot be removed, and stay.
    """
    locks = home.parent / LOCKS.name
    if locks.is_dir() and any(locks.iterdir()):
        return
    used = _plans_in_use(home)
    for folder in home.iterdir():
        litter = folder.name.startswith(".") and folder.suffix in (".tmp", ".old")
        if not (litter or (folder / JOB_TABLE).is_file()) or _age(folder) < _PLAN_DAYS * _DAY:
            continue
        if folder.name not in used:
            with contextlib.suppress(OSError):
                if folder.is_dir():
                    shutil.rmtree(folder)
                else:
                    folder.unlink()


def _plans_in_use(home: Path) -> set[str]:
    """The plans that indexes name; removes indexes that nobody has asked for in a month."""
    used = set()
    for index in (home / INDEX.name).glob("*.json"):
        if _age(index) > _INDEX_DAYS * _DAY:
            with contextlib.suppress(OSError):
                index.unlink()
            continue
        with contextlib.suppress(ValueError, KeyError, TypeError):
            used.add(json.loads(read_text(index) or "")["plan"])
    return used


def _age(path: Path) -> float:
    """Seconds since something was written; 0 if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
