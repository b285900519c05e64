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
# Each member is a shell of its own with the guarantees of `job.sh`: own log, flag, times, traps. As
# many run at once as the lump has threads for. A member that needs more threads than the lump has
# runs alone. A member whose completed flag is there is passed over: a retry runs what is left.
#
# A member that fails fails alone. The marker, which is the rule's output, appears if all members
# are completed. Else the lump exits with 1, and its log names the members that failed.
#
# A signal that would end the lump's shell is handed on to the members that run. No further member
# begins. Those keep their flags.
#
# The lump has a journal beside its marker, `<name>.members`. Each line has the number of a member,
# the status that its shell is about to set, and the time:
#
#   lump 1795600000.123456           a try of the lump begins
#   0 running 1795600000.234567      the command of the first member is about to begin
#   0 completed 1795600012.654321    it has ended, with an exit code of 0 and all outputs
#
# Only bash and coreutils are needed: more may be missing in a container.

source "${BASH_SOURCE[0]%/*}/job.sh" --functions

__looper_tell() {
    [[ -z $__looper_journal ]] ||
        echo "$__looper_number $1 ${EPOCHREALTIME-}" >> "$__looper_journal" || return 0
} 2> /dev/null

__looper_has_outputs() {
    local path
    __looper_missing=
    for path in ${__looper_outputs[@]+"${__looper_outputs[@]}"}; do
        [[ -e $path ]] || __looper_missing+=${__looper_missing:+, }$path
    done
    [[ -z $__looper_missing ]]
}

# Begin a member: NUMBER JOURNAL COMPLETED_FLAG LOG [OUTPUT …]
#
# Snakemake removes the outputs of a job before it begins, and makes their folders. Here the shell
# does so: an output of an earlier run is no output of this one.
__looper_begin_member() {
    local path
    __looper_number=$1
    __looper_journal=$2
    __looper_outputs=()
    __looper_begin "$3" "$4"
    for path in "${@:5}"; do
        [[ $path == /* ]] || path=$PWD/$path
        __looper_outputs+=("$path")
        [[ -d $path || ! -e $path && ! -L $path ]] || rm -f -- "$path"
        __looper_folder_of "$path"
    done
}

if [[ $1 == --member ]]; then
    __looper_begin_member "${@:2}"
    return 0
fi

# --- the lump's shell -----------------------------------------------------------------------------

__looper_script=${BASH_SOURCE[0]}
__looper_marker=$1
__looper_journal=${1%.done}.members
__looper_number=-1
__looper_threads=$(($3 > 0 ? $3 : 1))
__looper_free=$__looper_threads
__looper_stop=       # the first signal that the lump has received
__looper_last=       # whether the script has reached its last line
__looper_running=()  # by process: threads of the members that run
__looper_flags=()    # by process: their completed flags
__looper_logs=()     # by process: their logs
__looper_numbers=()  # by process: their numbers
__looper_failed=()   # a line for each member that has failed

# Run a member as soon as there are threads for it: COMPLETED_FLAG LOG THREADS COMMAND [OUTPUT …]
looper_member() {
    ((++__looper_number, 1))
    [[ ! -f $1 || -L $1 ]] || return 0
    __looper_width=$(($3 < __looper_threads ? $3 : __looper_threads))
    while ((__looper_free < __looper_width)) && [[ -z $__looper_stop ]]; do
        __looper_wait
    done
    [[ -z $__looper_stop ]] || return 0
    __looper_run "$@" &
    __looper_running[$!]=$__looper_width
    __looper_flags[$!]=$1
    __looper_logs[$!]=$2
    __looper_numbers[$!]=$__looper_number
    ((__looper_free -= __looper_width, 1))
    # The signal may have come before the lines above.
    [[ -z $__looper_stop ]] || __looper_signal_to "$__looper_stop" "$!"
}

# The process of a member. Its command is written as in the shell of a job, so that the same text is
# a command, or none. In there, `$$` is the number of the lump's shell, which other members have,
# too. A command that asks for it, perhaps in a file, has a bash of its own.
__looper_run() {
    local options=
    trap - EXIT
    if [[ ($4 == *'$$'* || $4 == *'source '* || $4 == *'${$'*) && ${#4} -lt 30000 ]]; then
        [[ $- != *e* ]] || options+=e
        [[ $- != *u* ]] || options+=u
        [[ ! -o pipefail ]] || options+='o pipefail'
        printf -v __looper_text ' %q' "$__looper_script" --member "$__looper_number" \
            "$__looper_journal" "$1" "$2" "${@:5}"
        trap - INT QUIT # they are ignored in the background, and a new bash could not trap them
        exec "$BASH" -c "${options:+set -$options; }source$__looper_text"$'\n(\n'"$4"$'\n)\nlooper_end_reached'
    fi
    __looper_begin_member "$__looper_number" "$__looper_journal" "$1" "$2" "${@:5}"
    # The command alone is strict. bash gets confused if a strict shell ends inside a function.
    __looper_text=$'(\n'
    [[ $- != *e* ]] || __looper_text+=$'set -e\n'
    __looper_text+=$4$'\n)\nlooper_end_reached'
    set +e --
    SECONDS=0
    eval "$__looper_text"
}

# Wait until a member has ended, or a signal has come.
__looper_wait() {
    local pid code=0
    for pid in "${!__looper_running[@]}"; do
        if ! kill -0 "$pid" 2> /dev/null; then
            __looper_has_ended "$pid"
            return 0
        fi
    done
    if ((${#__looper_running[@]} > 1)); then
        wait -n || true
        return 0
    fi
    wait "$pid" || code=$?
    kill -0 "$pid" 2> /dev/null || __looper_has_ended "$pid" "$code"
}

# Take note of a member that has ended: PROCESS [CODE]. Its flag says how, not the code: a signal
# may have ended the `wait`.
__looper_has_ended() {
    local code=0 said
    wait "$1" 2> /dev/null || code=$?
    ((code != 127)) || code=${2-127}
    ((__looper_free += __looper_running[$1], 1))
    if [[ ! -f ${__looper_flags[$1]} ]]; then
        said=$(__looper_settle "${__looper_numbers[$1]}" "$code" "${__looper_flags[$1]}" "${__looper_logs[$1]}") || true
        [[ -z $said ]] || __looper_failed+=("$said")
    fi
    unset "__looper_running[$1]" "__looper_flags[$1]" "__looper_logs[$1]" "__looper_numbers[$1]"
}

# The last status that a member's shell has told in this try of the lump; empty if it told none.
__looper_told() {
    local number word rest
    __looper_word=
    [[ -f $__looper_journal ]] || return 0
    while read -r number word rest; do
        case $number in
            lump) __looper_word= ;;
            "$1") __looper_word=$word ;;
        esac
    done < "$__looper_journal"
}

# Print a line about a member that is not completed: NUMBER CODE COMPLETED_FLAG LOG. Its shell may
# have been killed: it is `failed` then. A flag `running` of another job, for which the member has
# waited, stays. So does the flag of a member that a signal has kept from its beginning.
__looper_settle() {
    local name=${3##*/} text="the job's shell ended before its last line, as by a signal" word
    set +eu
    name=${name%_completed.flag}
    __looper_paths "$3"
    __looper_told "$1"
    case $__looper_word in
        failed | partial)
            if [[ -f ${__looper_flag}_$__looper_word.flag ]]; then
                echo "$name: $__looper_word, see $4"
                return
            fi
            ;;
        '')
            [[ -z $__looper_stop ]] || return
            if [[ ! -f ${__looper_flag}_waiting.flag ]]; then
                echo "$name: not begun"
                return
            fi
            ;;
        completed) text="the command exited with 0, but its status could not be set" ;;
    esac
    if (($2 > 128)) && word=$(kill -l $(($2 - 128)) 2> /dev/null); then
        text="the job's shell was killed by SIG$word"
    fi
    [[ -z $__looper_word || ! -f $4 ]] || echo "$text" >> "$4"
    __looper_number=$1
    __looper_tell failed
    __looper_status failed
    echo "$name: failed, see $4"
} 2> /dev/null

