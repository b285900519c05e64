#!/bin/sh
# What is submitted: Snakemake's own command, and its exit code in a file, for status.sh. Braces of
# yours are doubled here.
trap 'echo $? > ".snakemake/cluster_logs/$PBS_JOBID.exit"' EXIT
trap 'exit 143' HUP INT TERM USR1 USR2 XCPU # whose exit code would be 0
PATH=${{PBS_O_PATH:-$PATH}} # login shells set it anew
{exec_job}
