"""Count the lines of one file and report the number: FILE RECORD RESULTS_FILE SCHEMA."""

import sys

import pipestat

text_file, record, results_file, schema = sys.argv[1:]

results = pipestat.PipestatManager.from_file_backend(results_file, schema_path=schema)
with open(text_file, encoding="utf-8") as lines:
    results.report(record_identifier=record, values={"number_of_lines": sum(1 for _ in lines)})
