# Sourced at the start of a job: keeps its status flag true while the rest of the job's shell runs.
#
#   source job.sh PATH_OF_COMPLETED_FLAG LOG
#   (
#   the command
#   )
#   looper_end_reached
#
# Exactly one of <name>_{waiting,running,completed,failed,partial}.flag exists at any time, and its
# content is that word, as pipestat and pypiper have it. A change rewrites the file, then renames
# it. `completed` is the rule's output, and it is earned: it appears when the last line above was
# reached, the command exited with 0, and the command has not itself set `failed` or `partial`. An
# exit trap alone proves nothing: bash runs it with `$?` 0 when a signal ends the shell.
#
# A signal that ends a shell is trapped. It takes effect when the command has ended, so the command
# never outlives its shell (SIGKILL apart). INT, TERM, HUP and QUIT, which ask a job to end, make
# it `partial`, all others `failed`; a command that was itself killed by one of the four is
# `partial`, too. All output goes to the log, and how a job ended that did not complete is the
# log's last line.
#
# On a cluster the job's processes hold a lock on the log, all of them, as long as one is there. So a
# job whose earlier run goes on, since its Snakemake was killed, waits for that. On one machine it is
# seen from outside who has the log open, which costs a job nothing.

__looper_flag=${1%_completed.flag}
[[ $__looper_flag == /* ]] || __looper_flag=$PWD/$__looper_flag # the command may change folder
__looper_reached=
__looper_obstacle=
# SEGV, BUS, FPE and ILL are missing: bash itself would run into them again and again. They end the
# shell through the exit trap. Names that a system does not know are passed over.
__looper_signals=(
    HUP INT QUIT TERM
    USR1 USR2 ALRM PIPE XCPU XFSZ VTALRM PROF ABRT TRAP SYS IO PWR STKFLT EMT
)
__looper_realtime=({34..64})

# Set the status. Flags that a dead run left behind go, as do symbolic links in a flag's place.
# Anything else in a flag's place is noted in `__looper_obstacle` and stays. The result is 1 if the
# flag could not be set.
__looper_status() {
    local word path found=
    for word in waiting running completed failed partial; do
        path=${__looper_flag}_$word.flag
        [[ -e $path || -L $path ]] || continue
        if [[ -L $path ]]; then
            rm -f -- "$path"
        elif [[ ! -f $path ]]; then
            __looper_obstacle=$path
        elif [[ -z $found ]]; then
            found=$path
        else
            rm -f -- "$path"
        fi
    done
    path=${__looper_flag}_$1.flag
    [[ $__looper_obstacle != "$path" ]] || return 1
    : "${found:=$path}"
    # A flag of somebody else may be read-only where the folder is not.
    { printf '%s' "$1" > "$found"; } 2> /dev/null || {
        rm -f -- "$found" && printf '%s' "$1" > "$found" || return 1
    }
    [[ $found == "$path" ]] || mv -f -- "$found" "$path"
}

# The line behind the command: nothing else notes that the command ended with 0.
looper_end_reached() {
    local code=$?
    ((code == 0)) || exit "$code"
    __looper_reached=yes
}

# The end of the job, called when the shell exits, or with the name of a signal. A signal that
# arrives while the end is under way begins the end anew, and one that arrives later is ignored, by
# `mv` as well.
__looper_end() {
    local code=$? signal=${1-} status=failed text= word
    set +eu
    trap '' "${__looper_signals[@]}" "${__looper_realtime[@]}" 2> /dev/null
    trap - EXIT
    if [[ -n $signal ]]; then
        text="the job's shell was killed by SIG$signal"
        code=1
        case $signal in
            HUP | INT | QUIT | TERM)
                status=partial
                text="interrupted by SIG$signal"
                ;;
            realtime) text="the job's shell was killed by a real-time signal" ;;
        esac
        word=$(kill -l "$signal" 2> /dev/null) && code=$((128 + word))
    elif [[ -n $__looper_obstacle ]]; then
        text="$__looper_obstacle is not a file; remove it"
    elif ((code > 128)) && word=$(kill -l $((code - 128)) 2> /dev/null); then
        text="the command was killed by SIG$word"
        case $word in HUP | INT | QUIT | TERM) status=partial ;; esac
    elif ((code != 0)); then
        text="the command exited with $code"
        [[ ! -f ${__looper_flag}_partial.flag ]] || status=partial
    elif [[ -z $__looper_reached ]]; then
        text="the job's shell ended before its last line, as by a signal"
    else
        status=completed
        for word in failed partial; do
            if [[ -f ${__looper_flag}_$word.flag ]]; then
                status=$word
                text="the command exited with 0, but set its status to $word"
                break
            fi
        done
    fi
    if ! __looper_status "$status" && [[ $status == completed ]]; then
        status=failed
        text="the command exited with 0, but its status could not be set"
        __looper_status failed
    fi
    [[ -z $text ]] || echo "$text"
    __looper_unlock
    [[ $status == completed ]] || ((code != 0)) || code=1
    exit "$code"
}

# Take the lock on the log, which is standard output by now. 1 means that somebody has it; whatever
# else goes wrong, as on a file system without locks, is no reason not to run.
__looper_lock() {
    local code=0
    [[ -n ${SNAKEMAKE_LOOPER_LOCK-} ]] && command -v flock > /dev/null || return 0
    flock --nonblock 1 || code=$?
    ((code == 1)) || return 0
    echo "waiting: an earlier run of this job has not ended"
    flock 1
}

# Give it back, so that something the command has left in the background does not keep it.
__looper_unlock() {
    [[ -n ${SNAKEMAKE_LOOPER_LOCK-} ]] && command -v flock > /dev/null || return 0
    flock --unlock 1 || true
}

# Snakemake makes these folders; no process is started for them where they are there.
for __looper_path in "$__looper_flag" "$2"; do
    case $__looper_path in
        */*) [[ -d ${__looper_path%/*} ]] || mkdir -p -- "${__looper_path%/*}" ;;
    esac
done

# A run that was killed has completed this very job: the next one left word of that.
__looper_path=.snakemake/looper/taken/${1//\//%}
if [[ -e $__looper_path ]]; then
    rm -f -- "$__looper_path"
    __looper_status completed
    exit 0
fi

if [[ -e $2 && ! -f $2 ]]; then
    echo "$2 is not a file; remove it" >&2
    exit 1
fi
exec >> "$2" 2>&1
__looper_lock
trap __looper_end EXIT
{
    for __looper_path in "${__looper_signals[@]}"; do
        trap "__looper_end $__looper_path" "$__looper_path" || true
    done
    trap '__looper_end realtime' "${__looper_realtime[@]}" || true
} 2> /dev/null
: > "$2"
__looper_status running || exit 1
[[ -z $__looper_obstacle ]] || exit 1
