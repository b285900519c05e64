"""Snakemake's storage, through which input files come from elsewhere; a part of the engine.

A remote input of a rule is what `storage.s3("s3://bucket/a.fq")` gives in a Snakefile. Its text is
the path of the copy on this machine, in the process that asks.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..remote_files import is_remote, plugin_of

if TYPE_CHECKING:
    from .remote_answers import RemoteAnswers

_COPIES = "storage-local-copies"
_FETCHING = "retrieve_from_storage"
"""Snakemake's function that fetches one file."""


Tell = Callable[[str, BaseException, Sequence[str]], None]
"""Gets the name of a rule, the error, and the paths of the copies of files that were not fetched.

Old copies may be there."""


class Storage:
    """The storage of one `workflow` object."""

    def __init__(self, workflow: Callable[[], Any]) -> None:
        """`workflow` returns the workflow: the engine holds it only as long as Snakemake does."""
        self._find = workflow
        self._paths: dict[str, str] = {}

    def inputs(self, paths: Iterable[str]) -> list[Any]:
        """These inputs of a job; each address as the storage's file."""
        return [self._file(one) if is_remote(one) else one for one in paths]

    def copy(self, address: str) -> str:
        """The absolute path of the copy of an address, as this process has it."""
        if address not in self._paths:
            self._paths[address] = os.path.abspath(str(self._file(address)))
        return self._paths[address]

    def _file(self, address: str) -> Any:
        # The plugin is named: two plugins may take the addresses of one scheme.
        return getattr(self._find().storage_registry, plugin_of(address))(address)

    @property
    def why_no_copies(self) -> str:
        """Why jobs would not see the copies that the main process makes; empty if they do.

        Jobs could have copies of their own, but Snakemake (9.27) lets a job on a cluster wait for
        that of the main process.
        """
        usage = self._find().storage_settings.shared_fs_usage
        if _COPIES in {one.item_to_choice() for one in usage}:
            return ""
        return f"remote input files need {_COPIES} in --shared-fs-usage; add it"

    def let_jobs_fail_alone(self, tell: Tell) -> None:
        """Let a file that cannot be fetched fail the jobs that need it, and not the run.

        Snakemake fetches the files of all jobs that it is about to start, and ends if one fails.
        Here the other jobs start, and so does the job of that file, whose script then ends it. A lump
        has the files of many samples: all others of them are fetched.

        Args:
            tell: is called when files of a job cannot be fetched.
        """
        dag = self._find().dag
        fetch = dag.retrieve_storage_inputs
        if getattr(fetch, "one_by_one", False):
            return

        async def one_by_one(jobs: Any, *others: Any, **named: Any) -> None:
            try:
                await fetch(jobs, *others, **named)
                return
            except KeyboardInterrupt as error:
                if _was_raised(error):
                    return
                raise
            except Exception:
                failed = list(jobs)
            for job in failed:
                try:
                    await fetch([job], *others, **named)
                except Exception as error:
                    await _fetch_each(job, error, tell)

        one_by_one.one_by_one = True  # type: ignore[attr-defined]
        dag.retrieve_storage_inputs = one_by_one

    # --- answers of servers -----------------------------------------------------------------------

    @cached_property
    def _answers(self) -> RemoteAnswers:
        from .remote_answers import RemoteAnswers

        return RemoteAnswers(self._settings)

    def _settings(self, plugin: str) -> Any:
        """The settings of a `storage:` in the Snakefile, above our lines; else those of the options."""
        registered = self._find().storage_registry._storages.get(plugin)
        if registered is not None:
            return registered.settings
        tagged = (self._find().storage_provider_settings or {}).get(plugin)
        return tagged.get_settings(None) if tagged is not None else None

    def ask(self, addresses: Sequence[str]) -> Mapping[str, int]:
        """The sizes of remote files, see `remote_files.Ask`. Each is asked for once."""
        return self._answers.sizes(addresses)

    def times(self, addresses: Sequence[str]) -> Mapping[str, float]:
        """The times at which remote files were changed, in seconds since the epoch.

        A file without a known time is missing here.
        """
        return self._answers.times(addresses)


async def _fetch_each(job: Any, error: BaseException, tell: Tell) -> None:
    """Fetch the files of a job, or of the jobs of a group, one after another, after an error.

    The first error has kept Snakemake from fetching those behind it.
    """
    inputs = [one for each in getattr(job, "jobs", (job,)) for one in each.input]
    files = [one for one in dict.fromkeys(inputs) if one.is_storage]
    if len(files) < 2:
        tell(str(job), error, [str(one) for one in files])
        return
    for file in files:
        try:
            await file.retrieve_from_storage()
        except Exception as error_of_file:
            tell(str(job), error_of_file, [str(file)])


def _was_raised(error: BaseException) -> bool:
    """Whether an interrupt has ended the loop of events already.

    It does so from the task that fetches a file. The task that waits for that one gets the same error
    when Snakemake uses its loop again, at its end, and Python would print it with its traceback.
    """
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name == _FETCHING for frame, _ in frames)
