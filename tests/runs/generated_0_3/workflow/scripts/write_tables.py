"""Write the results as tables."""

from snakemake_looper.for_snakefiles import write_tables

write_tables(snakemake)  # noqa: F821
