#!/bin/bash
# Snakemake's own command, with the template's shell around it.
end() {{
    code=$?
    echo $code > ".snakemake/cluster_logs/$PBS_JOBID.exit"
}}
trap end EXIT
trap 'exit 143' HUP INT TERM USR1 USR2 XCPU # else the exit code would be 0
{exec_job}
