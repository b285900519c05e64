"""Snakemake's records of what jobs ran with, while it runs; a part of the engine.

Snakemake writes them for the outputs of its jobs. Members of lumps are no outputs, so this package
writes theirs, see `run.lump_members`. It does so right after Snakemake has recorded their lump.
"""

from __future__ import annotations

import hashlib
import inspect
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple


class RecordedJob(NamedTuple):
    """A job that Snakemake has recorded."""

    rule: str
    """The rule's name in the workflow."""
    lump: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    job: Any
    """Snakemake's own object, for `software_of`."""


def in_image(image: str, environment: str) -> str:
    """An environment in an image, as one text. No digest is like it.

    Args:
        image: the URL of the image.
        environment: the environment's file in base 64, as Snakemake records it.
    """
    return f"{image}\n{environment}"


class Records:
    """The records of one `workflow` object."""

    def __init__(self, workflow: Callable[[], Any]) -> None:
        """`workflow` returns the workflow: the engine holds it only as long as Snakemake does."""
        self._find = workflow
        self._digests: dict[tuple[str, str | None], str] = {}

    @property
    def _workflow(self) -> Any:
        return self._find()

    @property
    def are_kept(self) -> bool:
        """Whether Snakemake records what jobs ran with (`--drop-metadata` says no)."""
        return bool(self._workflow.execution_settings.keep_metadata)

    def why_no_lumps(self) -> str | None:
        """Why the records of members cannot be written; None if they can."""
        workflow = self._workflow
        if not hasattr(workflow.persistence, "_metadata_path"):
            return (
                "lumps need Snakemake's records as files; leave out --persistence-backend, or lumps"
            )
        if workflow.touch:
            return "--touch cannot touch the samples of lumps; leave out --touch, or lumps"
        return None

    def after_each(self, action: Callable[[RecordedJob], None]) -> None:
        """Call an action whenever Snakemake has recorded a job, before it goes on."""
        persistence = self._workflow.persistence
        first = persistence.finished

        def tell(job: Any) -> None:
            lump = job.wildcards_dict.get("lump")
            inputs, outputs = tuple(map(str, job.input)), tuple(map(str, job.output))
            action(RecordedJob(job.rule.name, lump, inputs, outputs, job))

        async def finished(job: Any) -> None:
            await first(job)
            tell(job)

        def finished_at_once(job: Any) -> None:  # in early versions
            first(job)
            tell(job)

        is_async = inspect.iscoroutinefunction(first)
        persistence.finished = finished if is_async else finished_at_once

    def lump_jobs(self) -> dict[tuple[str, str], Any]:
        """Snakemake's jobs that are lumps, by the names of the rule and the lump."""
        jobs = ((job, job.wildcards_dict.get("lump")) for job in self._workflow.dag.jobs)
        return {(job.rule.name, lump): job for job, lump in jobs if lump}

    def software_of(self, job: Any) -> dict[str, Any]:
        """The text that Snakemake records about the container or the environment of its job."""
        persistence = self._workflow.persistence
        return {
            "conda_env": persistence._conda_env(job),
            "container_img_url": job.container_img_url,
            "software_stack_hash": persistence._software_stack_hash(job),
        }

    def software_digest(self, rule: str, image: str | None) -> str:
        """The text that Snakemake would record about the software of a rule's job.

        Args:
            rule: the rule's name in the workflow.
            image: the image of the job, unless the rule has one for all jobs.

        Returns:
            The digest; for an environment in an image the text of `in_image`, since only the conda
            in the image knows the digest; empty if nothing can be known before the job runs.
        """
        if (rule, image) not in self._digests:
            self._digests[rule, image] = self._digest(self._workflow.get_rule(rule), image)
        return self._digests[rule, image]

    def _digest(self, rule: Any, image: str | None) -> str:
        methods = {one.name for one in self._workflow.deployment_settings.deployment_method}
        given = rule.container_img
        url = (image if callable(given) else given) if "APPTAINER" in methods else None
        if rule.env_modules:
            return ""
        digest = hashlib.md5(usedforsecurity=False)
        try:
            if "CONDA" in methods and rule.conda_env:
                environment = rule.expand_conda_env({}, None, None).get_conda_env(self._workflow)
                if url:
                    return in_image(str(url), b64encode(environment.content).decode())
                digest.update(environment.hash.encode())
        except Exception:  # another version has other arguments; Snakemake itself will complain
            return ""
        if url:
            digest.update(str(url).encode())
        return digest.hexdigest()
