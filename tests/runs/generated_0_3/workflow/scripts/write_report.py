"""Write the HTML report."""

from snakemake_looper.for_snakefiles import write_report

write_report(snakemake)  # noqa: F821
