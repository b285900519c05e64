"""Copy results and statuses to the database or PEPhub that the project names."""

from snakemake_looper.for_snakefiles import publish_results

publish_results(snakemake)  # noqa: F821