# Hand a signal on to the members that run, and begin no further one.
__looper_stopped() {
    local pid
    : "${__looper_stop:=$1}"
    for pid in "${!__looper_running[@]}"; do
        __looper_signal_to "$1" "$pid"
    done
}

# Send a signal to a member: SIGNAL PROCESS. Its shell ignores INT and QUIT until its traps are
# set, as all shells in the background. TERM ends it in this moment.
__looper_signal_to() {
    kill -s "$1" "$2" || true
    case $1 in
        INT | QUIT)
            __looper_told "${__looper_numbers[$2]}"
            [[ -n $__looper_word ]] || kill -s TERM "$2" || true
            ;;
    esac
} 2> /dev/null

# The end of the lump's script: wait for the members, then make the marker if all are completed.
looper_lump_end() {
    while ((${#__looper_running[@]} > 0)); do
        __looper_wait
    done
    __looper_last=yes
    if [[ -z $__looper_stop ]] && ((${#__looper_failed[@]} == 0)); then
        __looper_folder_of "$__looper_marker"
        : > "$__looper_marker"
        exit 0
    fi
    exit 1
}

# The exit trap of the lump's shell.
__looper_lump_exit() {
    local code=$? line number
    set +eu
    while ((${#__looper_running[@]} > 0)); do # a line of the script is no command, for example
        __looper_wait
    done
    for line in "${__looper_failed[@]}"; do
        echo "$line"
    done
    if ((code != 0)) && [[ -n $__looper_stop ]]; then
        case $__looper_stop in
            HUP | INT | QUIT | TERM) echo "interrupted by SIG$__looper_stop" ;;
            *[!0-9]*) echo "the lump's shell was killed by SIG$__looper_stop" ;;
            *) echo "the lump's shell was killed by a real-time signal" ;;
        esac
        number=$(kill -l "$__looper_stop" 2> /dev/null)
        case $__looper_stop in *[!0-9]*) ;; *) number=$__looper_stop ;; esac
        code=$((128 + number))
    elif [[ -z $__looper_last ]]; then
        echo "the lump's shell ended before its last line, as by a signal"
        ((code != 0)) || code=1
    elif ((code != 0)); then
        echo "${#__looper_failed[@]} of $((__looper_number + 1)) members are not completed"
    fi
    SNAKEMAKE_LOOPER_LOCK=yes __looper_unlock
    exit "$code"
}

# Members keep the lock on the lump's log. If the lump's shell is killed, its members go on, and the
# next try waits for them.
__looper_folder_of "$2"
SNAKEMAKE_LOOPER_LOCK=yes __looper_open_log "$2"
exec {__looper_lock}>&1
trap __looper_lump_exit EXIT
__looper_trap __looper_stopped
for __looper_word in "${__looper_realtime[@]}"; do
    trap "__looper_stopped $__looper_word" "$__looper_word" 2> /dev/null || true
done
: > "$2"
__looper_folder_of "$__looper_journal"
echo "lump ${EPOCHREALTIME-}" >> "$__looper_journal"
