"""Count the lines of a file, and report the number: PIPESTAT_CONFIG RECORD FILE."""

import sys

import pipestat

config, record, text_file = sys.argv[1:]

with open(text_file, encoding="utf-8") as lines:
    number = sum(1 for _ in lines)
pipestat.PipestatManager.from_config(config).report(
    record_identifier=record, values={"distinct_lines": number}
)
