# A job's shell sources this file first. It keeps the job's status flag true while the shell runs.
#
#   source job.sh PATH_OF_COMPLETED_FLAG LOG
#   (
#   the command
#   )
#   looper_end_reached
#
# Exactly one of <name>_{waiting,running,completed,failed,partial}.flag exists at any time, and its
# content is that word, as in pipestat and pypiper. A change rewrites the file, then renames it.
# `completed` is the rule's output. It appears if three things hold: the shell reached the last line
# above, the command exited with 0, and the command has not itself set `failed` or `partial`. An
# exit trap alone proves nothing: bash runs it with `$?` 0 when a signal ends the shell.
#
# The shell traps the signals that would end it. A trap runs when the command has ended, so the
# command never outlives its shell (SIGKILL excepted). INT, TERM, HUP and QUIT ask a job to end: it
# is `partial` then. After all other signals it is `failed`. A command that one of the four killed
# is `partial`, too. All output goes to the log. If the job does not complete, the log's last line
# says how it ended.
#
# The shell notes when the job began, and when its flag got which last status, in a file below
# `.snakemake/looper/times/`: two lines, with times in seconds since the epoch.
#
# On a cluster, all processes of the job share a lock on the log, until the last of them ends. If
# the Snakemake of an earlier run was killed and its job still runs, the new job waits for that
# lock. On one machine the next run sees which processes have the log open, and jobs need no lock.
#
# `source job.sh --functions` begins no job; `lump.sh` runs many jobs with these functions.

__looper_reached=
__looper_obstacle=
__looper_unset="the command exited with 0, but its status could not be set"
# SEGV, BUS, FPE and ILL are missing: bash itself would run into them again and again. They end the
# shell through the exit trap. `trap` fails for names that the system does not know; that is
# ignored.
__looper_signals=(
    HUP INT QUIT TERM
    USR1 USR2 ALRM PIPE XCPU XFSZ VTALRM PROF ABRT TRAP SYS IO
)
case $OSTYPE in
    linux*) __looper_signals+=(PWR STKFLT) ;;
    *) __looper_signals+=(PWR STKFLT EMT) ;;
esac
__looper_realtime=({34..64})

