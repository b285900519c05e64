"""Write a merged pipestat config that has a literal password (a script of the Snakefile)."""

from snakemake_looper.workspace import write_pipestat_config

write_pipestat_config(
    snakemake.input.content,  # noqa: F821
    snakemake.output.config,  # noqa: F821
    snakemake.output.written,  # noqa: F821
)
