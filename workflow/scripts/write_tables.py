"""Write the results as tables (a script of the Snakefile)."""

from pathlib import Path

from snakemake_looper.jobtable import JobTable
from snakemake_looper.records import read_results
from snakemake_looper.table import write_tables

jobs = JobTable(snakemake.params.jobs)  # noqa: F821
results = read_results(jobs, Path(jobs.value("workdir")))
written = write_tables(results, Path(jobs.value("output_dir")), jobs.value("amendments"))
jobs.close()
Path(snakemake.log[0]).write_text("".join(f"{path}\n" for path in written))  # noqa: F821
