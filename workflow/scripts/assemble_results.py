"""Assemble the user's results file from one file per record (a script of the Snakefile)."""

import sys
from pathlib import Path

from snakemake_looper.settle import assemble_rule

done, lines = assemble_rule(
    snakemake.output.results,  # noqa: F821
    snakemake.params.records,  # noqa: F821
    snakemake.params.schemas,  # noqa: F821
)
Path(snakemake.log[0]).write_text("".join(f"{line}\n" for line in lines))  # noqa: F821
sys.exit(not done)
