# Count the lines or words of a file and report the number: FILE UNIT
#
# Each start leaves a line in the file `ran`. While a file `hold_RECORD` exists the pipeline waits,
# with half of its results reported: `make.sh` kills it there.
set -eu
record=$PIPESTAT_RECORD_IDENTIFIER
echo "$record" >> ran
pipestat report --overwrite --result-identifier unit --value "$2"
while [ -e "hold_$record" ]; do sleep 0.05; done
pipestat report --overwrite --result-identifier number --value "$(wc "--$2" < "$1")"
