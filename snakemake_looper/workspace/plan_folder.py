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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Problems
from ..files import discard, read_text, whole_folder
from ..layout import FILE_NAME, is_digest, marker
from ..version import __version__
from .job_table import JobTable
from .job_table_writer import WrittenConfig, facts_of, job_rows, write_job_table
from .manifest import is_whole, write_manifest
from .own_files import make_folder, put
from .places import Places, names_of
from .rows import Facts

if TYPE_CHECKING:
    from ..model import Plan, Rule
from ..layout import FOLDER, FOR_GROUPS, data_dir
from .pipestat_files import as_yaml, note_written, plain

_KEY = re.compile(r"[0-9a-f]{64}")


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

        make_folder(self._base)
        self._write_scripts()
        places = self._places()
        rules = [rule for rule in self._plan.rules if rule.config]
        configs = {rule.name: self._config(rule, Places(places)) for rule in rules}
        text = snakefile(self._plan, "../scripts", str(FOLDER / "scripts" / JOB_SCRIPT))
        facts = facts_of(self._plan, places, self._refusal, self._contents)
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
        configs: Mapping[str, WrittenConfig],
        facts: Facts,
    ) -> None:
        from .structure import STRUCTURE_FILE, structure

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
                put(target, script.read_text(encoding="utf-8"))
                # Snakemake runs a rule again whose script is newer than its output; a new version
                # of this package, or a project begun with looper, is no reason for that.
                if target.stat().st_mtime:
                    with contextlib.suppress(PermissionError):  # another user's
                        os.utime(target, (0, 0))
        for caption in sorted(data_dir("report").iterdir()):
            put(self._base / "report" / caption.name, caption.read_text(encoding="utf-8"))

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
                put(path, json.dumps(first))
        return [*names_of(root, first["root"]), *names_of(workdir, first["workdir"])]

    def _config(self, rule: Rule, places: Places) -> WrittenConfig:
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
            put(path, text)
        elif read_text(self._plan.workdir / own) != text:
            put(path, text)
            source = str(path)
        self._contents[source] = hashlib.sha256(text.encode()).hexdigest()
        return WrittenConfig(source, digest, shown)

    def _digest(self, content: Any, path: Path, shown: str, places: Places) -> str:
        """A digest that also changes with a secret, and that no one can guess the secret from.

        Where the project lies does not change it.
        """
        from ..read.secrets import has_secret, reveal

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
            put(path, made, mode=0o600)
        return made


def _not_yours(plan: Plan, content: Any, key: Path) -> str:
    """Why a user cannot run a project whose config has another user's literal secret."""
    from ..read.secrets import secret_keys
    from ..read.yaml_lines import read_yaml

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


def _plan_id(plan: Plan, text: str, configs: Mapping[str, WrittenConfig], facts: Facts) -> str:
    """A digest of all that a plan folder holds, and of this package's version."""
    digest = hashlib.sha256(__version__.encode())
    for part in _content(plan, text, configs, facts):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _content(
    plan: Plan, text: str, configs: Mapping[str, WrittenConfig], facts: Facts
) -> Iterator[str]:
    yield text
    yield json.dumps(configs, sort_keys=True)
    yield from map(json.dumps, job_rows(plan))
    for one in plan.skipped:
        yield from (one.pipeline, one.record, one.reason)
    yield json.dumps(sorted(plan.inputs.items()))
    yield json.dumps(dataclasses.asdict(facts), sort_keys=True, default=str)
