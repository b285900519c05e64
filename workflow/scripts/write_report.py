"""Write the results as web pages."""

from snakemake_looper.for_snakefiles import write_report

write_report(snakemake)  # noqa: F821
