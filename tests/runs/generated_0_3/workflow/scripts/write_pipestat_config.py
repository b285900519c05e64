"""Write a merged pipestat config that has a literal password."""

from snakemake_looper.for_snakefiles import write_pipestat_config

write_pipestat_config(snakemake)  # noqa: F821
