"""Assemble the user's results file from one file per record (a script of the Snakefile)."""

import os
import sys
from pathlib import Path

from snakemake_looper.settle import assemble_rule

# All jobs have completed by now: their results of earlier runs do not count any more.
flags = {os.path.basename(flag) for flag in snakemake.input.samples}  # noqa: F821
done, lines = assemble_rule(
    snakemake.output.results,  # noqa: F821
    snakemake.params.records,  # noqa: F821
    snakemake.params.schemas,  # noqa: F821
    lambda pipeline, record: f"{pipeline}_{record}_completed.flag" in flags,
)
Path(snakemake.log[0]).write_text("".join(f"{line}\n" for line in lines))  # noqa: F821
sys.exit(not done)
