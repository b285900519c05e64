"""Write the merged pipestat config of one pipeline and level (a script of the Snakefile)."""

from snakemake_looper.workspace import write_pipestat_config

write_pipestat_config(snakemake.input.content, snakemake.output.config)  # noqa: F821
