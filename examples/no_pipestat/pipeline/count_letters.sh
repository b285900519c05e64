# Count how often each letter occurs: TEXT_FILE COUNTS_FILE [--capitals]
set -eu
pattern='[[:alpha:]]'
if [ "${3:-}" = --capitals ]; then pattern='[[:upper:]]'; fi
mkdir -p "$(dirname "$2")"
grep -o "$pattern" "$1" | sort | uniq -c | sort -rn > "$2"
echo "$(wc -l < "$2") different letters in $1"
