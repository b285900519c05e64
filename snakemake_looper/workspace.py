"""Where plans live on disk, and when a new one is needed.

    .snakemake/looper/
        index/<key>.json       for each looper config and set of options: its current plan, and
                               what the source files looked like when it was made
        configs/<digest>.yaml  contents of merged pipestat configs, without secrets
        written/               which content each merged config was last written with
        places/<key>.json      where a project was planned first, see `places`
        scripts/, report/      scripts and captions of the rules, the same for all plans
        <plan id>/             Snakefile, jobs.sqlite, profiles/default/, manifest.json

Folders are named after their content and are never altered: jobs of a running controller go on
reading the plan that they were started with, while a changed project gets a new folder. So the
modification time of a file here says when its content first came up, and what does not change
is not written again.

All of this is a cache. A plan folder is complete before it gets its name, and its files are
compared with its manifest when it is taken up. A damaged part is made anew. Where nothing can be
written, because the folder belongs to somebody else, the plan is made in a temporary folder for
this process: it can be looked at, and Snakemake can show what it would do, but nothing is run.

`current_plan` is what the Snakemake plugin and `check` call. Where nothing changed it reads two
small files and asks the file system about the sources; peppy and the rest are not even imported.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .errors import Problems
from .files import discard, read_text, whole_folder, write_atomic
from .jobtable import FILE_NAME, JobTable, TableError, is_digest, marker, write_job_table
from .manifest import is_whole, write_manifest
from .model import Options
from .places import Places, names_of
from .reading import FOR_GROUPS

if TYPE_CHECKING:
    from .model import Plan, Rule

FOLDER = Path(".snakemake") / "looper"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_KEY = re.compile(r"[0-9a-f]{64}")
_DAY = 24 * 3600


@dataclasses.dataclass(frozen=True, slots=True)
class PlanFolder:
    """A plan as it lies on disk."""

    path: Path

    @property
    def snakefile(self) -> Path:
        return self.path / "Snakefile"

    def jobs(self) -> JobTable:
        return JobTable(self.path / FILE_NAME)

    def is_whole(self) -> bool:
        """Whether it can be read, and is as it was written."""
        return is_whole(self.path, ("Snakefile", FILE_NAME))


def data_dir(name: str) -> Path:
    """A folder of `workflow/`, in an installed package or in a checkout."""
    here = Path(__file__).resolve().parent
    for base in (here / "workflow", here.parent / "workflow"):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"workflow/{name} is missing: the installation is incomplete")


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
    from .plan import plan_project

    started = time.time_ns()
    plan = plan_project(looper_config, options, workdir, rundir)
    folder = write_plan(plan)
    if folder.path.parent == base:
        with contextlib.suppress(OSError):  # the next one plans again
            _remember(index, folder, plan, started, place)
        _clear(base)
    return folder


def write_plan(plan: Plan) -> PlanFolder:
    """Write a plan's Snakefile, job table and default profile below its working directory.

    A whole plan that is there already is left as it is, a damaged one is replaced. Where nothing
    can be written, the plan is in a temporary folder until this process ends.
    """
    base = plan.workdir / FOLDER
    try:
        return _Writer(plan, base).write()
    except OSError as error:
        refusal = f"{error.filename or base}: cannot be written ({error.strerror}); {FOR_GROUPS}"
    except _KeyOfAnotherUser as error:
        refusal = str(error)
    temporary = Path(tempfile.mkdtemp(prefix="snakemake-looper-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return _Writer(plan, temporary, refusal).write()


class _KeyOfAnotherUser(Exception):
    """A literal secret cannot be compared with that of another user's runs; says what to do."""


