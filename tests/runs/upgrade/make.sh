#!/usr/bin/env bash
# Make an archive for `test_upgrade.py`: a project as one version of this package has run it.
#
#   make.sh REVISION
#
# writes VERSION.tar.gz beside this script, with all that the version left. The environment of
# `snakemake` and `python` has to have the dependencies of that version; the package itself is
# taken from the revision.
#
# 1. `project/` is run to its end.
# 2. Samples c and d are edited. c completes, and Snakemake takes note of it.
# 3. All processes of the run get SIGKILL while d runs; the project level waits.
#
# The project is run in /tmp/upgrade: the version writes this path, and the test replaces it.
set -euo pipefail

revision=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=/tmp/upgrade
flags=$folder/results/flags

source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
top=$(git -C "$here" rev-parse --show-toplevel)
git -C "$top" archive "$revision" | tar -x -C "$source"
export PYTHONPATH=$source
version=$(cd / && python -c 'import snakemake_looper as one; print(one.__version__, one.__file__)')
[[ $version == *" $source/"* ]] || { echo "this is another package: $version" >&2; exit 1; }
version=${version%% *}

mkdir "$folder" # fails if it exists: it may be somebody's
trap 'rm -rf "$source" "$folder"' EXIT
cp -r "$here/project/." "$folder"
cd "$folder"

wait_until() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    echo "this does not happen: $*" >&2
    return 1
}

snakemake --use-looper-config --cores 2
[[ -e $flags/count_upgrade_completed.flag ]]

sed -i -E '/^[cd],/s/lines/words/' samples.csv
touch hold_d
setsid snakemake --use-looper-config --cores 2 > "$source/log" 2>&1 &
run=$!

# Snakemake's mark that a job has begun goes once its end is noted.
incomplete=.snakemake/incomplete/$(printf results/flags/count_c_completed.flag | base64 -w 0)
is_killable() {
    [[ -e $flags/count_d_running.flag && -e $flags/count_c_completed.flag && ! -e $incomplete ]] &&
        grep -q 'unit: words' results/count/results_records/c.yaml &&
        grep -q 'unit: words' results/count/results_records/d.yaml
}
wait_until is_killable || { cat "$source/log" >&2; kill -KILL -- "-$run"; exit 1; }
sleep 2 # the rest that follows from c's end is written meanwhile
kill -KILL -- "-$run"
wait "$run" || true
rm hold_d

# Neither a path nor the name of this machine is to be in the archive.
bin=$(dirname "$(command -v snakemake)")
grep -rlE "[Hh]ost\"?: \"?$HOSTNAME|$bin/" .snakemake/log .snakemake/looper/runs |
    while IFS= read -r file; do
        touch -r "$file" "$source/times"
        sed -i -E "s/([Hh]ost\"?: \"?)$HOSTNAME\\b/\\1builder/; s,$bin/,," "$file"
        touch -r "$source/times" "$file"
    done
if grep -rlF -e "$source" -e "$HOME/" -e "$here" -e "$bin" .; then
    echo "these files name the building machine" >&2
    exit 1
fi
tar --format=posix --sort=name --owner=0 --group=0 --numeric-owner -czf "$here/$version.tar.gz" .
ls -l "$here/$version.tar.gz"