# The paths of a job, by the path of its completed flag. The command may change folder.
__looper_paths() {
    __looper_flag=${1%_completed.flag}
    __looper_note=$PWD/.snakemake/looper/times/${__looper_flag//\//%}
    [[ $__looper_flag == /* ]] || __looper_flag=$PWD/$__looper_flag
}

# Write the word of a status into the flag, which keeps its name: `__looper_from` is its path now,
# `__looper_to` the path that it must get. Removes flags that a dead run has left, and symbolic
# links in a flag's place. Anything else in a flag's place stays; `__looper_obstacle` then has its
# path. Returns 1 if the flag could not be written.
__looper_write() {
    local word path found= was= content=
    for word in waiting running completed failed partial; do
        path=${__looper_flag}_$word.flag
        [[ -e $path || -L $path ]] || continue
        if [[ -L $path ]]; then
            rm -f -- "$path"
        elif [[ ! -f $path ]]; then
            __looper_obstacle=$path
        elif [[ -z $found ]]; then
            found=$path
            was=$word
        else
            rm -f -- "$path"
        fi
    done
    path=${__looper_flag}_$1.flag
    [[ $__looper_obstacle != "$path" ]] || return 1
    : "${found:=$path}"
    {
        # A word that is not shorter than the last one is written over it. ext4 would bring a file
        # to the disk that was made empty and written again, which takes milliseconds.
        if [[ -n $was ]] && ((${#1} >= ${#was})) &&
            ! IFS= read -r -d '' -n 16 content < "$found" && [[ $content == "$was" ]]; then
            printf '%s' "$1" 1<> "$found"
        else
            printf '%s' "$1" > "$found"
        fi || {
            # Another user's flag may be read-only in a folder that is not.
            rm -f -- "$found" && printf '%s' "$1" > "$found" || return 1
        }
    } 2> /dev/null
    __looper_from=$found
    __looper_to=$path
}

# Set the status. Returns 1 if the flag could not be set.
__looper_status() {
    __looper_write "$1" || return 1
    [[ $__looper_from == "$__looper_to" ]] || __looper_rename "$__looper_from" "$__looper_to"
}

__looper_rename() {
    LC_ALL=C mv -f -- "$1" "$2"
}

# The line behind the command. Only this function notes that the command ended with 0.
looper_end_reached() {
    local code=$?
    ((code == 0)) || exit "$code"
    __looper_reached=yes
}

# Find the status of a job that has ended: CODE SIGNAL. The signal is the one that its shell has
# received, if any. Sets `__looper_verdict`; and `__looper_text`, the log's last line, if the job is
# not completed; and `__looper_code`.
__looper_judge() {
    local word
    __looper_verdict=failed
    __looper_text=
    __looper_code=$1
    if [[ -n $2 ]]; then
        __looper_text="the job's shell was killed by SIG$2"
        __looper_code=1
        case $2 in
            HUP | INT | QUIT | TERM)
                __looper_verdict=partial
                __looper_text="interrupted by SIG$2"
                ;;
            realtime) __looper_text="the job's shell was killed by a real-time signal" ;;
        esac
        word=$(kill -l "$2" 2> /dev/null) && __looper_code=$((128 + word))
    elif [[ -n $__looper_obstacle ]]; then
        __looper_text="$__looper_obstacle is not a file; remove it"
    elif (($1 > 128)) && word=$(kill -l $(($1 - 128)) 2> /dev/null); then
        __looper_text="the command was killed by SIG$word"
        case $word in HUP | INT | QUIT | TERM) __looper_verdict=partial ;; esac
    elif (($1 != 0)); then
        __looper_text="the command exited with $1"
        [[ ! -f ${__looper_flag}_partial.flag ]] || __looper_verdict=partial
    elif [[ -z $__looper_reached ]]; then
        __looper_text="the job's shell ended before its last line, as by a signal"
    else
        for word in failed partial; do
            if [[ -f ${__looper_flag}_$word.flag ]]; then
                __looper_verdict=$word
                __looper_text="the command exited with 0, but set its status to $word"
                return
            fi
        done
        __looper_verdict=completed
    fi
}

# End the job. The exit trap calls this without an argument, the traps of signals with the signal's
# name. A signal that arrives before the first `trap` below starts this function anew. All later
# signals are ignored, by `mv` as well.
__looper_end() {
    local code=$?
    set +eu
    trap '' "${__looper_signals[@]}" "${__looper_realtime[@]}" 2> /dev/null
    trap - EXIT
    __looper_judge "$code" "${1-}"
    [[ -z $__looper_text ]] || echo "$__looper_text"
    [[ $__looper_verdict != completed || -n ${SNAKEMAKE_LOOPER_LOCK-} ]] || __looper_complete
    if ! __looper_status "$__looper_verdict" && [[ $__looper_verdict == completed ]]; then
        __looper_verdict=failed
        echo "$__looper_unset"
        __looper_status failed
    fi
    __looper_note_end "${EPOCHREALTIME-} $__looper_verdict"
    __looper_unlock
    [[ $__looper_verdict == completed ]] || ((__looper_code != 0)) || __looper_code=1
    exit "$__looper_code"
}

# End a job that is completed: the shell becomes the `mv` of its last step, which spares a process.
# If that fails, so does the job. The flag is then the one of a job that was killed. This returns if
# the flag cannot be written. (With a lock, something has to follow: the lock is given back.)
__looper_complete() {
    __looper_write completed || return 0
    __looper_note_end "${EPOCHREALTIME-} completed"
    [[ $__looper_from != "$__looper_to" ]] || exit 0
    LC_ALL=C exec mv -f -- "$__looper_from" "$__looper_to"
}

# Take the lock on the log, which is standard output by now. `flock` returns 1 if another process
# has the lock. After any other error, as on a file system without locks, the job runs without a
# lock.
__looper_lock() {
    local code=0
    [[ -n ${SNAKEMAKE_LOOPER_LOCK-} ]] && command -v flock > /dev/null || return 0
    flock --nonblock 1 || code=$?
    ((code == 1)) || return 0
    echo "waiting: an earlier run of this job has not ended"
    flock 1
}

# Give the lock back. A process that the command has left in the background would keep it otherwise.
__looper_unlock() {
    [[ -n ${SNAKEMAKE_LOOPER_LOCK-} ]] && command -v flock > /dev/null || return 0
    flock --unlock 1 || true
}

# Note that the job begins. Where that cannot be noted, as with a very long name, the job runs all
# the same. The file of another user may be read-only in a folder that is not.
__looper_note_begin() {
    [[ -d ${__looper_note%/*} ]] || mkdir -p -- "${__looper_note%/*}" || return 0
    echo "${EPOCHREALTIME-}" > "$__looper_note" || {
        rm -f -- "$__looper_note" && echo "${EPOCHREALTIME-}" > "$__looper_note"
    } || return 0
} 2> /dev/null

# Note that the flag has its last status. The file is then as new as the flag.
__looper_note_end() {
    [[ ! -f $__looper_note ]] || echo "$1" >> "$__looper_note" || return 0
} 2> /dev/null

# Make the folder of a file. Snakemake has mostly done so. The test spares a process for `mkdir`.
__looper_folder_of() {
    case $1 in
        */*) [[ -d ${1%/*} ]] || mkdir -p -- "${1%/*}" ;;
    esac
}

# End the job at once if a killed run had completed it: the next run has left a note that says so.
__looper_take_over() {
    local ticket=.snakemake/looper/taken/${1//\//%}
    [[ -e $ticket ]] || return 0
    rm -f -- "$ticket"
    __looper_status completed
    __looper_note_end ''
    exit 0
}

# Trap the signals, which then call a function with their names.
__looper_trap() {
    local name
    for name in "${__looper_signals[@]}"; do
        trap "$1 $name" "$name" || true
    done
    trap "$1 realtime" "${__looper_realtime[@]}" || true
} 2> /dev/null

# Write to the log from here on.
__looper_open_log() {
    if [[ -e $1 && ! -f $1 ]]; then
        echo "$1 is not a file; remove it" >&2
        exit 1
    fi
    exec >> "$1" 2>&1
    __looper_lock
}

# Begin a job: COMPLETED_FLAG LOG
__looper_begin() {
    __looper_paths "$1"
    __looper_folder_of "$__looper_flag"
    __looper_folder_of "$2"
    __looper_take_over "$1"
    __looper_open_log "$2"
    trap __looper_end EXIT
    __looper_trap __looper_end
    : > "$2"
    __looper_note_begin
    __looper_status running || exit 1
    [[ -z $__looper_obstacle ]] || exit 1
}

[[ $1 == --functions ]] || __looper_begin "$1" "$2"
