#!/bin/bash
#$ -N looper
#$ -S /bin/bash
#$ -cwd
#$ -V
#$ -j y
#$ -o looper.$JOB_ID.log
#$ -l s_rt=167:00:00
#$ -l h_rt=168:00:00
#$ -l mem_free=4G
#$ -r n
#
# Runs Snakemake itself as a job, where it must not stay on the login node. It needs little, but as
# long as all jobs take together, and it submits them, which the site must allow on its nodes
# (qconf -ss lists the hosts): add queue (-q) and project (-P) above, and set the two times.
#
#   qsub profiles/sge/head_job.sh [WORDS FOR SNAKEMAKE …]
#
# is submitted from the project's folder.

# The profile, by its path or its name: PROFILE=mine qsub -V …
profile=${PROFILE:-profiles/sge}

# The PATH that this was submitted with: the login shell of a job sets it anew.
PATH=${SGE_O_PATH:-$PATH}

# The environment that snakemake-looper is in, if it is not active where you submit from.
# . ~/envs/looper/bin/activate

if ! command -v snakemake > /dev/null; then
    echo "snakemake is not found: activate its environment before, or in this script" >&2
    exit 2
fi
if [[ $profile == */* && ! -d $profile ]]; then
    echo "there is no $profile in $PWD: submit from the project's folder, or set PROFILE" >&2
    exit 2
fi

# When time runs out: no new jobs are submitted, and those that run are waited for; what is still
# running 50 minutes later is cancelled. Submit this again to go on.
finish() {
    echo "time runs out: no new jobs"
    kill -TERM "$controller"
    (
        sleep 3000
        kill -INT -- "-$controller"
    ) &
    patience=$!
}

set -m # or Snakemake could not be interrupted, being in the background
(
    trap "" USR1 USR2 # meant for this script, and sent to all of its processes
    exec snakemake --use-looper-config --profile "$profile" "$@"
) &
controller=$!
trap finish USR1 USR2
while kill -0 "$controller" 2> /dev/null; do
    wait "$controller" # is over with each signal, too
done
wait "$controller"
code=$?
[[ -z $patience ]] || kill -- "-$patience" 2> /dev/null
exit "$code"
