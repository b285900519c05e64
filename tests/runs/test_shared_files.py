"""Executors whose jobs do not see the project's files are refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import snakemake

from snakemake_looper.run.shared_files import why_not_shared

# An executor as those of Kubernetes and of cloud services.
CLOUD = """
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=True, job_deploy_sources=True,
    pass_default_storage_provider_args=True, pass_default_resources_args=True,
    pass_envvar_declarations_to_cmd=False, auto_deploy_default_storage_provider=False,
)

class Executor(RemoteExecutor):
    pass
"""
THESE_WORK = "run it on this machine, or on a cluster: slurm, lsf, htcondor, cluster-generic"
LOST = (
    "error: jobs would not see the files of this project: the executor or --shared-fs-usage does"
    " not share results, logs and status flags (input-output), the Snakefile and its scripts"
    f" (sources); {THESE_WORK}"
)


@pytest.fixture
def folder(project: Callable[..., Path]) -> Path:
    made = project(
        {
            ".looper.yaml": "{pep_config: a.csv, output_dir: out, pipeline_interfaces: [p.yaml]}",
            "a.csv": "sample_name\na\n",
            "p.yaml": "{pipeline_name: p, sample_interface: {command_template: echo}}",
            "profile/config.yaml": "executor: cloud\njobs: 2\n",
        }
    )
    plugin = made / "plugins/snakemake_executor_plugin_cloud"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(CLOUD)
    return made


def test_executors_that_share_no_files_are_refused(folder: Path) -> None:
    """No plan is made, no graph built, and Snakemake does not ask for a storage."""
    for words in (("--executor", "cloud", "--jobs", "2"), ("--profile", "profile")):
        done = snakemake(
            "--use-looper-config", *words, cwd=folder, PYTHONPATH=str(folder / "plugins")
        )
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines()[-1] == (
            "error: jobs would not see the files of this project: the executor cloud shares no"
            f" file system with them; {THESE_WORK}"
        )
        assert "DAG" not in done.err and not (folder / "out").exists()


def test_files_that_are_not_shared_are_named(folder: Path) -> None:
    cluster = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "sh", "--jobs", "1")
    words = (*cluster, "--shared-fs-usage", "persistence", "source-cache", "software-deployment")
    done = snakemake("--use-looper-config", *words, cwd=folder)
    assert (done.code, done.err) == (2, LOST + "\n")
    # A Snakefile that is named, as that of a generated workflow, says the same.
    assert snakemake("--use-looper-config", "--cores", "1", cwd=folder).code == 0
    (snakefile,) = folder.glob(".snakemake/looper/*/Snakefile")
    done = snakemake("--snakefile", str(snakefile), *words, cwd=folder)
    assert done.code == 2 and LOST in done.err and "Building DAG" not in done.err
    # What jobs do not need may be left out.
    words = ("--shared-fs-usage", "input-output", "persistence", "sources")
    assert snakemake("--use-looper-config", *cluster, *words, cwd=folder).code == 0


def test_a_storage_for_all_files() -> None:
    shared = ("input-output", "persistence", "sources")
    assert why_not_shared(shared) == ""
    assert why_not_shared(shared, storage="s3") == (
        "--default-storage-provider s3 would look for all files of this project in a storage, and"
        " they lie in its folder; remove the option, or set it to none"
    )
