"""Write the results of each pipeline as a table."""

from snakemake_looper.for_snakefiles import write_tables

write_tables(snakemake)  # noqa: F821
