#!/bin/bash
# The state of an LSF job: prints running, success or failed.
#
#   status.sh ID
#
# Snakemake calls it in the working directory. A job that ended by itself has left its exit code,
# see jobscript.sh. If a job has left none and the queue does not know it, it was killed, or its
# file has not arrived here yet. Such a job counts as failed after two minutes. If the queue does
# not answer, the job counts as running.

id=$1
code=.snakemake/cluster_logs/$id.exit
gone=.snakemake/cluster_logs/$id.gone

if [[ -s $code ]]; then
    if [[ $(< "$code") == 0 ]]; then echo success; else echo failed; fi
    exit
fi

answer=$(bjobs -a "$id" 2>&1)
state=$(awk -v id="$id" '$1 == id { print $3 }' <<< "$answer")
if [[ $state == ZOMBI ]]; then
    # Its node is lost.
    echo failed
    exit
fi
if [[ $state != DONE && $state != EXIT && $answer != *"is not found"* ]]; then
    rm -f "$gone"
    echo running
    exit
fi

mkdir -p "${gone%/*}"
[[ -e $gone ]] || touch "$gone"
if [[ $(find "$gone" -mmin +2) ]]; then echo failed; else echo running; fi
