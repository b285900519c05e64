# The shell of a lump sources this file first. A lump is one job that runs many records, its members.
#
#   source lump.sh MARKER LOG THREADS
#   source SCRIPT_OF_THE_LUMP
#
# The script calls one function for each member, and another one at its end:
#
#   looper_member COMPLETED_FLAG LOG THREADS COMMAND [OUTPUT …]
#   looper_lump_end
#
# The command of a member runs in a process of its own, with its own log. The lump's shell keeps its
# flag true, as the shell of a job does (see `job.sh`), and notes its times. As many members run at
# once as the lump has threads for. A member that needs more threads than the lump has runs alone.
# A member whose completed flag is there is passed over: a retry runs what is left.
#
# A member that fails fails alone. The marker, which is the rule's output, appears if all members
# are completed. Else the lump exits with 1, and its log names the members that failed.
#
# After a signal that would end the lump's shell, no further member begins; these keep their flags.
# The commands that run may have got the signal, too. The shell waits until they have ended, which
# counts for nothing: the members are `partial` after INT, TERM, HUP and QUIT, else `failed`.
#
# The lump has a journal beside its marker, `<name>.members`. Each line has the number of a member,
# a status, and the time; the first status has the number of the process, too:
#
#   lump 1795600000.123456             a try of the lump begins
#   0 running 1795600000.234567 4321   the command of the first member has begun
#   0 completed 1795600012.654321      it has ended with 0 and has all outputs; its flag follows
#
# Only bash and coreutils are needed: more may be missing in a container.

source "${BASH_SOURCE[0]%/*}/job.sh" --functions

__looper_options=$-
set +eu
__looper_marker=$1
__looper_journal=${1%.done}.members
__looper_threads=$(($3 > 0 ? $3 : 1))
__looper_free=$__looper_threads
__looper_number=-1  # of the member that the script has come to
__looper_reached=yes # `wait` tells how a command has ended; no exit trap is asked
__looper_stop=      # the first signal that the lump has received
__looper_asks=      # whether the shell writes to the process that renames flags
__looper_refused=   # whether that process has failed to
__looper_last=      # whether the script has come to its end
__looper_failed=()  # a line for each member that is not completed
# By process of the members that run:
__looper_widths=()  # threads
__looper_flags=()   # completed flags
__looper_logs=()
__looper_numbers=()
__looper_outputs=() # quoted for the shell
__looper_fds=()     # open logs with locks
# By number:
__looper_before=()  # processes that an earlier try has begun

# --- one member -----------------------------------------------------------------------------------

