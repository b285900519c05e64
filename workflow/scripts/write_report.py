"""Write the HTML report (a script of the Snakefile)."""

from pathlib import Path

from snakemake_looper.jobtable import JobTable
from snakemake_looper.report import report_of

jobs = JobTable(snakemake.params.jobs)  # noqa: F821
index = report_of(jobs, Path(snakemake.output[0]))  # noqa: F821
jobs.close()
Path(snakemake.log[0]).write_text(f"{index}\n")  # noqa: F821
