#!/bin/bash
#SBATCH --job-name=looper
#SBATCH --output=looper_%j.log
#SBATCH --time=7-00:00:00
#SBATCH --mem=4G
#SBATCH --cpus-per-task=1
#SBATCH --signal=B:TERM@3600
#SBATCH --no-requeue
##SBATCH --account=mylab
##SBATCH --partition=long
#
# Runs Snakemake itself as a job, where it must not stay on the login node. It needs little, but as
# long as all jobs take together, and it submits them: set account, partition and time above.
#
#   sbatch profiles/slurm/head_job.sh [WORDS FOR SNAKEMAKE …]
#
# is submitted from the project's folder.

# The profile, by its path or its name: PROFILE=mine sbatch …
profile=${PROFILE:-profiles/slurm}

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

# Jobs that are submitted from here are no steps of this one.
unset "${!SLURM_@}" "${!SBATCH_@}"

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
snakemake --use-looper-config --profile "$profile" "$@" &
controller=$!
trap finish TERM
while kill -0 "$controller" 2> /dev/null; do
    wait "$controller" # is over with each signal, too
done
wait "$controller"
code=$?
[[ -z $patience ]] || kill -- "-$patience" 2> /dev/null
exit "$code"