class _Writer:
    """Writes one plan: below the working directory, or, with a `refusal`, elsewhere to be read."""

    def __init__(self, plan: Plan, base: Path, refusal: str | None = None) -> None:
        self._plan = plan
        self._base = base
        self._refusal = refusal
        self._home = plan.workdir / FOLDER
        self._contents: dict[str, str] = {}
        """Digests of the texts in `configs/`, by path."""

    def write(self) -> PlanFolder:
        """Write what is missing or damaged.

        Raises:
            OSError: something cannot be written.
            _KeyOfAnotherUser: the plan has a secret that was used by somebody else.
        """
        from .snakefile import JOB_SCRIPT, snakefile

        _make_folder(self._base)
        self._write_scripts()
        places = self._places()
        rules = [rule for rule in self._plan.rules if rule.config]
        configs = {rule.name: self._config(rule, Places(places)) for rule in rules}
        text = snakefile(self._plan, "../scripts", str(FOLDER / "scripts" / JOB_SCRIPT))
        facts = {"places": places, "refusal": self._refusal, "contents": self._contents}
        name = _plan_id(self._plan, text, configs, facts)
        folder = PlanFolder(self._base / name)
        number = 1
        while not folder.is_whole() and not self._make_way(folder.path):
            number += 1
            folder = PlanFolder(self._base / f"{name}-{number}")
        if not os.path.lexists(folder.path):
            self._write_folder(folder.path, text, configs, facts)
        with contextlib.suppress(OSError):  # of another user; plans that nobody uses are cleared
            os.utime(folder.path)
        jobs = folder.jobs()
        try:
            note_written(jobs, self._plan.workdir)
        finally:
            jobs.close()
        return folder

    def _make_way(self, path: Path) -> bool:
        """Take something damaged away; False if it has to stay.

        A plan of another user that cannot be read may be whole, and a run may be using it.
        """
        if not os.path.lexists(path):
            return True
        try:
            if path.lstat().st_uid != os.geteuid() and not _is_readable(path):
                return False
            discard(path)
        except FileNotFoundError:  # another process was quicker
            return True
        except OSError:
            return False
        return True

    def _write_folder(
        self,
        path: Path,
        text: str,
        configs: Mapping[str, tuple[str, str, str]],
        facts: Mapping[str, Any],
    ) -> None:
        from .generate import STRUCTURE_FILE, structure

        with whole_folder(path) as folder:
            (folder / "Snakefile").write_text(text, encoding="utf-8")
            (folder / STRUCTURE_FILE).write_text(structure(self._plan), encoding="utf-8")
            write_job_table(self._plan, folder / FILE_NAME, configs, facts)
            default = folder / "profiles" / "default"
            default.mkdir(parents=True)
            for source in data_dir("profiles/default").iterdir():
                if source.is_file():
                    shutil.copyfile(source, default / source.name)
            write_manifest(folder)

    def _write_scripts(self) -> None:
        for script in sorted(data_dir("scripts").iterdir()):
            if script.suffix in (".sh", ".py"):
                target = self._base / "scripts" / script.name
                _put(target, script.read_text(encoding="utf-8"))
                # Snakemake runs a rule again whose script is newer than its output; a new version
                # of this package, or a project begun with looper, is no reason for that.
                if target.stat().st_mtime:
                    with contextlib.suppress(PermissionError):  # another user's
                        os.utime(target, (0, 0))
        for caption in sorted(data_dir("report").iterdir()):
            _put(self._base / "report" / caption.name, caption.read_text(encoding="utf-8"))

    def _places(self) -> list[tuple[str, str]]:
        """The project's folder and the working directory, each with the name that it had first."""
        plan = self._plan
        root, workdir = str(plan.looper_config.parent), str(plan.workdir)
        which = hashlib.sha256(os.path.relpath(plan.looper_config, workdir).encode()).hexdigest()
        path = self._home / "places" / f"{which[:16]}.json"
        first = _first_place(path)
        if first is None:
            first = {"root": root, "workdir": workdir}
            if not self._refusal:
                _put(path, json.dumps(first))
        return [*names_of(root, first["root"]), *names_of(workdir, first["workdir"])]

    def _config(self, rule: Rule, places: Places) -> tuple[str, str, str]:
        """The content of a merged pipestat config, in a file named after it."""
        assert rule.config
        shown = self._plan.shown(rule.config.path)
        content = plain(rule.config.content)
        text = as_yaml(content)
        digest = self._digest(content, rule.config.path, shown, places)
        own = FOLDER / "configs" / f"{digest}.yaml"
        path = self._base / "configs" / own.name
        source = str(own)
        if not self._refusal:
            _put(path, text)
        elif read_text(self._plan.workdir / own) != text:
            _put(path, text)
            source = str(path)
        self._contents[source] = hashlib.sha256(text.encode()).hexdigest()
        return source, digest, shown

    def _digest(self, content: Any, path: Path, shown: str, places: Places) -> str:
        """A digest that also changes with a secret, and that no one can guess the secret from.

        Where the project lies does not change it.
        """
        from .read.secrets import has_secret, reveal

        if not has_secret(content):
            text = as_yaml(places.compared_in(content))
            return hashlib.sha256(text.encode()).hexdigest()[:16]
        noted = (read_text(self._plan.workdir / marker(shown)) or "").strip()
        revealed = reveal(content)
        if is_digest(noted) and read_text(path) == as_yaml(revealed):
            return noted  # also where the key was lost
        key = self._key(content, is_digest(noted))
        if key is None:
            return noted if is_digest(noted) else "0" * 16
        text = as_yaml(places.compared_in(revealed))
        return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:16]

    def _key(self, content: Any, was_used: bool) -> str | None:
        """The key of this folder, readable for its owner alone; None if that is another user.

        Raises:
            _KeyOfAnotherUser: it is another user's, and the plan is to be written for all.
        """
        path = self._home / "key"
        text = read_text(path)
        if text is not None and _KEY.fullmatch(text):
            return text
        if text is None and os.path.isfile(path) and os.stat(path).st_uid != os.geteuid():
            if self._refusal:
                return None
            raise _KeyOfAnotherUser(_not_yours(self._plan, content, path))
        made = secrets.token_hex(32)
        if not self._refusal:
            _put(path, made, mode=0o600)
        return made