# Run a member as soon as there are threads for it: COMPLETED_FLAG LOG THREADS COMMAND [OUTPUT …]
looper_member() {
    ((++__looper_number))
    [[ ! -f $1 || -L $1 ]] || return 0
    __looper_width=$(($3 < __looper_threads ? $3 : __looper_threads))
    while ((__looper_free < __looper_width)) && [[ -z $__looper_stop ]]; do
        __looper_wait
    done
    __looper_paths "$1"
    __looper_folder_of "$__looper_flag"
    if [[ -e .snakemake/looper/taken/${1//\//%} ]]; then
        (__looper_take_over "$1")
        return 0
    fi
    [[ -z $__looper_stop ]] && __looper_prepare "$@" || return 0
    (__looper_run "$2" "$4") &
    __looper_widths[$!]=$__looper_width
    __looper_flags[$!]=$1
    __looper_logs[$!]=$2
    __looper_numbers[$!]=$__looper_number
    (($# == 4)) || printf -v "__looper_outputs[$!]" ' %q' "${@:5}"
    [[ -z $__looper_fd ]] || __looper_fds[$!]=$__looper_fd
    ((__looper_free -= __looper_width))
    __looper_tell "$__looper_number" "running ${EPOCHREALTIME-} $!"
}

# Make the flag of a member `running`. Returns 1 if the member does not run.
__looper_prepare() {
    __looper_fd=
    __looper_obstacle=
    __looper_folder_of "$2"
    if [[ -e $2 && ! -f $2 ]] || ! : >> "$2"; then
        __looper_status failed
        __looper_failed+=("$(__looper_name "$1"): $2 is not a file that can be written; remove it")
        return 1
    fi
    __looper_wait_for_earlier "$2" || return 1
    [[ ! -s $2 ]] || : > "$2"
    (($# == 4)) || __looper_clear "${@:5}"
    __looper_note_begin
    __looper_status running && [[ -z $__looper_obstacle ]] && return 0
    __looper_settle 1 "$1" "$2" "$__looper_number" ''
    [[ -z $__looper_fd ]] || __looper_unlock_log "$__looper_fd"
    return 1
}

# Snakemake removes the outputs of a job before it begins, and makes their folders. It knows no
# outputs of members.
__looper_clear() {
    local path
    for path; do
        [[ -d $path || ! -e $path && ! -L $path ]] || rm -f -- "$path"
        __looper_folder_of "$path"
    done
}

# The process of a member: LOG COMMAND. The text between the braces is a command of the same words as
# in the shell of a job, or no command. Some commands can tell that they are in a function of a
# shell that others have, too: `$$` is the number of the lump's shell. These have their own bash.
__looper_run() {
    local fd
    trap - INT QUIT EXIT # in the background, INT and QUIT are ignored
    if [[ -n $__looper_fd ]]; then
        exec 1>&"$__looper_fd" 2>&1 {__looper_fd}>&-
    else
        exec >> "$1" 2>&1
    fi
    for fd in "${__looper_fds[@]}"; do
        exec {fd}>&-
    done
    __looper_text=
    [[ $__looper_options != *e* ]] || __looper_text+=$'set -e\n'
    case $2 in
        *'$$'* | *'${$'* | *source* | *return* | *trap* | *local* | *FUNCNAME* | *BASH*)
            if ((${#2} < 30000)); then
                [[ $__looper_options != *u* ]] || __looper_text+=$'set -u\n'
                [[ ! -o pipefail ]] || __looper_text+=$'set -o pipefail\n'
                exec "$BASH" -c "$__looper_text"$'(\n'"$2"$'\n)'
            fi
            ;;
    esac
    SECONDS=0
    __looper_text=$'{\n'$2$'\n}'
    set --
    [[ $__looper_options != *u* ]] || set -u
    [[ $__looper_options != *e* ]] || set -e
    eval "$__looper_text"
}

# Take note of a member that has ended: PROCESS CODE
__looper_has_ended() {
    local flag=${__looper_flags[$1]} log=${__looper_logs[$1]} fd=${__looper_fds[$1]-}
    __looper_paths "$flag"
    __looper_obstacle=
    ((__looper_free += __looper_widths[$1]))
    __looper_settle "$2" "$flag" "$log" "${__looper_numbers[$1]}" "${__looper_outputs[$1]-}"
    [[ -z $fd ]] || __looper_unlock_log "$fd"
    unset "__looper_widths[$1]" "__looper_flags[$1]" "__looper_logs[$1]" "__looper_numbers[$1]" \
        "__looper_outputs[$1]" "__looper_fds[$1]"
}

# Set the last status of a member: CODE COMPLETED_FLAG LOG NUMBER OUTPUTS. The log's last line comes
# first: who sees the flag finds the reason.
__looper_settle() {
    __looper_judge "$1" "$__looper_stop"
    if [[ $__looper_verdict == completed && -n $5 ]] && ! __looper_has_outputs "$5"; then
        __looper_verdict=failed
        __looper_text="the command exited with 0, but its outputs are missing: $__looper_missing"
    fi
    [[ -z $__looper_text ]] || echo "$__looper_text" >> "$3"
    __looper_tell "$4" "$__looper_verdict ${EPOCHREALTIME-}"
    if ! __looper_status "$__looper_verdict" && [[ $__looper_verdict == completed ]]; then
        __looper_verdict=failed
        echo "$__looper_unset" >> "$3"
        __looper_tell "$4" "failed ${EPOCHREALTIME-}"
        __looper_status failed
    fi
    __looper_note_end "${EPOCHREALTIME-} $__looper_verdict"
    [[ $__looper_verdict == completed ]] ||
        __looper_failed+=("$(__looper_name "$2"): $__looper_verdict, see $3")
}

__looper_name() {
    local name=${1##*/}
    echo "${name%_completed.flag}"
}

__looper_has_outputs() {
    local path paths
    eval "paths=($1)"
    __looper_missing=
    for path in "${paths[@]}"; do
        [[ -e $path ]] || __looper_missing+=${__looper_missing:+, }$path
    done
    [[ -z $__looper_missing ]]
}

# Rename a flag. A signal to the group does not kill this `mv`, and is not lost to the lump's shell.
__looper_rename() {
    ! __looper_ask "$1" "$2" || return 0
    (
        trap '' "${__looper_signals[@]}"
        LC_ALL=C exec mv -f -- "$1" "$2"
    ) || [[ ! -e $1 && -f $2 ]] || LC_ALL=C mv -f -- "$1" "$2" # it may come before the trap
}

# The processes of `mv` are most of what a short member costs. Where there is perl, one process
# renames all flags of a lump. It ends when its input does.
__looper_start_renamer() {
    command -v perl > /dev/null || return 0
    # shellcheck disable=SC2034
    coproc __looper_renamer {
        trap '' "${__looper_signals[@]}"
        unset PERL5OPT PERL5LIB PERL5DB PERL_UNICODE PERLIO
        exec perl -e '$/ = "\0"; $| = 1; while (defined($from = <STDIN>) && defined($to = <STDIN>)) {
            chomp($from, $to); print rename($from, $to) ? "done\n" : "failed\n" }'
    }
} 2> /dev/null

# Ask that process to rename a flag. Returns 1 if it is not there, or does not do so at once; nobody
# asks it again then.
__looper_ask() {
    local answer=
    [[ -z $__looper_refused && -n ${__looper_renamer[1]-} ]] || return 1
    __looper_asks=yes
    { printf '%s\0%s\0' "$1" "$2" >&"${__looper_renamer[1]}"; } &&
        read -r -t 10 answer <&"${__looper_renamer[0]}"
    __looper_asks=
    [[ $answer != done ]] || return 0
    [[ -z ${__looper_renamer_PID-} ]] || kill -KILL "$__looper_renamer_PID"
    __looper_refused=yes # bash may crash if its variables of a coprocess change
    return 1
} 2> /dev/null

__looper_tell() {
    echo "$1 $2" >> "$__looper_journal"
} 2> /dev/null

# --- locks ----------------------------------------------------------------------------------------

# Wait until an earlier run of a member has ended: LOG. Returns 1 if a signal has come before that.
# On a cluster, a lock on the log tells; the command then keeps it. On one machine, the next run
# waits, but not a retry after somebody has killed the lump's shell. Linux has the open files of
# processes in `/proc`.
__looper_wait_for_earlier() {
    local code=0 earlier=${__looper_before[__looper_number]-}
    if [[ -n ${SNAKEMAKE_LOOPER_LOCK-} ]] && command -v flock > /dev/null; then
        exec {__looper_fd}>> "$1"
        flock --nonblock "$__looper_fd" || code=$?
        ((code == 1)) || return 0
        echo "waiting: an earlier run of this job has not ended" >> "$1"
        __looper_await flock "$__looper_fd" && return 0
        exec {__looper_fd}>&-
        return 1
    fi
    [[ -n $earlier && /proc/$earlier/fd/1 -ef $1 ]] || return 0
    echo "waiting: an earlier run of this job has not ended" >> "$1"
    while [[ /proc/$earlier/fd/1 -ef $1 ]]; do
        __looper_await sleep 0.5 || return 1
    done
}

# Run a program that a signal to the lump's shell ends. Returns 1 if a signal has come.
__looper_await() {
    "$@" > /dev/null &
    while kill -0 $! 2> /dev/null; do
        if [[ -n $__looper_stop ]]; then
            kill $!
            return 1
        fi
        wait $!
    done 2> /dev/null
    [[ -z $__looper_stop ]]
}

__looper_unlock_log() {
    local fd=$1
    flock --unlock "$fd"
    exec {fd}>&-
}

# --- the lump -------------------------------------------------------------------------------------

# Wait until a member has ended, or a signal has come. bash may lose how a process has ended if a
# signal to the shell comes in the same moment, and would wait for that process forever. After a
# signal, the shell waits for no process that is gone. Its code counts for nothing then.
__looper_wait() {
    local pid code=1
    pid=${!__looper_widths[*]}
    if ((${#__looper_widths[@]} == 1)) && [[ -z $__looper_stop ]]; then
        wait "$pid"
        code=$?
        ((code > 128)) && [[ -n $__looper_stop ]] || __looper_has_ended "$pid" "$code"
        return
    fi
    for pid in "${!__looper_widths[@]}"; do
        if ! kill -0 "$pid"; then
            if [[ -z $__looper_stop ]]; then
                wait "$pid"
                code=$?
            fi
            __looper_has_ended "$pid" "$code"
            return
        fi
    done
    if ((${#__looper_widths[@]} == 1)); then wait "$pid"; else wait -n; fi
} 2> /dev/null

# The end of the lump's script: wait for the members, then make the marker if all are completed.
looper_lump_end() {
    while ((${#__looper_widths[@]} > 0)); do
        __looper_wait
    done
    __looper_last=yes
    if [[ -z $__looper_stop ]] && ((${#__looper_failed[@]} == 0)); then
        __looper_folder_of "$__looper_marker"
        : > "$__looper_marker" && exit 0
    fi
    exit 1
}

# The exit trap of the lump's shell.
__looper_lump_exit() {
    local code=$? line number
    while ((${#__looper_widths[@]} > 0)); do # a line of the script is no command, for example
        __looper_wait
    done
    for line in "${__looper_failed[@]}"; do
        echo "$line"
    done
    if ((code != 0)) && [[ -n $__looper_stop ]]; then
        __looper_judge 0 "$__looper_stop"
        echo "${__looper_text/job/lump}"
        code=$__looper_code
        [[ $__looper_stop != realtime ]] || code=1
    elif [[ -z $__looper_last ]]; then
        echo "the lump's shell ended before its last line, as by a signal"
        ((code != 0)) || code=1
    elif ((code != 0)); then
        echo "${#__looper_failed[@]} of $((__looper_number + 1)) members are not completed"
    fi
    __looper_unlock
    exit "$code"
}

# The trap of all signals. A pipe to the process that renames is broken if that was killed.
__looper_stopped() {
    [[ $1 == PIPE && -n $__looper_asks ]] || : "${__looper_stop:=$1}"
}

# Find the processes of earlier tries that may run.
__looper_read_journal() {
    local number word time process
    [[ -f $__looper_journal ]] || return 0
    while read -r number word time process; do
        case $number in *[!0-9]* | '') continue ;; esac
        unset "__looper_before[$number]"
        [[ $word != running ]] || __looper_before[number]=$process
    done < "$__looper_journal"
}

__looper_folder_of "$2"
__looper_folder_of "$__looper_journal"
__looper_open_log "$2"
trap __looper_lump_exit EXIT
__looper_trap __looper_stopped
: > "$2"
hash mv 2> /dev/null
__looper_start_renamer
__looper_read_journal
__looper_tell lump "${EPOCHREALTIME-}"
