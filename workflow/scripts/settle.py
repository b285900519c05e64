"""Bring results and statuses where they belong (a script of the Snakefile)."""

import sys
from pathlib import Path

from snakemake_looper.settle import settle_rule

done, lines = settle_rule(
    snakemake.params.jobs,  # noqa: F821
    snakemake.params.get("rule"),  # noqa: F821
)
Path(snakemake.log[0]).write_text("".join(f"{line}\n" for line in lines))  # noqa: F821
if done:
    Path(snakemake.output.settled).touch()  # noqa: F821
sys.exit(not done)
