"""A workflow to give away: it needs Snakemake and the pipelines, and not this package.

A plan has all commands of a project, with the paths of one machine. Here it becomes a workflow that
somebody might have written by hand, which has no plan behind it:

    workflow/Snakefile            a rule for each interface and level, see `snakefile`
    config/jobs.tsv               a row for each job, see `job_rows`
    workflow/pipelines/           the files of the pipelines, see `copies`
    resources/                    the input files that are in the project's folder
    config/pipestat/              pipestat configs, and config/results.yaml, the results files
    workflow/{rules,scripts}/     functions and scripts, the same in all such workflows

Paths of the project get new ones, see `relocation`. A project that could not run in this way is
refused, see `refusals`.
"""
