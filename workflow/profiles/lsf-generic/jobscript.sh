#!/bin/sh
# Snakemake submits this script. It runs Snakemake's own command and leaves the exit code in a file,
# for status.sh. Double the braces that you add.
trap 'echo $? > ".snakemake/cluster_logs/$LSB_JOBID.exit"' EXIT
trap 'exit 143' HUP INT TERM USR1 USR2 XCPU # whose exit code would be 0
{exec_job}
