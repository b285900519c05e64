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
# Runs Snakemake itself as a job, if it must not stay on the login node. It needs little, but it
# runs as long as all jobs together. The site must allow its nodes to submit jobs (qconf -ss lists
# the hosts). Add queue (-q) and project (-P) above, set the two times, and submit it from the
# project's folder:
#
#   qsub profiles/sge/head_job.sh [WORDS FOR SNAKEMAKE …]

# The profile, by its path or its name: PROFILE=mine qsub -V …
profile=${PROFILE:-profiles/sge}

# The PATH of the shell that submitted this. The login shell of a job sets another one.
PATH=${SGE_O_PATH:-$PATH}

# The environment that has snakemake-looper, if it is not active where you submit this.
# . ~/envs/looper/bin/activate

if ! command -v snakemake > /dev/null; then
    echo "snakemake is not found: activate its environment before, or in this script" >&2
    exit 2
fi
if [[ $profile == */* && ! -d $profile ]]; then
    echo "there is no $profile in $PWD: submit from the project's folder, or set PROFILE" >&2
    exit 2
fi

# When time runs out, Snakemake submits no new jobs and waits for those that run. 50 minutes later
# it cancels the rest. Submit this script again to go on.
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
    trap "" USR1 USR2 # Grid Engine sends them to all processes; only this script reacts
    exec snakemake --use-looper-config --profile "$profile" "$@"
) &
controller=$!
trap finish USR1 USR2
while kill -0 "$controller" 2> /dev/null; do
    wait "$controller" # each signal ends this, too
done
wait "$controller"
code=$?
[[ -z $patience ]] || kill -- "-$patience" 2> /dev/null
exit "$code"
