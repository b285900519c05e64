"""One run of a project, from its beginning to its end.

from_command_line, from_snakefile   the two ways in: both end with a plan on disk
session                             begin and end of one project in one run of Snakemake
entering, living_runs               a folder with a killed run, or with a living one
lifecycle                           what a run does before its first job, and at its end
orphans, tickets                    jobs that killed runs left running, and those they completed
controller, log_events, tallies     keep flags true while jobs run; `snapshot` is for views
queues, slurm, lsf, htcondor        what clusters say of jobs; `cluster_answers` asks them
arrays                              which jobs can be an array of SLURM
"""
