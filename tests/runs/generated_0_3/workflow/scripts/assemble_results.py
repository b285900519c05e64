"""Assemble the results file of a project from one file per record."""

from snakemake_looper.for_snakefiles import assemble_results

assemble_results(snakemake)  # noqa: F821
