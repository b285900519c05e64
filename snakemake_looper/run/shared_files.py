"""Whether jobs see the files of a project: plan, flags, logs and results lie in its folder.

Executors of Kubernetes and of cloud services share no file system with their jobs. Snakemake would
build its graph of jobs, and then miss files.
"""

from __future__ import annotations

from collections.abc import Collection

_NEEDED = {
    "input-output": "results, logs and status flags",
    "persistence": "the plan in .snakemake",
    "sources": "the Snakefile and its scripts",
}
"""The files that jobs and the main process share, by the words of `--shared-fs-usage`."""
_THESE_WORK = "run it on this machine, or on a cluster: slurm, lsf, htcondor, cluster-generic"


def why_not_shared(shared: Collection[str], storage: str = "", executor: str = "") -> str:
    """Why jobs would not find the project's files, and what to do; empty if they do.

    Args:
        shared: the kinds of files that jobs share with the main process, as `--shared-fs-usage`
            names them.
        storage: the storage of `--default-storage-provider`.
        executor: the executor that shares no files by its nature; empty if it is not known.
    """
    if storage:
        return (
            f"--default-storage-provider {storage} would look for all files of this project in a"
            " storage, and they lie in its folder; remove the option, or set it to none"
        )
    missing = [word for word in _NEEDED if word not in shared]
    if not missing:
        return ""
    if executor:
        cause, lost = f"the executor {executor} shares no file system with them", ""
    else:
        cause = "the executor or --shared-fs-usage does not share "
        lost = ", ".join(f"{_NEEDED[word]} ({word})" for word in missing)
    return f"jobs would not see the files of this project: {cause}{lost}; {_THESE_WORK}"
