"""The views: how runs, plans and statuses look on a terminal, in a log, and as JSON.

choice                          which view a run gets
live, screen, frame, estimate   the live view: bars, running jobs, the time that is left
log_lines                       lines of Snakemake's log that the live view shows
plain                           lines for log files and CI
summary                         the end of a run
statuses, plans                 `check` and `inspect`
json_forms                      the same as JSON
logs                            the log of a job
tables, text                    parts that the others share
"""
