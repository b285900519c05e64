# Sourced at the start of a job: keeps its status flag true while the rest of the job's shell runs.
#
#   source job.sh PATH_OF_COMPLETED_FLAG LOG
#
# Exactly one of <name>_{waiting,running,completed,failed,partial}.flag exists at any time, and its
# content is that word, as pipestat and pypiper have it. A change rewrites the file, then renames
# it. `completed` is the rule's output: it appears when the command has exited with 0 and has not
# itself set `failed` or `partial`. All output goes to the log, and how a command ended that did
# not complete is the log's last line.
#
# On a cluster the job's processes hold a lock on the log, all of them, as long as one is there. So a
# job whose earlier run goes on, since its Snakemake was killed, waits for that. On one machine it is
# seen from outside who has the log open, which costs a job nothing.

__looper_flag=${1%_completed.flag}
[[ $__looper_flag == /* ]] || __looper_flag=$PWD/$__looper_flag # the command may change folder
__looper_signal=

# Set the status; flags that a dead run left behind go.
__looper_status() {
    local word found=
    for word in waiting running completed failed partial; do
        [[ -e "${__looper_flag}_$word.flag" ]] || continue
        if [[ -z $found ]]; then found=$word; else rm -f -- "${__looper_flag}_$word.flag"; fi
    done
    : "${found:=$1}"
    printf '%s' "$1" > "${__looper_flag}_$found.flag"
    [[ $found == "$1" ]] || mv -f -- "${__looper_flag}_$found.flag" "${__looper_flag}_$1.flag"
}

__looper_end() {
    local code=$? word
    trap - EXIT
    set +eu
    if [[ -n $__looper_signal ]]; then
        echo "interrupted by SIG$__looper_signal"
        __looper_status partial
    elif ((code != 0)); then
        if ((code > 128)) && word=$(kill -l $((code - 128)) 2> /dev/null); then
            echo "the command was killed by SIG$word"
        else
            echo "the command exited with $code"
        fi
        [[ -e "${__looper_flag}_partial.flag" ]] || __looper_status failed
    else
        for word in failed partial; do
            if [[ -e "${__looper_flag}_$word.flag" ]]; then
                echo "the command exited with 0, but set its status to $word"
                __looper_unlock
                exit 1
            fi
        done
        __looper_status completed
    fi
    __looper_unlock
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

exec >> "$2" 2>&1
__looper_lock
trap __looper_end EXIT
trap '__looper_signal=INT; exit 130' INT
trap '__looper_signal=TERM; exit 143' TERM
: > "$2"
__looper_status running
