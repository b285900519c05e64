"""Writing a plan: its folder, and the contents of merged configs and scripts that plans share.

`plan_folder` lists the files. This module imports heavy modules that reading a plan does not need.
So `current_plan` imports it only to write a new plan.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..collector import seldom
from ..files import at_once, discard, read_text, whole_folder
from ..layout import (
    CAPTIONS,
    CONFIGS,
    FOLDER,
    FOR_GROUPS,
    JOB_TABLE,
    SCRIPTS,
    command_file,
    data_dir,
    shared_parts,
)
from ..model import Plan, Rule
from ..system_errors import explained, is_of_permission
from ..version import __version__
from .config_digest import Digests, KeyOfAnotherUser
from .first_place import names_since_first
from .job_table_writer import WrittenConfig, facts_of, table_rows, write_job_table
from .manifest import write_manifest
from .own_files import make_folder, put
from .pipestat_files import as_yaml, note_written, plain
from .places import Places
from .plan_folder import PlanFolder
from .rows import Facts
from .snakefile import JOB_SCRIPT, snakefile
from .structure import STRUCTURE_FILE, digest_of, structure_of


@seldom()
def write_plan(plan: Plan) -> PlanFolder:
    """Write a plan's Snakefile, job table and default profile below its working directory.

    If the plan is there already and whole, nothing is written. A damaged plan is replaced. If
    nothing can be written there, the plan is in a temporary folder until this process ends, and
    its job table says why it cannot be run.

    Raises:
        OSError: not even a temporary folder can be made.
    """
    base = plan.workdir / FOLDER
    try:
        return _write(plan, base, None)
    except OSError as error:
        refusal = explained(error, base)
        if is_of_permission(error):
            refusal = (
                f"{error.filename or base}: cannot be written ({error.strerror}); {FOR_GROUPS}"
            )
    except KeyOfAnotherUser as error:
        refusal = str(error)
    temporary = Path(tempfile.mkdtemp(prefix="snakemake-looper-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return _write(plan, temporary, refusal)


@dataclass(frozen=True, slots=True)
class _Content:
    """All that a plan's folder holds."""

    plan: Plan
    snakefile: str
    structure: str
    """The digest of the structure."""
    configs: dict[str, WrittenConfig]
    """The merged pipestat configs, by rule."""
    facts: Facts

    def parts(self) -> Iterator[str]:
        """The content as texts, for a digest."""
        yield self.snakefile
        yield self.structure
        for name, rows in table_rows(self.plan, self.configs, self.facts):
            yield name
            yield from map(tuple.__repr__, rows)


def _write(plan: Plan, base: Path, refusal: str | None) -> PlanFolder:
    """Write all of a plan that is missing or damaged.

    Args:
        plan: the plan.
        base: the folder to write to; with a `refusal` it is not the project's own.
        refusal: why the plan can be looked at and not be run.

    Raises:
        OSError: something cannot be written.
        KeyOfAnotherUser: the plan has a secret, and the key is that of another user.
    """
    make_folder(base)
    _write_scripts(base)
    folder = _write_folder(_content(plan, base, refusal), base)
    with contextlib.suppress(OSError):  # another user's. The time says when it was used last
        os.utime(folder.path)
    table = folder.jobs()
    try:
        note_written(table, plan.workdir)
    finally:
        table.close()
    return folder


def _content(plan: Plan, base: Path, refusal: str | None) -> _Content:
    """The content of a plan's folder; writes the contents of merged configs beside it."""
    may_write = refusal is None
    names = names_since_first(plan.looper_config, plan.workdir, may_write)
    digests = Digests(plan.workdir, plan.looper_config, Places(names), may_write)
    configs, contents = {}, {}
    for rule in plan.rules:
        if rule.config:
            config, text = _write_config(plan, rule, base, digests)
            configs[rule.name] = config
            contents[config.source] = hashlib.sha256(text.encode()).hexdigest()
    structure = structure_of(plan)
    return _Content(
        plan,
        snakefile(structure, "../scripts", str(SCRIPTS / JOB_SCRIPT)),
        digest_of(structure),
        configs,
        facts_of(plan, names, refusal, contents),
    )


def _write_config(
    plan: Plan, rule: Rule, base: Path, digests: Digests
) -> tuple[WrittenConfig, str]:
    """Write the content of a merged pipestat config to a file named after its digest.

    Returns where the config is, and its content.
    """
    assert rule.config
    shown = plan.shown(rule.config.path)
    content = plain(rule.config.content)
    text = as_yaml(content)
    digest = digests.digest(content, rule.config.path, shown)
    own = CONFIGS / f"{digest}.yaml"
    if not digests.may_write and read_text(plan.workdir / own) == text:
        return WrittenConfig(str(own), digest, shown), text
    path = base / CONFIGS.name / own.name
    put(path, text)
    return WrittenConfig(str(own if digests.may_write else path), digest, shown), text


def _write_scripts(base: Path) -> None:
    """Write the scripts and captions that the rules of all plans refer to."""
    for folder in (SCRIPTS, CAPTIONS):
        make_folder(base / folder.relative_to(FOLDER))
    at_once(lambda part: _write_script(base, *part), shared_parts())


def _write_script(base: Path, part: Path, source: Path) -> None:
    target = base / part.relative_to(FOLDER)
    put(target, source.read_text(encoding="utf-8"))
    # Snakemake runs a rule again if the script is newer than the output. The oldest time avoids
    # this after an upgrade, and in a project that looper began.
    if part.parent == SCRIPTS and target.stat().st_mtime:
        with contextlib.suppress(PermissionError):  # another user's
            os.utime(target, (0, 0))


# --- one plan's folder ----------------------------------------------------------------------------


def _write_folder(content: _Content, base: Path) -> PlanFolder:
    """The whole folder of this content: the one that is there, or a new one."""
    name = _plan_id(content)
    folder = PlanFolder(base / name)
    number = 1
    while not folder.is_whole() and not _make_way(folder.path):
        number += 1
        folder = PlanFolder(base / f"{name}-{number}")
    if not os.path.lexists(folder.path):
        with whole_folder(folder.path) as new:
            _fill(new, content)
    return folder


def _plan_id(content: _Content) -> str:
    """A digest of all that a plan folder holds, and of this package's version."""
    digest = hashlib.sha256(__version__.encode())
    for part in content.parts():
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _fill(folder: Path, content: _Content) -> None:
    (folder / "Snakefile").write_text(content.snakefile, encoding="utf-8")
    (folder / STRUCTURE_FILE).write_text(content.structure, encoding="utf-8")
    write_job_table(content.plan, folder / JOB_TABLE, content.configs, content.facts)
    _write_long_commands(folder, content.plan)
    default = folder / "profiles" / "default"
    default.mkdir(parents=True)
    for source in data_dir("profiles/default").iterdir():
        if source.is_file():
            shutil.copyfile(source, default / source.name)
    write_manifest(folder)


def _write_long_commands(folder: Path, plan: Plan) -> None:
    """Write commands that no system would hand to a shell; their jobs read these files."""
    for job in plan.jobs:
        name = command_file(job.command)
        if name:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(f"{job.command}\n", encoding="utf-8")


def _make_way(path: Path) -> bool:
    """Remove a damaged plan; False if it has to stay.

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


def _is_readable(path: Path) -> bool:
    """Whether a file, or a folder with all in it, can be read."""
    if not os.path.isdir(path):
        return os.access(path, os.R_OK)
    listed = os.access(path, os.R_OK | os.X_OK)
    return listed and all(_is_readable(one) for one in path.iterdir())
