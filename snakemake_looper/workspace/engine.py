"""The engine: it asks Snakemake's `workflow` object all that this package wants to know.

Snakemake documents little of this object. So all uses of it are here, except those in `read_only`.
They are as seen with versions 9.14 to 9.27. An `Engine` is made while Snakemake reads the Snakefile:
only then Snakemake knows the names under which a module's rules are used.
"""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .engine_logs import Logs
from .engine_records import Records
from .engine_storage import Storage

Action = Callable[[], None]


class PlannedJob(NamedTuple):
    """A job that Snakemake will run."""

    rule: str
    """The rule's name in the job table; Snakemake may have another name for a module's rule."""
    sample: str | None
    has_prerequisites: bool
    """Whether another job runs before it."""
    job: Any
    """Snakemake's own object, for `external_jobids` and `software_of`."""
    lump: str | None = None


class ConfigSources(NamedTuple):
    """Where the entries of Snakemake's `config` come from."""

    typed: Mapping[str, Any]
    """Those of `--config`, or of `config:` in a profile."""
    files: tuple[Path, ...]
    """Config files; of those that have the same entry, the first one counts."""


class Engine:
    """One `workflow` object of Snakemake."""

    def __init__(self, workflow: Any) -> None:
        self._reference = weakref.ref(workflow)
        modifier = workflow.modifier
        self.name_of: Callable[[str], str] = modifier.modify_rulename
        """Gives the name in the workflow of a rule of the job table."""
        self.is_module: bool = modifier.namespace is not None
        """Whether the Snakefile is a module of another one."""
        self.module: str = modifier.namespace or ""
        """The name of the module that the Snakefile is; empty for the main one."""
        paths = getattr(modifier, "path_modifier", None)
        replaced = getattr(paths, "prefix", None) or getattr(paths, "_prefix_replacements", None)
        self.moves_paths: bool = bool(replaced)
        """Whether `prefix:` or `replace_prefix:` of the module changes the paths of its files."""
        self.records = Records(lambda: self._workflow)
        self.logs = Logs(lambda: self._workflow)
        self.storage = Storage(lambda: self._workflow)
        self.folder = Path(workflow.current_basedir)
        """The folder of the Snakefile."""

    @property
    def _workflow(self) -> Any:
        workflow = self._reference()
        assert workflow is not None, "Snakemake has discarded its workflow"
        return workflow

    @property
    def main_snakefile(self) -> Path:
        """The Snakefile that Snakemake was started with."""
        return Path(self._workflow.main_snakefile)

    @property
    def config_sources(self) -> ConfigSources:
        """Where Snakemake's `config` comes from."""
        settings = self._workflow.config_settings
        named = list(map(Path, settings.configfiles or ()))
        read = [Path(path) for path in self._workflow.configfiles if Path(path) not in named]
        return ConfigSources(dict(settings.config or {}), (*reversed(named), *reversed(read)))

    # --- which process this is ------------------------------------------------------------------

    @property
    def is_gone(self) -> bool:
        """Whether Snakemake has discarded the workflow."""
        return self._reference() is None

    @property
    def is_main(self) -> bool:
        """Whether this is the main process of the run, and not the process of a job."""
        return bool(self._workflow.is_main_process)

    @property
    def is_remote(self) -> bool:
        """Whether this process is a job that an executor started elsewhere."""
        return bool(self._workflow.remote_exec)

    @property
    def is_dry_run(self) -> bool:
        """Whether this is a dry run. Snakemake knows this earlier than its executor."""
        settings = self._workflow.output_settings
        return bool(settings is not None and settings.dryrun)

    @property
    def is_touching(self) -> bool:
        """Whether Snakemake only touches outputs (`--touch`)."""
        return bool(self._workflow.touch)

    @property
    def shared(self) -> frozenset[str]:
        """The words of `--shared-fs-usage`. Snakemake knows them before it knows the executor."""
        usage = self._workflow.storage_settings.shared_fs_usage
        return frozenset(one.item_to_choice() for one in usage)

    @property
    def default_storage(self) -> str:
        """The storage in which Snakemake looks for all files; empty if it uses the file system."""
        return str(self._workflow.storage_settings.default_storage_provider or "")

    # --- what is to be run ------------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """Whether no job is left to run."""
        return not any(self._workflow.dag.needrun_jobs())

    def planned_jobs(self, rules: Iterable[str]) -> Iterator[PlannedJob]:
        """The jobs of these rules that Snakemake will run."""
        dag = self._workflow.dag
        known = {name: rule for rule in rules for name in (rule, self.name_of(rule))}
        for job in dag.needrun_jobs():
            rule = known.get(job.rule.name)
            if rule is not None:
                before = any(dag.needrun(other) for other in dag.dependencies[job])
                names = job.wildcards_dict
                yield PlannedJob(rule, names.get("sample"), before, job, names.get("lump"))

    def external_jobids(self, planned: PlannedJob) -> tuple[str, ...]:
        """The ids of a job's cluster jobs that, as far as Snakemake knows, have not ended."""
        found = self._workflow.persistence.external_jobids(planned.job)
        return tuple(str(one) for one in found if one)

    def is_forced(self, rules: Iterable[str], files: Iterable[str] = ()) -> bool:
        """Whether one of these rules or files is forced, or all jobs are.

        Args:
            rules: names in the job table. The names that these rules have in the workflow, if the
                project is a module, count as well. Only whole names count.
            files: paths as Snakemake has them.
        """
        settings = self._workflow.dag_settings
        if settings is None:
            return False
        asked = set(map(str, settings.forcerun or ()))
        names = {name for rule in rules for name in (rule, self.name_of(rule))}
        forced = not asked.isdisjoint({*names, *files})
        return bool(settings.forceall or settings.forcetargets or forced)

    def forces(self, rule: str, file: str) -> bool:
        """Whether this rule or this file is forced by its name, or all jobs are."""
        settings = self._workflow.dag_settings
        if settings is None:
            return False
        asked = set(map(str, settings.forcerun or ()))
        return bool(settings.forceall) or not asked.isdisjoint((rule, self.name_of(rule), file))

    @property
    def rerun_triggers(self) -> frozenset[str]:
        """The words of `--rerun-triggers`."""
        settings = self._workflow.dag_settings
        return frozenset(one.name.lower().replace("_", "-") for one in settings.rerun_triggers)

    def software_digest(self, rule: str, image: str | None) -> str:
        """The text that Snakemake would record about the software of a rule's job; see `Records`."""
        return self.records.software_digest(self.name_of(rule), image)

    def force(self, files: Iterable[str]) -> None:
        """Let Snakemake make these files again."""
        self._workflow.dag.forcefiles.update(files)

    @property
    def has_graph(self) -> bool:
        """Whether Snakemake has begun to build its graph of jobs."""
        return getattr(self._workflow, "dag", None) is not None

    def is_recorded(self, output: str) -> bool:
        """Whether Snakemake has metadata about an output. Outputs that looper made have none."""
        from snakemake.io import IOFile

        return bool(self._workflow.persistence.metadata(IOFile(output)))  # 9.14 returns {} for none

    # --- the executor -----------------------------------------------------------------------------

    @property
    def executor(self) -> str:
        """The name of the executor plugin; `local` if jobs run on this machine."""
        plugin = self._workflow.executor_plugin
        return "local" if self._workflow.local_exec else str(getattr(plugin, "name", "remote"))

    @property
    def follows_earlier_jobs(self) -> bool:
        """Whether the executor goes on watching jobs that an earlier run submitted."""
        settings = self._workflow.executor_settings
        return self.executor == "cluster-generic" and bool(getattr(settings, "status_cmd", None))

    @property
    def array_rules(self) -> set[str]:
        """The rules of `--slurm-array-jobs`, whose jobs become job arrays; `all` means any."""
        asked = str(getattr(self._workflow.executor_settings, "array_jobs", None) or "")
        return {rule.strip() for rule in asked.replace(";", ",").split(",")} - {""}

    def ease_scheduling(self) -> None:
        """Spare Snakemake's scheduler work that has no effect. Call it before the first job."""
        from .engine_scheduler import ease

        scheduler = getattr(self._workflow, "scheduler", None)
        if scheduler is not None and not self.is_module:
            ease(scheduler, bool(self._workflow.local_exec))

    def hand_on(self, variable: str) -> None:
        """Hand an environment variable on to every job."""
        self._workflow.register_envvars(variable)

    # --- the beginning and the end ----------------------------------------------------------------

    def when_gone(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Call an action when Snakemake discards the workflow, at the latest when Python ends."""
        weakref.finalize(self._workflow, action, *arguments)

    def add_handlers(self, start: Action, success: Action, error: Action) -> None:
        """Call actions when the workflow begins and ends, in addition to its own handlers.

        Snakemake 9.27 calls `onstart`, `onsuccess` and `onerror` of the main Snakefile only; 9.14
        calls the last ones that it reads, also those of a module. So a project that is used as a
        module adds its actions to the handlers of the workflow.
        """
        for name, action in (("onstart", start), ("onsuccess", success), ("onerror", error)):
            _add_handler(self._workflow, name, action)


def _add_handler(workflow: Any, name: str, action: Action) -> None:
    """Add an action to a workflow's handler, which may be registered already or later."""
    place = f"_{name}"
    register = getattr(workflow, name)

    def both() -> None:
        first = getattr(workflow, place)

        def call(log: Any) -> None:
            try:
                action()
            except BaseException:
                # The error goes on; but the other projects of the workflow have to end as well.
                if name != "onstart":
                    first(log)
                raise
            first(log)

        setattr(workflow, place, call)

    def registering(function: Any) -> None:
        first = getattr(workflow, place)
        register(function)
        if workflow.modifier.namespace is not None:  # read from a module: not the workflow's own
            setattr(workflow, place, first)
        else:
            both()

    both()
    setattr(workflow, name, registering)


def let_sigterm_interrupt() -> None:
    """Let SIGTERM end Snakemake also while its scheduler holds its own lock.

    The scheduler's handler of SIGTERM takes the scheduler's lock, which cannot be taken twice. If
    the main thread holds it already, as after two signals in quick succession, Snakemake waits for
    itself for ever (seen with 9.27). Here the handler gets a thread of its own, in which it waits
    for the main thread.
    """
    handler: Any = signal.getsignal(signal.SIGTERM)
    if getattr(handler, "__name__", "") != "exit_gracefully":
        return

    def interrupt(*_: Any) -> None:
        threading.Thread(target=handler, daemon=True).start()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def workflow_error(message: str) -> Exception:
    """Snakemake's own kind of error: it prints the message without a traceback."""
    from snakemake.exceptions import WorkflowError

    from ..addresses import without_secrets

    error: Exception = WorkflowError(without_secrets(message))
    return error


def explain_lock(why: Callable[[Path], str | None]) -> None:
    """Let Snakemake say `why` a folder is locked, instead of the advice to unlock it.

    Snakemake looks up the class of its exception when it raises it, so another class can take its
    place. If `why` returns None, as for the lock of somebody else, Snakemake's own message stays.
    """
    from snakemake import exceptions

    original: Any = exceptions.LockException
    if getattr(original, "explained", False):
        return

    class LockException(original):  # type: ignore[misc]
        explained = True

        def __init__(self) -> None:
            super().__init__()
            answer = why(Path.cwd())
            if answer:
                self.args = (answer,)

    exceptions.LockException = LockException


def ancient(path: str) -> Any:
    """An input whose age says nothing."""
    from snakemake.io import ancient as flagged

    return flagged(path)


def orders_jobs(engine: Engine) -> bool:
    """Whether jobs are started here, and a priority may differ from job to job.

    Snakemake 9.14 wants one number for all jobs of a rule.
    """
    from snakemake.rules import Rule

    return engine.is_main and not engine.is_dry_run and hasattr(Rule, "expand_priority")
