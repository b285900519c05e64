# Count something in a file and report it with pipestat's command line: RESULT FILE WC_OPTION
# PIPESTAT_CONFIG names the pipestat config, PIPESTAT_RECORD_IDENTIFIER the record.
set -eu
number=$(wc "$3" < "$2")
pipestat report --result-identifier "$1" --value $number
