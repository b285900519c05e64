#!/bin/bash
# Prints the state of a Grid Engine job: running, success or failed.
#
#   status.sh ID
#
# Snakemake calls it in the working directory. A job that ended by itself has left its exit code,
# see jobscript.sh. One that has left none and that the queue does not know either was killed, or
# its file is on its way here: it has failed when it has been gone for two minutes. A queue that
# does not answer tells nothing.

id=$1
code=.snakemake/cluster_logs/$id.exit
gone=.snakemake/cluster_logs/$id.gone

if [[ -s $code ]]; then
    if [[ $(< "$code") == 0 ]]; then echo success; else echo failed; fi
    exit
fi

answer=$(qstat -j "$id" 2>&1)
if [[ $answer == *"error reason"* ]]; then
    # It could not be started, and would stay in the queue for ever (Eqw).
    qdel "$id" > /dev/null 2>&1
    echo failed
    exit
fi
if [[ $answer != *"do not exist"* ]]; then
    rm -f "$gone"
    echo running
    exit
fi

mkdir -p "${gone%/*}"
[[ -e $gone ]] || touch "$gone"
if [[ $(find "$gone" -mmin +2) ]]; then echo failed; else echo running; fi