def _not_yours(plan: Plan, content: Any, key: Path) -> str:
    """Why a user cannot run a project whose config has another user's literal secret."""
    from .read.secrets import secret_keys
    from .source import read_yaml

    keys = secret_keys(content)
    document = read_yaml(plan.looper_config, Problems())
    place = document.place(*keys) if document else plan.looper_config
    return (
        f"{place}: {'.'.join(map(str, keys))}: is a literal secret, and what was written with it is"
        f" readable for {_owner(key)} alone; write it as ${{VARIABLE}}, so that others of a group"
        " can run this, too"
    )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # a user whom this machine does not know
        return f"user {path.stat().st_uid}"


def _is_readable(path: Path) -> bool:
    """Whether a file, or a folder with all in it, can be read."""
    if not os.path.isdir(path):
        return os.access(path, os.R_OK)
    listed = os.access(path, os.R_OK | os.X_OK)
    return listed and all(_is_readable(one) for one in path.iterdir())


def _make_folder(folder: Path) -> None:
    """Make a folder of ours; a file in its place, or in that of its parent, is taken away."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        for path in (*reversed(folder.parents), folder):
            is_ours = f"{os.sep}{FOLDER}" in str(path)
            if is_ours and os.path.lexists(path) and not os.path.isdir(path):
                discard(path)
        folder.mkdir(parents=True, exist_ok=True)


def _put(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file of ours unless its content is right; a folder in its place is taken away."""
    if read_text(path) == text:
        return
    _make_folder(path.parent)
    if os.path.isdir(path):
        discard(path)
    write_atomic(path, text, mode)


def _first_place(path: Path) -> dict[str, str] | None:
    try:
        found = json.loads(read_text(path) or "")
        first = {name: found[name] for name in ("root", "workdir")}
    except (ValueError, KeyError, TypeError):
        return None
    return (
        first
        if all(isinstance(one, str) and os.path.isabs(one) for one in first.values())
        else None
    )


# --- merged pipestat configs -------------------------------------------------------------------


