"""The plan on disk, and the seam to Snakemake.

current_plan                        the plan of a project: the one on disk, or a new one
plan_folder, plan_folder_writer     its folder, complete before it has its name (`manifest`)
structure, snakefile, job_rules     the rules as text: the same for 10 samples and for 100,000
job_table, lookups                  what differs from sample to sample, and how rules look it up
generated_workflow                  what `snakemake-looper generate` writes
pipestat_files, config_digest       merged pipestat configs, and when jobs run again for them
places                              a project that was moved runs nothing again
engine                              all uses of Snakemake's `workflow` object
"""

# The README of version 0.1 named the Snakefile of a module by this function, from here.
from ..layout import data_dir as data_dir
