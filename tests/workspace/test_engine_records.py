"""Snakemake's records while it runs, with stand-ins for its objects."""

from __future__ import annotations

import asyncio
import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_looper.workspace.engine_records import RecordedJob, Records


def job(lump: str | None = "run-1") -> Any:
    wildcards = {"lump": lump} if lump else {}
    rule = SimpleNamespace(name="p_sample")
    return SimpleNamespace(rule=rule, wildcards_dict=wildcards, input=["a"], output=["b"])


def records(**fields: Any) -> Records:
    workflow = SimpleNamespace(persistence=SimpleNamespace(_metadata_path="x"), touch=False)
    vars(workflow).update(fields)
    return Records(lambda: workflow)


def test_lumps_that_cannot_be_recorded() -> None:
    assert records().why_no_lumps() is None
    assert "--touch" in (records(touch=True).why_no_lumps() or "")
    in_a_database = records(persistence=SimpleNamespace())
    assert "--persistence-backend" in (in_a_database.why_no_lumps() or "")


@pytest.mark.parametrize("is_async", [True, False])
def test_an_action_after_each_record(is_async: bool) -> None:
    """Early versions of Snakemake record at once, later ones in a coroutine."""
    order: list[Any] = []

    async def later(job: Any) -> None:
        order.append("Snakemake's own")

    def at_once(job: Any) -> None:
        order.append("Snakemake's own")

    persistence: Any = SimpleNamespace(finished=later if is_async else at_once)
    records(persistence=persistence).after_each(order.append)
    one = job()
    done = persistence.finished(one)
    if is_async:
        asyncio.run(done)
    assert order == ["Snakemake's own", RecordedJob("p_sample", "run-1", ("a",), ("b",), one)]


@pytest.mark.parametrize(
    ("methods", "image", "digest"),
    [
        ((), "x.sif", hashlib.md5().hexdigest()),
        (("APPTAINER",), "x.sif", hashlib.md5(b"x.sif").hexdigest()),
        (("APPTAINER",), None, hashlib.md5().hexdigest()),
        (("ENV_MODULES", "APPTAINER"), "x.sif", hashlib.md5(b"x.sif").hexdigest()),
    ],
)
def test_the_digest_of_an_image(methods: tuple[str, ...], image: str | None, digest: str) -> None:
    rule = SimpleNamespace(container_img=lambda wildcards: image, conda_env=None, env_modules=None)
    used = SimpleNamespace(deployment_method=[SimpleNamespace(name=one) for one in methods])
    of = records(get_rule=lambda name: rule, deployment_settings=used)
    assert of.software_digest("p_sample", image) == digest


@pytest.mark.parametrize(
    ("methods", "modules", "digest"),
    [
        (("CONDA", "APPTAINER"), None, "x.sif\nZGVwcw=="),
        (("CONDA",), None, hashlib.md5(b"hash").hexdigest()),
        (("APPTAINER",), None, hashlib.md5(b"x.sif").hexdigest()),
        (("APPTAINER",), "samtools/1.20", ""),
    ],
)
def test_the_digest_of_an_environment(
    methods: tuple[str, ...], modules: str | None, digest: str
) -> None:
    """The conda in an image would have to be asked for the digest of an environment in it."""
    environment = SimpleNamespace(content=b"deps", hash="hash")
    spec = SimpleNamespace(get_conda_env=lambda workflow: environment)
    rule = SimpleNamespace(
        container_img="x.sif", conda_env="env.yaml", env_modules=modules,
        expand_conda_env=lambda *arguments: spec,
    )  # fmt: skip
    used = SimpleNamespace(deployment_method=[SimpleNamespace(name=one) for one in methods])
    of = records(get_rule=lambda name: rule, deployment_settings=used)
    assert of.software_digest("p_sample", None) == digest
