"""Where plans live on disk, and when a new one is needed.

    .snakemake/looper/
        index/<key>.json       for each looper config and set of options: its current plan, and
                               what the source files looked like when it was made
        configs/<digest>.yaml  contents of merged pipestat configs, without secrets
        written/               which content each merged config was last written with
        scripts/, report/      scripts and captions of the rules, the same for all plans
        <plan id>/             Snakefile, jobs.sqlite, profiles/default/

Folders are named after their content and are never altered: jobs of a running controller go on
reading the plan that they were started with, while a changed project gets a new folder. So the
modification time of a file here says when its content first came up, and what does not change
is not written again.

`current_plan` is what the Snakemake plugin and `check` call. Where nothing changed it reads one
small file and asks the file system about the sources; peppy and the rest are not even imported.
"""

from __future__ import annotations

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
from .jobtable import FILE_NAME, JobTable, write_job_table
from .model import Options
from .results import write_atomic, write_if_changed

if TYPE_CHECKING:
    from .model import Plan

FOLDER = Path(".snakemake") / "looper"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
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
    index = workdir / FOLDER / "index" / f"{_key(looper_config, options, rundir)}.json"
    known = _known(index)
    if known is not None:
        return known
    from .plan import plan_project

    started = time.time_ns()
    plan = plan_project(looper_config, options, workdir, rundir)
    folder = write_plan(plan)
    _remember(index, folder, plan, started)
    _clear(workdir / FOLDER)
    return folder


def write_plan(plan: Plan) -> PlanFolder:
    """Write a plan's Snakefile, job table and default profile below its working directory.

    A plan that is there already is left as it is.
    """
    from .generate import STRUCTURE_FILE, structure
    from .snakefile import JOB_SCRIPT, snakefile

    base = plan.workdir / FOLDER
    base.mkdir(parents=True, exist_ok=True)
    for script in sorted(data_dir("scripts").iterdir()):
        if script.suffix in (".sh", ".py"):
            target = base / "scripts" / script.name
            write_if_changed(target, script.read_text(encoding="utf-8"))
            # Snakemake runs a rule again whose script is newer than its output; a new version
            # of this package, or a project begun with looper, is no reason for that.
            os.utime(target, (0, 0))
    for caption in sorted(data_dir("report").iterdir()):
        write_if_changed(base / "report" / caption.name, caption.read_text(encoding="utf-8"))
    configs = _write_configs(plan, base)
    text = snakefile(plan, "../scripts", str(FOLDER / "scripts" / JOB_SCRIPT))
    target = base / _plan_id(plan, text, configs)
    if target.is_dir():
        os.utime(target)
        return PlanFolder(target)
    temporary = Path(tempfile.mkdtemp(dir=base, prefix=".new-"))
    try:
        (temporary / "Snakefile").write_text(text, encoding="utf-8")
        (temporary / STRUCTURE_FILE).write_text(structure(plan), encoding="utf-8")
        write_job_table(plan, temporary / FILE_NAME, configs)
        shutil.copytree(data_dir("profiles/default"), temporary / "profiles" / "default")
        temporary.chmod(0o755)
        with contextlib.suppress(OSError):  # another process may have made the same plan
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return PlanFolder(target)


def write_pipestat_config(source: str, target: str, written: str) -> None:
    """Write a merged pipestat config, its secrets filled in, for its owner only.

    `written` is the file that notes which content it was.

    Raises:
        KeyError, TypeError: a secret is no longer where it was.
    """
    import yaml

    from .read.secrets import reveal

    content = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    text = yaml.safe_dump(reveal(content), sort_keys=False, allow_unicode=True)
    write_atomic(Path(target), text, mode=0o600)
    Path(written).write_text(Path(source).stem, encoding="utf-8")


def _write_configs(plan: Plan, base: Path) -> dict[str, tuple[str, str, str]]:
    """Contents of the pipestat configs, each in a file named after it."""
    import yaml

    found = {}
    for rule in plan.rules:
        if rule.config is None:
            continue
        text = yaml.safe_dump(plain(rule.config.content), sort_keys=False, allow_unicode=True)
        digest = _config_digest(rule.config.content, text, base)
        path = base / "configs" / f"{digest}.yaml"
        write_if_changed(path, text)
        found[rule.name] = (
            str(path.relative_to(plan.workdir)),
            digest,
            plan.shown(rule.config.path),
        )
    return found


def _config_digest(content: Mapping[str, Any], text: str, base: Path) -> str:
    """A digest that also changes with a secret, and that no one can guess the secret from."""
    import yaml

    from .read.secrets import has_secret, reveal

    if not has_secret(content):
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    key = base / "key"
    if not key.exists():
        write_atomic(key, secrets.token_hex(32), mode=0o600)
    revealed = yaml.safe_dump(plain(reveal(content)))
    return hmac.new(key.read_bytes(), revealed.encode(), "sha256").hexdigest()[:16]


def plain(value: Any) -> Any:
    """Mappings and sequences as the dicts and lists that YAML knows."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


# --- when a plan is stale ----------------------------------------------------------------------


def _key(looper_config: Path, options: Options, rundir: Path | None) -> str:
    asked = json.dumps([str(looper_config), str(rundir or ""), options.asked()], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _plan_id(plan: Plan, text: str, configs: Mapping[str, tuple[str, str, str]]) -> str:
    digest = hashlib.sha256(__version__.encode())
    for part in _content(plan, text, configs):
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


def _known(index: Path) -> PlanFolder | None:
    """The plan that an index names, if nothing that it was made from has changed."""
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        folder = PlanFolder(index.parent.parent / record["plan"])
        if record["version"] != __version__ or record["volatile"] or not folder.snakefile.is_file():
            return None
        if any(_stamp(path) != stamp for path, stamp in record["sources"]):
            return None
        if _environment(record["variables"]) != record["environment"]:
            return None
        if not set(record["unset"]).isdisjoint(map(_digest, os.environ)):
            return None
        jobs = folder.jobs()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        os.utime(index)  # indexes that nobody uses are cleared
        return None if _inputs_changed(jobs) else folder
    finally:
        jobs.close()


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


def _remember(index: Path, folder: PlanFolder, plan: Plan, started: int) -> None:
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
        "volatile": plan.volatile,
        "sources": stamps,
        "variables": known,
        "environment": _environment(known),
        # Not their names: `$word` may be a part of a password.
        "unset": sorted(_digest(name) for name in names if name not in os.environ),
    }
    write_atomic(index, json.dumps(record, indent=1))


def _clear(base: Path) -> None:
    """Remove plans that no index names, once they are a day old and nothing runs here."""
    locks = base.parent / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        return
    used = set()
    for index in (base / "index").glob("*.json"):
        if time.time() - index.stat().st_mtime > 30 * _DAY:
            index.unlink(missing_ok=True)
            continue
        with contextlib.suppress(OSError, ValueError, KeyError):
            used.add(json.loads(index.read_text(encoding="utf-8"))["plan"])
    for folder in base.iterdir():
        old = time.time() - folder.stat().st_mtime > _DAY
        if (folder / FILE_NAME).is_file() and folder.name not in used and old:
            shutil.rmtree(folder, ignore_errors=True)
