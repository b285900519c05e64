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
# Runs Snakemake itself as a job, if it must not stay on the login node. It needs little, but it
# runs as long as all jobs together. Set account, partition and time above, and submit it from the
# project's folder:
#
#   sbatch profiles/slurm/head_job.sh [WORDS FOR SNAKEMAKE …]

# The profile, by its path or its name: PROFILE=mine sbatch …
profile=${PROFILE:-profiles/slurm}

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

# Otherwise SLURM would take the submitted jobs for steps of this one.
unset "${!SLURM_@}" "${!SBATCH_@}"

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
snakemake --use-looper-config --profile "$profile" "$@" &
controller=$!
trap finish TERM
while kill -0 "$controller" 2> /dev/null; do
    wait "$controller" # each signal ends this, too
done
wait "$controller"
code=$?
[[ -z $patience ]] || kill -- "-$patience" 2> /dev/null
exit "$code"
