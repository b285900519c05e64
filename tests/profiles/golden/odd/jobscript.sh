#!/bin/bash
# Snakemake's own command, with the template's shell around it.
end() {{
    wait
}}
trap end EXIT
trap 'exit 143' HUP INT TERM USR1 USR2 XCPU # else the exit code would be 0
{exec_job}