def write_pipestat_config(source: str, target: str, written: str) -> None:
    """Write a merged pipestat config, its secrets filled in, for its owner only.

    `written` is the file that notes which content it was.

    Raises:
        KeyError, TypeError: a secret is no longer where it was.
    """
    write_atomic(Path(target), _revealed(Path(source)), mode=0o600)
    write_atomic(Path(written), Path(source).stem)


def refresh_configs(jobs: JobTable, workdir: Path) -> None:
    """Write merged configs again that are of another place: the project was moved since.

    Their rules do not run for that, and neither do jobs that are complete. Called before the
    first job of a run.

    Raises:
        OSError, KeyError, TypeError: one cannot be written.
    """
    for config in jobs.configs(workdir):
        target = workdir / config.path
        if config.written == config.digest and not _is_current(workdir / config.source, target):
            text = read_text(workdir / config.source) or ""
            if _is_secret(text):
                write_atomic(target, _revealed(workdir / config.source), mode=0o600)
            else:
                write_atomic(target, text)


def note_written(jobs: JobTable, workdir: Path) -> None:
    """Note again which content a merged config has, where the note was lost."""
    for config in jobs.configs(workdir):
        if config.written in (None, "") and _is_current(
            workdir / config.source, workdir / config.path
        ):
            with contextlib.suppress(OSError):
                _put(workdir / marker(config.path), config.digest)


def _is_current(source: Path, target: Path) -> bool:
    """Whether a merged config that is there has the content that the plan has for it."""
    there, text = read_text(target), read_text(source)
    if there is None or text is None:
        return False
    return there == (_revealed(source) if _is_secret(text) else text)


def _is_secret(text: str) -> bool:
    from .read.secrets import SECRET_KEY

    return SECRET_KEY in text


def _revealed(source: Path) -> str:
    import yaml

    from .read.secrets import reveal

    return as_yaml(reveal(yaml.safe_load(source.read_text(encoding="utf-8"))))


def as_yaml(content: Any) -> str:
    """A merged config as text."""
    import yaml

    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def plain(value: Any) -> Any:
    """Mappings and sequences as the dicts and lists that YAML knows."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


# --- when a plan is stale ----------------------------------------------------------------------


def _key(looper_config: Path, options: Options, workdir: Path, rundir: Path | None) -> str:
    """What is asked for; not where: a folder that is moved has the same keys."""
    asked = json.dumps(
        [
            os.path.relpath(looper_config, workdir),
            os.path.relpath(rundir, workdir) if rundir else "",
            Places(names_of(str(workdir), "/")).compared_in(plain(options.asked())),
        ],
        sort_keys=True,
    )
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _plan_id(
    plan: Plan,
    text: str,
    configs: Mapping[str, tuple[str, str, str]],
    facts: Mapping[str, Any],
) -> str:
    digest = hashlib.sha256(__version__.encode())
    for part in (*_content(plan, text, configs), json.dumps(facts, sort_keys=True)):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _content(plan: Plan, text: str, configs: Mapping[str, tuple[str, str, str]]) -> Iterator[str]:
    yield text
    yield json.dumps(configs, sort_keys=True)
    for job in plan.jobs:
        yield from (job.rule, job.record, job.command, job.log, job.flag, str(job.threads))
        yield json.dumps([dict(job.env), dict(job.resources), job.inputs, job.lump, job.container])
    for one in plan.skipped:
        yield from (one.pipeline, one.record, one.reason)
    yield json.dumps(sorted(plan.inputs.items()))
    yield json.dumps(plan.warnings)


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
    for path, digest in jobs.value("contents").items():
        text = read_text(workdir / path)
        if text is None or hashlib.sha256(text.encode()).hexdigest() != digest:
            return False
    note_written(jobs, workdir)
    return not _inputs_changed(jobs)


def _inputs_changed(jobs: JobTable) -> bool:
    from .inputs import file_size

    root = jobs.value("rundir")
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
    from .resources import DIVVY_VARIABLE

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
    _put(index, json.dumps(record, indent=1))


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
