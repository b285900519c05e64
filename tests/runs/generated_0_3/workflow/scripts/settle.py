"""Bring results and statuses where they belong."""

from snakemake_looper.for_snakefiles import publish_results

publish_results(snakemake)  # noqa: F821
