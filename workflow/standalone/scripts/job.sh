# shellcheck shell=bash
# The shell of a job sources this file first. It keeps the job's status flag true.
#
#   source job.sh COMPLETED_FLAG LOG [REPORT]
#   (
#   the command
#   )
#   job_is_done
#
# One of the files <name>_{running,completed,failed,partial}.flag exists from now on, and its content
# is that word, as in pipestat and pypiper. `completed` is the output of the rule. It appears if three
# things hold: the shell reached the last line above, the command exited with 0, and the command has
# not itself set `failed` or `partial`. Signals that ask a job to end make it `partial`. Everything
# that the command prints goes to the log; if the job is not completed, the log's last line says why.
#
# REPORT is the file that the command reports its results to. It is removed first: results are those
# of the last run.

job_reached=

# Write the word of a status into the flag, then rename the flag.
job_set_status() {
    local word path found=
    for word in waiting running completed failed partial; do
        path=${job_flag}_$word.flag
        if [[ -f $path && ! -L $path && -z $found ]]; then
            found=$path
        elif [[ -e $path || -L $path ]]; then
            rm -f -- "$path" || return 1
        fi
    done
    path=${job_flag}_$1.flag
    printf '%s' "$1" > "${found:=$path}" || return 1
    [[ $found == "$path" ]] || mv -f -- "$found" "$path"
}

# Find the status of a job that has ended: CODE SIGNAL. The signal is one that the shell itself got.
job_judge() {
    local word
    job_verdict=failed
    job_reason=
    if [[ -n $2 ]]; then
        job_verdict=partial
        job_reason="interrupted by SIG$2"
    elif (($1 > 128)) && word=$(kill -l $(($1 - 128)) 2> /dev/null); then
        job_reason="the command was killed by SIG$word"
        case $word in HUP | INT | QUIT | TERM) job_verdict=partial ;; esac
    elif (($1 != 0)); then
        job_reason="the command exited with $1"
        [[ ! -f ${job_flag}_partial.flag ]] || job_verdict=partial
    elif [[ -z $job_reached ]]; then
        job_reason="the job's shell ended before its last line, as by a signal"
    elif [[ -f ${job_flag}_failed.flag || -f ${job_flag}_partial.flag ]]; then
        [[ -f ${job_flag}_failed.flag ]] || job_verdict=partial
        job_reason="the command exited with 0, but set its status to $job_verdict"
    else
        job_verdict=completed
    fi
}

# End the job. The exit trap calls this, and the traps of signals with the signal's name.
job_end() {
    local code=$?
    set +eu
    trap '' HUP INT QUIT TERM
    trap - EXIT
    job_judge "$code" "${1-}"
    [[ -z $job_reason ]] || echo "$job_reason"
    if ! job_set_status "$job_verdict"; then
        echo "the status $job_verdict could not be set"
        job_verdict=failed
    fi
    [[ $job_verdict == completed ]] || ((code != 0)) || code=1
    exit "$code"
}

# The line behind the command.
job_is_done() {
    local code=$?
    ((code == 0)) || exit "$code"
    job_reached=yes
}

job_flag=${1%_completed.flag}
[[ $job_flag == /* ]] || job_flag=$PWD/$job_flag
mkdir -p -- "${job_flag%/*}"
: > "$2"
exec >> "$2" 2>&1
trap job_end EXIT
for job_signal in HUP INT QUIT TERM; do
    # shellcheck disable=SC2064
    trap "job_end $job_signal" "$job_signal"
done
job_set_status running
if [[ -n ${3-} ]]; then
    rm -f -- "$3"
    mkdir -p -- "$(dirname -- "$3")"
fi
