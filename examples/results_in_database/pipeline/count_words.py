"""Count the words of a file, and report them: PIPESTAT_CONFIG RECORD FILE."""

import sys

import pipestat

config, record, text_file = sys.argv[1:]

with open(text_file, encoding="utf-8") as text:
    words = text.read().split()
results = pipestat.PipestatManager.from_config(config)
results.report(
    record_identifier=record, values={"words": len(words), "longest": max(words, key=len)}
)
