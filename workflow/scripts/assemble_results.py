"""Assemble the user's results file from one file per record (a script of the Snakefile)."""

import sys
from pathlib import Path

from snakemake_looper.results import assemble

warnings = assemble(
    snakemake.output.results,  # noqa: F821
    snakemake.params.records,  # noqa: F821
    snakemake.params.schemas,  # noqa: F821
)
Path(snakemake.log[0]).write_text("".join(f"{line}\n" for line in warnings))  # noqa: F821
for warning in warnings:
    print(f"warning: {warning}", file=sys.stderr)
